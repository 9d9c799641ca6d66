"""The two pictures of the usability page as coordinates: who comes back, and rows by day."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from serving.pages import charts
from serving.pages.charts import Scale, Tick
from serving.wording.languages import Language

WIDTH, HEIGHT = 520, 236  # units of the view box; on a phone a unit is 0.7 pixels
LEFT, RIGHT, TOP, FLOOR = 52, 504, 14, 190
THINNEST = 3.0  # a single day of a long history would be too thin to see
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Mark:
    """A horizon: a line, and the side of it on which its label is."""

    kind: str
    days: int
    x: float
    label_x: float
    anchor: str


@dataclass(frozen=True)
class Point:
    """How many came back after one length of silence, with the ends of the interval."""

    x: float
    y: float
    low_y: float
    high_y: float
    kind: str
    row: dict[str, Any]


@dataclass(frozen=True)
class ReturnPicture:
    """Share of the silent who come back, by days of silence on a logarithmic axis."""

    shares: list[Tick]
    days: list[Tick]
    marks: list[Mark]
    points: list[Point]
    curve: str


@dataclass(frozen=True)
class Shade:
    """Days on which far fewer rows came than usual."""

    x: float
    width: float
    quiet: dict[str, Any]


@dataclass(frozen=True)
class VolumePicture:
    """Rows by day since the first."""

    first_day: date
    last_day: date
    counts: list[Tick]
    months: list[Tick]
    shades: list[Shade]
    area: str


def return_picture(report: dict[str, Any], language: Language) -> ReturnPicture | None:
    """The picture of who comes back; None where nobody was silent long enough to show it."""
    curve = report["return_curve"]
    if not curve:
        return None
    horizon, suggested = report["horizon_days"], report["suggested_horizon_days"]
    silences = [row["silence_days"] for row in curve]
    first, last = min(*silences, horizon, suggested), max(*silences, horizon, suggested)
    scale = Scale(first, max(last, first + 1), LEFT, RIGHT, is_log=True)
    height = Scale(0, 1, FLOOR, TOP)
    points = [
        Point(
            scale.at(row["silence_days"]),
            height.at(row["returned"]),
            height.at(row["low"]),
            height.at(row["high"]),
            "dot few" if row["few"] else "dot",
            row,
        )
        for row in curve
    ]
    return ReturnPicture(
        shares=charts.number_ticks(height, SHARES, "percent", language),
        days=charts.apart(charts.number_ticks(scale, silences, "number", language), room=32),
        marks=_marks(scale, horizon, suggested),
        points=points,
        # Of few nothing is sure: no line leads to them.
        curve=charts.path([(point.x, point.y) for point in points if not point.row["few"]]),
    )


def volume_picture(volume: dict[str, Any], language: Language) -> VolumePicture:
    """Rows by day since the first; quiet stretches are shaded."""
    first = date.fromisoformat(volume["first_day"])
    counts = volume["by_day"]
    last = max(first + timedelta(days=len(counts) - 1), date.fromisoformat(volume["judged_until"]))
    counts = counts + [0] * ((last - first).days + 1 - len(counts))
    scale = charts.days(first, max(last, first + timedelta(days=1)), LEFT, RIGHT)
    # A day far above all others would flatten the rest: it is cut off at the top.
    top = max(sorted(counts)[int(0.99 * (len(counts) - 1))] * 1.15, 1.0)
    height = Scale(0, top, FLOOR, TOP)
    points = [
        (scale.at(first.toordinal() + day), height.at(min(count, top)))
        for day, count in enumerate(counts)
    ]
    return VolumePicture(
        first_day=first,
        last_day=last,
        counts=charts.count_ticks(height, language),
        months=charts.month_ticks(scale, language, room=100, edge=42, every_year=True),
        shades=[_shade(scale, quiet) for quiet in volume["quiet"]],
        area=charts.path([(points[0][0], FLOOR), *points, (points[-1][0], FLOOR)]),
    )


def _marks(scale: Scale, horizon: int, suggested: int) -> list[Mark]:
    """The horizon, and the suggested one if it is another; their labels are on opposite sides."""
    in_left_half = scale.at(horizon) < (LEFT + RIGHT) / 2
    beside = "start" if in_left_half else "end"
    if suggested == horizon:
        return [_mark(scale, "chosen", horizon, beside)]
    beside = "end" if horizon < suggested else "start"
    other = "start" if beside == "end" else "end"
    return [
        _mark(scale, "suggested", suggested, other),
        _mark(scale, "chosen", horizon, beside),
    ]


def _mark(scale: Scale, kind: str, days: int, anchor: str) -> Mark:
    x = scale.at(days)
    return Mark(kind, days, x, x - 5 if anchor == "end" else x + 5, anchor)


def _shade(scale: Scale, quiet: dict[str, Any]) -> Shade:
    first, last = (
        date.fromisoformat(quiet[name]).toordinal() for name in ("first_day", "last_day")
    )
    left, right = scale.at(first - 0.5), scale.at(last + 0.5)
    return Shade(left, round(max(right - left, THINNEST), 1), quiet)
