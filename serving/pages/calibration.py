"""Predicted against observed as coordinates, from which model.html makes an SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from serving.cards.model import Bin
from serving.pages.charts import Scale, Tick, number_ticks, path
from serving.wording.languages import Language

WIDTH, HEIGHT = 480, 360
LEFT, RIGHT, TOP, FLOOR = 56, 460, 16, 310
STEPS = (0.02, 0.05, 0.1, 0.2)
MOST_TICKS = 6


@dataclass(frozen=True)
class Calibration:
    """Everything the SVG holds, in units of its view box."""

    points: list[tuple[float, float, Bin]]
    line: str
    end: tuple[float, float]  # of the line on which all would lie
    across: list[Tick]
    up: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    floor: int = FLOOR


def draw(bins: Sequence[Bin], language: Language) -> Calibration | None:
    """The drawing of the tenths; None without any."""
    if not bins:
        return None
    most = max(max(one.predicted, one.observed) for one in bins) or 1.0
    step = next((one for one in STEPS if most / one <= MOST_TICKS), STEPS[-1])
    last = min(step * (int(most / step) + 1), 1.0)
    across, up = Scale(0, last, LEFT, RIGHT), Scale(0, last, FLOOR, TOP)
    points = [(across.at(one.predicted), up.at(one.observed), one) for one in bins]
    shares = [round(step * number, 2) for number in range(round(last / step) + 1)]
    return Calibration(
        points=points,
        line=path([(x, y) for x, y, _ in points]),
        end=(across.at(last), up.at(last)),
        across=number_ticks(across, shares, "percent", language),
        up=number_ticks(up, shares, "percent", language),
    )
