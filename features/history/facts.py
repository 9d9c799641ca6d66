"""Facts: the checked tables, aggregated to whole days once for all as-of dates.

A **purchase** is an order with positive net on the day of its first line. A refund is its own,
later row: it moves money, never recency, frequency or the label. An order with a line of unknown
amount is a purchase too, of unknown money, unless its known part is negative: its known lines enter
no sum, and `unpriced` counts it.

Facts are steps: expressions over named tables, in order. An engine runs them
(features/engines/duckdb.py); nothing here depends on which one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from features.timeline import SECONDS_PER_DAY, editions, with_days
from sources.contract import CONSENTS, CONTACTS, EVENTS, ORDERS, SUBSCRIPTIONS, SURVEYS, TICKETS

# Floats added in another order differ in their last bits, and 0.1 + 0.2 - 0.3 is above zero: money
# is summed in millionths, exactly, and becomes a float again when a feature or label is done.
EXACT = "decimal(38, 6)"
MILLION = 1e6
SUMMED = ("weight", "unknown", "uncounted", "lines", "amount", "discount", "quantity")
HOUR = 3600
# Parts of the day by the hour (UTC) at which they begin; night is what is left.
DAYPARTS = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 23)}
RECENT_GAPS = 3

Schemas = Mapping[str, ibis.Schema]


@dataclass(frozen=True)
class Step:
    """One named table. Without `keep` it is a view: read in one place or two, and never stored."""

    name: str
    table: ir.Table
    keep: bool


@dataclass
class Facts:
    """Everything there is, by whole day. `has` names what the data offers: columns and tables."""

    steps: list[Step] = field(default_factory=list)
    tables: dict[str, ir.Table] = field(default_factory=dict)
    has: set[str] = field(default_factory=set)

    def add(self, name: str, table: ir.Table, keep: bool = True) -> ir.Table:
        """Note a step and return the table under its name, for the steps that build on it."""
        self.steps.append(Step(name, table, keep))
        self.tables[name] = ibis.table(table.schema(), name=name)
        return self.tables[name]


def dates_table() -> ir.Table:
    """The as-of days that are asked for: one column, `as_of`."""
    return ibis.table({"as_of": "int64"}, name="dates")


def collect(schemas: Schemas) -> Facts:
    """The steps for tables of these schemas; the raw tables go by their own names."""
    facts = Facts()
    raw = {name: ibis.table(schema, name=name) for name, schema in schemas.items()}
    if "orders" in raw:
        _add_orders(facts, raw["orders"])
    if "events" in raw:
        _add_events(facts, raw["events"])
    for contract in (TICKETS, SURVEYS, CONTACTS, CONSENTS, SUBSCRIPTIONS):
        if contract.name in raw:
            offered = {"amount": f"{contract.name[:-1]}_amount"}
            facts.has |= {contract.name, *(offered.get(c, c) for c in schemas[contract.name])}
            facts.add(f"{contract.name}_days", with_days(raw[contract.name], contract), keep=False)
    if "customers" in raw:
        facts.has |= {"customers", *({"created_at"} & set(schemas["customers"]))}
        facts.tables["customers"] = raw["customers"]
    return facts


def exactly(column: ir.Value, when_null: float | None = None) -> ir.Value:
    """A column of money or points as exact decimals; unknown stays so without a `when_null`."""
    filled = column if when_null is None else column.fill_null(when_null)
    # Rounded first: of a half of the last decimal engines' casts make one decimal or the next.
    return ((filled * MILLION).round(0) / MILLION).cast(EXACT)


def as_number(is_so: ir.Value) -> ir.Value:
    """1 for true, 0 for false, unknown for unknown: truth is cast to int32 in every dialect."""
    return is_so.cast("int32").cast("float64")


def _add_orders(facts: Facts, orders: ir.Table) -> None:
    there = set(orders.columns)
    facts.has |= {"orders", *({"amount", "quantity"} & there)}
    facts.has |= {"unpriced"} if _may_be_unknown(orders) else set()
    facts.has |= {"discount"} if {"amount", "discount"} <= there else set()
    facts.has |= {"categories"} if "category" in there else set()
    facts.has |= {"stores"} if "store" in there else set()
    lines = with_days(orders, ORDERS)
    lines = lines.mutate(
        **({} if "amount" in there else {"weight": _weight(lines)}),
        **({"unknown": _unknown(lines)} if "unpriced" in facts.has else {}),
        **({"uncounted": lines.quantity.isnull().ifelse(1, 0)} if "quantity" in there else {}),
        second=lines.event_time.epoch_seconds() - lines.day * SECONDS_PER_DAY,
        **{c: exactly(lines[c], 0.0) for c in ("amount", "discount", "quantity") if c in there},
    )
    wanted = (
        "customer_id",
        "order_id",
        "day",
        "known_day",
        "known_at",
        "second",
        "weight",
        "unknown",
        "uncounted",
    )
    columns = [*wanted, "amount", "discount", "quantity", "category", "store"]
    lines = lines.select(*(c for c in columns if c in lines.columns))
    lines = facts.add("lines", editions(lines, dates_table()), keep=False)
    days = facts.add("customer_days", _customer_days(_order_days(lines), facts.has))
    visits = facts.add("purchase_days", _purchase_days(days))
    bought = lines.filter(_was_bought(lines))
    if "category" in there:
        facts.add("category_days", _category_days(bought.filter(bought.category.notnull()), visits))
    if "store" in there:
        used = bought.filter(bought.store.notnull())
        facts.add("store_days", used.select("customer_id", "edition", "store", "day").distinct())


def _may_be_unknown(orders: ir.Table) -> bool:
    """Whether amounts may be unknown: engines say of a column that is full that it never is."""
    return "amount" in orders.columns and bool(orders.amount.type().nullable)


def _weight(lines: ir.Table) -> ir.Value:
    """What makes an order a purchase when it sums to more than 0, in the place of an amount.

    Without amounts every order is one, unless its quantity says that it was a return.
    """
    if "quantity" in lines.columns:
        return exactly(lines.quantity, 1.0)
    return ibis.literal(1)


def _unknown(lines: ir.Table) -> ir.Value:
    """1 for a line that was bought at an unknown amount; of a return the quantity says so."""
    bought = lines.amount.isnull()
    if "quantity" in lines.columns:
        bought &= lines.quantity.isnull() | (lines.quantity > 0)
    return bought.ifelse(1, 0)


def _weighed(rows: ir.Table) -> ir.Value:
    return rows.amount if "amount" in rows.columns else rows.weight


def _was_bought(lines: ir.Table) -> ir.Value:
    """Of lines: whether they alone were a purchase."""
    is_positive = _weighed(lines) > 0
    return is_positive | (lines.unknown > 0) if "unknown" in lines.columns else is_positive


def _order_days(lines: ir.Table) -> ir.Table:
    """One row per order and day, with `is_purchase`: positive net on its own first day.

    `is_unpriced`, where amounts may be unknown: a purchase of unknown money.
    """
    sums = {c: lines[c].sum() for c in lines.columns if c in SUMMED}
    rows = lines.group_by(["customer_id", "edition", "order_id", "day"]).aggregate(
        lines=lines.count(), second=lines.second.min(), **sums
    )
    own = ibis.window(group_by=[rows.customer_id, rows.edition, rows.order_id])
    is_first = rows.day == rows.day.min().over(own)
    if "unknown" not in rows.columns:
        return rows.mutate(is_purchase=is_first & (_weighed(rows) > 0))
    weight = _weighed(rows)
    is_positive = (weight > 0) | ((rows.unknown > 0) & (weight >= 0))
    rows = rows.mutate(is_purchase=is_first & is_positive)
    return rows.mutate(is_unpriced=rows.is_purchase & (rows.unknown > 0))


def _customer_days(rows: ir.Table, has: set[str]) -> ir.Table:
    bought = rows.is_purchase
    hour = rows.second // HOUR
    columns = {
        "orders": bought.sum(),
        "lines": rows.lines.sum(where=bought).fill_null(0),
        **{
            name: (bought & (hour >= first) & (hour < end)).sum()
            for name, (first, end) in DAYPARTS.items()
        },
    }

    def summed(money: ir.Value, where: ir.Value | None = None) -> ir.Value:
        """The sum where money is known."""
        if "unpriced" in has:
            where = ~rows.is_unpriced if where is None else ~rows.is_unpriced & where
        return money.sum(where=where).fill_null(0)

    if "amount" in has:
        columns["sold"] = summed(rows.amount, rows.amount > 0)
        columns["refunded"] = -summed(rows.amount, rows.amount < 0)
        columns["amount"] = columns["sold"] - columns["refunded"]
        columns["paid"] = summed(rows.amount, bought)
    if "unpriced" in has:
        columns["unpriced"] = rows.is_unpriced.sum()
        columns["known_paid"] = columns["paid"]
        # What a day came to is unknown where one of its purchases is.
        columns["paid"] = (columns["unpriced"] > 0).ifelse(None, columns["known_paid"])
    if "discount" in has:
        columns["discount"] = summed(rows.discount)
        columns["discounted"] = (bought & (rows.discount > 0)).sum()
    if "quantity" in has:
        counted = bought & (rows.uncounted == 0)
        columns["quantity"] = rows.quantity.sum(where=counted).fill_null(0)
        columns["counted"] = counted.sum()
    return rows.group_by(["customer_id", "edition", "day"]).aggregate(**columns)


def _purchase_days(days: ir.Table) -> ir.Table:
    """Days with purchases, with what follows from the days before them alone."""
    bought = days.filter(days.orders > 0)
    own = ibis.window(group_by=[bought.customer_id, bought.edition], order_by=bought.day)
    visit = ibis.row_number().over(own) + 1
    before = [bought.day.lag(back).over(own) for back in range(1, RECENT_GAPS + 1)]
    bought = bought.mutate(
        gap=bought.day - before[0],
        visit=visit,
        # Gaps in a row add up to the days between the first and the last of their purchases.
        recent_gaps=bought.day - ibis.coalesce(*reversed(before)),
        recent_gap_count=(visit - 1).clip(upper=RECENT_GAPS),
    )
    gap = bought.gap.cast("float64")
    return bought.mutate(gap_log_gap=(gap * gap.ln()).cast("decimal(38, 12)"))


def _category_days(bought: ir.Table, visits: ir.Table) -> ir.Table:
    """Days with a category: what was `paid` for it where amounts are, and the number of the visit.

    `visit` is the place among the customer's days with purchases; unknown on a day without one.
    """
    key = ["customer_id", "edition", "day"]
    columns = {}
    if "amount" in bought.columns:
        is_known = bought.unknown == 0 if "unknown" in bought.columns else None
        columns["paid"] = bought.amount.sum(where=is_known).fill_null(0)
    rows = bought.group_by(["customer_id", "edition", "category", "day"]).aggregate(
        lines=bought.count(), **columns
    )
    numbered = visits.select(*key, "visit")
    return rows.left_join(numbered, key).select(*rows.drop("lines").columns, "visit")


def _add_events(facts: Facts, events: ir.Table) -> None:
    facts.has.add("events")
    rows = with_days(events, EVENTS)
    sums = {"happened": rows.count()}
    if "value" in rows.columns:
        facts.has.add("value")
        sums["value"] = exactly(rows.value, 0.0).sum()
        sums["valued"] = rows.value.count()
        sums["earned"] = exactly(rows.value, 0.0).sum(where=rows.value > 0).fill_null(0)
    facts.add(
        "event_days",
        rows.group_by(["customer_id", "kind", "day", "known_day"]).aggregate(**sums),
    )
