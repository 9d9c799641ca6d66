"""The Buy-Till-You-Die quadruple (Fader, Hardie & Lee 2005), counted in days with purchases.

Inputs of the BG/NBD baseline only: its `recency` is the age at the last purchase, the other way
round from `days_since_last_purchase`, so no other model sees it.
"""

import ibis.expr.types as ir

from features.families.definition import feature


@feature(base="purchase_days", group=None, unit="days with purchases")
def frequency(purchase_days: ir.Table) -> ir.Value:
    """BTYD: repeat purchase days."""
    return purchase_days.count() - 1


@feature(base="purchase_days", group=None, unit="days")
def recency(purchase_days: ir.Table) -> ir.Value:
    """BTYD: days from the first to the last purchase."""
    return purchase_days.ago.max() - purchase_days.ago.min()


@feature(base="purchase_days", group=None, unit="days")
def T(purchase_days: ir.Table) -> ir.Value:  # noqa: N802 - the literature's name
    """BTYD: days from the first purchase to the as-of date."""
    return purchase_days.ago.max()


@feature(base="purchase_days", group=None, unit="money", needs=("amount",))
def monetary_value(purchase_days: ir.Table) -> ir.Value:
    """BTYD: mean amount of the repeat purchase days, 0 without any."""
    repeat = purchase_days.gap.notnull() & purchase_days.paid.notnull()
    spent = purchase_days.paid.sum(where=repeat).cast("float64")
    return (spent / repeat.sum().nullif(0).cast("float64")).fill_null(0.0)


FEATURES = (frequency, recency, T, monetary_value)
