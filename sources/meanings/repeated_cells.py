"""Cells that an export writes once for each order, on the order's other lines as well.

    Name    Email             Created at          Lineitem price
    #1002   c143@example.com  2023-06-02 04:04    3.90
    #1002                     2023-06-02 04:04    3.10       a line of the same customer, no guest

Shopify, Magento and reports made for people write what belongs to the order on its first line
alone. A blank cell takes the order's value where the order names exactly one on its first line and
the line is of the same day. Orders whose every line is blank stay guests, and a number that
several customers share fills nothing.
"""

from collections.abc import Mapping
from functools import partial

import pandas as pd

from sources.contract import ORDERS, Table
from sources.cures import own
from sources.notes import Counted, Note, Said
from sources.params import SourceParams

CHECK = "blank_within_order"
OF_THE_ORDER = ("customer_id", "event_time", "currency", "store")
DAY = 10  # characters of 2017-11-15


def filled_within_orders(
    given: pd.DataFrame, table: Table, params: SourceParams
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """The rows with such cells filled, and a note on each column that had some."""
    if table.name != ORDERS.name or not {"order_id", "customer_id"} <= {*given.columns}:
        return given, ()
    blank = {column: _blank(given[column]) for column in OF_THE_ORDER if column in given}
    blank = {column: cells for column, cells in blank.items() if cells.any() and not cells.all()}
    if not blank:
        return given, ()
    numbered = ~_blank(given["order_id"])
    codes = pd.Series(pd.factorize(given["order_id"])[0], index=given.index)
    # Orders without a blank cell are most of them, and need no look.
    some = codes[numbered & pd.concat(blank, axis=1).any(axis=1)].unique()
    lines = given[numbered & codes.isin(some)]
    lines = lines[[column for column in ("order_id", *OF_THE_ORDER) if column in given]]
    order = codes[lines.index]
    may_fill = _of_one_customer(lines, order) & _of_one(lines, "store", order)
    notes = []
    for column in blank:
        wanted = _blank(lines[column]) & may_fill
        if column != "event_time":
            wanted &= _of_one(lines, "event_time", order)
        filler = _one_value(lines[column], order)[wanted].dropna()
        if len(filler):
            given = given.assign(**{column: given[column].mask(blank[column], filler)})
            example = str(lines.loc[filler.index[0], "order_id"])
            notes.append(_note({column: len(filler)}, column, example, table, params))
    return given, tuple(notes)


def _blank(cells: pd.Series) -> "pd.Series[bool]":
    blank = cells.isna()
    if not pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_datetime64_any_dtype(cells):
        blank |= cells.eq("")
    return blank


def _of_one_customer(lines: pd.DataFrame, order: "pd.Series[int]") -> "pd.Series[bool]":
    """Which lines are of an order that names exactly one customer, and does on its first line."""
    named_first = order[~order.duplicated() & ~_blank(lines["customer_id"])]
    return _of_one(lines, "customer_id", order) & order.isin(named_first)


def _of_one(lines: pd.DataFrame, column: str, order: "pd.Series[int]") -> "pd.Series[bool]":
    """Which lines are of an order with one value of a column, or none; of times the day counts."""
    if column not in lines:
        return pd.Series(data=True, index=lines.index)
    cells = lines[column]
    if column == "event_time":
        days = {time: str(time).strip()[:DAY] for time in cells.dropna().unique()}
        cells = cells.map(days)
    first, last, _ = _range_of_values(cells, order)
    return (first == last) | first.isna()


def _one_value(cells: pd.Series, order: "pd.Series[int]") -> pd.Series:
    """The order's one value on each of its lines; empty where it has none or several."""
    first, last, values = _range_of_values(cells, order)
    if not len(values):  # they have a type, of which no number can be made
        return cells
    return first.where(first == last).map(pd.Series(values))


def _range_of_values(
    cells: pd.Series, order: "pd.Series[int]"
) -> tuple["pd.Series[float]", "pd.Series[float]", pd.Index]:
    """The lowest and highest number of an order's values, on each line, and what they number."""
    codes, values = pd.factorize(cells.where(~_blank(cells)))
    numbered = pd.Series(codes, index=cells.index, dtype="float64").where(codes >= 0)
    of_order = numbered.groupby(order, sort=False)
    return of_order.transform("min"), of_order.transform("max"), pd.Index(values)


def _note(
    lines: Mapping[str, int], column: str, example: str, table: Table, params: SourceParams
) -> Note:
    name, count = own(column, table, params), lines[column]
    again = partial(_note, column=column, example=example, table=table, params=params)
    return Note(
        CHECK,
        "advice",
        column,
        count,
        f"{count:,} lines have no {name} while the first line of their order names one (order "
        f"{example}): the export writes it once for each order. They take it from there",
        "nothing needs to be done here; lines of orders that name nobody stay guests",
        Said("blank_within_order", lines=count, name=name, order=example),
        Counted(lines, again),
    )
