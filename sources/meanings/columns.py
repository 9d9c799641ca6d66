"""Notes on columns that fit the contract and mean something else, with the line that mends them."""

import pandas as pd

from sources.contract import Table
from sources.meanings.returns import unsigned_returns
from sources.meanings.statuses import unfinished_orders
from sources.meanings.totals import repeated_totals
from sources.notes import Note
from sources.params import SourceParams


def told_meanings(
    raw: pd.DataFrame, rows: pd.DataFrame, table: Table, params: SourceParams
) -> tuple[Note, ...]:
    """Notes on orders and lines that are no purchases, and on totals taken for amounts of a line.

    `rows` are the checked rows that are kept, with the index of `raw`.
    """
    if table.name != "orders":
        return ()
    # What brought no money, or gave it back, counts as no purchase anyhow.
    sold = rows[rows["amount"] > 0] if "amount" in rows else rows
    if sold.empty:
        return ()
    raw_of_sold = raw.loc[sold.index]
    return (
        *repeated_totals(raw_of_sold, sold, params),
        *unsigned_returns(raw_of_sold, sold, params),
        *unfinished_orders(raw_of_sold, params),
    )
