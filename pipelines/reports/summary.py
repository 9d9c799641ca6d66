"""The lines of the summary: what was chosen, how good it is, who is at risk, what is planned."""

from typing import Any

import pandas as pd

from actions.plan.holdout import PERSISTENT
from features.params import LABEL
from features.usability.contract import MISSING_TABLE
from models.churn.reason_rows import restored
from models.next_purchase.what import LIST_LENGTH
from models.words import INSUFFICIENT_DATA, RULE, SCORED
from pipelines.reports.card_figures import ABSENT, written
from pipelines.reports.card_table import ABSENT as ABSENT_OF_TABLE
from pipelines.reports.card_table import table_data_text, table_scored_text
from pipelines.reports.card_when import worse_than_gaps
from pipelines.reports.names import NAMES
from pipelines.reports.plan_report import PROGRAMME, never_shown
from pipelines.reports.unjudged import distance_lines
from serving.cards.action_words import NO_ACTIONS, Actions, action_name, actions_of
from serving.cards.verdict_words import verdict_in_words, warnings_in_words
from serving.wording.languages import Language
from serving.wording.sentences import label, sentence
from sources.meanings.vocabulary import TREATED

ENGLISH: Language = "en"  # of all that is told to whoever runs the pipeline
LISTED = 10  # customers that a list of the summary holds
HIT = f"hit_at_{LIST_LENGTH}"
LEAVING = {
    "lapse": "no purchase in {horizon_days} days, among those who bought in the "
    "{active_within_days} days before",
    "cancellation": "no running subscription after {horizon_days} days, among those with one",
    "label": "what the column {label[column]} says, {horizon_days} days ahead",
}
METRICS = {"auc": "AUC", "average_precision": "avg. precision", "log_loss": "log loss"}


def data_lines(usability: dict[str, Any], manifest: dict[str, Any]) -> list[str]:
    """What the data is, its problems, and which tables are missing."""
    source = manifest["source"]["description"]
    if "ready_table" in usability:
        return _table_lines(usability, source)
    lines = [
        f"Data      {source}: {usability['customers']:,} customers, "
        f"{usability['orders']:,} orders, {usability['first_day']} to {usability['last_day']}"
    ]
    for finding in usability["findings"]:
        if finding["severity"] != "advice":
            lines.append(
                f"          {finding['severity']}: {finding['table']}: {finding['meaning']}"
            )
    guests = usability["tables"]["orders"]["guests"]
    if guests:
        lines.append(f"          {guests:,} order lines of guests, who cannot be scored")
    lines += [f"          {line}" for line in _own_kinds(usability.get("own_kinds", []))]
    missing = [
        f"{finding['table']} ({finding['meaning'].split(': ', 1)[1]})"
        for finding in usability["findings"]
        if finding["check"] == MISSING_TABLE
    ]
    if missing:
        lines.append(f"          not there: {'; '.join(missing)}")
    return lines


def _own_kinds(kinds: list[dict[str, Any]]) -> list[str]:
    """Which events of the company's own kinds give features, and which do not."""
    told = {
        True: "events of your own kinds that give features",
        False: "events of your own kinds that are not used (rare, or too many kinds)",
    }
    lines = []
    for is_used, text in told.items():
        found = [kind for kind in kinds if (kind["why_not"] is None) == is_used]
        named = ", ".join(f"{kind['kind']} ({kind['rows']:,})" for kind in found[:LISTED])
        more = f" and {len(found) - LISTED:,} more" if len(found) > LISTED else ""
        lines += [f"{text}: {named}{more}"] if found else []
    return lines


def _table_lines(usability: dict[str, Any], source: str) -> list[str]:
    """The same of a ready table, and what it cannot show."""
    serious = [
        f"          {finding['severity']}: {finding['meaning']}"
        for finding in usability["findings"]
        if finding["severity"] != "advice"
    ]
    left_out = [f["column"] for f in usability["findings"] if f["check"] == "left_out_column"]
    named = ", ".join(left_out[:LISTED]) + (" and more" if len(left_out) > LISTED else "")
    return [
        f"Data      {source}. {table_data_text(usability)}",
        *serious,
        *([f"          columns left out: {named} (the report says why)"] if left_out else []),
        f"          not known from a table with a label: {ABSENT_OF_TABLE}",
    ]


def choice_lines(timeline: dict[str, Any]) -> list[str]:
    """What leaving means, and each setting that `auto` chose, with its reason."""
    lines = [f"  leaving means {LEAVING[timeline.get('churn', 'lapse')].format(**timeline)}"]
    if timeline.get("label"):
        lines.append(f"  {table_scored_text(timeline)}")
    for choice in timeline["choices"]:
        # A day number means nothing to people: the text names the date.
        is_day = choice["key"] == "timeline.score_as_of"
        text = choice["why"] if is_day else f"{choice['value']} ({choice['why']})"
        lines.append(f"  {choice['key']}: {text}")
    return lines


def churn_lines(evaluation: dict[str, Any]) -> list[str]:
    """The churn model beside its baselines on the test dates, with its grade and warnings."""
    churn, timeline = evaluation["churn"], evaluation["timeline"]
    shown = [name for name in NAMES if name in churn["models"]]
    width = max(18, *(len(NAMES[name]) + 1 for name in shown))
    tests = f", tested as of {', '.join(timeline['test'])}"
    what = f"Churn within {timeline['horizon_days']} days"
    if label := timeline.get("label"):
        what = f"Churn by the column {label['column']}"
        tests = tests if label["as_of"] else ", tested on other customers"
    lines = [
        f"\n{what}{tests}: {churn['rows']:,} rows, {churn['churn_rate']:.1%} left (95 % intervals)",
        "  " + " " * width + "".join(f"{title:>24}" for title in METRICS.values()),
    ]
    model = evaluation.get("own_code", {}).get("model", {})
    if model:
        lines.insert(1, f"  the churn model is your own: class Churn of {model['where']}")
    for name in shown:
        figures = churn["models"][name]
        cells = "".join(
            f"{f['value']:>10.3f} ({f['low']:.3f}-{f['high']:.3f})" if f else f"{ABSENT:>24}"
            for f in (figures[metric] for metric in METRICS)
        )
        lines.append(f"  {NAMES[name].strip('*'):{width}}{cells}")
    rule, top = churn["best_rule"], churn["top_hundred"]
    gain = churn["gains"][rule]["auc"]
    ratio = churn["models"]["ours"]["observed_over_expected"] or {"value": None}
    over = (
        f"AUC {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}) over the "
        f"{NAMES[rule]}"
        if gain
        else "the test rows allow no comparison with the simple models"
    )
    found = churn["verdict"]
    said = verdict_in_words(found["ranks"], found["probabilities"], ENGLISH)
    lines += [
        f"  grade {churn['grade']}. {said}",
        f"  {over}; {written(ratio['value'], '.2f')} left for each predicted",
        f"  of the {top['of']} ranked highest, {top['ours']:.0f} left; the best "
        f"simple model finds {top[rule]:.0f}",
    ]
    warnings = [*warnings_in_words(found["parts"], ENGLISH), *churn["warnings"]]
    return [*lines, *(f"  warning: {text}" for text in warnings)]


def next_lines(evaluation: dict[str, Any]) -> list[str]:
    """The next purchase, its categories and money on the test dates, beside simple rules."""
    when = evaluation["next_purchase"]
    if not when:  # a ready table
        return []
    error = when["median_absolute_error"]
    lines = ["\nNext purchase and money, same dates"]
    if error["ours"] is not None:
        lines.append(
            f"  half of those who bought did so within {error['ours']:.1f} days of the median date "
            f"(own mean gap: {error['own_mean_gap']:.1f})"
        )
    if worse := worse_than_gaps(error):
        lines.append(f"  warning: {worse}")
    lines += [
        f"  {LIST_LENGTH} categories, {what}: one is bought by "
        f"{figures['models']['ours'][HIT]['value']:.1%} of those who buy such a one (own most "
        f"frequent: {figures['models']['own_frequent'][HIT]['value']:.1%})"
        for name, what in (("any", "of all"), ("new", "not bought lately"))
        if (figures := evaluation.get("next_categories", {}).get(name))
    ]
    for name, what in (("orders_in_horizon", "orders"), ("spend_in_horizon", "spend")):
        if "ours" in when.get(name, {}):
            ours, last = when[name]["ours"], when[name].get("last_period")
            beside = f" (last period again: {last['mean_absolute_error']:.2f})" if last else ""
            lines.append(
                f"  {what}: mean absolute error {ours['mean_absolute_error']:.2f}{beside}, total "
                f"{written(ours['total_error'], '+.1%')}"
            )
    return lines


def rule_lines(cards: pd.DataFrame, manifest: dict[str, Any], language: Language) -> list[str]:
    """Below the data gates: how far a model is, and whom the rule ranks highest."""
    ranked = cards[cards["status"] == RULE].sort_values("risk_rank", kind="stable")
    unjudged = int((cards["status"] == INSUFFICIENT_DATA).sum())
    lines = [
        "\nNo model yet: the data is below the gates, so a rule ranks and tells no probability",
        *(f"  {line}" for line in distance_lines(manifest["gate"]["distance"])),
        f"  {manifest['gate']['why']}",
        f"\n{len(ranked):,} customers ranked as of {manifest['as_of_date']}, {unjudged:,} with too "
        f"few purchases to judge; the {min(LISTED, len(ranked))} longest silent against their "
        "rhythm",
    ]
    for card in ranked.head(LISTED).to_dict("records"):
        band = label(f"risk_band.{card['risk_band']}", language)
        silence = sentence("page.silence", language, silence_over_usual=card["silence_over_usual"])
        lines.append(f"  {card['customer_id']:<10}  {band}: {silence}")
    return lines


def worklist_lines(
    cards: pd.DataFrame,
    manifest: dict[str, Any],
    language: Language,
    actions: Actions = NO_ACTIONS,
) -> list[str]:
    """Who is at risk, with the reason and the action; those with most at stake first."""
    scored = cards[cards["status"] == SCORED]
    by = "value_at_risk" if "value_at_risk" in scored else "churn_risk"
    title = "value at risk" if by == "value_at_risk" else "risk"
    ranked = scored.sort_values([by, "customer_id"], ascending=[False, True])
    lines = [
        f"\n{len(scored):,} customers scored as of {manifest['as_of_date']}, "
        f"{manifest['horizon_days']} days ahead{_value_over(manifest, scored)};"
        f" the {min(LISTED, len(scored))} with most {title}",
    ]
    for card in ranked.head(LISTED).to_dict("records"):
        money = f"{card[by]:>9,.2f}  risk" if by == "value_at_risk" else "    risk"
        withheld = f" [{card['arm']}]" if card["withheld"] else ""
        action = action_name(card["intended_action"], actions, language)
        lines.append(
            f"  {card['customer_id']:<10}{money} {card['churn_risk']:>4.0%}  {action}{withheld}"
        )
        lines.append(f"  {'':10}{_reason(card['reasons'], language)}")
    return lines


def _value_over(manifest: dict[str, Any], scored: pd.DataFrame) -> str:
    """The days that values are of; a ready table does not say."""
    if "churn_definition" in scored and (scored["churn_definition"] == LABEL).any():
        return ""
    return f" (value over {manifest['value_horizon_days']} days{_extrapolated(manifest)})"


def _extrapolated(manifest: dict[str, Any]) -> str:
    """The caveat shown beside values: nothing has judged them beyond the days learned."""
    days = manifest.get("value_extrapolated_from")
    return "" if days is None else f", beyond {days} extrapolated"


def _reason(reasons: Any, language: Language) -> str:
    """The strongest reason that raises the risk, as a sentence; else why there is none."""
    if reasons is None or not len(reasons):
        return "no reasons are known"
    for reason in reasons:
        if reason["direction"] == "up":
            return sentence(reason["message_key"], language, **restored(reason))
    return "nothing raises the risk"


def plan_lines(plan: dict[str, Any], cards: pd.DataFrame, language: Language) -> list[str]:
    """What is planned, what it is expected to bring, and who is held out."""
    chosen = cards[cards["intended_action"].notna()]
    counts = chosen["intended_action"].value_counts()
    known = actions_of(plan)
    actions = ", ".join(
        f"{action_name(str(name), known, language)} {n:,}" for name, n in counts.items()
    )
    lines = [f"\nPlan      {actions}"]
    if no_gains := plan.get("no_gains"):
        lines.append(f"          {sentence(f'why.{no_gains}', language)}.")
    if ranked_by := plan.get("ranked_by"):
        lines.append(f"          {sentence(f'ranked.{ranked_by}', language)}")
    treated, budget = plan["by_arm"][TREATED], plan["budget"]
    lines.append(
        f"          {budget['to_spend']:,.2f} of a budget of {budget['limit']:,.2f} to be spent"
    )
    for source, gain in sorted(treated.get("expected_gain_by_source", {}).items()):
        told = sentence(f"gain_of.{source}", language, expected_gain=gain)
        lines.append(f"          {told}")
    if plan.get("marginal_return") is not None:  # nor has a plan of older code any
        lines.append(f"          the last 1.00 of the budget gains {plan['marginal_return']:,.2f}")
    arms, unpaid = plan.get("arms", {}), plan.get("unpaid", {}).get("customers", 0)
    if unpaid:
        lines.append(f"          {sentence('page.planned_unpaid', language, unpaid=unpaid)}")
    if withheld := int(chosen["withheld"].sum()) - unpaid:
        told = sentence("page.planned_withheld", language, withheld=withheld)
        if always := arms.get("withheld_by", {}).get(PERSISTENT, 0):
            told += " " + sentence("page.planned_always", language, n=always)
        by, share = arms.get("holdout_share_by"), plan.get("holdout_share")
        if by and share:  # a plan of older code does not say why
            told += " " + sentence(f"holdout_share.{by}", language, share=share)
        lines.append(f"          {told}")
    never = None if unpaid else never_shown(plan)
    if never and len(chosen):
        lines.append(f"          {sentence(f'plan_report.never_shown.{never}', language)}")
    if arms.get("can_show") and not unpaid and never in (None, PROGRAMME):
        lines += [
            f"          {text}" for text in shown_lines(arms["can_show"]["by_date"], language)
        ]
    return lines


def shown_lines(by_date: list[dict[str, Any]], language: Language) -> list[str]:
    """What can be shown by the last of these dates, and by the first one that shows anything."""
    can = [row for row in by_date if row["smallest_effect"] is not None]
    told = [can[0], *can[1:][-1:]] if can else []
    if not told:
        return [sentence("page.can_show_nothing", language, date=by_date[-1]["date"])]
    return [
        sentence("page.can_show", language, date=row["date"], effect=row["smallest_effect"])
        for row in told
    ]
