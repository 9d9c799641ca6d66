"""The reports of stage `evaluate` where nothing has judged the models: they say so."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.files import check_manifest, version, write_json
from features.planning.rungs import BY_RULE
from models.simple.silence_rule import Rule
from models.training.ladder import Rung
from pipelines import stage
from pipelines.reading import read_timeline
from pipelines.reports.card_table import table_data_text, table_limits_text
from pipelines.reports.pictures import empty_picture

UNITS = {
    "customers": "customers on a date",
    "leavers": "outcomes of leaving",
    "stayers": "outcomes of staying",
    "history_days": "days of history",
}


def write_unjudged_reports(rung: Rung, rule: Rule | None, usability: dict[str, Any]) -> None:
    """The reports without any figure of quality: for the rule, or for unjudged models."""
    evaluation = {
        "gate": None if rule is None else rule.gate.to_json(),
        "ladder": rung.to_json(),
        "timeline": read_timeline().to_json(),
        "versions": {"served": version(check_manifest(stage.SERVED))},
    }
    write_json(stage.EVALUATION, evaluation)
    write_json(stage.HEADLINE, {})
    write_json(stage.CHURN_METRICS, {})
    write_json(stage.NEXT_METRICS, {})
    stage.empty(stage.PLOTS)
    for picture in (stage.CALIBRATION, stage.PROFIT, stage.INFLUENCE):
        empty_picture("No outcome has closed that could judge what scores", picture)
    card = unjudged_card(rung, usability) if rule is None else rule_card(rule, usability)
    stage.MODEL_CARD.write_text(card, encoding="utf-8")


def distance_lines(needs: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for each need: what there is, and what is needed."""
    return [f"{need['have']:,} {UNITS[need['what']]}, needed {need['need']:,}" for need in needs]


def ladder_text(ladder: Mapping[str, Any], own_model: bool = False, of_table: bool = False) -> str:
    """The rung in words, with what the next higher one needs; empty for older models."""
    if not ladder:
        return ""
    why = f" ({ladder['why'].rstrip('.')})" if ladder["why"] else ""
    text = f"Rung {ladder['rung']} of {BY_RULE}: {ladder['what']}{why}."
    if 0 < ladder["tree_weight"] < 1:
        who, it = ("The company's own model has", "it") if own_model else ("Trees have", "trees")
        rest = f"buy-till-you-die models and a regression the rest: more customers give {it} more"
        if of_table:
            rest = "a regression on the columns the rest"
        text += f" {who} {ladder['tree_weight']:.0%} of the log odds, {rest}."
    needs = distance_lines(ladder["needs"])
    return text + (f" A higher rung needs more: {'; '.join(needs)}." if needs else "")


def unjudged_card(rung: Rung, usability: dict[str, Any]) -> str:
    """The model card of models that nothing has judged, as Markdown."""
    table = usability.get("ready_table")
    if table:
        return unjudged_table_card(rung, usability)
    parts = [
        "# Model card",
        ladder_text(rung.to_json()),
        "## The model",
        "Buy-till-you-die models (BG/NBD and Pareto/NBD) fitted on the purchases of all customers. "
        "They tell the risk, the next purchase and the value from how often, how lately and how "
        "long each customer has bought. **No outcome has judged them**: how far they are from the "
        "truth in this company is not known.",
        "## Data",
        f"{usability['customers']:,} customers and {usability['orders']:,} orders from "
        f"{usability['first_day']} to {usability['last_day']}.",
    ]
    return "\n\n".join(parts) + "\n"


def unjudged_table_card(rung: Rung, usability: dict[str, Any]) -> str:
    """The model card of a ready table with too few outcomes to judge by, as Markdown."""
    parts = [
        "# Model card",
        ladder_text(rung.to_json()),
        "## The model",
        "A logistic regression on the columns of the table, fitted on all rows with a label. **No "
        "outcome has judged it**: how far it is from the truth is not known.",
        "## Data",
        table_data_text(usability),
        "## Limits",
        table_limits_text(usability["ready_table"]),
    ]
    return "\n\n".join(parts) + "\n"


def rule_card(rule: Rule, usability: dict[str, Any]) -> str:
    """The model card of a rule, as Markdown."""
    gap = "unknown" if rule.population_gap is None else f"{rule.population_gap:.1f} days"
    parts = [
        "# Model card",
        "There is no model yet: the data is below the gates. Customers are ranked by a rule.",
        "## Distance to a model",
        "\n".join(f"* {line}" for line in distance_lines(rule.gate.to_json()["distance"])),
        rule.gate.why,
        "## The rule",
        "Days since the last purchase over the customer's usual gap between purchases, which is "
        f"drawn to that of all ({gap}) where it rests on few. High from 4 usual gaps, medium from "
        "2. It is a rank and no probability: no risk, date, amount or action follows from it, and "
        "it was judged on nothing.",
        "## Data",
        f"{usability['customers']:,} customers and {usability['orders']:,} orders from "
        f"{usability['first_day']} to {usability['last_day']}.",
    ]
    return "\n\n".join(parts) + "\n"
