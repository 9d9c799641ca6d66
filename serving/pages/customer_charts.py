"""Small charts of a customer's page as coordinates: bars by month, and figures over time.

They are narrow, so that they can be read on a phone without being moved sideways.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from serving.pages import charts
from serving.pages.charts import Scale, Tick
from serving.wording.languages import Language

WIDTH = 360
HALF_A_LETTER = 3.2  # of a label: nearer to an end than half of it, a label would be cut off
TOP, LABELS = 12, 20  # room above the highest bar, and below the lowest for the months
ROOM = 48  # of a label of a month


@dataclass(frozen=True)
class MonthBar:
    """One month; a bar below the line is of a value below 0."""

    month: dt.date
    value: float
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class MonthBars:
    """Bars of months on a line at `zero`."""

    bars: list[MonthBar]
    best: MonthBar
    ticks: list[Tick]
    zero: float
    height: float
    width: int = WIDTH


def bars_by_month(
    months: Sequence[tuple[dt.date, float]], language: Language, height: int
) -> MonthBars | None:
    """The months as bars of at most `height` in all; None where there is none."""
    if not months:
        return None
    values = [value for _, value in months]
    most, least = max(0.0, *values), min(0.0, *values)
    span = most - least or 1.0
    scale = Scale(least, least + span, TOP + height, TOP)
    step = WIDTH / max(len(months), 6)
    bars = []
    for place, (month, value) in enumerate(months):
        top, foot = scale.at(max(value, 0.0)), scale.at(min(value, 0.0))
        # What is not nothing is to be seen.
        size = max(foot - top, 1.5) if value else 0.0
        x, width = round(place * step + 0.1 * step, 1), round(0.8 * step, 1)
        bars.append(MonthBar(month, value, x, top, width, round(size, 1)))
    return MonthBars(
        bars=bars,
        best=max(bars, key=lambda bar: bar.value),
        ticks=_month_ticks(bars, language),
        zero=scale.at(0.0),
        height=TOP + height + LABELS,
    )


def _month_ticks(bars: Sequence[MonthBar], language: Language) -> list[Tick]:
    every = max(1, -(-len(bars) * ROOM // WIDTH))
    # Counted from the last month, which is the one that is looked for.
    shown = [bar for place, bar in enumerate(reversed(bars)) if place % every == 0]
    ticks = [_within(bar, charts.month_label(bar.month, language)) for bar in reversed(shown)]
    return charts.apart(ticks, ROOM)


def _within(bar: MonthBar, text: str) -> Tick:
    """A label below the middle of a bar, and not beyond an end of the chart."""
    edge = HALF_A_LETTER * len(text) + 2
    return Tick(round(min(max(bar.x + bar.width / 2, edge), WIDTH - edge), 1), text)


@dataclass(frozen=True)
class Dot:
    """One figure: where it lies, and its place in what was drawn."""

    x: float
    y: float
    place: int


@dataclass(frozen=True)
class OverTime:
    """Figures over time: dots, a line through those that compare, and where one does not."""

    dots: list[Dot]
    lines: list[str]
    breaks: list[float]
    days: list[Tick]
    levels: list[Tick]
    height: float
    left: float
    width: int = WIDTH


@dataclass(frozen=True)
class Figure:
    """A figure of a day; `is_break`: it does not compare with the one before."""

    day: dt.date
    value: float | None
    is_break: bool = False


def over_time(
    figures: Sequence[Figure], levels: Sequence[Tick], height: int, language: Language
) -> OverTime | None:
    """Figures between the first and the last of `levels`, whose `at` are values.

    None with fewer than two figures: there is nothing to be seen over time.
    """
    known = [(place, one) for place, one in enumerate(figures) if one.value is not None]
    if len(known) < 2:
        return None
    left = 34.0
    first, last = known[0][1].day, known[-1][1].day
    span = max(last, first + dt.timedelta(days=1))
    days = charts.days(first, span, left + 6, WIDTH - 8)
    scale = Scale(levels[0].at, levels[-1].at, TOP + height, TOP)
    dots = [Dot(days.at(o.day.toordinal()), scale.at(o.value or 0.0), p) for p, o in known]
    # Also broken where an unknown figure lies between.
    lines, run = [], [dots[0]]
    for before, dot in pairwise(dots):
        passed = figures[before.place + 1 : dot.place + 1]
        if any(one.is_break or one.value is None for one in passed):
            lines.append(run)
            run = []
        run.append(dot)
    lines.append(run)
    broken = [dot for dot in dots[1:] if figures[dot.place].is_break]
    return OverTime(
        dots=dots,
        lines=[charts.path([(dot.x, dot.y) for dot in line]) for line in lines if len(line) > 1],
        breaks=[round((dot.x + dots[dots.index(dot) - 1].x) / 2, 1) for dot in broken],
        days=_ends(days, first, span, language),
        levels=[Tick(scale.at(level.at), level.text) for level in levels],
        height=TOP + height + LABELS,
        left=left,
    )


def _ends(scale: Scale, first: dt.date, last: dt.date, language: Language) -> list[Tick]:
    """The first and the last month, which is all that a narrow chart has room for."""
    return [
        Tick(round(scale.at(first.toordinal()), 1), charts.month_label(first, language, True)),
        Tick(round(scale.at(last.toordinal()), 1), charts.month_label(last, language, True)),
    ]
