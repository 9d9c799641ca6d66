"""Trend: the last window beside the one before it, and the recent past beside the long run."""

from functools import reduce
from operator import add

import ibis.expr.types as ir

from features.families.definition import feature
from features.families.rfm import orders
from features.families.rhythm import gap_mean, gap_recent_mean
from features.families.spend import amount
from features.history.bases import usual_money
from features.timeline import within

WINDOWS = (14, 30, 45, 90)
MONTH, MONTHS = 30, 6  # days, and the number of such months a slope is laid through


@feature(base="purchase_days", group="trend", unit="log ratio", windows=WINDOWS, reach=2)
def orders_change(purchase_days: ir.Table, window: int) -> ir.Value:
    """Log ratio of purchases (each plus one), last {window} days against the {window} before."""
    last = orders(purchase_days, window)
    before = orders(purchase_days, 2 * window) - last
    return ((last + 1) / (before + 1).cast("float64")).ln()


@feature(base="days", group="trend", unit="log ratio", windows=WINDOWS, needs=("amount",), reach=2)
def amount_change(days: ir.Table, window: int) -> ir.Value:
    """Log ratio of net amounts (at least 0, plus one), last {window} days against those before."""
    last = amount(days, window)
    before = amount(days, 2 * window) - last
    return ((last.clip(lower=0) + 1.0) / (before.clip(lower=0) + 1.0)).ln()


@feature(base="purchase_days", group="trend", unit="ratio")
def gap_recent_over_mean(purchase_days: ir.Table) -> ir.Value:
    """Mean of the last three gaps as a multiple of the mean gap: above 1 is slowing down."""
    return gap_recent_mean(purchase_days) / gap_mean(purchase_days)


@feature(base="purchase_days", group="trend", unit="orders a month", history_days=MONTH * MONTHS)
def orders_slope(purchase_days: ir.Table) -> ir.Value:
    """Least-squares slope of the purchases in each of the last six months of 30 days."""
    return _slope(purchase_days, purchase_days.orders)


@feature(
    base="days",
    group="trend",
    unit="money a month",
    needs=("amount",),
    history_days=MONTH * MONTHS,
)
def amount_slope(days: ir.Table) -> ir.Value:
    """Least-squares slope of the net amount in each of the last six months of 30 days."""
    known = _slope(days, days.amount)
    if "unpriced" not in days.columns:
        return known
    # A slope is a weighted sum, so that what is unknown can be added to it at the usual money.
    unpriced = _slope(days, days.unpriced)
    missing = days.unpriced.sum(where=within(days.ago, MONTH * MONTHS)).fill_null(0)
    return (missing > 0).ifelse(known + unpriced * usual_money(days), known)


def _slope(rows: ir.Table, values: ir.Value) -> ir.Value:
    # Months 0 (the latest) to 5 lie 5, 3, 1, -1, -3, -5 half months above their middle; the squares
    # of these add up to 70, and a month is two halves. A month is what its end has summed up less
    # what the month before had: so each sum but the last counts 2, the last -5.
    ends = [values.sum(where=within(rows.ago, MONTH * month)) for month in range(1, MONTHS + 1)]
    sums = [end.fill_null(0) for end in ends]
    weighted = reduce(add, sums[:-1]) * 2 - sums[-1] * (MONTHS - 1)
    squares = sum((MONTHS - 1 - 2 * month) ** 2 for month in range(MONTHS))
    return weighted.cast("float64") * 2.0 / float(squares)


FEATURES = (orders_change, amount_change, gap_recent_over_mean, orders_slope, amount_slope)
