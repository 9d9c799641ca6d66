"""Order numbers that several purchases share, and the number that would tell these apart.

    order_id     customer_id  event_time
    SUB507       C507         2022-01-01      the number of a contract: each payment carries it
    SUB507       C507         2022-01-31
    17           C12          2022-01-01      a number that begins anew every day (or year, or till)
    17           C640         2022-01-02

One number is one purchase on its first day, so all later ones would be lost silently. Rows without
money coming in prove nothing: a refund comes days later under its order's number.
"""

from dataclasses import dataclass

import pandas as pd

from core.errors import TableError
from sources.contract import ORDERS, Table
from sources.cures import is_sortable, own, own_day, pasted
from sources.notes import Note
from sources.params import SourceParams

MOST_DAYS = 3  # from an order's first line with money to its last: what was added or sent later
MOST_SHARED = 0.05  # share of the purchases whose number is another one's too: above it we stop
FEW_SHARED = 0.005  # above it we tell
LEAST_SHARED = 10  # purchases: fewer are somebody's mistakes
FEW_OTHERS = 0.1  # numbers of several customers, for each that one customer has for long
WORDS = {"order_id": "it", "customer_id": "the customer", "day": "the day"}
SAME_AS_CUSTOMER = 0.5  # share of the purchases whose number is their customer's id


@dataclass(frozen=True)
class _Numbers:
    """Order numbers of which each stands for several purchases; `purchases` is those they carry."""

    days: int
    customers: int
    purchases: int
    first: str


def shared_order_numbers(
    raw: pd.DataFrame, rows: pd.DataFrame, table: Table, params: SourceParams
) -> tuple[Note, ...]:
    """Refuse order numbers that many purchases share; note them where a few do.

    `rows` are the checked rows that count, with the index of `raw`. Raises TableError.
    """
    if table.name != "orders":
        return ()
    purchases = _purchases(rows)
    found = _shared(purchases, ["order_id"])
    if found is None or found.purchases < LEAST_SHARED:
        return ()
    share = found.purchases / len(purchases)
    if share <= FEW_SHARED:
        return ()
    meaning = (
        f"{found.purchases:,} of {len(purchases):,} purchases have an order_id that is not theirs "
        f"alone: {_what(found)} (first: {found.first})."
    )
    same = (purchases["order_id"] == purchases["customer_id"]).mean() > SAME_AS_CUSTOMER
    why = (
        " order_id is the customer's id, which says nothing about orders."
        if same
        else " Is it the number of a contract or an account, or does it begin anew every day, year "
        "or till?"
    )
    key = ["customer_id", "day"] if same else _telling_key(purchases)
    cure = _one_number_of(key, raw, params)
    if not same and found.customers <= FEW_OTHERS * found.days and is_sortable(raw[table.time]):
        # Nobody else has the number: it may be one purchase after all.
        time, number = own(table.time, table, params), own("order_id", table, params)
        first = f"min({time}) OVER (PARTITION BY {number})"
        dated = pasted("derive", {table.name: {table.time: first}}, params)
        cure += f" If each is one order paid or sent in parts, give it its first time: {dated}"
    if share > MOST_SHARED:
        raise TableError(
            f"orders: {meaning} One number is one purchase, so the others would be lost.{why} "
            f"{cure}"
        )
    return (
        Note(
            "shared_order_numbers",
            "warning",
            "order_id",
            found.purchases,
            f"{meaning} One number is one purchase, so the others are lost.{why}",
            cure,
        ),
    )


def no_order_number(raw: pd.DataFrame, params: SourceParams) -> str:
    """What to do about orders without a number: give one to all that a customer bought on a day."""
    free = [str(column) for column in raw.columns if column not in ORDERS.columns]
    mapped = (
        f"If one of {', '.join(free)} is the order's number, name it with "
        f"source.columns.orders.order_id. "
        if free
        else ""
    )
    return (
        f"{mapped}Without one, what a customer bought on one day is one order. "
        f"{_one_number_of(['customer_id', 'day'], raw, params)}"
    )


def own_number_each(raw: pd.DataFrame, table: Table, params: SourceParams) -> str:
    """What to do about rows (`raw`) that share their key with others; empty where nothing is sure.

    A contract's number that stands on each of its periods becomes one number for each period; a
    line number that is not unique is replaced by the row's place in its order.
    """
    if table.name == ORDERS.name:
        expression, column = "NULL", "line_id"
        advice = "If line_id does not number the lines of an order, do without it"
    elif len(table.key) == 1 and table.time in table.required:
        column = table.key[0]
        if raw.duplicated([column, table.time]).any():
            return ""
        expression = (
            f"concat_ws(' ', {own(column, table, params)}, {own(table.time, table, params)})"
        )
        advice = f"If each row is a thing of its own, make one number of it and {table.time}"
    else:
        return ""
    line = pasted("derive", {table.name: {column: expression}}, params)
    return f"{advice}; in params.yaml, below source: {line}"


def _purchases(rows: pd.DataFrame) -> pd.DataFrame:
    """Customer, order and day of everything that brought money, or may have."""
    if "amount" in rows:
        rows = rows[~(rows["amount"] <= 0)]
    elif "quantity" in rows:
        rows = rows[~(rows["quantity"] <= 0)]
    days = rows["event_time"].dt.normalize()
    return rows[["customer_id", "order_id"]].assign(day=days).drop_duplicates()


def _shared(purchases: pd.DataFrame, key: list[str]) -> _Numbers | None:
    """What is shared where orders are told apart by `key`; None where nothing is."""
    number = purchases.groupby(key, sort=False).ngroup()
    of_number = purchases.groupby(number, sort=False).agg(
        order_id=("order_id", "first"),
        first=("day", "min"),
        last=("day", "max"),
        customers=("customer_id", "nunique"),
        purchases=("day", "size"),
    )
    long = of_number["last"] - of_number["first"] > pd.Timedelta(days=MOST_DAYS)
    several = of_number["customers"] > 1
    if not (long | several).any():
        return None
    shared = of_number[long | several]
    worst = shared.sort_values("purchases", ascending=False, kind="stable").iloc[0]
    of = "1 customer" if worst["customers"] == 1 else f"{worst['customers']:,} customers"
    example = (
        f"{worst['order_id']}, {worst['purchases']:,} purchases of {of} "
        f"from {worst['first']:%Y-%m-%d} to {worst['last']:%Y-%m-%d}"
    )
    return _Numbers(int(long.sum()), int(several.sum()), int(shared["purchases"].sum()), example)


def _what(found: _Numbers) -> str:
    parts = []
    if found.days:
        parts.append(f"{found.days:,} numbers carry money on days far apart")
    if found.customers:
        parts.append(f"{found.customers:,} belong to several customers")
    return ", ".join(parts)


def _telling_key(purchases: pd.DataFrame) -> list[str]:
    """The first of the keys that leaves the fewest purchases together."""
    keys = [["order_id", "day"], ["order_id", "customer_id"], ["order_id", "customer_id", "day"]]
    left = [_shared(purchases, key) for key in keys]
    counts = [0 if found is None else found.purchases for found in left]
    return keys[counts.index(min(counts))]


def _one_number_of(key: list[str], raw: pd.DataFrame, params: SourceParams) -> str:
    """How to make the order's number of these columns, as a line of params.yaml."""
    parts = [
        own_day(raw, ORDERS, params) if column == "day" else own(column, ORDERS, params)
        for column in key
    ]
    line = pasted("derive", {"orders": {"order_id": f"concat_ws(' ', {', '.join(parts)})"}}, params)
    named = " and ".join(WORDS[column] for column in key)
    return f"Make one number of {named}; in params.yaml, below source: {line}"
