"""Differences with their intervals as coordinates, one below the other, with a line at nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from serving.pages import charts
from serving.pages.charts import Scale, Tick
from serving.wording.languages import Language

WIDTH, ROW, TOP, BELOW = 440, 27, 6, 30
LEFT, RIGHT = 130, 24
MOST = 5  # ticks
STEPS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Row:
    """A difference, or a share: what is known of it, and what was promised where there is that."""

    label: str
    title: str  # read aloud, and shown on pointing at it
    value: float | None
    low: float | None = None
    high: float | None = None
    promised: float | None = None
    is_sum: bool = False


@dataclass(frozen=True)
class Mark:
    """A row as drawn; places are None where nothing is known."""

    row: Row
    y: float
    value: float | None
    low: float | None
    high: float | None
    promised: float | None


@dataclass(frozen=True)
class Blank:
    """Where a row of which nothing is known says so, and to which side the words run."""

    x: float
    anchor: str


@dataclass(frozen=True)
class Drawing:
    """Everything the page's SVG holds, in units of its view box."""

    marks: list[Mark]
    ticks: list[Tick]
    zero: float | None
    blank: Blank
    height: int
    floor: int
    width: int = WIDTH
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP


def draw(
    rows: Sequence[Row], kind: str, language: Language, has_zero: bool = True
) -> Drawing | None:
    """Rows on one scale, its ticks written as `kind`; None where no row is known.

    The scale holds nothing, a difference of 0, where `has_zero` is set.
    """
    known = [v for r in rows for v in (r.value, r.low, r.high, r.promised) if v is not None]
    if not known:
        return None
    ends = [*known, 0.0] if has_zero else known
    first, last = min(ends), max(ends)
    step = next((s for s in STEPS if (last - first) <= s * MOST), STEPS[-1])
    first, last = step * (first // step), step * -(-last // step)
    scale = Scale(first, last if last > first else first + step, LEFT, WIDTH - RIGHT)
    floor = TOP + ROW * len(rows)
    count = round((scale.last - scale.first) / step)
    values = [round(first + step * number, 6) + 0.0 for number in range(count + 1)]

    def place(value: float | None) -> float | None:
        return None if value is None else scale.at(value)

    marks = [
        Mark(
            row,
            TOP + ROW * (number + 0.5),
            place(row.value),
            place(row.low),
            place(row.high),
            place(row.promised),
        )
        for number, row in enumerate(rows)
    ]
    zero = scale.at(0.0) if has_zero else None
    beside = LEFT if zero is None else zero
    is_left = beside < (LEFT + WIDTH) / 2
    return Drawing(
        marks=marks,
        ticks=charts.number_ticks(scale, values, kind, language),
        zero=zero,
        blank=Blank(beside + (8 if is_left else -8), "start" if is_left else "end"),
        height=floor + BELOW,
        floor=floor,
    )
