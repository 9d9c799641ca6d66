"""Rows by day, and whether their number fell further than chance explains.

Days are numbered from 1970-01-01. The usual volume of a day is the median of the same weekday, so
that a shop closed on Sundays is not missed on a Sunday, and a single campaign changes nothing.
Counts are judged as quasi-Poisson (Wedderburn 1974): their variance is the dispersion times their
mean, and the dispersion is measured on the days that the usual was taken from.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.timeline import SECONDS_PER_DAY, date_of

Counts = npt.NDArray[np.float64]

MOST_LEFT = 0.25  # a feed with less than this share of its usual volume is hardly there
CAME_BACK = 0.5  # one whose last days have this share again is alive
EVIDENCE = 10.0  # natural log: by chance less often than once in 22,000 looks
WEEKS = 8  # before the days in question, from which the usual is taken
LEAST_WEEKS = 3  # of them must be there: two days are no custom
LEAST_JUDGED_DAYS = 2  # on which something is usual: a feed is not judged by one day
LEAST_SILENT_DAYS = 2  # full days without any row; shorter, and a feed has to be low for longer
LOOK_BACK = 56  # days that a feed which still trickles is followed
YEAR = 364  # days: the same weekday a year before
# Many shops close on these days (month, day) and nothing is wrong: they are never judged.
HOLIDAYS = frozenset({(12, 24), (12, 25), (12, 26), (1, 1)})


@dataclass(frozen=True)
class Stretch:
    """Days from `first` to `last` on which `rows` came where `usual` were to be expected."""

    first: int
    last: int
    rows: int
    usual: float

    @property
    def share(self) -> float:
        """What came, as a share of the usual."""
        return self.rows / self.usual


@dataclass(frozen=True)
class Volume:
    """Rows by day from `first` on, each day without rows a zero."""

    first: int
    counts: Counts

    @property
    def last(self) -> int:
        """The last day with a row."""
        return self.first + len(self.counts) - 1

    def __add__(self, other: "Volume") -> "Volume":
        """What both have on each day."""
        first, last = min(self.first, other.first), max(self.last, other.last)
        both = (np.pad(one.counts, (one.first - first, last - one.last)) for one in (self, other))
        return Volume(first, sum(both, np.zeros(last - first + 1)))

    def until(self, day: int) -> Counts:
        """The counts of all days before `day`, with zeros after the last row."""
        days = max(day - self.first, 0)
        return np.pad(self.counts[:days], (0, max(days - len(self.counts), 0)))


def day_numbers(times: pd.Series) -> "pd.Series[int]":
    """The whole-day number of each time; there are no missing ones."""
    seconds = times.astype("datetime64[s]").astype("int64")
    numbers: pd.Series[int] = seconds // SECONDS_PER_DAY
    return numbers


def volume_of(times: pd.Series) -> Volume:
    """The volume of a table with at least one row."""
    days = day_numbers(times).to_numpy()
    first = int(days.min())
    return Volume(first, np.bincount(days - first).astype("float64"))


def steady_end(volume: Volume) -> int:
    """The last day with a tenth of what a day with rows usually has: a stray row is no sign."""
    usual = np.median(volume.counts[volume.counts > 0])
    return volume.first + int(np.flatnonzero(volume.counts >= usual / 10)[-1])


def unjudged(first: int, days: int, known: Collection[int]) -> npt.NDArray[np.bool_]:
    """Which of the days from `first` on are holidays or known gaps."""
    return np.array(
        [
            day in known or (date_of(day).month, date_of(day).day) in HOLIDAYS
            for day in range(first, first + days)
        ],
        dtype=bool,
    )


def tail_drop(volume: Volume, until: int, known: Collection[int] = ()) -> Stretch | None:
    """The days up to `until` (not among them) on which hardly anything came; None if enough did.

    Tries every stretch that ends on the last full day and takes the one that chance explains
    worst. A stretch that was as quiet a year before is the season and no alarm.
    """
    if until <= volume.first:  # rows become known so late that no day of theirs can be judged
        return None
    if volume.last >= until and _is_alive(volume, until):
        return None
    counts = volume.until(until)
    hidden = unjudged(volume.first, len(counts), known)
    shown = np.where(hidden, np.nan, counts)
    silent = until - 1 - volume.last
    least = LEAST_SILENT_DAYS if silent >= LEAST_SILENT_DAYS else LEAST_SILENT_DAYS + 1
    lengths = {*range(least, LOOK_BACK + 1), max(silent, least)}
    best: tuple[float, Stretch] | None = None
    last_days = None
    for length in sorted(lengths):
        start = len(shown) - length
        if start < LEAST_WEEKS * 7:
            continue
        judged = _judge(shown, start, len(shown))
        if judged is None:
            continue
        rows, usual, evidence = judged
        last_days = rows / usual if last_days is None else last_days
        if last_days >= CAME_BACK:
            return None  # whatever was missing, it has come back
        if rows / usual < MOST_LEFT and evidence >= EVIDENCE and (not best or evidence > best[0]):
            days = (volume.first + start, until - 1)
            best = (evidence, Stretch(*days, rows=int(rows), usual=usual))
    if best is None or _was_quiet_a_year_before(shown, best[1], volume.first):
        return None
    return best[1]


def gaps(volume: Volume, known: Collection[int] = (), most_left: float = 0.1) -> list[Stretch]:
    """Days inside the data with less than `most_left` of the usual, adjoining ones as one stretch.

    The usual of a day is the median of the four days before and the four after it that have rows
    and are the same weekday: so a gap of months does not change what is usual.
    """
    counts = volume.counts[:-1]  # the last day may be incomplete
    hidden = unjudged(volume.first, len(counts), known)
    usual = _usual_around(counts)
    judged = ~hidden & (usual > 0)
    spread = _dispersion(counts[judged], usual[judged])
    is_low = judged & (counts < most_left * usual)
    stretches: list[Stretch] = []
    open_since: int | None = None
    for place in np.flatnonzero(judged):
        if is_low[place]:
            open_since = int(place) if open_since is None else open_since
            days = slice(open_since, int(place) + 1)
            inside = judged[days]
            stretch = Stretch(
                volume.first + open_since,
                volume.first + int(place),
                rows=int(counts[days][inside].sum()),
                usual=float(usual[days][inside].sum()),
            )
            if stretches and stretches[-1].first == stretch.first:
                stretches[-1] = stretch
            else:
                stretches.append(stretch)
        else:
            open_since = None
    return [
        stretch
        for stretch in stretches
        if _evidence(np.array([stretch.rows]), np.array([stretch.usual]), spread)[0] >= EVIDENCE
    ]


def last_week(volume: Volume, until: int) -> tuple[int, float] | None:
    """Rows of the last seven full days before `until` and the usual; None where none is known."""
    counts = volume.until(until)
    judged = _judge(counts, len(counts) - 7, len(counts)) if len(counts) >= 28 else None
    return None if judged is None else (int(judged[0]), judged[1])


def _judge(counts: Counts, start: int, end: int) -> tuple[float, float, float] | None:
    """Rows, usual rows and the evidence (nats) that they are too few, for the days start … end - 1.

    None when fewer than LEAST_JUDGED_DAYS of them are days on which something is usual. Days that
    are not judged are NaN.
    """
    before = np.arange(max(start - 7 * WEEKS, 0), start)
    usual = np.zeros(7)
    for weekday in range(7):
        same = counts[before[before % 7 == weekday]]
        same = same[~np.isnan(same)]
        usual[weekday] = np.median(same) if len(same) >= LEAST_WEEKS else 0.0
    days = np.arange(start, end)
    days = days[~np.isnan(counts[days]) & (usual[days % 7] > 0)]
    if len(days) < LEAST_JUDGED_DAYS:
        return None
    before = before[~np.isnan(counts[before])]
    spread = _dispersion(counts[before], usual[before % 7])
    rows, expected = float(counts[days].sum()), float(usual[days % 7].sum())
    evidence = _evidence(np.array([rows]), np.array([expected]), spread)
    return rows, expected, float(evidence[0])


def _is_alive(volume: Volume, until: int) -> bool:
    """Whether the day `until`, incomplete as it may be, already has a good part of the usual."""
    usual = float(np.median(volume.counts[volume.counts > 0]))
    return bool(volume.counts[until - volume.first] >= CAME_BACK * usual)


def _dispersion(counts: Counts, usual: Counts) -> float:
    """Variance over mean, at least that of a Poisson count.

    Peaks count: what comes in bursts also stops in between, and a quiet week proves nothing.
    """
    there = usual > 0
    if not there.any():
        return 1.0
    return max(1.0, float(np.mean((counts[there] - usual[there]) ** 2 / usual[there])))


def _evidence(counts: Counts, usual: Counts, dispersion: float) -> Counts:
    """Minus the log of Chernoff's bound on the chance of so few rows, half the deviance; 0 if more.

    P(X <= x) <= exp(-(x log(x / m) - x + m)) for a Poisson count with mean m.
    """
    safe = np.maximum(usual, 1e-9)
    ratio = np.clip(counts / safe, 1e-12, 1.0)
    deviance: Counts = safe * (ratio * np.log(ratio) - ratio + 1.0) / dispersion
    return deviance


def _was_quiet_a_year_before(counts: Counts, stretch: Stretch, first: int) -> bool:
    if stretch.last - stretch.first >= YEAR:  # it would be compared with itself
        return False
    start, end = stretch.first - first - YEAR, stretch.last + 1 - first - YEAR
    judged = _judge(counts, start, end) if start >= 7 * LEAST_WEEKS else None
    return judged is not None and judged[0] / judged[1] < MOST_LEFT


def _usual_around(counts: Counts) -> Counts:
    usual = np.zeros(len(counts))
    for weekday in range(7):
        own = np.arange(weekday, len(counts), 7)
        with_rows = own[counts[own] > 0]
        if 2 * len(with_rows) <= len(own):
            continue  # mostly closed on this weekday
        for day in own:
            others = with_rows[with_rows != day]
            place = np.searchsorted(others, day)
            near = others[max(place - 4, 0) : place + 4]
            usual[day] = np.median(counts[near]) if len(near) >= LEAST_WEEKS else 0.0
    return usual
