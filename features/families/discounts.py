"""Discounts: whether the customer buys because of the price."""

import ibis.expr.types as ir

from features.families.definition import feature
from features.timeline import within

NEEDS = ("amount", "discount")


@feature(base="days", group="discounts", unit="share", windows=(90,), needs=NEEDS)
def discount_share(days: ir.Table, window: int) -> ir.Value:
    """Discounts as a share of the price before discount, last {window} days."""
    recent = within(days.ago, window)
    given = days.discount.sum(where=recent).cast("float64")
    return given / (given + days.sold.sum(where=recent).cast("float64")).nullif(0.0)


@feature(base="days", group="discounts", unit="share", needs=NEEDS)
def discount_share_total(days: ir.Table) -> ir.Value:
    """Discounts as a share of the price before discount, in all history."""
    given = days.discount.sum().cast("float64")
    return given / (given + days.sold.sum().cast("float64")).nullif(0.0)


@feature(base="purchase_days", group="discounts", unit="share", windows=(90,), needs=NEEDS)
def discounted_orders_share(purchase_days: ir.Table, window: int) -> ir.Value:
    """Share of the purchases with a discount in the last {window} days; unknown without any."""
    recent = within(purchase_days.ago, window)
    bought = purchase_days.orders.sum(where=recent).cast("float64")
    return purchase_days.discounted.sum(where=recent) / bought


@feature(base="purchase_days", group="discounts", unit="share", needs=NEEDS)
def discounted_orders_share_total(purchase_days: ir.Table) -> ir.Value:
    """Share of the purchases with a discount, in all history."""
    bought = purchase_days.orders.sum().cast("float64")
    return purchase_days.discounted.sum() / bought


@feature(base="purchase_days", group="discounts", unit="days", needs=NEEDS)
def days_since_full_price(purchase_days: ir.Table) -> ir.Value:
    """Whole days since the last day with a purchase without a discount."""
    return purchase_days.ago.min(where=purchase_days.discounted < purchase_days.orders)


@feature(base="purchase_days", group="discounts", unit="share", needs=NEEDS)
def discount_last(purchase_days: ir.Table) -> ir.Value:
    """Share of the purchases of the last purchase day that had a discount."""
    shares = purchase_days.discounted / purchase_days.orders.cast("float64")
    return shares.max(where=purchase_days.ago == purchase_days.silence)


FEATURES = (
    discount_share,
    discount_share_total,
    discounted_orders_share,
    discounted_orders_share_total,
    days_since_full_price,
    discount_last,
)
