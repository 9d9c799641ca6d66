"""Times of purchases and visits: renewal processes with season, weekday and slowing down."""

from dataclasses import dataclass

import numpy as np

from sources.kinds.simulator.people import Floats, Ints, Rng
from sources.kinds.simulator.worlds import MONTHS, WEEKDAYS

DAY = np.timedelta64(1, "D")
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


def clock(start: np.datetime64, days: int, drift: float) -> Clock:
    """The clock of a company's business; a day of average business is one day long."""
    dates = start + np.arange(days) * DAY
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    weekday = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
    pace = np.array(MONTHS)[month] * np.array(WEEKDAYS)[weekday]
    pace = pace / pace.mean() * np.exp(drift * np.linspace(0, 1, days))
    return Clock(np.concatenate([[0.0], np.cumsum(pace)]))


@dataclass(frozen=True)
class Spans:
    """One entry a customer: active from `start` to `end`, slower and slower from `onset` on."""

    rate: Floats  # a day, before the onset
    start: Floats
    onset: Floats
    end: Floats
    begins_with_one: np.ndarray  # whether something happens at the very start


def happenings(spans: Spans, shape: float, on: Clock, rng: Rng) -> tuple[Ints, Floats]:
    """Positions in `spans` and days, by customer and in order of time.

    Gaps are gamma distributed with this shape in a time of each customer's own, in which it is
    always equally busy: the clock's time, stretched where the customer slows down.
    """
    start, end = on.at(spans.start), on.at(np.minimum(spans.end, len(on.ticks) - 1.0))
    onset = np.clip(on.at(np.minimum(spans.onset, len(on.ticks) - 1.0)), start, end)
    fades = spans.end > spans.onset
    whole = np.where(fades, spans.end - spans.onset, 1.0)
    speed = -np.log(LEFT_AT_THE_END) / whole
    fading = -np.expm1(-speed * (end - onset)) / speed
    steady = (onset - start) * spans.rate
    length = steady + fading * spans.rate
    most = np.ceil(length + 5 * np.sqrt(length / min(shape, 1.0)) + 6).astype(np.int64)
    who = np.repeat(np.arange(len(most)), most)
    gaps = rng.gamma(shape, 1 / shape, len(who))
    first = np.concatenate([[0], np.cumsum(most)[:-1]])
    # Who was there before the data begins is somewhere within a gap: a place drawn evenly within
    # one that was met in proportion to its length (Cox 1962, Renewal theory, section 5.4).
    met = rng.gamma(shape + 1, 1 / shape, len(first)) * rng.random(len(first))
    gaps[first] = np.where(spans.begins_with_one, 0.0, met)
    total = np.cumsum(gaps)
    own = total - np.repeat(total[first] - gaps[first], most)
    is_inside = own < length[who]
    who, own = who[is_inside], own[is_inside]
    beyond = np.maximum(own - steady[who], 0.0) / spans.rate[who]
    slower = -np.log1p(-np.minimum(beyond * speed[who], 1 - 1e-12)) / speed[who]
    time = np.where(own <= steady[who], start[who] + own / spans.rate[who], onset[who] + slower)
    return who, on.day(time)


def time_of_day(days: Floats, rng: Rng) -> np.ndarray:
    """Seconds since the data begins: the day, at a time around noon or in the early evening."""
    is_evening = rng.random(len(days)) < 0.55
    hour = np.where(is_evening, 18.0, 12.0) + 1.6 * rng.standard_normal(len(days))
    return np.floor(days).astype(np.int64) * 86400 + (np.clip(hour, 7, 21.99) * 3600).astype(
        np.int64
    )
