"""Features of events: visits, mailings, campaigns, coupons, loyalty."""

import math
from itertools import pairwise

from tests.features.oracle.customer import money, total
from tests.features.oracle.numbers import difference, log_ratio, mean, ratio

NEEDS = None
VISITS = ("visit", "app_open")
OPENS, CLICKS = ("email_open",), ("email_click",)
ENGAGED = VISITS + OPENS + CLICKS
EXPOSED, REDEEMED = ("campaign_exposed",), ("coupon_redeemed",)
POINTS, REFERRALS, SHARES = ("loyalty_points",), ("referral",), ("share",)
OWN = ("of another kind",)


def dates(c, kinds, window=math.inf, end=0):
    found = [row["event_time"].date() for row in c.rows("events") if row["kind"] in kinds]
    return [day for day in found if c.within(day, window, end)]


def count(c, kinds, window=math.inf, end=0):
    return len(dates(c, kinds, window, end))


def days_since(kinds):
    return lambda c: c.since(dates(c, kinds))


def counted(kinds):
    """Counts of some kinds, in a window or in all history."""
    return lambda c, window=math.inf: count(c, kinds, window)


def change(kinds):
    return lambda c, w: log_ratio(count(c, kinds, w), count(c, kinds, w, end=w))


def per(kinds, others):
    return lambda c, window=math.inf: ratio(count(c, kinds, window), count(c, others, window))


open_rate = per(OPENS, EXPOSED)


def visit_silence_over_gap(c):
    days = sorted(set(dates(c, VISITS)))
    return ratio(c.since(days), mean([(b - a).days for a, b in pairwise(days)]))


def points(c):
    return [row for row in c.rows("events") if row["kind"] in POINTS]


def points_earned(c, window):
    recent = [row for row in points(c) if c.within(row["event_time"].date(), window)]
    return float(total([row for row in recent if money(row["value"]) > 0], "value"))


def own_values(c, window, end=0):
    rows = [row for row in c.rows("events") if row["kind"] in OWN and row["value"] is not None]
    return [row for row in rows if c.within(row["event_time"].date(), window, end)]


def own_mean(c, window, end=0):
    rows = own_values(c, window, end)
    return float(total(rows, "value")) / len(rows) if rows else None


SINGLE = {
    "event_of another kind_days_since": days_since(OWN),
    # engagement
    "visits_total": counted(VISITS),
    "days_since_visit": days_since(VISITS),
    "visit_silence_over_gap": visit_silence_over_gap,
    "days_since_email_open": days_since(OPENS),
    "days_since_email_click": days_since(CLICKS),
    "open_rate_total": open_rate,
    # campaigns
    "campaigns_exposed_total": counted(EXPOSED),
    "days_since_campaign": days_since(EXPOSED),
    "coupons_redeemed_total": counted(REDEEMED),
    "days_since_coupon": days_since(REDEEMED),
    "coupons_per_campaign": per(REDEEMED, EXPOSED),
    "loyalty_points_balance": lambda c: float(total(points(c), "value")),
    "days_since_loyalty_points": days_since(POINTS),
    "referrals_total": counted(REFERRALS),
    "shares_total": counted(SHARES),
}
WINDOWED = {
    # of the company's own kinds
    "event_of another kind_count": ((7, 30, 90), counted(OWN)),
    "event_of another kind_change": ((30,), change(OWN)),
    "event_of another kind_sum": (
        (30, 90),
        lambda c, w: float(total(own_values(c, w), "value")),
    ),
    "event_of another kind_mean": ((30, 90), own_mean),
    "event_of another kind_rise": (
        (30,),
        lambda c, w: difference(own_mean(c, w), own_mean(c, w, end=w)),
    ),
    "visits": ((7, 30, 90), counted(VISITS)),
    "visits_change": ((14, 30), change(VISITS)),
    "email_opens": ((30, 90), counted(OPENS)),
    "email_clicks": ((30, 90), counted(CLICKS)),
    "open_rate": ((90,), open_rate),
    "click_rate": ((90,), per(CLICKS, OPENS)),
    "open_rate_change": ((90,), lambda c, w: difference(open_rate(c, w), open_rate(c))),
    "engagement_change": ((30, 90), change(ENGAGED)),
    "campaigns_exposed": ((30, 90, 180), counted(EXPOSED)),
    "coupons_redeemed": ((30, 90, 180), counted(REDEEMED)),
    "loyalty_points_earned": ((90,), points_earned),
    "referrals": ((365,), counted(REFERRALS)),
}
