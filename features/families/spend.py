"""Money: how much a customer spends, how it is spread, and what comes back as refunds.

In sums a purchase of unknown money counts as the customer's usual purchase; a sum is unknown where
there is none. Purchase days with unknown money are left out of means, extremes and spread.
"""

import ibis.expr.types as ir

from features.families.definition import WINDOWS, feature
from features.history.bases import mean, money, usual_money
from features.timeline import within


@feature(base="days", group="spend", unit="money", needs=("amount",))
def amount_total(days: ir.Table) -> ir.Value:
    """Net amount in all history, refunds subtracted."""
    return money(days)


@feature(base="days", group="spend", unit="money", windows=WINDOWS, needs=("amount",))
def amount(days: ir.Table, window: int) -> ir.Value:
    """Net amount in the last {window} days, refunds subtracted."""
    return money(days, within(days.ago, window))


@feature(base="purchase_days", group="spend", unit="money", needs=("amount",))
def amount_mean(purchase_days: ir.Table) -> ir.Value:
    """Mean net amount per purchase, in all history."""
    return usual_money(purchase_days)


@feature(base="purchase_days", group="spend", unit="money", needs=("amount",))
def amount_last(purchase_days: ir.Table) -> ir.Value:
    """Net amount of the purchases on the last purchase day."""
    return purchase_days.paid.max(where=purchase_days.ago == purchase_days.silence)


@feature(base="purchase_days", group="spend", unit="money", needs=("amount",))
def amount_max(purchase_days: ir.Table) -> ir.Value:
    """Largest net amount of the purchases of one day."""
    return purchase_days.paid.max()


@feature(base="purchase_days", group="spend", unit="money", needs=("amount",))
def amount_min(purchase_days: ir.Table) -> ir.Value:
    """Smallest net amount of the purchases of one day."""
    return purchase_days.paid.min()


@feature(base="purchase_days", group="spend", unit="money", needs=("amount",))
def amount_std(purchase_days: ir.Table) -> ir.Value:
    """Standard deviation (sample) of the purchase days' net amounts; unknown below two days."""
    count = purchase_days.paid.count().cast("float64")
    squares = purchase_days.squared_deviation.sum().cast("float64")
    return (squares / (count - 1.0).nullif(0.0)).sqrt()


@feature(base="purchase_days", group="spend", unit="ratio", needs=("amount",))
def amount_variation(purchase_days: ir.Table) -> ir.Value:
    """Coefficient of variation of the purchase days' net amounts; unknown below two days."""
    return amount_std(purchase_days) / mean(purchase_days.paid, purchase_days.paid.count())


@feature(base="purchase_days", group="spend", unit="ratio", needs=("amount",))
def amount_last_over_mean(purchase_days: ir.Table) -> ir.Value:
    """Net amount of the last purchase day as a multiple of the mean purchase day."""
    usual = mean(purchase_days.paid, purchase_days.paid.count())
    return amount_last(purchase_days).cast("float64") / usual


@feature(base="purchase_days", group="spend", unit="share", needs=("amount",))
def amount_top_share(purchase_days: ir.Table) -> ir.Value:
    """Share of the largest purchase day in all that was bought."""
    return purchase_days.paid.max().cast("float64") / _paid(purchase_days)


@feature(base="purchase_days", group="spend", unit="lines", windows=(90,))
def lines_per_order(purchase_days: ir.Table, window: int) -> ir.Value:
    """Mean order lines per purchase in the last {window} days."""
    recent = within(purchase_days.ago, window)
    bought = purchase_days.orders.sum(where=recent).cast("float64")
    return purchase_days.lines.sum(where=recent) / bought


@feature(base="purchase_days", group="spend", unit="lines")
def lines_per_order_total(purchase_days: ir.Table) -> ir.Value:
    """Mean order lines per purchase in all history."""
    return purchase_days.lines.sum() / purchase_days.orders.sum().cast("float64")


@feature(base="purchase_days", group="spend", unit="units", needs=("quantity",))
def units_per_order(purchase_days: ir.Table) -> ir.Value:
    """Mean units (quantity, summed over the lines) per purchase whose units are all known."""
    return mean(purchase_days.quantity, purchase_days.counted.sum())


@feature(base="days", group="refunds", unit="share", windows=(90,), needs=("amount",))
def refund_share(days: ir.Table, window: int) -> ir.Value:
    """Refunds as a share of what was sold, last {window} days."""
    recent = within(days.ago, window)
    sold = days.sold.sum(where=recent).cast("float64")
    return days.refunded.sum(where=recent).cast("float64") / sold.nullif(0.0)


@feature(base="days", group="refunds", unit="share", needs=("amount",))
def refund_share_total(days: ir.Table) -> ir.Value:
    """Refunds as a share of what was sold, in all history."""
    sold = days.sold.sum().cast("float64")
    return days.refunded.sum().cast("float64") / sold.nullif(0.0)


@feature(base="days", group="refunds", unit="days", windows=(90, 365), needs=("amount",))
def refund_days(days: ir.Table, window: int) -> ir.Value:
    """Days with a refund in the last {window} days."""
    return (within(days.ago, window) & (days.refunded > 0)).sum()


@feature(base="days", group="refunds", unit="days", needs=("amount",))
def days_since_refund(days: ir.Table) -> ir.Value:
    """Whole days since the last day with a refund."""
    return days.ago.min(where=days.refunded > 0)


def _paid(purchase_days: ir.Table) -> ir.Value:
    return purchase_days.paid.sum().cast("float64")


FEATURES = (
    amount_total,
    amount,
    amount_mean,
    amount_last,
    amount_max,
    amount_min,
    amount_std,
    amount_variation,
    amount_last_over_mean,
    amount_top_share,
    lines_per_order,
    lines_per_order_total,
    units_per_order,
    refund_share,
    refund_share_total,
    refund_days,
    days_since_refund,
)
