"""Customer ids that are not those of people: a new one at every checkout.

Where nobody ever came back on another day, the id is probably that of an order, a session or a
guest account. Nobody would ever return, and everybody would count as lost.
"""

import pandas as pd

from core.errors import TableError
from sources.contract import ORDERS
from sources.cures import named, pasted
from sources.meanings.column_names import meant_columns
from sources.params import SourceParams

LEAST_CUSTOMERS = 200
LEAST_DAYS = 90  # of history: in less nobody may have come back yet
MOST_ONCE = 0.995  # share of the customers who bought on a single day
REPEATED = (0.02, 0.9)  # different values for each row of a column that may name people


def refuse_new_id_each_time(raw: pd.DataFrame, rows: pd.DataFrame, params: SourceParams) -> None:
    """Raises TableError where nobody bought on two days, in a history long enough for it.

    `rows` are the checked orders, `raw` the same table as the source has it.
    """
    sold = rows[~(rows["amount"] <= 0)] if "amount" in rows else rows
    days = sold["event_time"].dt.normalize()
    bought = sold[["customer_id"]].assign(day=days).drop_duplicates()["customer_id"].value_counts()
    span = (days.max() - days.min()).days if len(days) else 0
    if len(bought) < LEAST_CUSTOMERS or span < LEAST_DAYS or (bought == 1).mean() < MOST_ONCE:
        return
    example = sold["customer_id"].iloc[0]
    raise TableError(
        f"orders: {int((bought == 1).sum()):,} of {len(bought):,} customers bought on one day "
        f"only, in {span:,} days (first: {example}). Is customer_id an order's id, or one that is "
        "new at every checkout? Take the id that stays with a person: an account, an e-mail "
        f"address, a phone or card number.{_instead(raw, params)} If all of them are really "
        "different people, nobody ever came back, and there is nobody whose leaving could be told."
    )


def _instead(raw: pd.DataFrame, params: SourceParams) -> str:
    """The columns that may hold such an id, the likeliest as a line of params.yaml."""
    least, most = (share * len(raw) for share in REPEATED)
    free = [
        str(column)
        for column in raw.columns
        if column not in ORDERS.columns and least <= raw[column].nunique() <= most
    ]
    likely = meant_columns("customer_id", ORDERS.name, free)
    if not likely:
        return ""
    if "customer_id" in params.derive.get(ORDERS.name, {}):
        line = pasted("derive", {ORDERS.name: {"customer_id": named(likely[0])}}, params)
    else:
        line = pasted("columns", {ORDERS.name: {"customer_id": likely[0]}}, params)
    return f" Is it {' or '.join(likely)}? Then in params.yaml, below source: {line}"
