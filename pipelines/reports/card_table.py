"""Sentences on a ready table: what differs where a label says who left, and no purchases do."""

from typing import Any

ABSENT = (
    "when the next purchase comes, what is bought, expected orders, segments and relationships of "
    "customers, and a sales forecast"
)
LEAK_PRONE = (
    "the label has no date: nothing shows that the columns were known before customers left, so "
    "the figures may be better than the model is (a leak)"
)


def table_data_text(usability: dict[str, Any]) -> str:
    """The rows, the label and the columns, in sentences."""
    table = usability["ready_table"]
    dates = (
        f" of {table['dates']:,} dates (column {table['as_of']}), {usability['first_day']} to "
        f"{usability['last_day']}"
        if table["as_of"]
        else ""
    )
    return (
        f"A table with a label: {usability['tables']['table']['kept']:,} rows of "
        f"{usability['customers']:,} customers{dates}. The column {table['label']} says who left: "
        f"{table['left']:,} of {table['labelled']:,} ({table['left_share']:.1%}); "
        f"{table['unlabelled']:,} rows have no label. {table['columns']:,} columns are learned "
        f"from, {table['columns_left_out']:,} are left out."
    )


def table_split_text(evaluation: dict[str, Any], validation: str) -> str:
    """Which rows taught, and which judged; a table without dates has no dates to tell."""
    churn, timeline = evaluation["churn"], evaluation["timeline"]
    rows = f"{churn['rows']:,} rows of {churn['customers']:,} customers"
    judged = f"{rows}, {churn['churn_rate']:.1%} left"
    if not timeline["label"]["as_of"]:
        return f"{validation}* test: {judged}"
    train, test = timeline["train"], ", ".join(timeline["test"])
    return (
        f"* training {train[0]} to {train[-1]} ({len(train)} dates)\n{validation}* test {test}: "
        f"{judged}"
    )


def table_scored_text(timeline: dict[str, Any]) -> str:
    """Which customers are scored."""
    label = timeline["label"]
    of_date = " of the newest date" if label["as_of"] else ""
    if label["has_unknown"]:
        return f"Scored are the customers{of_date} without a label."
    return f"No row{of_date} is without a label, so all customers{of_date} are scored."


def table_money_text(table: dict[str, Any]) -> str:
    """Where the money comes from, or that there is none."""
    if table["value"]:
        return (
            f"The money at stake is the column {table['value']}, as the table has it: what is "
            f"there "
            "while the customer stays, and gone when the customer leaves. No model predicts it and "
            "nothing has judged it."
        )
    return (
        "The table names no money (source.value), so there is no value at risk and no gain: the "
        "plan goes by the risk of leaving, up to actions.budget."
    )


def table_limits_text(table: dict[str, Any]) -> str:
    """What a table with a label cannot show."""
    limits = [f"* Not known from a table with a label: {ABSENT}."]
    if not table["as_of"]:
        limits.append(f"* {LEAK_PRONE[:1].upper()}{LEAK_PRONE[1:]}.")
    limits.append(
        "* What leaving means is what the label says; how far ahead it looks is "
        "`task.horizon_days`, which the table itself does not show."
    )
    limits.append("* Effects of actions are assumed until randomised contacts exist.")
    return "\n".join(limits)
