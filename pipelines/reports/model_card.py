"""The model card: what the models are, how good they are on which dates, and their limits."""

from typing import Any

from features.params import ATTRIBUTE
from features.planning.rungs import BY_DATE, OTHER_CUSTOMERS
from models.judging.verdict import probabilities
from models.next_purchase.what import LIST_LENGTH
from models.probability.metrics import DEPTHS, VALUE_WEIGHTED
from pipelines.reports.card_category_risk import category_risk_text
from pipelines.reports.card_figures import cell, with_interval, written
from pipelines.reports.card_forecast import forecast_text
from pipelines.reports.card_influence import influence_text
from pipelines.reports.card_money import extrapolated_text, money_text
from pipelines.reports.card_own import own_code_text
from pipelines.reports.card_sample import sample_text
from pipelines.reports.card_when import when_text
from pipelines.reports.card_win_back import win_back_text
from pipelines.reports.names import NAMES
from pipelines.reports.unjudged import ladder_text
from serving.cards.verdict_words import verdict_in_words, warnings_in_words
from serving.wording.sentences import sentence

LEAVING = {
    "lapse": "no purchase in the {horizon_days} days from the as-of date on, among customers who "
    "bought in the {active_within_days} days before",
    "cancellation": "no subscription of the customer runs at the end of the {horizon_days} days "
    "from the as-of date on, among customers with a running one at the as-of date",
}
RISK = {"lapse": "not buying", "cancellation": "having no subscription any more"}
LEAVERS = {"lapse": "lapse", "cancellation": "cancel"}
RANKING = {
    "auc": "AUC",
    "average_precision": "average precision",
    **{f"lift_at_{depth}": f"lift at {depth} %" for depth in DEPTHS},
    **{f"capture_at_{depth}": f"leavers in the top {depth} %" for depth in DEPTHS},
}
ENDS = ("value", "low", "high")  # of a figure and its interval
PROBABILITY = {
    "log_loss": "log loss",
    "brier": "Brier",
    "brier_skill": "Brier skill",
    "calibration_error": "calibration error",
    VALUE_WEIGHTED: "calibration error by value",
    "observed_over_expected": "observed / expected",
}


def model_card(evaluation: dict[str, Any], usability: dict[str, Any]) -> str:
    """The card as Markdown, every figure with its dates, horizon, baselines and interval.

    `evaluation["features"]` are those that the models read: a snapshot has more.
    """
    churn, when, value = (evaluation[part] for part in ("churn", "next_purchase", "value"))
    timeline, versions = evaluation["timeline"], evaluation["versions"]
    tests, leaving = ", ".join(timeline["test"]), timeline["churn"]
    own = evaluation.get("own_code", {})
    parts = [
        "# Model card",
        f"Evaluated models {versions['evaluated']}; served models {versions['served']} (the same "
        "settings fitted on every closed outcome, so never evaluated themselves).",
        "## Use",
        f"Ranks the customers of one company by the risk of {RISK[leaving]} within "
        f"{timeline['horizon_days']} days, to choose whom to look after. Not for decisions about "
        "credit, employment, insurance or prices, nor about people who objected to profiling. "
        "Reasons say what is associated with the risk, not what causes it.",
        "## Data",
        f"{usability['customers']:,} customers and {usability['orders']:,} orders from "
        f"{usability['first_day']} to {usability['last_day']}; "
        f"{usability['one_time_share']:.0%} of the customers bought on one day only. "
        f"{len(evaluation['features'])} features; {_attributes(evaluation['features'])}.",
        own_code_text(own),
        "## Definition and split",
        f"Churned: {LEAVING[leaving].format(**timeline)}.",
        ladder_text(evaluation.get("ladder", {}), bool(own.get("model"))),
        f"* training {timeline['train'][0]} to {timeline['train'][-1]} "
        f"({len(timeline['train'])} dates)\n{validation(timeline)}"
        f"* test {tests}: {churn['rows']:,} rows of {churn['customers']:,} customers, "
        f"{churn['churn_rate']:.1%} left",
        f"## Churn on {tests}, {timeline['horizon_days']} days ahead",
        churn_tables(churn["models"]),
        gain_text(churn),
        profit_text(churn.get("expected_maximum_profit", {})),
        "![calibration](calibration.png)",
        influence_text(evaluation.get("influence", [])),
        sample_text(evaluation.get("sample", {})),
        "### By test date",
        date_table(churn["by_date"], timeline["test"]),
        "### For whom it works",
        slice_table(churn["slices"]),
        "## Next purchase",
        when_text(when),
        _categories_text(evaluation.get("next_categories", {}), timeline["horizon_days"]),
        category_risk_text(evaluation.get("category_risk", {}), timeline["horizon_days"]),
        "## Money",
        money_text(when, value),
        win_back_text(evaluation.get("win_back", {})),
        forecast_text(evaluation.get("forecast", []), evaluation.get("season", {})),
        "## Limits",
        "* Outcomes lie "
        + f"{timeline['horizon_days']} days ahead: a change of the shop, the season "
        "or the customers since the last closed outcome is not seen.\n"
        f"* The history starts {timeline['data_from']}: tenure and lifetime counts are cut off "
        f"there.\n* The value of customers who {LEAVERS[leaving]} is one share of the value had "
        "they stayed.\n"
        "* Effects of actions are assumed until randomised contacts exist."
        + extrapolated_text(timeline),
        accepted(churn["accepted_leaks"]),
        warnings([*warnings_in_words(churn["verdict"]["parts"], "en"), *churn["warnings"]]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def validation(timeline: dict[str, Any]) -> str:
    """Which rows chose the settings, and how the judged models were fitted."""
    if timeline.get("rung", BY_DATE) == OTHER_CUSTOMERS:
        return (
            "* judged by folds of the customers: each is scored by models that have not seen "
            "them, on a date that other customers taught\n"
        )
    if not timeline["validation"]:
        return (
            "* number of trees and calibration by folds of the customers\n"
            "* then refitted on every outcome closed by the first test date\n"
        )
    return (
        f"* validation {', '.join(timeline['validation'])}: number of trees and calibration\n"
        "* then refitted on every outcome closed by the first test date\n"
    )


def _attributes(features: list[str]) -> str:
    """Which customer attributes are learned from: somebody has to be able to justify them."""
    names = [name for name in features if name.startswith(ATTRIBUTE)]
    learned = ", ".join(name.removeprefix(ATTRIBUTE) for name in names)
    if not names:
        return "no customer attribute is learned from"
    return f"learned from are the customer attributes {learned}"


def _ratio(figure: dict[str, float] | None) -> str:
    return "unknown, as nothing was expected" if figure is None else with_interval(figure)


def churn_tables(models: dict[str, Any]) -> str:
    tables = [_churn_table(models, RANKING), _churn_table(models, PROBABILITY)]
    return "\n\n".join(tables) + "\n\nIntervals: 95 %, customers resampled."


def _churn_table(models: dict[str, Any], columns: dict[str, str]) -> str:
    columns = {m: title for m, title in columns.items() if m in models["ours"]}
    head = "| model | " + " | ".join(columns.values()) + " |"
    rows = [
        f"| {title} | " + " | ".join(with_interval(models[name][m]) for m in columns) + " |"
        for name, title in NAMES.items()
        if name in models
    ]
    return "\n".join([head, "|---" * (len(columns) + 1) + "|", *rows])


def profit_text(profit: dict[str, Any]) -> str:
    if not profit:
        return ""
    figures = ", ".join(
        f"{NAMES[name]} {with_interval({end: 1000 * of[end] for end in ENDS}, ',.2f')}"
        for name, of in profit["models"].items()
    )
    return (
        f"Expected maximum profit for each 1,000 customers, by the costs and assumed effects of "
        f"`{profit['offer']}`, which earns most, and {profit['customer_value']:.2f} lost with a "
        f"leaver on average: {figures}. That is with {profit['share_contacted']:.0%} of the "
        "customers contacted." + _cut_text(profit.get("cut"))
    )


def _cut_text(cut: dict[str, float] | None) -> str:
    """The threshold at which the profit curve is highest, and the curve."""
    if cut is None:
        return ""
    return (
        f" At the mean acceptance the best threshold is a risk of {cut['churn_risk']:.1%}: "
        f"{cut['share_contacted']:.0%} contacted (95 % interval {cut['share_low']:.0%} to "
        f"{cut['share_high']:.0%}), {written(cut['profit'], ',.2f')} for each 1,000 "
        "customers.\n\n![profit](profit.png)"
    )


def gain_text(churn: dict[str, Any]) -> str:
    rule, top = churn["best_rule"], churn["top_hundred"]
    gain = churn["gains"][rule]["auc"]
    above = (
        f"AUC {with_interval(gain)} above the best simple model ({NAMES[rule]})"
        if gain
        else "The test rows allow no comparison with the simple models"
    )
    found = churn["verdict"]
    said = verdict_in_words(found["ranks"], found["probabilities"], "en")
    return (
        f"Grade **{churn['grade']}**. {said}. {above}. Of the {top['of']} ranked highest, "
        f"{top['ours']:.0f} left; the best simple model finds {top[rule]:.0f}. Strongest "
        f"feature alone: {churn['strongest_single_feature']['name']}, AUC "
        f"{churn['strongest_single_feature']['auc']:.3f}."
    )


def date_table(by_date: dict[str, Any], tests: list[str]) -> str:
    """A row for each test date; on a date the cohort may be empty, or have one outcome only."""
    beside = [
        n
        for n in ("rfm_logistic", "bg_nbd", "logistic_columns")
        if all(n in f for f in by_date.values())
    ]
    rows = [
        f"| {date} | {written(f['ours']['auc'], '.3f')} | "
        f"{written(f['ours']['observed_over_expected'], '.2f')} |"
        + "".join(f" {written(f[name]['auc'], '.3f')} |" for name in beside)
        for date, f in by_date.items()
    ]
    nobody = [date for date in tests if date not in by_date]
    single = [date for date, f in by_date.items() if f["ours"]["auc"] is None]
    notes = [
        *([f"Nobody was in the cohort as of {', '.join(nobody)}."] if nobody else []),
        *([f"No AUC as of {', '.join(single)}: all had the same outcome."] if single else []),
    ]
    head = "| as-of date | AUC | observed / expected |" + "".join(
        f" AUC of {NAMES[name]} |" for name in beside
    )
    table = "\n".join([head, "|---" * (3 + len(beside)) + "|", *rows])
    return "\n\n".join([table, *([" ".join(notes)] if notes else [])])


def slice_table(slices: dict[str, Any]) -> str:
    rows = []
    for kind, parts in slices.items():
        for name, facts in parts.items():
            label = f"{cell(kind)}: {cell(name)}"
            start = f"| {label} | {facts['rows']:,} | {facts['churners']:,} |"
            if "models" not in facts:
                rows.append(f"{start} too few | | |")
                continue
            ours = facts["models"]["ours"]
            ratio = facts.get("ratio") or {"value": ours["observed_over_expected"]}
            state = sentence(f"verdict.state.{probabilities(facts.get('ratio'))}", "en")
            told = f"{written(ours['auc'], '.3f')} | {with_interval(ratio, '.2f')} | {state}"
            rows.append(f"{start} {told} |")
    head = "| customers | rows | left | AUC | observed / expected | probabilities |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def _categories_text(judged: dict[str, Any], horizon_days: int) -> str:
    if not judged:
        return ""
    every = {"new": f"not bought in the last {judged['new_days']} days", "any": "any"}
    lists = {name: title for name, title in every.items() if name in judged}
    if not lists:
        return ""
    hit, precision = f"hit_at_{LIST_LENGTH}", f"map_at_{LIST_LENGTH}"
    rows = [
        f"| {title} | {judged[name]['rows']:,} | {NAMES[model]} | {with_interval(figures[hit])} | "
        f"{with_interval(figures[precision])} |"
        for name, title in lists.items()
        for model, figures in judged[name]["models"].items()
    ]
    gains = "; ".join(
        f"{title}: hit@{LIST_LENGTH} {with_interval(figures['gains']['own_frequent'][hit])}, "
        f"MAP@{LIST_LENGTH} {with_interval(figures['gains']['own_frequent'][precision])}, "
        f"bought for each expected {_ratio(figures['observed_over_expected'])}"
        for name, title in lists.items()
        for figures in [judged[name]]
    )
    head = f"| categories | rows | model | hit@{LIST_LENGTH} | MAP@{LIST_LENGTH} |"
    table = "\n".join([head, "|---|---|---|---|---|", *rows])
    return (
        f"### Next categories, {horizon_days} days ahead\n\n{table}\n\n"
        f"On rows who bought at least one such category. Above the own most frequent, {gains}."
    )


def warnings(warnings: list[str]) -> str:
    return "## Warnings\n\n" + "\n".join(f"* {text}" for text in warnings) if warnings else ""


def accepted(leaks: list[dict[str, Any]]) -> str:
    if not leaks:
        return ""
    rows = [
        f"* {leak['name']}: AUC {leak['auc']:.3f}, above {leak['limit']}. Accepted, because: "
        f"{leak['reason']}"
        for leak in leaks
    ]
    return "## Nearly too good to be true\n\n" + "\n".join(rows)
