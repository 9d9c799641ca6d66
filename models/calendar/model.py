"""The level of business by day, past and to come, in the form that models read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from core.arrays import FloatArray, IntArray
from core.digits import CONVEX, FLAT, to_digits
from core.files import read_json, write_json
from features.planning.timeplan import Timeline
from models.calendar.categories import beside_the_company
from models.calendar.level import LIMIT, ONE_ORDER, Foretold, Observed, foretell
from models.calendar.special import SpecialDays
from models.calendar.standard import WEEK, Weeks, weeks_before
from models.leaving import LAPSE

FILE = "calendar.json"
BOUGHT_LAST = "category_last"  # the column of a snapshot
FEWEST_WEEKS = 8  # of a level that is told: fewer say nothing
YEAR_DAYS = 365  # of history, from which on a yearly shape is looked for
AHEAD = 800  # days that are foretold; later ones are as those a year before
SAME_WEEKDAY = 364  # days: a year of whole weeks
WEEKDAY_DAYS = 182  # from which the shape of a week is taken
PRIOR_WEEKDAY = 20.0  # orders as which an even week counts, for each of its days
LEAST_WEEKDAY = 0.05


@dataclass(frozen=True)
class Calendar:
    """Levels (days,) from `first_day` on, in days since 1970-01-01.

    The level of a day is what customers buy on it, over what the same customers would buy on a day
    of a mean week of the history. `season` is the share of a yearly shape in the answer: 0 with
    less than a year. Rows without a date are told as of the day `asked_on`. `by_category` holds for
    each week from `first_day` on the factor for who bought a category last.
    """

    first_day: int
    asked_on: int
    level: tuple[float, ...]
    season: float = 0.0
    by_category: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def mean_level(
        self, as_of_days: IntArray, start: int, end: int, category: str | None = None
    ) -> FloatArray:
        """The mean level (n,) over the days [start, end) after each as-of day (n,).

        `category` is what these customers bought last.
        """
        if end <= start:
            return np.ones(len(as_of_days))
        days, place = np.unique(as_of_days, return_inverse=True)
        ahead = days[:, None] + np.arange(start, end)[None, :]
        mean = np.asarray(self.levels(ahead, category).mean(axis=1), np.float64)
        return to_digits(mean, CONVEX)[place]

    def levels(self, days: IntArray, category: str | None = None) -> FloatArray:
        """The level of each day, of any shape; beyond what is known that of a year nearer."""
        place = days - self.first_day
        beyond = np.maximum(place - (len(self.level) - 1), 0)
        place = place - SAME_WEEKDAY * -(-beyond // SAME_WEEKDAY)
        short = np.maximum(-place, 0)
        place = place + SAME_WEEKDAY * -(-short // SAME_WEEKDAY)
        known = self._levels.get(category, self._levels[None])
        found: FloatArray = known[np.clip(place, 0, len(self.level) - 1)]
        return found

    def ahead(self, snapshot: pd.DataFrame, start: int, end: int) -> FloatArray:
        """The mean level (n,) over the days [start, end) after the as-of date of each row."""
        return self._by_category(snapshot, ((start, end),))[:, 0]

    def by_interval(self, snapshot: pd.DataFrame, grid: Sequence[int]) -> FloatArray:
        """The mean level (n, intervals) between the days of a grid after each as-of date."""
        return self._by_category(snapshot, [*pairwise(grid)])

    def _by_category(self, snapshot: pd.DataFrame, spans: Sequence[tuple[int, int]]) -> FloatArray:
        """The mean level (n, spans) of each row, at the level of the category it bought last."""
        days = self.as_of_days(snapshot)
        found = np.stack([self.mean_level(days, *span) for span in spans], axis=1)
        if not self.by_category or BOUGHT_LAST not in snapshot:
            return found
        bought = snapshot[BOUGHT_LAST].astype(object).to_numpy()
        for category in self.by_category:
            own = np.flatnonzero(bought == category)
            for column, span in enumerate(spans if len(own) else ()):
                found[own, column] = self.mean_level(days[own], *span, category)
        return found

    def as_of_days(self, snapshot: pd.DataFrame) -> IntArray:
        """The as-of day (n,) of each row."""
        if "as_of_date" not in snapshot:
            return np.full(len(snapshot), self.asked_on, np.int64)
        dates = pd.to_datetime(snapshot["as_of_date"]).to_numpy("datetime64[D]")
        found: IntArray = dates.astype(np.int64)
        return found

    @cached_property
    def _levels(self) -> dict[str | None, FloatArray]:
        """The levels of all days by category; the company's stand under None."""
        company = np.array(self.level)
        found: dict[str | None, FloatArray] = {None: company}
        for category, factor in self.by_category.items():
            by_day = np.repeat(factor, WEEK)[: len(company)]
            found[category] = to_digits(company * by_day, FLAT)
        return found

    def save(self, folder: Path) -> None:
        """Write `calendar.json`, which all models of a folder share."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "Calendar | None":
        """Read what `save` wrote; None where models know no calendar."""
        if not (folder / FILE).exists():
            return None
        content: dict[str, Any] = read_json(folder / FILE)
        own = {name: tuple(factor) for name, factor in content.get("by_category", {}).items()}
        return cls(**{**content, "level": tuple(content["level"]), "by_category": own})


def level_ahead(calendar: Calendar | None, snapshot: pd.DataFrame, days: int) -> FloatArray:
    """The mean level (n,) over so many days after the as-of date; the usual without a calendar."""
    usual: FloatArray = np.ones(len(snapshot))
    return usual if calendar is None or snapshot.empty else calendar.ahead(snapshot, 0, days)


def fit_calendar(
    purchases: pd.DataFrame, known_on: int, special: SpecialDays | None = None
) -> Calendar | None:
    """The calendar as known on a day, from purchase timelines; None where the history is too short.

    `special` are the days known beforehand: holidays, closures, promotions.
    """
    special = special or SpecialDays()
    seen = _seen(purchases, known_on, special)
    if seen is None:
        return None
    observed = seen.observed
    first, last = int(seen.weeks.starts[0]), known_on + AHEAD
    middles = np.arange(first, last, WEEK, dtype=np.float64) + WEEK / 2
    found = foretell(observed, middles, seen.a_year)
    days = np.arange(first, last)
    by_week = np.clip(np.interp(days + 0.5, middles, found.mean), -LIMIT, LIMIT)
    of_day = _weekdays(purchases, known_on)[days % WEEK] * special.factors(days, found.effects)
    level = to_digits(np.exp(by_week) * of_day, FLAT)
    company = np.exp(found.mean[: len(seen.weeks.starts)] + observed.special @ found.effects)
    own = beside_the_company(seen.weeks, company, middles) if seen.a_year else {}
    share = to_digits(found.season_share, FLAT)
    return Calendar(first, known_on, tuple(level.tolist()), share, own)


def calendar_of(
    timeline: Timeline,
    purchases: pd.DataFrame,
    known_on: int,
    known_days: pd.DataFrame | None = None,
) -> Calendar | None:
    """The calendar that models of a time plan go by; None where they go by none.

    `known_days` are the rows of sources/known_days.py.

    A shop of one season has its dates at the same phase of every year, and a cancellation does not
    depend on how much is bought.
    """
    if timeline.is_seasonal or timeline.churn != LAPSE:
        return None
    found = fit_calendar(purchases, known_on, SpecialDays.of(known_days, known_on))
    # What is known by the end of the data is asked for as of the score date.
    asked_on = timeline.score if known_on == timeline.data_until else known_on
    return None if found is None else replace(found, asked_on=asked_on)


def foretold_at(
    purchases: pd.DataFrame, known_on: int, days: FloatArray, known_days: pd.DataFrame | None = None
) -> Foretold | None:
    """The log level at days (m,), with covariance, as known on a day; None as `fit_calendar`."""
    seen = _seen(purchases, known_on, SpecialDays.of(known_days, known_on))
    return None if seen is None else foretell(seen.observed, days, seen.a_year)


class _Seen(NamedTuple):
    """The weeks seen, their log levels with what chance alone makes of them; and of a year?"""

    weeks: Weeks
    observed: Observed
    a_year: bool


def _seen(purchases: pd.DataFrame, known_on: int, special: SpecialDays) -> _Seen | None:
    weeks = weeks_before(purchases, known_on)
    if weeks is None or len(weeks.starts) < FEWEST_WEEKS:
        return None
    orders = weeks.orders + ONE_ORDER
    observed = Observed(
        weeks.middles,
        np.log(orders / (weeks.expected + ONE_ORDER)),
        1.0 / orders,
        special.shares(weeks.starts, WEEK),
        special.prior_effects,
    )
    return _Seen(weeks, observed, seen_days(purchases, known_on) >= YEAR_DAYS)


def seen_days(purchases: pd.DataFrame, known_on: int) -> int:
    """Days of purchases that are known on a day; 0 without any."""
    days = _days(purchases)
    return max(known_on - int(days.min()), 0) if len(days) else 0


def _days(purchases: pd.DataFrame) -> IntArray:
    found: IntArray = purchases["event_day"].to_numpy("datetime64[D]").astype(np.int64)
    return found


def _weekdays(purchases: pd.DataFrame, known_on: int) -> FloatArray:
    """Orders of each day of the week over a mean day's, (7,), by days since 1970-01-01 % 7."""
    day = _days(purchases)
    whole = min(WEEKDAY_DAYS, (known_on - int(day.min())) // WEEK * WEEK)
    recent = (day < known_on) & (day >= known_on - whole)
    orders = np.bincount(day[recent] % WEEK, purchases["orders"].to_numpy()[recent], WEEK)
    found: FloatArray = (orders + PRIOR_WEEKDAY) / (orders.mean() + PRIOR_WEEKDAY)
    return np.maximum(found, LEAST_WEEKDAY)
