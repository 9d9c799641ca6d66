"""Recency, frequency, money: when a customer bought, how often, and for how much."""

import ibis.expr.types as ir

from features.definition import WINDOWS, feature
from features.timeline import within


@feature(base="purchase_days", group="recency", unit="days")
def days_since_last_purchase(purchase_days: ir.Table, as_of: int) -> ir.Value:
    """Whole days from the customer's last purchase to the as-of date."""
    return as_of - purchase_days.day.max()


@feature(base="purchase_days", group="tenure", unit="days")
def tenure_days(purchase_days: ir.Table, as_of: int) -> ir.Value:
    """Whole days from the customer's first known purchase to the as-of date."""
    return as_of - purchase_days.day.min()


@feature(base="purchase_days", group="tenure", unit="0 or 1")
def tenure_is_censored(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """1 when the first known purchase is so near the start of the data that others may precede."""
    return purchase_days.starts_censored.max().cast("int64")


@feature(base="purchase_days", group="frequency", unit="orders")
def orders_total(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Purchases in all history."""
    return purchase_days.orders.sum()


@feature(base="purchase_days", group="frequency", unit="orders", windows=WINDOWS)
def orders(purchase_days: ir.Table, as_of: int, window: int) -> ir.Value:
    """Purchases in the last {window} days."""
    recent = within(purchase_days.day, as_of, window)
    return purchase_days.orders.sum(where=recent).fill_null(0)


@feature(base="purchase_days", group="frequency", unit="orders a day")
def orders_rate(purchase_days: ir.Table, as_of: int) -> ir.Value:
    """Purchases a day since the first known purchase."""
    return purchase_days.orders.sum() / (as_of - purchase_days.day.min()).cast("float64")


@feature(base="purchase_days", group="spend", unit="lines", windows=(90,))
def lines_per_order(purchase_days: ir.Table, as_of: int, window: int) -> ir.Value:
    """Mean order lines a purchase in the last {window} days."""
    recent = within(purchase_days.day, as_of, window)
    return purchase_days.lines.sum(where=recent) / purchase_days.orders.sum(where=recent).cast(
        "float64"
    )


@feature(base="days", group="spend", unit="money", needs=("amount",))
def amount_total(days: ir.Table, _as_of: int) -> ir.Value:
    """Net amount in all history, refunds subtracted."""
    return days.amount.sum()


@feature(base="days", group="spend", unit="money", windows=WINDOWS, needs=("amount",))
def amount(days: ir.Table, as_of: int, window: int) -> ir.Value:
    """Net amount in the last {window} days, refunds subtracted."""
    recent = within(days.day, as_of, window)
    return days.amount.sum(where=recent).cast("float64").fill_null(0.0)


@feature(base="purchase_days", group="spend", unit="money", needs=("amount",))
def amount_mean(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Mean net amount a purchase, in all history."""
    spent = purchase_days.purchase_amount.sum().cast("float64")
    return spent / purchase_days.orders.sum().cast("float64")


@feature(base="purchase_days", group="spend", unit="money", needs=("amount",))
def amount_last(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Net amount of the purchases on the last purchase day."""
    return purchase_days.purchase_amount.sum(where=purchase_days.back == 0)


@feature(base="purchase_days", group="spend", unit="money", needs=("amount",))
def amount_max(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Largest net amount of one purchase day."""
    return purchase_days.purchase_amount.max()


@feature(base="days", group="spend", unit="share", windows=(90,), needs=("amount", "discount"))
def discount_share(days: ir.Table, as_of: int, window: int) -> ir.Value:
    """Discounts as a share of the price before discount, last {window} days."""
    recent = within(days.day, as_of, window)
    given = days.discount.sum(where=recent).cast("float64")
    paid = days.sold.sum(where=recent).cast("float64")
    return given / (given + paid).nullif(0.0)


@feature(base="days", group="spend", unit="share", windows=(90,), needs=("amount",))
def refund_share(days: ir.Table, as_of: int, window: int) -> ir.Value:
    """Refunds as a share of what was sold, last {window} days."""
    recent = within(days.day, as_of, window)
    sold = days.sold.sum(where=recent).cast("float64")
    return days.refunded.sum(where=recent).cast("float64") / sold.nullif(0.0)


FEATURES = (
    days_since_last_purchase,
    tenure_days,
    tenure_is_censored,
    orders_total,
    orders,
    orders_rate,
    lines_per_order,
    amount_total,
    amount,
    amount_mean,
    amount_last,
    amount_max,
    discount_share,
    refund_share,
)
