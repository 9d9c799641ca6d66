"""Campaigns shown, coupons redeemed, loyalty points and referrals."""

import ibis.expr.types as ir

from features.families.definition import feature
from features.history.kinds import count, days_since, rate
from features.timeline import within

EXPOSED, REDEEMED = ("campaign_exposed",), ("coupon_redeemed",)
POINTS, REFERRALS, SHARES = ("loyalty_points",), ("referral",), ("share",)
WINDOWS = (30, 90, 180)


@feature(base="events", group="campaigns", unit="campaigns", windows=WINDOWS, when_none=0)
def campaigns_exposed(events: ir.Table, window: int) -> ir.Value:
    """Campaigns shown to the customer in the last {window} days."""
    return count(events, EXPOSED, window)


@feature(base="events", group="campaigns", unit="campaigns", when_none=0)
def campaigns_exposed_total(events: ir.Table) -> ir.Value:
    """Campaigns shown to the customer in all history."""
    return count(events, EXPOSED)


@feature(base="events", group="campaigns", unit="days")
def days_since_campaign(events: ir.Table) -> ir.Value:
    """Whole days since a campaign was last shown to the customer."""
    return days_since(events, EXPOSED)


@feature(base="events", group="coupons", unit="coupons", windows=WINDOWS, when_none=0)
def coupons_redeemed(events: ir.Table, window: int) -> ir.Value:
    """Coupons redeemed in the last {window} days."""
    return count(events, REDEEMED, window)


@feature(base="events", group="coupons", unit="coupons", when_none=0)
def coupons_redeemed_total(events: ir.Table) -> ir.Value:
    """Coupons redeemed in all history."""
    return count(events, REDEEMED)


@feature(base="events", group="coupons", unit="days")
def days_since_coupon(events: ir.Table) -> ir.Value:
    """Whole days since a coupon was last redeemed."""
    return days_since(events, REDEEMED)


@feature(base="events", group="coupons", unit="coupons a campaign")
def coupons_per_campaign(events: ir.Table) -> ir.Value:
    """Coupons redeemed for each campaign shown; unknown without a campaign."""
    return rate(count(events, REDEEMED), count(events, EXPOSED))


@feature(base="events", group="loyalty", unit="points", needs=("value",), when_none=0)
def loyalty_points_balance(events: ir.Table) -> ir.Value:
    """Loyalty points in all history: earned (positive values) less spent (negative values)."""
    return events.value.sum(where=events.kind.isin(POINTS)).cast("float64").fill_null(0.0)


@feature(
    base="events", group="loyalty", unit="points", windows=(90,), needs=("value",), when_none=0
)
def loyalty_points_earned(events: ir.Table, window: int) -> ir.Value:
    """Loyalty points earned (positive values) in the last {window} days."""
    wanted = events.kind.isin(POINTS) & within(events.ago, window)
    return events.earned.sum(where=wanted).cast("float64").fill_null(0.0)


@feature(base="events", group="loyalty", unit="days")
def days_since_loyalty_points(events: ir.Table) -> ir.Value:
    """Whole days since loyalty points were last earned or spent."""
    return days_since(events, POINTS)


@feature(base="events", group="loyalty", unit="referrals", when_none=0)
def referrals_total(events: ir.Table) -> ir.Value:
    """Customers referred in all history."""
    return count(events, REFERRALS)


@feature(base="events", group="loyalty", unit="referrals", windows=(365,), when_none=0)
def referrals(events: ir.Table, window: int) -> ir.Value:
    """Customers referred in the last {window} days."""
    return count(events, REFERRALS, window)


@feature(base="events", group="loyalty", unit="shares", when_none=0)
def shares_total(events: ir.Table) -> ir.Value:
    """Things shared with others in all history."""
    return count(events, SHARES)


FEATURES = (
    campaigns_exposed,
    campaigns_exposed_total,
    days_since_campaign,
    coupons_redeemed,
    coupons_redeemed_total,
    days_since_coupon,
    coupons_per_campaign,
    loyalty_points_balance,
    loyalty_points_earned,
    days_since_loyalty_points,
    referrals_total,
    referrals,
    shares_total,
)
