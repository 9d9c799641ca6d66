"""Calendar: the days of the week and the times of day and year at which a customer buys.

Days and hours are UTC: set `source.timezone` so that the hours of a shop are read as its own.
"""

import math

import ibis
import ibis.expr.types as ir

from features.families.definition import feature
from features.history.facts import as_number

YEAR = 365.2425  # mean days of the Gregorian year
MONDAY = 3  # 1970-01-01 was a Thursday, three days after a Monday
SATURDAY = 5


def weekday(day: ir.Value) -> ir.Value:
    """0 for Monday to 6 for Sunday, of days since 1970-01-01."""
    # The sum keeps days before 1970 positive: engines differ in the sign of a remainder.
    return (day + MONDAY + 7 * 10_000) % 7


@feature(base="purchase_days", group="calendar", unit="share")
def weekend_share(purchase_days: ir.Table) -> ir.Value:
    """Share of the purchase days that are a Saturday or Sunday."""
    return as_number(weekday(purchase_days.day) >= SATURDAY).mean()


@feature(base="purchase_days", group="calendar", unit="share")
def weekday_top_share(purchase_days: ir.Table) -> ir.Value:
    """Share of the most frequent day of the week in all purchase days."""
    own = weekday(purchase_days.day)
    most = ibis.greatest(*((own == number).sum() for number in range(7)))
    return most / purchase_days.count().cast("float64")


@feature(base="purchase_days", group="calendar", unit="share")
def morning_share(purchase_days: ir.Table) -> ir.Value:
    """Share of the purchases that began from 6:00 to 11:59 (UTC)."""
    return _share(purchase_days, purchase_days.morning)


@feature(base="purchase_days", group="calendar", unit="share")
def afternoon_share(purchase_days: ir.Table) -> ir.Value:
    """Share of the purchases that began from 12:00 to 17:59 (UTC)."""
    return _share(purchase_days, purchase_days.afternoon)


@feature(base="purchase_days", group="calendar", unit="share")
def evening_share(purchase_days: ir.Table) -> ir.Value:
    """Share of the purchases that began from 18:00 to 22:59 (UTC)."""
    return _share(purchase_days, purchase_days.evening)


@feature(base="purchase_days", group="season", unit="orders", windows=(30, 90), history_days=365)
def orders_year_ago(purchase_days: ir.Table, window: int) -> ir.Value:
    """Purchases in the {window} days that began a year (365 days) before the as-of date."""
    ago = purchase_days.ago
    return purchase_days.orders.sum(where=(ago <= 365) & (ago > 365 - window)).fill_null(0)


@feature(base="purchase_days", group="season", unit="-1 to 1", history_days=365)
def season_sine(purchase_days: ir.Table) -> ir.Value:
    """Sine of the place in the mean year (365.2425 days, from 1970-01-01): 1 in early April."""
    return _angle(purchase_days).sin()


@feature(base="purchase_days", group="season", unit="-1 to 1", history_days=365)
def season_cosine(purchase_days: ir.Table) -> ir.Value:
    """Cosine of the place in the mean year (365.2425 days): 1 at New Year, -1 in early July."""
    return _angle(purchase_days).cos()


def _angle(purchase_days: ir.Table) -> ir.Value:
    return purchase_days.as_of.max().cast("float64") * (2 * math.pi / YEAR)


def _share(purchase_days: ir.Table, part: ir.Value) -> ir.Value:
    return part.sum() / purchase_days.orders.sum().cast("float64")


FEATURES = (
    weekend_share,
    weekday_top_share,
    morning_share,
    afternoon_share,
    evening_share,
    orders_year_ago,
    season_sine,
    season_cosine,
)
