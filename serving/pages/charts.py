"""Charts as coordinates: scales, ticks and curves, from which charts.html makes SVG."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

from babel.dates import format_date

from serving.wording.languages import Language
from serving.wording.writing import KINDS, shown

MONTH, MONTH_OF_YEAR = "LLL", "LLL y"


@dataclass(frozen=True)
class Scale:
    """Values from `first` to `last` on a line from `start` to `end`, in units of the view box."""

    first: float
    last: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Where a value lies."""
        if self.is_log:
            share = log(value / self.first) / log(self.last / self.first)
        else:
            share = (value - self.first) / (self.last - self.first)
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True)
class Tick:
    """A place on a scale, and its label."""

    at: float
    text: str


def days(first: dt.date, last: dt.date, start: float, end: float) -> Scale:
    """A scale of days: `first` lies at `start`, `last` at `end`."""
    return Scale(first.toordinal(), last.toordinal(), start, end)


def month_ticks(
    scale: Scale, language: Language, room: float, edge: float, every_year: bool = False
) -> list[Tick]:
    """The firsts of months on a scale of days, as many as have room.

    A label needs `room` units, and is left out nearer than `edge` to an end, where it would be cut
    off. January names its year, and so does every month where `every_year` is set.
    """
    months = list(_months(dt.date.fromordinal(int(scale.first)), int(scale.last)))
    every = max(1, -(-len(months) * room // abs(scale.end - scale.start)))
    ticks = [
        Tick(
            scale.at(month.toordinal()),
            month_label(month, language, every_year),
        )
        for month in months[:: int(every)]
    ]
    return [
        tick for tick in ticks if edge <= tick.at - scale.start <= scale.end - scale.start - edge
    ]


def month_label(month: dt.date, language: Language, with_year: bool = False) -> str:
    """A month as a label; January names its year."""
    form = MONTH_OF_YEAR if with_year or month.month == 1 else MONTH
    text: str = format_date(month, form, locale=language)
    return text


def count_ticks(scale: Scale, language: Language, most: int = 5) -> list[Tick]:
    """Zero and round numbers up to the end of the scale, at most `most` of them above zero."""
    top = scale.last
    tens: float = 10 ** (len(str(int(top))) - 1)
    steps = (tens / 5, tens / 2, tens, tens * 2, tens * 5)
    step = max(int(next(size for size in steps if top / size <= most)), 1)
    return number_ticks(scale, range(0, int(top) + 1, step), "number", language)


def number_ticks(
    scale: Scale, values: Sequence[float], kind: str, language: Language
) -> list[Tick]:
    """Ticks at these values, written as a message writes this kind."""
    return [Tick(scale.at(value), shown(value, kind, language, {}, KINDS)) for value in values]


def apart(ticks: Sequence[Tick], room: float) -> list[Tick]:
    """The ticks whose labels do not touch."""
    kept: list[Tick] = []
    for tick in ticks:
        if not kept or tick.at - kept[-1].at >= room:
            kept.append(tick)
    return kept


def path(points: Sequence[tuple[float, float]]) -> str:
    """Points in the notation of SVG."""
    return " ".join(f"{x},{y}" for x, y in points)


def _months(first: dt.date, last: int) -> Iterator[dt.date]:
    """The firsts of months after `first`'s own, up to the day of the number `last`."""
    month = first.replace(day=1)
    while (month := _next_month(month)).toordinal() <= last:
        yield month


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
