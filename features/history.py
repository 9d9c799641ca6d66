"""History: the checked tables, aggregated to whole days once, then cut at each as-of date.

A **purchase** is an order with positive net on the day of its first line. A refund is its own,
later row: it moves money, never recency, frequency or the label.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from features.timeline import cut, known_before, with_days
from sources.tables import CONSENTS, EVENTS, ORDERS, TABLES

ROW_KEY = ("customer_id", "day", "known_day")
SUMMED = ("weight", "amount", "discount", "lines")
# Floats added in another order differ in their last bits, and 0.1 + 0.2 - 0.3 is above zero: money
# is summed in millionths, exactly, and becomes a float again when a feature or label is done.
EXACT = "decimal(38, 6)"


@dataclass(frozen=True)
class Facts:
    """Everything there is, by whole day: the only object that knows the future.

    `order_days` has one row per customer, order, day and day of knowledge; `category_days` and
    `store_days` one per customer, category or store, and day.
    """

    order_days: ir.Table
    category_days: ir.Table | None
    store_days: ir.Table | None
    events: ir.Table | None
    consents: ir.Table | None
    has_amount: bool
    has_discount: bool


@dataclass(frozen=True)
class History:
    """What was known at one as-of date. The bases of the features, by name."""

    as_of: int
    bases: dict[str, ir.Table]
    objectors: ir.Table | None


def collect(tables: dict[str, ir.Table]) -> Facts:
    """Aggregate the checked tables to days, once for all as-of dates."""
    lines = with_days(tables["orders"], ORDERS)
    has_amount = "amount" in lines.columns
    lines = lines.mutate(weight=_weight(lines))
    sums = {"weight": lines.weight.sum(), "lines": lines.count()}
    if has_amount:
        sums["amount"] = _exactly(lines.amount, 0.0).sum()
    if "discount" in lines.columns:
        sums["discount"] = _exactly(lines.discount, 0.0).sum()
    order_days = lines.group_by([*ROW_KEY, "order_id"]).aggregate(**sums).cache()
    bought = lines.filter(lines.weight > 0)
    events = with_days(tables["events"], EVENTS).cache() if "events" in tables else None
    consents = with_days(tables["consents"], CONSENTS) if "consents" in tables else None
    return Facts(
        order_days=order_days,
        category_days=_days_of(bought, "category"),
        store_days=_days_of(bought, "store"),
        events=events,
        consents=consents,
        has_amount=has_amount,
        has_discount=has_amount and "discount" in lines.columns,
    )


def _weight(lines: ir.Table) -> ir.Value:
    """What makes an order a purchase when it sums to more than 0: its amount.

    Without amounts every order is one, unless its quantity says that it was a return.
    """
    if "amount" in lines.columns:
        return _exactly(lines.amount, 0.0)
    if "quantity" in lines.columns:
        return _exactly(lines.quantity, 1.0)
    return ibis.literal(1)


def _exactly(column: ir.Value, when_null: float) -> ir.Value:
    return column.fill_null(when_null).cast(EXACT)


def _days_of(bought: ir.Table, column: str) -> ir.Table | None:
    if column not in bought.columns:
        return None
    filled = bought.filter(bought[column].notnull())
    # That a category was bought on a day is known with the first of its lines, so the earliest day
    # of knowledge is enough, and a row is one category-day.
    return (
        filled.group_by(["customer_id", column, "day"])
        .aggregate(known_day=filled.known_day.min())
        .cache()
    )


def cut_history(facts: Facts, as_of: int, data_from: int, active_within_days: int) -> History:
    """The history as it stood at the as-of date, as the bases of the features.

    A customer whose first purchase lies in the first `active_within_days` of the data may well have
    bought before: `starts_censored` says so.
    """
    days = _customer_days(known_before(facts.order_days, as_of), facts)
    bases = {
        "days": days,
        "purchase_days": _purchase_days(days, data_from + active_within_days).cache(),
    }
    if facts.category_days is not None:
        bases["categories"] = _first_and_last(known_before(facts.category_days, as_of), "category")
    if facts.store_days is not None:
        bases["stores"] = _first_and_last(known_before(facts.store_days, as_of), "store")
    if facts.events is not None:
        bases["events"] = cut(facts.events, EVENTS, as_of)
    return History(as_of=as_of, bases=bases, objectors=_objectors(facts, as_of))


def purchases(order_days: ir.Table) -> ir.Table:
    """Order days with `is_purchase`: positive net on the day of the order's own first line."""
    # Rows of one order and day that became known on different days are one order day.
    summed = order_days.group_by(["customer_id", "order_id", "day"]).aggregate(
        **{c: order_days[c].sum() for c in order_days.columns if c in SUMMED}
    )
    own_day = summed.day.min().over(ibis.window(group_by=[summed.customer_id, summed.order_id]))
    return summed.mutate(is_purchase=(summed.day == own_day) & (summed.weight > 0))


def _customer_days(order_days: ir.Table, facts: Facts) -> ir.Table:
    rows = purchases(order_days)
    columns = {
        "orders": rows.is_purchase.sum(),
        "lines": rows.lines.sum(where=rows.is_purchase).fill_null(0),
    }
    if facts.has_amount:
        columns["amount"] = rows.amount.sum()
        columns["purchase_amount"] = rows.amount.sum(where=rows.is_purchase).fill_null(0)
        columns["sold"] = rows.amount.sum(where=rows.amount > 0).fill_null(0)
        columns["refunded"] = -rows.amount.sum(where=rows.amount < 0).fill_null(0)
    if facts.has_discount:
        columns["discount"] = rows.discount.sum()
    return rows.group_by(["customer_id", "day"]).aggregate(**columns).cache()


def _purchase_days(days: ir.Table, censored_before: int) -> ir.Table:
    bought = days.filter(days.orders > 0)
    customer = ibis.window(group_by=bought.customer_id)
    forward = ibis.window(group_by=bought.customer_id, order_by=bought.day)
    backward = ibis.window(group_by=bought.customer_id, order_by=ibis.desc(bought.day))
    return bought.mutate(
        gap=bought.day - bought.day.lag().over(forward),
        last_day=bought.day.max().over(customer),
        back=ibis.row_number().over(backward),
        starts_censored=bought.day.min().over(customer) < censored_before,
    )


def _first_and_last(rows: ir.Table, column: str) -> ir.Table:
    return rows.group_by(["customer_id", column]).aggregate(
        bought=rows.count(), first_day=rows.day.min(), last_day=rows.day.max()
    )


def _objectors(facts: Facts, as_of: int) -> ir.Table | None:
    """Customers whose newest word on profiling, at the as-of date, is no."""
    if facts.consents is None or "purpose" not in facts.consents.columns:
        return None
    said = known_before(facts.consents, as_of).filter(lambda t: t.purpose.lower() == "profiling")
    # Of two rows at the same time the refusal counts.
    words = said.group_by(["customer_id", "event_time"]).aggregate(granted=said.granted.all())
    newest = words.group_by("customer_id").aggregate(granted=words.granted.argmax(words.event_time))
    return newest.filter(~newest.granted).select("customer_id")


def purchase_timelines(facts: Facts, as_of: int) -> pd.DataFrame:
    """Every purchase known at the as-of date: customer_id, event_day (date), orders, [amount].

    One row per customer and day with purchases, sorted: what a page draws as a timeline. Who
    objected to profiling is left out.
    """
    days = _customer_days(known_before(facts.order_days, as_of), facts)
    days = days.filter(days.orders > 0)
    objectors = _objectors(facts, as_of)
    if objectors is not None:
        days = days.anti_join(objectors, "customer_id")
    columns = {"orders": days.orders}
    if facts.has_amount:
        columns["amount"] = days.purchase_amount.cast("float64")
    # Cast before it leaves the engine: pandas would take the exact decimals one by one.
    bought = days.select("customer_id", "day", **columns).order_by("customer_id", "day").to_pandas()
    event_day = pd.to_datetime(bought.pop("day"), unit="D").astype("datetime64[us]")
    bought.insert(1, "event_day", event_day)
    timeline: pd.DataFrame = bought
    return timeline


def tables_at(tables: dict[str, ir.Table], as_of: int) -> dict[str, pd.DataFrame]:
    """Other tables as they stood at the as-of date, for the gates: the columns of the contract."""
    return {
        name: cut(with_days(table, TABLES[name]), TABLES[name], as_of)
        .drop("day", "known_day")
        .to_pandas()
        for name, table in tables.items()
    }
