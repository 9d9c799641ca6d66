"""Rows by day for the tests of feeds, and what is found in them."""

import numpy as np

from features.usability.feed import feed_findings, feeds, judge, known_days
from features.usability.volume import Volume, tail_drop
from tests.features.usable import START, Seen, checked, records, rows_of_days
from tests.features.world import day

FIRST = day(START)
WEEK = np.array([40, 38, 42, 45, 60, 80, 0])  # closed on Sundays


def counts_of(weeks=20, mean=WEEK, seed=1):
    return np.random.default_rng(seed).poisson(np.tile(mean, weeks))


def volume(counts, first=FIRST):
    counts = np.asarray(counts, dtype="float64")
    return Volume(first, counts[: np.flatnonzero(counts)[-1] + 1])


def died(counts, days=None, first=FIRST, known=()):
    """What the alarm says of a feed judged on the last of its days."""
    return tail_drop(volume(counts, first), first + (days or len(counts)) - 1, known)


def events_until(days):
    """Another feed, alive until the last day."""
    return rows_of_days(np.full(days, 20)).assign(kind="visit")[
        ["customer_id", "event_time", "kind"]
    ]


def findings_of(order_counts, known=(), days=None):
    tables = checked(
        orders=rows_of_days(order_counts), events=events_until(days or len(order_counts))
    )
    known = known_days(known)
    return Seen(records(feed_findings([judge(feed, known) for feed in feeds(tables)])))
