"""Trend: the last window against the one before it, and lately against the long run."""

import ibis.expr.types as ir

from features.definition import feature
from features.rfm import amount, orders
from features.rhythm import gap_mean, gap_recent_mean

WINDOWS = (14, 30, 45, 90)


@feature(base="purchase_days", group="trend", unit="log ratio", windows=WINDOWS, reach=2)
def orders_change(purchase_days: ir.Table, as_of: int, window: int) -> ir.Value:
    """Log ratio of purchases (each plus one), last {window} days against the {window} before."""
    last = orders(purchase_days, as_of, window)
    before = orders(purchase_days, as_of, 2 * window) - last
    return ((last + 1) / (before + 1).cast("float64")).ln()


@feature(base="days", group="trend", unit="log ratio", windows=WINDOWS, needs=("amount",), reach=2)
def amount_change(days: ir.Table, as_of: int, window: int) -> ir.Value:
    """Log ratio of net amounts (at least 0, plus one), last {window} days against those before."""
    last = amount(days, as_of, window)
    before = amount(days, as_of, 2 * window) - last
    return ((last.clip(lower=0) + 1.0) / (before.clip(lower=0) + 1.0)).ln()


@feature(base="purchase_days", group="trend", unit="ratio")
def gap_recent_over_mean(purchase_days: ir.Table, as_of: int) -> ir.Value:
    """Mean of the last three gaps as a multiple of the mean gap: above 1 is slowing down."""
    return gap_recent_mean(purchase_days, as_of) / gap_mean(purchase_days, as_of)


FEATURES = (orders_change, amount_change, gap_recent_over_mean)
