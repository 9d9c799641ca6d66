"""The two pictures of the usability page, as inline SVG: who comes back, and rows by day."""

from datetime import date, timedelta
from html import escape
from math import log
from typing import Any

WIDTH, HEIGHT = 520, 230  # units of the view box; on a phone a unit is 0.7 pixels
LEFT, RIGHT, TOP, FLOOR = 44, 508, 14, 190
MOST_TICKS = 6


def return_picture(
    curve: list[dict[str, Any]], horizon: int, suggested: int, long_gap: float | None
) -> str:
    """Share of the silent who come back, by days of silence, on a logarithmic axis of days."""
    if not curve:
        return "<p>Nobody was silent for a week with time left to see whether they came back.</p>"
    days = [row["silence_days"] for row in curve]
    scale = _Scale(min(*days, horizon, suggested), max(*days, horizon, suggested), is_log=True)
    points = [(scale.x(row["silence_days"]), _y(row["returned"])) for row in curve]
    parts = [_share_grid()]
    parts += [
        f'<text class="tick" x="{scale.x(day)}" y="{FLOOR + 18}" text-anchor="middle">{day}</text>'
        for day in _apart(days, scale)
    ]
    beside = "start" if scale.x(horizon) < (LEFT + RIGHT) / 2 else "end"
    if suggested != horizon:
        beside = "end" if horizon < suggested else "start"
        other = "start" if beside == "end" else "end"
        parts.append(_mark(scale.x(suggested), f"suggested {suggested}", "suggested", other))
    parts.append(_mark(scale.x(horizon), f"horizon {horizon}", "chosen", beside))
    parts.append(f'<polyline class="line" points="{_points(points)}"/>')
    for (x, y), row in zip(points, curve, strict=True):
        told = (
            f"After {row['silence_days']} days of silence {row['returned']:.0%} came back within "
            f"as many days again ({row['silences']:,} silences)"
        )
        parts.append(f'<circle class="dot" cx="{x}" cy="{y}" r="4"><title>{told}</title></circle>')
    parts.append(_axis("days of silence"))
    rhythm = "" if long_gap is None else f"; nine of ten gaps are at most {long_gap:.0f} days"
    return _svg(f"Share of silent customers who come back, by days of silence{rhythm}", parts)


def volume_picture(volume: dict[str, Any], unit: str) -> str:
    """Rows by day since the first; quiet stretches are shaded."""
    counts, first = volume["by_day"], date.fromisoformat(volume["first_day"])
    last = max(first + timedelta(days=len(counts) - 1), date.fromisoformat(volume["judged_until"]))
    counts = counts + [0] * ((last - first).days + 1 - len(counts))
    scale = _Scale(0, max(len(counts) - 1, 1), is_log=False)
    # A day far above all others would press the rest to the floor: it is cut off at the top.
    top = max(sorted(counts)[int(0.99 * (len(counts) - 1))] * 1.15, 1.0)
    parts = [
        _shade(scale, (date.fromisoformat(quiet["first_day"]) - first).days, quiet)
        for quiet in volume["quiet"]
    ]
    parts += [_count_grid(top)]
    points = [(scale.x(day), _y(min(count / top, 1.0))) for day, count in enumerate(counts)]
    parts.append(
        f'<path class="area" d="M{points[0][0]},{FLOOR} L{_points(points)} '
        f'L{points[-1][0]},{FLOOR} Z"/>'
    )
    parts += [
        f'<text class="tick" x="{scale.x(day)}" y="{FLOOR + 18}" text-anchor="middle">{text}</text>'
        for day, text in _months(first, last)
    ]
    parts.append(_axis(f"{unit} a day"))
    return _svg(f"{unit} by day, {first} to {last}", parts)


class _Scale:
    """A range of days on the width of the picture."""

    def __init__(self, first: float, last: float, *, is_log: bool):
        self.first, self.last, self.is_log = first, max(last, first + 1), is_log

    def x(self, value: float) -> float:
        if self.is_log:
            share = log(value / self.first) / log(self.last / self.first)
        else:
            share = (value - self.first) / (self.last - self.first)
        return round(LEFT + share * (RIGHT - LEFT), 1)


def _y(share: float) -> float:
    return round(FLOOR - share * (FLOOR - TOP), 1)


def _share_grid() -> str:
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{_y(part)}" y2="{_y(part)}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{_y(part) + 4}" text-anchor="end">{part:.0%}</text>'
        for part in (0.0, 0.25, 0.5, 0.75, 1.0)
    )


def _count_grid(top: float) -> str:
    step = 10 ** (len(str(int(top))) - 1)
    step = next(s for s in (step / 5, step / 2, step, step * 2, step * 5) if top / s <= 5)
    step = max(int(step), 1)
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{_y(n / top)}" y2="{_y(n / top)}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{_y(n / top) + 4}" text-anchor="end">{n:,}</text>'
        for n in range(0, int(top) + 1, step)
    )


def _shade(scale: _Scale, start: int, quiet: dict[str, Any]) -> str:
    days = (date.fromisoformat(quiet["last_day"]) - date.fromisoformat(quiet["first_day"])).days + 1
    left, right = scale.x(start - 0.5), scale.x(start + days - 0.5)
    told = (
        f"{quiet['rows']:,} from {quiet['first_day']} to {quiet['last_day']}, where "
        f"{quiet['usual']:,.0f} are usual"
    )
    # Single days of a long history would be too thin to see.
    width = round(max(right - left, 3.0), 1)
    return (
        f'<rect class="{escape(quiet["kind"])}" x="{left}" y="{TOP}" width="{width}" '
        f'height="{FLOOR - TOP}"><title>{told}</title></rect>'
    )


def _mark(x: float, text: str, kind: str, anchor: str) -> str:
    shift = -5 if anchor == "end" else 5
    return (
        f'<line class="{kind}" x1="{x}" x2="{x}" y1="{TOP}" y2="{FLOOR}"/>'
        f'<text class="mark" x="{x + shift}" y="{TOP + 10}" text-anchor="{anchor}">{text}</text>'
    )


def _apart(days: list[int], scale: _Scale) -> list[int]:
    """Those of the days whose labels do not touch."""
    shown: list[int] = []
    for day in days:
        if not shown or scale.x(day) - scale.x(shown[-1]) >= 32:
            shown.append(day)
    return shown


def _months(first: date, last: date) -> list[tuple[int, str]]:
    """Days since `first` on which a month begins, some of them, with their label."""
    starts = []
    month = first.replace(day=1)
    while month <= last:
        if month >= first:
            starts.append(month)
        month = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    every = max(1, -(-len(starts) // MOST_TICKS))
    ticks = [((one - first).days, f"{one:%b %Y}") for one in starts[::every]]
    room = (last - first).days
    return [(day, text) for day, text in ticks if 0.03 * room <= day <= 0.95 * room]


def _axis(text: str) -> str:
    middle = (LEFT + RIGHT) / 2
    return (
        f'<line class="axis" x1="{LEFT}" x2="{RIGHT}" y1="{FLOOR}" y2="{FLOOR}"/>'
        f'<text class="tick" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(text)}'
        "</text>"
    )


def _points(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _svg(title: str, parts: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )
