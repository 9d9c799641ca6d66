"""Rhythm: the customer's usual gap between purchases, and the present silence beside it."""

import ibis
import ibis.expr.types as ir

from features.families.definition import feature
from features.history.facts import as_number


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_mean(purchase_days: ir.Table) -> ir.Value:
    """Mean days between purchase days."""
    return purchase_days.gap.mean()


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_median(purchase_days: ir.Table) -> ir.Value:
    """Median days between purchase days."""
    return purchase_days.gap.median()


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_std(purchase_days: ir.Table) -> ir.Value:
    """Standard deviation (sample) of the days between purchase days."""
    return _spread(purchase_days.gap)


@feature(base="purchase_days", group="rhythm", unit="ratio")
def gap_variation(purchase_days: ir.Table) -> ir.Value:
    """Coefficient of variation of the gaps: 0 is perfectly regular, 1 is random."""
    return _spread(purchase_days.gap) / purchase_days.gap.mean()


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_last(purchase_days: ir.Table) -> ir.Value:
    """Days between the last two purchase days."""
    return purchase_days.gap.max(where=purchase_days.ago == purchase_days.silence)


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_max(purchase_days: ir.Table) -> ir.Value:
    """Longest gap between purchase days."""
    return purchase_days.gap.max()


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_min(purchase_days: ir.Table) -> ir.Value:
    """Shortest gap between purchase days."""
    return purchase_days.gap.min()


@feature(base="purchase_days", group="rhythm", unit="days")
def gap_recent_mean(purchase_days: ir.Table) -> ir.Value:
    """Mean of the last three gaps between purchase days."""
    is_last = purchase_days.ago == purchase_days.silence
    count = purchase_days.recent_gap_count.max(where=is_last)
    return purchase_days.recent_gaps.max(where=is_last) / count.nullif(0).cast("float64")


@feature(base="purchase_days", group="rhythm", unit="ratio")
def silence_over_gap_mean(purchase_days: ir.Table) -> ir.Value:
    """Days since the last purchase as a multiple of the customer's own mean gap."""
    return purchase_days.ago.min() / purchase_days.gap.mean()


@feature(base="purchase_days", group="rhythm", unit="ratio")
def silence_over_gap_max(purchase_days: ir.Table) -> ir.Value:
    """Days since the last purchase as a multiple of the customer's own longest gap."""
    return purchase_days.ago.min() / purchase_days.gap.max().cast("float64")


@feature(base="purchase_days", group="rhythm", unit="standard deviations")
def silence_deviations(purchase_days: ir.Table) -> ir.Value:
    """Days since the last purchase beyond the mean gap, in standard deviations of the gaps."""
    beyond = purchase_days.ago.min() - purchase_days.gap.mean()
    return beyond / _spread(purchase_days.gap).nullif(0.0)


@feature(base="purchase_days", group="rhythm", unit="share")
def gaps_longer_share(purchase_days: ir.Table) -> ir.Value:
    """Share of the customer's own gaps that were longer than the present silence."""
    longer = purchase_days.gap > purchase_days.silence
    return as_number(ibis.ifelse(purchase_days.gap.isnull(), None, longer)).mean()


@feature(base="purchase_days", group="rhythm", unit="0 to 1")
def clumpiness(purchase_days: ir.Table) -> ir.Value:
    """Clumpiness since the first purchase (Zhang, Bradlow & Small 2015): 0 is even, 1 all at once.

    Entropy of the intervals between the first purchase day and the as-of date, the present silence
    among them, against the entropy of equal intervals. Unknown with one purchase day.
    """
    silence, tenure = (
        purchase_days.ago.min().cast("float64"),
        purchase_days.ago.max().cast("float64"),
    )
    logs = purchase_days.gap_log_gap.sum().cast("float64") + silence * silence.ln()
    intervals = purchase_days.count().cast("float64")
    return 1.0 + (logs / tenure - tenure.ln()) / intervals.ln().nullif(0.0)


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
    gap_min,
    gap_recent_mean,
    silence_over_gap_mean,
    silence_over_gap_max,
    silence_deviations,
    gaps_longer_share,
    clumpiness,
)
