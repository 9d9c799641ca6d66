"""Times of purchases and visits: renewal processes with season, weekday and slowing down."""

from dataclasses import dataclass

import numpy as np

from core.arrays import BoolArray as Flags
from core.arrays import FloatArray as Floats
from core.arrays import IntArray as Ints
from sources.kinds.simulator.people import NEVER, Rng
from sources.kinds.simulator.worlds import MONTHS, WEEKDAYS

DAY = np.timedelta64(1, "D")
FAR = 1e5  # beyond every time of a customer: keys of (customer, time) in one number
LEFT_AT_THE_END = 0.05  # of the rate, when a fading customer leaves


@dataclass(frozen=True)
class Clock:
    """A clock that runs faster on busy days: `ticks[d]` is its time when day d begins."""

    ticks: Floats

    def at(self, day: Floats) -> Floats:
        """The clock's time at a day."""
        return np.interp(day, np.arange(len(self.ticks)), self.ticks)

    def day(self, time: Floats) -> Floats:
        """The day at a time of the clock."""
        return np.interp(time, self.ticks, np.arange(len(self.ticks)))


def clock(
    start: np.datetime64, days: int, drift: float, months: tuple[float, ...] = MONTHS
) -> Clock:
    """The clock of a company's business; a day of average business is one day long."""
    dates = start + np.arange(days) * DAY
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    weekday = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
    pace = np.array(months)[month] * np.array(WEEKDAYS)[weekday]
    pace = pace / pace.mean() * np.exp(drift * np.linspace(0, 1, days))
    return Clock(np.concatenate([[0.0], np.cumsum(pace)]))


@dataclass(frozen=True)
class Phases:
    """What customers do from a day on, until their next phase; by customer and in order of time.

    They are active as usual until the onset, then less and less until they leave. One entry each.
    """

    who: Ints
    begins: Floats
    onset: Floats
    leaves: Floats

    def at(self, day: Floats, n: int) -> "Phases":
        """The phase of each of `n` customers on a day, or the first of who is not there yet."""
        found = np.searchsorted(
            self.who * FAR + self.begins, np.arange(n) * FAR + day, side="right"
        )
        first = np.searchsorted(self.who, np.arange(n))
        return self.take(np.maximum(found - 1, first))

    def take(self, rows: Ints | Flags) -> "Phases":
        """Some of them."""
        return Phases(self.who[rows], self.begins[rows], self.onset[rows], self.leaves[rows])

    def then(self, later: "Phases") -> "Phases":
        """These, followed by later ones of some of the customers."""
        names = ("who", "begins", "onset", "leaves")
        joined = Phases(*(np.concatenate([getattr(self, n), getattr(later, n)]) for n in names))
        return joined.take(np.argsort(joined.who, kind="stable"))

    def earlier(self, lead: float) -> "Phases":
        """The same with every onset `lead` days earlier."""
        onset = np.where(self.onset < self.leaves, self.onset - lead, self.leaves)
        # Who was on the way down when the phase began stays where they were.
        onset = np.maximum(onset, np.minimum(self.onset, self.begins))
        return Phases(self.who, self.begins, onset, self.leaves)

    def length(self, start: Floats, end: Floats, on: Clock) -> Floats:
        """Days of usual activity between two days of each phase."""
        end = np.minimum(np.minimum(end, self.leaves), len(on.ticks) - 1.0)
        start = np.minimum(np.maximum(start, self.begins), end)
        turn = np.clip(self.onset, start, end)
        speed, base = self.speed(), on.at(self.onset)
        down, further = (np.exp(-speed * np.maximum(on.at(day) - base, 0)) for day in (turn, end))
        return np.asarray(on.at(turn) - on.at(start) + (down - further) / speed)

    def speed(self) -> Floats:
        """How fast customers slow down, a day."""
        fades = self.leaves > self.onset
        return np.asarray(-np.log(LEFT_AT_THE_END) / np.where(fades, self.leaves - self.onset, 1.0))


@dataclass(frozen=True)
class Possible:
    """What would happen if nobody ever slowed down: one entry a happening, by customer.

    `own` is the time in which the customer is always equally busy, counted in their mean gaps.
    Nothing here depends on when customers leave: contacts change what becomes of a happening, not
    the happenings themselves.
    """

    who: Ints
    own: Floats

    def take(self, rows: Ints | Flags) -> "Possible":
        """Some of them."""
        return Possible(self.who[rows], self.own[rows])

    def number(self) -> Ints:
        """The number of each among its customer's."""
        return np.arange(len(self.who)) - np.searchsorted(self.who, self.who)


def possible(
    rate: Floats, joined: Floats, begins_with_one: Flags, shape: float, on: Clock, rng: Rng
) -> Possible:
    """Happenings at these rates a day from each customer's first day on.

    Gaps are gamma distributed with this shape in a time of each customer's own: the clock's time,
    stretched where the customer slows down. `begins_with_one`: who begins with a happening.
    """
    length = rate * (on.ticks[-1] - on.at(joined))
    most = np.ceil(length + 5 * np.sqrt(length / min(shape, 1.0)) + 6).astype(np.int64)
    who = np.repeat(np.arange(len(most)), most)
    gaps = rng.gamma(shape, 1 / shape, len(who))
    first = np.concatenate([[0], np.cumsum(most)[:-1]])
    # Who was there before the data begins is somewhere within a gap: a place drawn evenly within
    # one that was met in proportion to its length (Cox 1962, Renewal theory, section 5.4).
    met = rng.gamma(shape + 1, 1 / shape, len(first)) * rng.random(len(first))
    gaps[first] = np.where(begins_with_one, 0.0, met)
    total = np.cumsum(gaps)
    own = total - np.repeat(total[first] - gaps[first], most)
    return Possible(who, own).take(own < length[who])


def happenings(these: Possible, rate: Floats, phases: Phases, on: Clock) -> Floats:
    """The day of each; NEVER where it does not happen because the customer has slowed or left.

    What happens before a phase begins is the same, to the bit, with and without that phase.
    """
    follows = np.flatnonzero(phases.who[1:] == phases.who[:-1]) + 1
    until = np.full(len(phases.who), NEVER)
    until[follows - 1] = phases.begins[follows]
    length = rate[phases.who] * phases.length(phases.begins, until, on)
    before = np.zeros(len(phases.who))
    for later in follows:  # few: a sum over all customers would not be the same to the bit
        before[later] = before[later - 1] + length[later - 1]
    places, wanted = phases.who * FAR + before, these.who * FAR + these.own
    at = np.searchsorted(places, wanted, side="right") - 1
    phase, pace = phases.take(at), rate[these.who]
    own = these.own - before[at]
    begins = on.at(phase.begins)
    turn = np.maximum(on.at(phase.onset), begins)
    steady = (turn - begins) * pace
    speed = phase.speed()
    # Of a phase that begins on the way down, what is left of the way.
    done = np.exp(-speed * (turn - on.at(phase.onset)))
    beyond = np.maximum(own - steady, 0.0) / pace * speed / done
    slower = -np.log1p(-np.minimum(beyond, 1 - 1e-12)) / speed
    time = np.where(own <= steady, begins + own / pace, turn + slower)
    return np.where(own < length[at], on.day(time), NEVER)


def time_of_day(days: Floats, rng: Rng) -> np.ndarray:
    """Seconds since the data begins: the day, at a time around noon or in the early evening."""
    is_evening = rng.random(len(days)) < 0.55
    hour = np.where(is_evening, 18.0, 12.0) + 1.6 * rng.standard_normal(len(days))
    return np.floor(days).astype(np.int64) * 86400 + (np.clip(hour, 7, 21.99) * 3600).astype(
        np.int64
    )
