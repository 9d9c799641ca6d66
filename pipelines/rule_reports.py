"""What stage `evaluate` writes where a rule scores: nothing was judged, and it says so."""

from typing import Any

from models.artifacts import check_manifest, write_json
from models.promotion import version
from models.rule import Rule
from pipelines import stage
from pipelines.pictures import empty_picture
from pipelines.reading import read_timeline

UNITS = {
    "customers": "customers",
    "leavers": "outcomes of leaving",
    "stayers": "outcomes of staying",
    "history_days": "days of history",
}


def write_rule_reports(rule: Rule, usability: dict[str, Any]) -> None:
    """The reports without a single figure of quality: a rule is not a probability."""
    evaluation = {
        "gate": rule.gate.to_json(),
        "timeline": read_timeline().to_json(),
        "versions": {"served": version(check_manifest(stage.SERVED))},
    }
    write_json(stage.EVALUATION, evaluation)
    write_json(stage.CHURN_METRICS, {})
    write_json(stage.NEXT_METRICS, {})
    stage.PLOTS.mkdir(exist_ok=True)
    empty_picture("Below the data gates: there is no model to judge", stage.CALIBRATION)
    stage.MODEL_CARD.write_text(rule_card(rule, usability), encoding="utf-8")


def distance_lines(gate: dict[str, Any]) -> list[str]:
    """How far each gate is, one line each."""
    return [
        f"{need['have']:,} {UNITS[need['what']]}, needed {need['need']:,}"
        for need in gate["distance"]
    ]


def rule_card(rule: Rule, usability: dict[str, Any]) -> str:
    """The model card of a rule, as Markdown."""
    gap = "unknown" if rule.population_gap is None else f"{rule.population_gap:.1f} days"
    parts = [
        "# Model card",
        "There is no model yet: the data is below the gates. Customers are ranked by a rule.",
        "## Distance to a model",
        "\n".join(f"* {line}" for line in distance_lines(rule.gate.to_json())),
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
