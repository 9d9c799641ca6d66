"""Engagement: campaigns the customer was shown and coupons redeemed."""

import ibis.expr.types as ir

from features.definition import feature
from features.timeline import within

EXPOSED, REDEEMED = "campaign_exposed", "coupon_redeemed"
WINDOWS = (30, 90, 180)


@feature(base="events", group="campaigns", unit="campaigns", windows=WINDOWS, when_none=0)
def campaigns_exposed(events: ir.Table, as_of: int, window: int) -> ir.Value:
    """Campaigns shown to the customer in the last {window} days."""
    return _count(events, EXPOSED, as_of, window)


@feature(base="events", group="campaigns", unit="campaigns", when_none=0)
def campaigns_exposed_total(events: ir.Table, _as_of: int) -> ir.Value:
    """Campaigns shown to the customer in all history."""
    return (events.kind == EXPOSED).sum()


@feature(base="events", group="campaigns", unit="days")
def days_since_campaign(events: ir.Table, as_of: int) -> ir.Value:
    """Whole days since a campaign was last shown to the customer."""
    return as_of - events.day.max(where=events.kind == EXPOSED)


@feature(base="events", group="coupons", unit="coupons", windows=WINDOWS, when_none=0)
def coupons_redeemed(events: ir.Table, as_of: int, window: int) -> ir.Value:
    """Coupons redeemed in the last {window} days."""
    return _count(events, REDEEMED, as_of, window)


@feature(base="events", group="coupons", unit="coupons", when_none=0)
def coupons_redeemed_total(events: ir.Table, _as_of: int) -> ir.Value:
    """Coupons redeemed in all history."""
    return (events.kind == REDEEMED).sum()


@feature(base="events", group="coupons", unit="days")
def days_since_coupon(events: ir.Table, as_of: int) -> ir.Value:
    """Whole days since a coupon was last redeemed."""
    return as_of - events.day.max(where=events.kind == REDEEMED)


@feature(base="events", group="coupons", unit="coupons a campaign")
def coupons_per_campaign(events: ir.Table, _as_of: int) -> ir.Value:
    """Coupons redeemed for each campaign shown; unknown without a campaign."""
    shown = (events.kind == EXPOSED).sum()
    return (events.kind == REDEEMED).sum() / shown.nullif(0).cast("float64")


def _count(events: ir.Table, kind: str, as_of: int, window: int) -> ir.Value:
    return ((events.kind == kind) & within(events.day, as_of, window)).sum().fill_null(0)


FEATURES = (
    campaigns_exposed,
    campaigns_exposed_total,
    days_since_campaign,
    coupons_redeemed,
    coupons_redeemed_total,
    days_since_coupon,
    coupons_per_campaign,
)
