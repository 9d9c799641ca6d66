"""Cells that an export writes once for each order, on the order's other lines as well.

    Name    Email             Created at          Lineitem price
    #1002   c143@example.com  2023-06-02 04:04    3.90
    #1002                     2023-06-02 04:04    3.10       a line of the same customer, no guest

Shopify, Magento and reports made for people write what belongs to the order on its first line
alone. A blank cell takes the order's value where the order names exactly one on its first line and
the line is of the same day. Orders whose every line is blank stay guests, and a number that
several customers share fills nothing.
"""

import pandas as pd

from sources.contract import ORDERS, Table
from sources.cures import own
from sources.notes import Note, Said
from sources.params import SourceParams
from sources.written.reading import filled

CHECK = "blank_within_order"
OF_THE_ORDER = ("customer_id", "event_time", "currency", "store")
DAY = 10  # characters of 2017-11-15


def filled_within_orders(
    given: pd.DataFrame, table: Table, params: SourceParams
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """The rows with such cells filled, and a note on each column that had some."""
    if table.name != ORDERS.name or not {"order_id", "customer_id"} <= {*given.columns}:
        return given, ()
    numbers = given["order_id"].astype("str").where(filled(given["order_id"]))
    notes = []
    of_one_customer = None
    for column in OF_THE_ORDER:
        if column not in given:
            continue
        is_filled = filled(given[column])
        blank = ~is_filled & numbers.notna()
        if not blank.any() or not is_filled.any():
            continue
        if of_one_customer is None:
            of_one_customer = _of_one_customer(given, numbers)
        mended = _mended(given, column, numbers, blank & of_one_customer)
        count = int(filled(mended).sum() - is_filled.sum())
        if count:
            given = given.assign(**{column: mended})
            notes.append(_note(column, count, numbers, blank & filled(mended), table, params))
    return given, tuple(notes)


def _of_one_customer(given: pd.DataFrame, numbers: "pd.Series[str]") -> "pd.Series[bool]":
    """Which rows are of an order that names exactly one customer, and does on its first line."""
    customers = given["customer_id"].astype("str").where(filled(given["customer_id"]))
    by_order = customers.groupby(numbers, sort=False)
    is_one = by_order.transform("nunique") == 1
    first = numbers.notna() & ~numbers.duplicated()
    named_first = (first & customers.notna()).groupby(numbers, sort=False).transform("max")
    return is_one & named_first.fillna(value=False).astype(bool)


def _mended(
    given: pd.DataFrame, column: str, numbers: "pd.Series[str]", blank: "pd.Series[bool]"
) -> pd.Series:
    """The column, with the order's one value in the blank cells of lines of the same day."""
    there = given[column].where(filled(given[column]))
    wanted = numbers.isin(numbers[blank].unique())
    values = there[wanted].groupby(numbers[wanted], sort=False)
    one = values.transform("first").where(values.transform("nunique") == 1)
    same_day = pd.Series(data=True, index=one.index)
    if column != "event_time" and "event_time" in given:
        days = given.loc[wanted, "event_time"]
        days = days.astype("str").str.strip().str[:DAY].where(filled(days))
        same_day = days.groupby(numbers[wanted], sort=False).transform("nunique") <= 1
    if column != "store" and "store" in given:
        stores = given.loc[wanted, "store"].where(filled(given.loc[wanted, "store"]))
        same_day &= stores.groupby(numbers[wanted], sort=False).transform("nunique") <= 1
    fill = one.where(same_day).reindex(given.index)
    return there.where(~blank, fill)


def _note(
    column: str,
    count: int,
    numbers: "pd.Series[str]",
    cells: "pd.Series[bool]",
    table: Table,
    params: SourceParams,
) -> Note:
    name, example = own(column, table, params), str(numbers[cells].iloc[0])
    return Note(
        CHECK,
        "advice",
        column,
        count,
        f"{count:,} lines have no {name} while the first line of their order names one (order "
        f"{example}): the export writes it once for each order. They take it from there",
        "nothing needs to be done here; lines of orders that name nobody stay guests",
        Said(CHECK, lines=count, name=name, order=example),
    )
