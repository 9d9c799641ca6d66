"""Rows whose time lies so far from all others that it must be a typing error.

    2012-03-05 among orders from 2022-01-01 on      set aside: it would stretch the history
    2026-05-01 after orders up to 2023-12-31        set aside: everybody would seem to have left
    3 test orders half a year before the opening    stay, and so does all on both sides of a closure

This is the only place that decides it: a row set aside here stretches no span, history or score
date later.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.arrays import IntArray
from sources.contract import Table
from sources.written.reading import no_reasons

FAR = "is far from all others"
LEAST = 50  # orders or rows, of which one far from the others says nothing
ONE_IN = 1_000  # so few of them at most are a slip, and one in any case
MAX_STRAY_DAYS = 20
TIMES = 3  # as long as the longest pause among the others, or longer, is far
# Days of pause that are never far. Tests before the opening come months before it; after the last
# days of the data hardly anything is to be expected.
BEFORE, AFTER = 365, 30
MINUTE, SECONDS_PER_DAY = 60, 86_400
# What stands alone elsewhere does so for good reasons, and counts: an old contract that still runs,
# an objection, a complaint that is still open, a first contact after a pause.
WITHOUT = ("orders", "events")


@dataclass(frozen=True)
class Span:
    """A history: what is before `first`, or not before `last`, is no part of it."""

    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None


def stray_times(
    rows: pd.DataFrame,
    table: Table,
    of: "pd.Series[bool]",
    span_of: "Callable[[Minutes], Span] | None" = None,
) -> "pd.Series[str]":
    """Why a row is not part of its table's history (else empty), of the rows `of`.

    `span_of` tells the span of a history by its minutes; else they alone do.
    """
    reasons = no_reasons(rows)
    if table.name not in WITHOUT:
        return reasons
    there = rows[of & rows[table.time].notna()]
    span = (span_of or Minutes.span)(Minutes.of(there, table))
    times = there[table.time]
    if span.first is not None:
        reasons[there.index[times < span.first]] = _far(table, span.first)
    if span.last is not None:
        reasons[there.index[times >= span.last]] = _far(table, span.last)
    return reasons


@dataclass(frozen=True)
class Minutes:
    """In which minutes something happened, and how many times in each: all that a span needs.

    `minutes` since 1970, in order, and `counts` have one entry for each minute.
    """

    minutes: IntArray
    counts: IntArray

    @classmethod
    def of(cls, rows: pd.DataFrame, table: Table) -> "Minutes":
        """Those of the rows; lines of one order count as one."""
        single = [column for column in table.key if column != "line_id" and column in rows]
        times = rows[table.time][~rows.duplicated([*single, table.time])]
        seconds = times.to_numpy("datetime64[s]").astype(np.int64)
        return cls(*np.unique(seconds // MINUTE, return_counts=True))

    def with_those_of(self, others: "Minutes") -> "Minutes":
        """Those of two parts of a table."""
        minutes, places = np.unique(
            np.concatenate((self.minutes, others.minutes)), return_inverse=True
        )
        counts = np.zeros(len(minutes), dtype=np.int64)
        np.add.at(counts, places, np.concatenate((self.counts, others.counts)))
        return Minutes(minutes, counts)

    def span(self) -> Span:
        """A few times lie outside where the pause between them and the others is TIMES the longest
        pause among these; more than a few never do.
        """
        number = int(self.counts.sum())
        if number < LEAST:
            return Span()
        few = min(max(number // ONE_IN, 1), MAX_STRAY_DAYS)
        pauses = np.diff(self.minutes) * MINUTE / SECONDS_PER_DAY
        before = np.cumsum(self.counts)[:-1]  # how many times come before each pause
        is_early, is_late = before <= few, before >= number - few
        among = pauses[~is_early & ~is_late]
        usual = TIMES * (among.max() if len(among) else 0.0)
        early = np.flatnonzero(is_early & (pauses > max(usual, BEFORE)))
        late = np.flatnonzero(is_late & (pauses > max(usual, AFTER)))
        return Span(
            _time(self.minutes[early[-1] + 1]) if len(early) else None,
            _time(self.minutes[late[0]] + 1) if len(late) else None,
        )


def _time(minute: int) -> pd.Timestamp:
    return pd.Timestamp(int(minute) * MINUTE, unit="s")


def _far(table: Table, nearest: pd.Timestamp) -> str:
    return f"{table.time} {FAR}: the nearest is of {nearest:%Y-%m-%d}"
