"""Rhythm: the customer's own usual gap between purchases, and the present silence against it."""

import ibis
import ibis.expr.types as ir

from features.definition import feature

RECENT_GAPS = 3


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_mean(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Mean days between purchase days."""
    return purchase_days.gap.mean()


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_median(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Median days between purchase days."""
    return purchase_days.gap.median()


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_std(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Standard deviation (sample) of the days between purchase days."""
    return _spread(purchase_days.gap)


@feature(base="purchase_days", group="rhythm", unit="ratio")
def gap_variation(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Coefficient of variation of the gaps: 0 is clockwork, 1 is chance."""
    return _spread(purchase_days.gap) / purchase_days.gap.mean()


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_last(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Days between the last two purchase days."""
    return purchase_days.gap.sum(where=purchase_days.back == 0)


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_max(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Longest gap between purchase days."""
    return purchase_days.gap.max()


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_recent_mean(purchase_days: ir.Table, _as_of: int) -> ir.Value:
    """Mean of the last three gaps between purchase days."""
    return purchase_days.gap.mean(where=purchase_days.back < RECENT_GAPS)


@feature(base="purchase_days", group="rhythm", unit="ratio")
def silence_over_gap_mean(purchase_days: ir.Table, as_of: int) -> ir.Value:
    """Days since the last purchase as a multiple of the customer's own mean gap."""
    return (as_of - purchase_days.day.max()) / purchase_days.gap.mean()


@feature(base="purchase_days", group="rhythm", unit="ratio")
def silence_over_gap_max(purchase_days: ir.Table, as_of: int) -> ir.Value:
    """Days since the last purchase as a multiple of the customer's own longest gap."""
    return (as_of - purchase_days.day.max()) / purchase_days.gap.max().cast("float64")


@feature(base="purchase_days", group="rhythm", unit="share")
def gaps_longer_share(purchase_days: ir.Table, as_of: int) -> ir.Value:
    """Share of the customer's own gaps that were longer than the present silence."""
    silence = as_of - purchase_days.last_day
    return (
        ibis.ifelse(purchase_days.gap.isnull(), None, purchase_days.gap > silence)
        .cast("float64")
        .mean()
    )


def _spread(gap: ir.Value) -> ir.Value:
    """Sample standard deviation out of whole-number sums: the same in any order of the rows."""
    count, total = gap.count(), gap.sum()
    squares = (count * (gap * gap).sum() - total * total).cast("float64")
    return (squares / (count * (count - 1)).nullif(0).cast("float64")).sqrt()


FEATURES = (
    gap_mean,
    gap_median,
    gap_std,
    gap_variation,
    gap_last,
    gap_max,
    gap_recent_mean,
    silence_over_gap_mean,
    silence_over_gap_max,
    gaps_longer_share,
)
