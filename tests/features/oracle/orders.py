"""Features of purchases: how often, with what rhythm, when."""

import math
import statistics
from datetime import date, timedelta

from tests.features.oracle.numbers import (
    by_month,
    clumpiness,
    deviation,
    difference,
    log_ratio,
    mean,
    ratio,
    slope,
)
from tests.features.world import ACTIVE, DATA_FROM

NEEDS = "purchases"
WINDOWS = (7, 14, 30, 60, 90, 180, 365)


def orders_in(c, window, end=0):
    return len(c.purchases_in(window, end))


def purchase_days_in(c, window):
    return [day for day in c.purchase_days if c.within(day.date, window)]


def hours_share(c, first, last):
    return mean([first <= p.began.hour <= last for p in c.purchases])


def weekday_top_share(c):
    weekdays = [day.date.weekday() for day in c.purchase_days]
    return max(weekdays.count(w) for w in weekdays) / len(weekdays)


def place_in_year(c):
    """The as-of date's place in the mean year as an angle."""
    return 2 * math.pi * (c.as_of - date(1970, 1, 1)).days / 365.2425


def spells(c):
    """Days between purchase days, and from the last one to the as-of date."""
    return [*c.gaps, c.silence]


SINGLE = {
    # rfm
    "days_since_last_purchase": lambda c: c.silence,
    "tenure_days": lambda c: c.tenure,
    "tenure_is_censored": lambda c: int(
        c.purchase_days[0].date < DATA_FROM + timedelta(days=ACTIVE)
    ),
    "orders_total": lambda c: len(c.purchases),
    "orders_rate": lambda c: len(c.purchases) / c.tenure,
    "orders_per_purchase_day": lambda c: len(c.purchases) / len(c.purchase_days),
    # rhythm
    "gap_mean": lambda c: mean(c.gaps),
    "gap_median": lambda c: float(statistics.median(c.gaps)) if c.gaps else None,
    "gap_std": lambda c: deviation(c.gaps),
    "gap_variation": lambda c: ratio(deviation(c.gaps), mean(c.gaps)),
    "gap_last": lambda c: c.gaps[-1] if c.gaps else None,
    "gap_max": lambda c: max(c.gaps, default=None),
    "gap_min": lambda c: min(c.gaps, default=None),
    "gap_recent_mean": lambda c: mean(c.gaps[-3:]),
    "silence_over_gap_mean": lambda c: ratio(c.silence, mean(c.gaps)),
    "silence_over_gap_max": lambda c: ratio(c.silence, max(c.gaps, default=None)),
    "silence_deviations": lambda c: ratio(difference(c.silence, mean(c.gaps)), deviation(c.gaps)),
    "gaps_longer_share": lambda c: mean([gap > c.silence for gap in c.gaps]),
    "clumpiness": lambda c: clumpiness(spells(c)),
    # trend
    "gap_recent_over_mean": lambda c: ratio(mean(c.gaps[-3:]), mean(c.gaps)),
    "orders_slope": lambda c: slope(by_month(c, orders_in)),
    # calendar
    "weekend_share": lambda c: mean([day.date.weekday() >= 5 for day in c.purchase_days]),
    "weekday_top_share": weekday_top_share,
    "morning_share": lambda c: hours_share(c, 6, 11),
    "afternoon_share": lambda c: hours_share(c, 12, 17),
    "evening_share": lambda c: hours_share(c, 18, 22),
    "season_sine": lambda c: math.sin(place_in_year(c)),
    "season_cosine": lambda c: math.cos(place_in_year(c)),
    # btyd
    "frequency": lambda c: len(c.purchase_days) - 1,
    "recency": lambda c: c.tenure - c.silence,
    "T": lambda c: c.tenure,
}
WINDOWED = {
    "orders": (WINDOWS, orders_in),
    "purchase_days_share": ((90, 365), lambda c, w: len(purchase_days_in(c, w)) / w),
    "orders_change": (
        (14, 30, 45, 90),
        lambda c, w: log_ratio(orders_in(c, w), orders_in(c, w, end=w)),
    ),
    "orders_year_ago": ((30, 90), lambda c, w: orders_in(c, w, end=365 - w)),
}
