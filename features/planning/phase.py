"""Phases: days of the year or month on which most purchases, or most ends, fall.

    season tickets end on 31 August: 120 days after 2 February nobody can leave, and 120 days after
    1 June a third may. To score on 1 June, models learn from 1 June of earlier years.

The days are chosen on all cycles but one and must then hold most events of that one, for each
cycle: events that are spread evenly, or that coincide only once, are no phase.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from features.planning.season import Season
from features.timeline import date_of, day_of, is_closed, with_end

Cycle = Literal["year", "month"]
Event = Literal["buying", "leaving"]
CYCLES: tuple[Cycle, ...] = ("year", "month")
Counts = Mapping[int, int]  # events by day since 1970-01-01

# Days of the cycle on which most events have to fall: four weeks, or so few that the first of each
# month is no phase of the year.
DENSE = {"year": 28, "month": 5}
LENGTH = {"year": 365, "month": 31}
SPAN = {"year": 3, "month": 0}  # days around a day that count for it too: 31 August is a Saturday
LONGEST = {"year": 300, "month": 45}  # days of a horizon that is not much the same at any phase
CONCENTRATED = 0.6  # share of the events on such days; by chance it is a sixth or less
MANY_TIMES = {"year": 5, "month": 0.5}  # as by chance: days that are named (29 is seldom a last)
LEAST_EVENTS = 30
LEAST_CYCLES = {"year": 2, "month": 4}
LEAST_OF_CYCLE = 5  # events of a cycle that count it as one
COMMON_YEAR = 2023
MAX_DAYS_NAMED = 4  # days of the year that are named
BACK_SOON = 31  # days: who returns within them had not left
COMES_BACK = 0.4  # share of those who left: then absence is a pause for most who are seen twice
NINE_OF_TEN = 0.9


@dataclass(frozen=True)
class Phase:
    """A cycle on whose `days` (0 to 364 of the year, or 1 to 31 of the month) most events fall.

    `of` says which events; `share` of them fell on such days in the cycles that were seen.
    """

    of: Event
    cycle: Cycle
    days: tuple[int, ...]
    share: float

    @property
    def length(self) -> int:
        """Days of a cycle, about."""
        return 365 if self.cycle == "year" else 30

    @property
    def why(self) -> str:
        """Why dates have to keep to this phase, in words."""
        who = "who leave do" if self.of == "leaving" else "purchases are"
        return (
            f"a {self.cycle} from date to date, at the phase of the score date, since "
            f"{self.share:.0%} of all {who} on certain days of the {self.cycle}: {self.named_days}"
        )

    @property
    def named_days(self) -> str:
        """The days in words: `1 September`; `day 1, 15`."""
        if self.cycle == "month":
            return f"day {', '.join(map(str, self.days))}"
        first = date(COMMON_YEAR, 1, 1)
        named = [first + timedelta(days=day) for day in self.days[:MAX_DAYS_NAMED]]
        more = ", …" * (len(self.days) > MAX_DAYS_NAMED)
        return ", ".join(f"{when.day} {when:%B}" for when in named) + more

    def bears_on(self, horizon_days: int) -> bool:
        """Whether a horizon holds more of it from one date than from another."""
        if self.of == "buying" and self.cycle == "year":
            # Before a season, in it and after it customers have other histories and other risks.
            return horizon_days <= LENGTH[self.cycle]
        return horizon_days <= LONGEST[self.cycle]

    def events_ahead(self, as_of: int, horizon_days: int) -> bool:
        """Whether one of its days lies in the horizon after an as-of day."""
        ahead = range(as_of, as_of + horizon_days)
        return any(_place(day, self.cycle) in self.days for day in ahead)


def leaving_days(subscriptions: ir.Table) -> ir.Table:
    """Days on which a customer's last subscription ended, and after how many days a new one began.

    Columns: day, away (null for customers who did not come back) and `events`, their number. A
    pause of a month or less does not count; `subscriptions` are those of the facts, by day.
    """
    rows = with_end(subscriptions)
    forever = np.iinfo(np.int32).max
    own = ibis.window(group_by=rows.customer_id, order_by=[rows.day, rows.subscription_id])
    so_far = ibis.window(
        group_by=rows.customer_id, order_by=[rows.day, rows.subscription_id], following=0
    )
    rows = rows.mutate(
        covered=rows.ended_day.fill_null(forever).max().over(so_far),
        following=rows.day.lead().over(own),
    )
    left = rows.filter(
        rows.covered < forever,
        rows.following.isnull() | (rows.following > rows.covered + BACK_SOON),
    )
    days = left.select(day=left.covered, away=left.following - left.covered)
    return days.group_by("day", "away").aggregate(events=days.count())


def usual_absence(away: Counts) -> int | None:
    """Days after which nine of ten returning customers are back; None where most never return.

    `away` are events by days of absence, 0 for customers who stayed away. Pupils leave each June,
    and most of them are back in September: before that nobody can tell who left.
    """
    days = np.array(sorted(day for day in away if day), dtype=np.int64)
    back = np.cumsum([away[int(day)] for day in days])
    if not len(days) or back[-1] < COMES_BACK * sum(away.values()):
        return None
    return int(days[np.searchsorted(back, int(NINE_OF_TEN * (back[-1] - 1)), side="right")])


def measure(counts: Counts, of: Event, data_from: int, data_until: int) -> Phase | None:
    """The phase of the year, else of the month, at which events fall; None where they do not."""
    inside = {day: n for day, n in counts.items() if data_from <= day <= data_until}
    found = (_measured(inside, of, data_until, cycle) for cycle in CYCLES)
    return next((phase for phase in found if phase is not None), None)


def season_phase(season: Season) -> Phase:
    """The phase of a shop that sells in a few months of the year: all days of these."""
    days = range(day_of(date(COMMON_YEAR, 1, 1)), day_of(date(COMMON_YEAR + 1, 1, 1)))
    inside = [day for day in days if date_of(day).month - 1 in season.numbers]
    places = tuple(_place(day, "year") for day in inside)
    return Phase("buying", "year", places, season.share)


def phase_dates(
    score: int, phase: Phase, data_from: int, data_until: int, horizon_days: int
) -> tuple[int, ...]:
    """As-of days whole cycles before the score date whose outcomes close, ascending."""
    found = []
    for back in range(1, (data_until - data_from) // 28 + 2):
        day = _earlier(score, back, phase.cycle)
        if day < data_from:
            break
        if is_closed(day, horizon_days, data_until):
            found.append(day)
    return tuple(reversed(found))


def _measured(counts: Counts, of: Event, data_until: int, cycle: Cycle) -> Phase | None:
    by_cycle: dict[int, npt.NDArray[np.float64]] = {}
    for day, events in counts.items():
        number = _cycles_before(day, data_until, cycle)
        places = by_cycle.setdefault(number, np.zeros(LENGTH[cycle] + 1))
        places[_place(day, cycle)] += events
    total = sum(by_cycle.values(), np.zeros(LENGTH[cycle] + 1))
    full = [own for own in by_cycle.values() if own.sum() >= LEAST_OF_CYCLE]
    if len(full) < LEAST_CYCLES[cycle] or total.sum() < LEAST_EVENTS:
        return None
    foretold = sum(float(own[_densest(total - own, cycle)].sum()) for own in full)
    share = foretold / sum(float(own.sum()) for own in full)
    if share < CONCENTRATED:
        return None
    chance = (2 * SPAN[cycle] + 1) / LENGTH[cycle]
    many = _around(total, cycle) >= MANY_TIMES[cycle] * chance * total.sum()
    days = tuple(int(day) for day in np.flatnonzero(many & (total > 0)))
    return Phase(of, cycle, days, share)


def _densest(places: npt.NDArray[np.float64], cycle: Cycle) -> npt.NDArray[np.intp]:
    """The days of a cycle on and around which most events fall."""
    return np.argsort(-_around(places, cycle), kind="stable")[: DENSE[cycle]]


def _around(places: npt.NDArray[np.float64], cycle: Cycle) -> npt.NDArray[np.float64]:
    """Events on each day and the days around it."""
    shifts = range(-SPAN[cycle], SPAN[cycle] + 1)
    found: npt.NDArray[np.float64] = np.sum([np.roll(places, s) for s in shifts], axis=0)
    return found


def _place(day: int, cycle: Cycle) -> int:
    """Where in its cycle a day lies; 29 February is 28 February."""
    when = date_of(day)
    if cycle == "month":
        return when.day
    in_common_year = when.replace(
        year=COMMON_YEAR, day=min(when.day, 28 if when.month == 2 else 31)
    )
    return in_common_year.timetuple().tm_yday - 1


def _cycles_before(day: int, last: int, cycle: Cycle) -> int:
    """How many whole cycles before the last day a day lies."""
    when, end = date_of(day), date_of(last)
    months = (end.year - when.year) * 12 + end.month - when.month - (when.day > end.day)
    return months // 12 if cycle == "year" else months


def _earlier(day: int, back: int, cycle: Cycle) -> int:
    """The day so many cycles before; the last of its month where that has no such day."""
    when = date_of(day)
    months = when.year * 12 + when.month - 1 - back * (12 if cycle == "year" else 1)
    first = date(months // 12, months % 12 + 1, 1)
    following = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
    last = following - timedelta(days=1)
    return day_of(min(first + timedelta(days=when.day - 1), last))
