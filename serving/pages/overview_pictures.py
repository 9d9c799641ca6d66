"""The pictures and tables of the overview: cohorts, the RFM grid, the Pareto curve, strength."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.customers.segments import GRID
from serving.cards.overview import (
    Cohort,
    Cohorts,
    Pareto,
    RelationshipOverview,
    RfmCell,
    RfmGrid,
)
from serving.pages.charts import Scale, Tick, number_ticks, path
from serving.pages.overview_tiles import month_name
from serving.wording.languages import Language
from serving.wording.sentences import period, sentence

SHADES = 10  # of a heat map: classes heat-0 to heat-9
WIDTH, HEIGHT, LEFT, TOP, RIGHT, FLOOR = 480, 284, 56, 12, 448, 244
MOST_MOVES = 8


@dataclass(frozen=True)
class HeatRow:
    """A cohort: its name, and the share and shade of each later period."""

    name: str
    cohort: Cohort
    cells: list[tuple[float, int]]


@dataclass(frozen=True)
class GridCell:
    """A cell of the RFM grid with its shade and its segment."""

    cell: RfmCell
    shade: int
    segment: str
    change: int | None


@dataclass(frozen=True)
class Curve:
    """The Pareto curve, the line of equal customers, and where the classes end."""

    points: str
    equal: str
    across: list[Tick]
    up: list[Tick]
    bounds: Sequence[tuple[float, float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    right: int = RIGHT
    floor: int = FLOOR


@dataclass(frozen=True)
class StrengthBar:
    """One bar of the strength of relationships."""

    x: float
    y: float
    height: float
    customers: int
    low: int
    high: int


@dataclass(frozen=True)
class Strengths:
    """Customers by the strength of the relationship."""

    bars: list[StrengthBar] = field(default_factory=list)
    width: int = WIDTH
    height: int = 180
    floor: int = 150
    bar_width: int = 40


def heat_map(cohorts: Cohorts, language: Language) -> list[HeatRow]:
    """The cohorts with their shades, by the share that came back."""
    return [
        HeatRow(
            _cohort_name(cohort, cohorts.period, language),
            cohort,
            [(share, min(int(share * SHADES), SHADES - 1)) for share in cohort.shares],
        )
        for cohort in cohorts.rows
    ]


def _cohort_name(cohort: Cohort, kind: str, language: Language) -> str:
    """The quarter or month; the first and last day of one that the data begins in."""
    if cohort.starts.day != 1:
        return period(cohort.starts, cohort.ends, language)
    if kind == "month":
        return month_name(cohort.starts, language, is_short=True)
    quarter = (cohort.starts.month + 2) // 3
    return sentence("overview.quarter", language, quarter=quarter, year=cohort.starts.year)


def grid_rows(grid: RfmGrid) -> list[list[GridCell]]:
    """The rows of the grid, the most recent buyers first; shades by the number of customers."""
    most = max((cell.customers for cell in grid.cells), default=0)
    cells = [
        GridCell(
            cell,
            min(cell.customers * SHADES // (most + 1), SHADES - 1),
            GRID[cell.recency][cell.value - 1],
            None if cell.before is None else cell.customers - cell.before,
        )
        for cell in grid.cells
    ]
    return [cells[start : start + len(GRID)] for start in range(0, len(cells), len(GRID))]


def segment_counts(grid: RfmGrid) -> dict[str, tuple[int, int]]:
    """Segment → customers now, and at the date that it is compared with."""
    counts: dict[str, tuple[int, int]] = {}
    for move in grid.moves:
        for name, is_now in ((move.now, True), (move.before, False)):
            if name is not None:
                now, then = counts.get(name, (0, 0))
                added = move.customers
                counts[name] = (now + added, then) if is_now else (now, then + added)
    return counts


def largest_moves(grid: RfmGrid) -> list[tuple[str, str, int]]:
    """From which segment to which other most customers went; "" stands for none."""
    moved = [m for m in grid.moves if m.before != m.now]
    moved.sort(key=lambda move: (-move.customers, move.before or "", move.now or ""))
    return [(move.before or "", move.now or "", move.customers) for move in moved[:MOST_MOVES]]


def pareto_curve(pareto: Pareto, language: Language) -> Curve:
    """The curve in units of its view box."""
    across, up = Scale(0, 1, LEFT, RIGHT), Scale(0, 1, FLOOR, TOP)
    points = [(across.at(p.customer_share), up.at(p.revenue_share)) for p in pareto.points]
    bounds, customers, revenue = [], 0.0, 0.0
    for one in pareto.classes[:-1]:
        customers, revenue = customers + one.customer_share, revenue + one.revenue_share
        bounds.append((across.at(customers), up.at(revenue), one.abc_class))
    shares: Sequence[float] = (0, 0.25, 0.5, 0.75, 1)
    return Curve(
        path(points),
        path([(LEFT, FLOOR), (RIGHT, TOP)]),
        number_ticks(across, shares, "percent", language),
        number_ticks(up, shares, "percent", language),
        bounds,
    )


def strengths(found: RelationshipOverview) -> Strengths:
    """Bars of ten points each."""
    most = max(found.bins)
    empty = Strengths()
    step, tallest = (WIDTH - 30) / len(found.bins), empty.floor - 26
    return Strengths(
        [
            StrengthBar(
                round(16 + place * step, 1),
                round(empty.floor - tallest * count / most, 1) if most else empty.floor,
                round(tallest * count / most, 1) if most else 0.0,
                count,
                place * 10,
                place * 10 + 10,
            )
            for place, count in enumerate(found.bins)
        ]
    )
