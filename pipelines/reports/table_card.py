"""The model card of a ready table: the same figures, without what only purchases show."""

from typing import Any

from pipelines.reports.card_influence import influence_text
from pipelines.reports.card_table import (
    table_data_text,
    table_limits_text,
    table_money_text,
    table_scored_text,
    table_split_text,
)
from pipelines.reports.model_card import (
    accepted,
    churn_tables,
    date_table,
    gain_text,
    profit_text,
    slice_table,
    validation,
    warnings,
)
from pipelines.reports.unjudged import ladder_text
from sources.contract import COLUMN


def table_card(evaluation: dict[str, Any], usability: dict[str, Any]) -> str:
    """The card of a ready table: the same figures, without what only purchases show."""
    churn, timeline, table = (
        evaluation["churn"],
        evaluation["timeline"],
        usability["ready_table"],
    )
    versions, tests = evaluation["versions"], ", ".join(evaluation["timeline"]["test"])
    parts = [
        "# Model card",
        f"Evaluated models {versions['evaluated']}; served models {versions['served']} (the same "
        "settings fitted on every row with a label, so never evaluated themselves).",
        "## Use",
        f"Ranks the customers of one company by the risk that they leave, as the column "
        f"{table['label']} of their table says, to choose whom to look after. Not for decisions "
        "about credit, employment, insurance or prices, nor about people who objected to "
        "profiling. "
        "Reasons say what is associated with the risk, not what causes it.",
        "## Data",
        f"{table_data_text(usability)} {table_scored_text(timeline)} "
        f"{_columns(evaluation['features'])}",
        "## Definition and split",
        f"Churned: the column {table['label']} says so, {timeline['horizon_days']} days ahead.",
        ladder_text(evaluation.get("ladder", {}), of_table=True),
        table_split_text(evaluation, validation(timeline)),
        f"## Churn on {tests}" if table["as_of"] else "## Churn",
        churn_tables(churn["models"]),
        gain_text(churn),
        f"The best single column is {own_names(churn['single_column'])}.",
        profit_text(churn.get("expected_maximum_profit", {})),
        "![calibration](calibration.png)",
        influence_text(evaluation.get("influence", [])),
        *(
            ["### By test date", date_table(churn["by_date"], timeline["test"])]
            if table["as_of"]
            else []
        ),
        *(["### For whom it works", slice_table(churn["slices"])] if churn["slices"] else []),
        "## Money",
        table_money_text(table),
        "## Limits",
        table_limits_text(table),
        accepted(churn["accepted_leaks"]),
        warnings(churn["warnings"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def own_names(features: str) -> str:
    """Columns of a ready table, listed with commas, by the names that the table has."""
    return ", ".join(name.removeprefix(COLUMN) for name in features.split(f", {COLUMN}"))


def _columns(features: list[str]) -> str:
    """Which columns are learned from: somebody has to be able to justify them."""
    names = [name.removeprefix(COLUMN) for name in features]
    return f"The columns are {', '.join(names)}."
