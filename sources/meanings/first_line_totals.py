"""The total of an order that stands on its first line alone: the other lines add nothing to it.

    Name    Total   Lineitem name
    #1002   54.20   Tea
    #1002           Chocolate        no line of unknown money: the 54.20 are all of the order's

Where nearly all orders of several lines are written so, their blank amounts are zero. Elsewhere a
blank amount is unknown.
"""

from collections.abc import Mapping
from functools import partial

import pandas as pd

from sources.contract import ORDERS, Table
from sources.cures import own
from sources.notes import Counted, Note, Said
from sources.params import SourceParams

CHECK = "total_on_first_line"
CELLS, ORDERS_OF_SEVERAL, ONCE_ALONE = "cells", "orders", "once"  # what its note counts
ONCE, LEAST_ORDERS = 0.95, 10  # share of the orders of several lines, and how many of them


def without_blank_lines_of_totals(
    given: pd.DataFrame, table: Table, params: SourceParams
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """The rows with zero for such blank amounts, and a note if there are any."""
    if table.name != ORDERS.name or not {"order_id", "amount"} <= {*given.columns}:
        return given, ()
    blank = given["amount"].isna()
    if not blank.any() or blank.all():
        return given, ()
    order = pd.Series(pd.factorize(given["order_id"])[0], index=given.index)
    several = order.duplicated(keep=False) & (order >= 0)
    later = several & order.duplicated()
    first = several & ~later
    # Of each order of several lines: has the first an amount, and none of the others?
    lines = pd.DataFrame({"order": order, "named": ~blank & first, "more": ~blank & later})[several]
    orders = lines.groupby("order", sort=False).any()
    once = orders["named"] & ~orders["more"]
    if len(orders) < LEAST_ORDERS or once.mean() < ONCE:
        return given, ()
    cells = later & order.isin(once.index[once])
    zero = 0 if pd.api.types.is_numeric_dtype(given["amount"]) else "0"
    counts = {CELLS: int(cells.sum()), ORDERS_OF_SEVERAL: len(orders), ONCE_ALONE: int(once.sum())}
    note = _note(counts, str(given.loc[cells, "order_id"].iloc[0]), table, params)
    return given.assign(amount=given["amount"].mask(cells, zero)), (note,)


def _note(counts: Mapping[str, int], example: str, table: Table, params: SourceParams) -> Note:
    name, number = own("amount", table, params), counts[CELLS]
    share = counts[ONCE_ALONE] / counts[ORDERS_OF_SEVERAL]
    return Note(
        CHECK,
        "advice",
        "amount",
        number,
        f"{number:,} lines have no {name} while the first line of their order has one, as in "
        f"{share:.0%} of the orders of several lines (order {example}): it is the order's "
        "total, and counts once",
        "nothing needs to be done here; for the money of each line map or compute the column that "
        "holds it",
        Said("total_on_first_line", lines=number, name=name, share=share, order=example),
        Counted(counts, partial(_note, example=example, table=table, params=params)),
    )
