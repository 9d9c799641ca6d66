"""Counts of events by kind, for the features of engagement and campaigns.

The base holds one row per customer, kind and day; `happened` says how often.
"""

import ibis.expr.types as ir

from features.timeline import within


def count(events: ir.Table, kinds: tuple[str, ...], window: int | None = None) -> ir.Value:
    """Events of these kinds, in the last `window` days or in all history."""
    wanted = events.kind.isin(kinds)
    if window is not None:
        wanted = wanted & within(events.ago, window)
    return events.happened.sum(where=wanted).fill_null(0)


def days_since(events: ir.Table, kinds: tuple[str, ...]) -> ir.Value:
    """Whole days since the last event of these kinds."""
    return events.ago.min(where=events.kind.isin(kinds))


def change(events: ir.Table, kinds: tuple[str, ...], window: int) -> ir.Value:
    """Log ratio of the counts (each plus one), last window against the one before."""
    last = count(events, kinds, window)
    before = count(events, kinds, 2 * window) - last
    return ((last + 1) / (before + 1).cast("float64")).ln()


def rate(part: ir.Value, whole: ir.Value) -> ir.Value:
    """One count divided by another; unknown where the other is zero."""
    return part / whole.nullif(0).cast("float64")
