"""Money in one currency: converted by `source.exchange`, or left out where that cannot be done.

currency  amount             amount
EUR       12.40              12.40 EUR
USD        8.26               8.26 $       would be added up as if they were one
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sources.contract import NUMBER, ORDERS, Table
from sources.cures import filtered, literal, own
from sources.notes import Note, Said
from sources.params import SourceParams
from sources.written.currencies import LARGEST, SHARED, currency_marks, may_be, named_currencies

CHECK, CONVERTED = "currencies", "exchanged"
MOST_SHOWN = 5
MONEY_COLUMNS = ("amount", "discount", "cost")


@dataclass(frozen=True)
class Money:
    """The rows with their money in `currency`; None where nothing names it, or several do."""

    rows: pd.DataFrame
    currency: str | None
    notes: tuple[Note, ...] = ()


def in_one_currency(
    raw: pd.DataFrame,
    rows: pd.DataFrame,
    kept: "pd.Series[bool]",
    table: Table,
    params: SourceParams,
    currency: str | None,
) -> Money:
    """The table's money in `currency`, or in the one that most rows name where that is None.

    `raw` holds the cells that `rows` were read from. Rows in another currency are converted by
    `source.exchange`; where a rate is missing the money of the whole table is dropped: no sum of it
    would mean anything. A row that names no currency is in that of the others.
    """
    there = [column for column in MONEY_COLUMNS if table.columns.get(column) == NUMBER]
    there = [column for column in there if column in rows]
    if not there:
        return Money(rows, None)
    named = _named(raw, rows, there, currency, params.exchange)
    counts = {str(name): int(n) for name, n in named[kept].value_counts().items()}
    codes = [name for name in counts if name not in SHARED]
    wanted = currency or next(iter([*codes, *counts]), None)
    if wanted is None:
        return Money(rows, None)
    foreign = {name: n for name, n in counts.items() if not may_be(name, wanted)}
    if not foreign:
        return Money(rows, wanted)
    if set(foreign) <= set(params.exchange):
        return Money(
            _converted(rows, there, named, params.exchange, wanted),
            wanted,
            (_exchanged(foreign, params.exchange, wanted, table),),
        )
    if foreign == counts:
        note = _another(counts, wanted, there[0], table)
    else:
        note = _several(counts, foreign, wanted, raw[kept], there[0], table, params)
    told_apart = _returns_told(rows) if table is ORDERS and "amount" in there else rows
    return Money(told_apart.drop(columns=there), None, (note,))


def _named(
    raw: pd.DataFrame,
    rows: pd.DataFrame,
    money: list[str],
    currency: str | None,
    exchange: Mapping[str, float],
) -> pd.Series:
    """The currency that each row names: in its column `currency`, or else beside a sum."""
    if "currency" in rows and rows["currency"].notna().any():
        return named_currencies(rows["currency"], currency, exchange)
    marks, *others = (currency_marks(raw[column]) for column in money)
    for other in others:
        marks = marks.where(marks.notna(), other)
    return named_currencies(marks, currency, exchange)


def _converted(
    rows: pd.DataFrame,
    money: list[str],
    named: pd.Series,
    exchange: Mapping[str, float],
    wanted: str,
) -> pd.DataFrame:
    rates = named.map(exchange).where(~named.map(lambda name: name == wanted), 1.0).fillna(1.0)
    rates = rates.astype("float64")
    in_one = rows.assign(**{column: rows[column].astype("float64") * rates for column in money})
    return in_one.assign(currency=wanted) if "currency" in rows else in_one


def _returns_told(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with quantities that tell returns from purchases as their amounts do.

    An order is in one currency, so that its sign means something where a sum over orders does not:
    without it every refund would count as a purchase.
    """
    order = [rows["customer_id"], rows["order_id"], rows["event_time"].dt.floor("D")]
    given = rows["quantity"] if "quantity" in rows else pd.Series(np.nan, index=rows.index)
    quantity = given.astype("float64").fillna(1.0)
    known = rows["amount"].fillna(0.0).groupby(order, dropna=False).transform("sum").round(6)
    unknown = rows["amount"].isna() & (quantity > 0)
    some_unknown = unknown.groupby(order, dropna=False).transform("any")
    is_purchase = (known > 0) | (some_unknown & (known == 0))
    is_told = (quantity.groupby(order, dropna=False).transform("sum") > 0) == is_purchase
    if is_told.all():
        return rows
    size = quantity.abs().where(quantity != 0, 1.0)
    told = size.where(is_purchase, -size).where(is_purchase | (known < 0), 0.0)
    return rows.assign(quantity=given.where(is_told, told))


def _exchanged(
    foreign: Mapping[str, int], exchange: Mapping[str, float], wanted: str, table: Table
) -> Note:
    parts = [f"{name} ({n:,}) at {exchange[name]:g}" for name, n in foreign.items()]
    return Note(
        CONVERTED,
        "advice",
        "amount",
        sum(foreign.values()),
        f"sums in other currencies are converted to {wanted}: {', '.join(parts)}",
        "One rate holds for the whole history. Where rates moved much, convert with "
        f"source.derive.{table.name} by the rate of each day.",
        Said(
            "exchanged",
            wanted=wanted,
            named=[
                Said("currency_at", name=name, count=n, rate=exchange[name])
                for name, n in foreign.items()
            ],
            table=table.name,
        ),
    )


def _another(counts: Mapping[str, int], wanted: str, column: str, table: Table) -> Note:
    """Amounts that are said to be in a currency that none of them names."""
    named = ", ".join(f"{name} ({n:,})" for name, n in counts.items())
    return Note(
        CHECK,
        "error",
        column,
        sum(counts.values()),
        f"source.currency is {wanted}, and the amounts name {named}: all money of {table.name} is "
        "left out",
        f"Write the currency of the amounts as source.currency, or what one unit of each is worth "
        f"in {wanted}: source.exchange: {{{_rates(counts)}}}.",
        Said(
            "other_currency",
            named=[Said("count_of", name=name, count=n) for name, n in counts.items()],
            table=table.name,
            wanted=wanted,
            rates=_rates(counts),
        ),
    )


def _rates(names: Iterable[str]) -> str:
    """Rates to be filled in; a sign that several currencies share stands for its largest."""
    return ", ".join(f"{LARGEST.get(name, name)}: …" for name in names)


def _several(
    counts: Mapping[str, int],
    foreign: Mapping[str, int],
    wanted: str,
    raw: pd.DataFrame,
    column: str,
    table: Table,
    params: SourceParams,
) -> Note:
    shown = list(counts.items())[:MOST_SHOWN]
    named = ", ".join(f"{name} ({n:,})" for name, n in shown)
    rates = _rates(name for name in foreign if name not in params.exchange)
    only = _only(raw, wanted, table, params)
    return Note(
        CHECK,
        "error",
        column,
        sum(foreign.values()),
        f"sums of money are in several currencies: {named}. Added up they mean nothing, so all "
        f"money of {table.name} is left out: no values, no gains and no ranks by money; which "
        "orders are returns is still known",
        f"Say in params.yaml what one unit of each is worth in {wanted}: source.currency: {wanted} "
        f"and source.exchange: {{{rates}}}."
        + (f" Or leave out what is not in {wanted}: {only}" if only else ""),
        Said(
            "currencies",
            named=[Said("count_of", name=name, count=n) for name, n in shown],
            table=table.name,
            wanted=wanted,
            rates=rates,
            only=[] if not only else [Said("only_one_currency", wanted=wanted, line=only)],
        ),
    )


def _only(raw: pd.DataFrame, wanted: str, table: Table, params: SourceParams) -> str:
    """The line that leaves out the rows in other currencies, where a column names them."""
    if "currency" not in raw or raw["currency"].isna().all():
        return ""
    cells = raw["currency"].dropna().astype("str")
    names = named_currencies(cells, wanted)
    kept = sorted(cells[names.map(lambda name: may_be(name, wanted))].unique())
    condition = f"{own('currency', table, params)} IN ({', '.join(map(literal, kept))})"
    return filtered([condition], table, params)
