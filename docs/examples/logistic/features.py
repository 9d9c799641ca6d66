"""Two features of one's own, as an example: docs/extensions.md."""

import ibis.expr.types as ir

from features.families.definition import feature
from features.timeline import within


@feature(
    base="purchase_days",
    unit="days",
    label={"en": "longest pause between purchases", "ru": "самый длинный перерыв между покупками"},
)
def longest_gap(purchase_days: ir.Table) -> ir.Value:
    """Longest time between two purchases, in days; unknown below two."""
    return purchase_days.gap.max()


@feature(base="purchase_days", unit="orders", windows=(30, 90), when_none=0)
def evening_orders(purchase_days: ir.Table, window: int) -> ir.Value:
    """Purchases made in the evening, in the last {window} days."""
    return purchase_days.evening.sum(where=within(purchase_days.ago, window)).fill_null(0)
