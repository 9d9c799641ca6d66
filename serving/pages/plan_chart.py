"""The gain of a plan against its cost as coordinates, with the plan that is shown marked on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from serving.cards.codes import EffectSource
from serving.cards.plan import PlanPoint
from serving.pages import charts
from serving.pages.charts import Scale, Tick
from serving.wording.languages import Language

WIDTH, HEIGHT = 440, 226
LEFT, RIGHT, TOP, FLOOR = 54, 14, 12, 178  # what is drawn lies between these
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST = 5  # ticks above zero


@dataclass(frozen=True)
class Line:
    """Gain against cost by one source of effects; None in releases that do not tell them apart."""

    source: EffectSource | None
    points: str
    mark: tuple[float, float]


@dataclass(frozen=True)
class Drawing:
    """Everything the page's SVG holds, in units of its view box."""

    lines: list[Line]
    across: list[Tick]
    up: list[Tick]
    budget: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    floor: int = FLOOR


def draw(
    points: Sequence[PlanPoint],
    shown: PlanPoint,
    budget: float,
    most: float,
    language: Language,
) -> Drawing:
    """The curve up to a cost of `most`; `shown` is the plan to mark.

    The budget is drawn where it lies, or at the end where it is larger.
    """
    sources = _sources([*points, shown])
    gains = [_gain(point, source) for source in sources for point in (*points, shown)]
    across = Scale(0, max(most, 1e-9), LEFT, WIDTH - RIGHT)
    up = Scale(min(0.0, *gains), max(*gains, 1e-9), FLOOR, TOP)
    lines = []
    for source in sources:
        places = [(across.at(one.cost), up.at(_gain(one, source))) for one in points]
        places.append((across.at(most), places[-1][1]))  # more money brings nothing more
        mark = across.at(min(shown.cost, most)), up.at(_gain(shown, source))
        lines.append(Line(source, charts.path(places), mark))
    return Drawing(
        lines,
        _ticks(across, language),
        _ticks(up, language),
        across.at(min(max(budget, 0.0), most)),
    )


def round_step(most: float, parts: int) -> float:
    """The smallest round number of which at most `parts` go into `most`."""
    if most <= 0:
        return 1.0
    ten = 10.0 ** floor(log10(most / parts))
    return next(ten * step for step in STEPS if most / (ten * step) <= parts)


def _sources(points: Sequence[PlanPoint]) -> list[EffectSource | None]:
    """The sources of effects that the points tell, one line each."""
    if any(point.expected_gain_by_source is None for point in points):
        return [None]
    found = {name for point in points for name in point.expected_gain_by_source or {}}
    return [*sorted(found)] or [None]


def _gain(point: PlanPoint, source: EffectSource | None) -> float:
    if source is None:
        return point.expected_gain
    return (point.expected_gain_by_source or {}).get(source, 0.0)


def _ticks(scale: Scale, language: Language) -> list[Tick]:
    step = round_step(scale.last, MOST)
    values = [step * number for number in range(int(scale.last / step + 1e-9) + 1)]
    return charts.number_ticks(scale, values, "decimal" if step >= 1 else "number", language)
