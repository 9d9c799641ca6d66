"""Recency and frequency: when a customer bought, and how often."""

import ibis.expr.types as ir

from features.families.definition import WINDOWS, feature
from features.history.facts import as_number
from features.timeline import within


@feature(base="purchase_days", group="recency", unit="days")
def days_since_last_purchase(purchase_days: ir.Table) -> ir.Value:
    """Whole days from the customer's last purchase to the as-of date."""
    return purchase_days.ago.min()


@feature(base="purchase_days", group="tenure", unit="days")
def tenure_days(purchase_days: ir.Table) -> ir.Value:
    """Whole days from the customer's first known purchase to the as-of date."""
    return purchase_days.ago.max()


@feature(base="purchase_days", group="tenure", unit="0 or 1")
def tenure_is_censored(purchase_days: ir.Table) -> ir.Value:
    """1 when the first known purchase is so near the start of the data that it may not be first."""
    return as_number(purchase_days.starts_censored.max())


@feature(base="purchase_days", group="frequency", unit="orders")
def orders_total(purchase_days: ir.Table) -> ir.Value:
    """Purchases in all history."""
    return purchase_days.orders.sum()


@feature(base="purchase_days", group="frequency", unit="orders", windows=WINDOWS)
def orders(purchase_days: ir.Table, window: int) -> ir.Value:
    """Purchases in the last {window} days."""
    recent = within(purchase_days.ago, window)
    return purchase_days.orders.sum(where=recent).fill_null(0)


@feature(base="purchase_days", group="frequency", unit="orders a day")
def orders_rate(purchase_days: ir.Table) -> ir.Value:
    """Purchases per day since the first known purchase."""
    return purchase_days.orders.sum() / purchase_days.ago.max().cast("float64")


@feature(base="purchase_days", group="frequency", unit="share", windows=(90, 365))
def purchase_days_share(purchase_days: ir.Table, window: int) -> ir.Value:
    """Share of the last {window} days on which the customer bought."""
    return within(purchase_days.ago, window).sum().cast("float64") / window


@feature(base="purchase_days", group="frequency", unit="orders")
def orders_per_purchase_day(purchase_days: ir.Table) -> ir.Value:
    """Mean number of purchases on a day with any."""
    return purchase_days.orders.sum() / purchase_days.count().cast("float64")


FEATURES = (
    days_since_last_purchase,
    tenure_days,
    tenure_is_censored,
    orders_total,
    orders,
    orders_rate,
    purchase_days_share,
    orders_per_purchase_day,
)
