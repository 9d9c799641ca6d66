"""The figures of the overview month by month: the newest, how it has changed, and a line."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from babel.dates import format_date

from serving.cards.overview import Month, Overview
from serving.pages.charts import MONTH_OF_YEAR, path
from serving.wording.languages import Language
from serving.wording.sentences import sentence, written

# Figures in their order: how each is written, and the count that it is a share or a mean of.
FIGURES: dict[str, tuple[str, str | None]] = {
    "customers_active": ("number", None),
    "customers_new": ("number", None),
    "churn_rate": ("share", "customers_at_start"),
    "retention_rate": ("share", "customers_at_start"),
    "repeat_rate": ("share", "repeat_of"),
    "revenue": ("money", "unpriced_orders"),
    "orders": ("number", None),
    "average_order": ("money", None),
    "frequency": ("number", None),
    "value_so_far": ("money", None),
    "nps": ("decimal", "nps_answers"),
    "csat": ("number", "csat_answers"),
    "csat_tickets": ("number", "csat_tickets_answers"),
}
SHARES, SCORES = {"churn_rate", "retention_rate", "repeat_rate"}, {"nps", "csat", "csat_tickets"}
WIDTH, HEIGHT, EDGE = 240, 52, 5
Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A figure over the months as SVG draws it; with `dots` where few months are known."""

    curve: str
    dots: list[Point]
    newest: Point
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Row:
    """A month of a figure's table."""

    month: str
    value: str
    basis: str | None


@dataclass(frozen=True)
class Tile:
    """One figure: its newest value, what it was before, its line and its table."""

    name: str
    value: str
    month: str
    change: str | None
    line: Line | None
    drawn: str
    basis: str | None
    rows: list[Row]


def month_name(day: dt.date, language: Language, is_short: bool = False) -> str:
    """A month with its year: December 2024."""
    return str(format_date(day, MONTH_OF_YEAR if is_short else "LLLL y", locale=language))


def tiles(overview: Overview, currency: str | None, language: Language) -> list[Tile]:
    """The figures that are known for any month."""
    return [
        _tile(name, overview, currency, language)
        for name in FIGURES
        if any(getattr(month, name) is not None for month in overview.months)
    ]


def _tile(name: str, overview: Overview, currency: str | None, language: Language) -> Tile:
    kind, basis = FIGURES[name]
    months = overview.months
    values: list[float | None] = [getattr(month, name) for month in months]
    known = [place for place, value in enumerate(values) if value is not None]
    newest = known[-1]

    def told(value: float | None) -> str:
        return written(value, kind, language, currency=currency)

    if basis is not None and not any(getattr(month, basis) for month in months):
        basis = None  # as no order is of unknown money
    low, high = (told(end([value for value in values if value is not None])) for end in (min, max))
    return Tile(
        name=name,
        value=told(values[newest]),
        month=month_name(months[newest].starts, language),
        change=_change(name, months, known, language),
        line=_line(values) if len(known) > 1 else None,
        drawn=sentence(
            "overview.drawn",
            language,
            figure=sentence(f"overview.figure.{name}", language),
            first=month_name(months[known[0]].starts, language),
            last=month_name(months[newest].starts, language),
            low=low,
            high=high,
            newest=told(values[newest]),
        ),
        basis=basis,
        rows=[
            Row(
                month_name(month.starts, language, is_short=True),
                told(value),
                None if basis is None else written(getattr(month, basis), "number", language),
            )
            for month, value in zip(reversed(months), reversed(values), strict=True)
            if value is not None or name not in SCORES  # what is asked now and then
        ],
    )


def _change(
    name: str, months: Sequence[Month], known: Sequence[int], language: Language
) -> str | None:
    """Against the month before; of what is asked now and then, against the time before."""
    if len(known) < 2:
        return None
    then, now = (getattr(months[place], name) for place in known[-2:])
    is_next = known[-1] - known[-2] == 1
    scale = 100.0 if name in SHARES else 1.0
    if name in SHARES | SCORES:
        key, size = "points" if name in SHARES else "score", scale * (now - then)
    elif then == 0:
        return None
    else:
        key, size = "percent", (now - then) / abs(then)
    digits = 3 if key == "percent" else 1
    way = "same" if round(size, digits) == 0 else "up" if size > 0 else "down"
    since = "month_before" if is_next else "time_before"
    text = sentence(f"overview.change.{key}.{way}", language, size=abs(round(size, digits)))
    month = month_name(months[known[-2]].starts, language, is_short=True)
    return sentence(f"overview.change.{since}", language, change=text, month=month)


def _line(values: Sequence[float | None]) -> Line:
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    room = high - low or 1.0
    step = (WIDTH - 2 * EDGE) / max(len(values) - 1, 1)

    def at(place: int, value: float) -> Point:
        share = (value - low) / room if high > low else 0.5
        return round(EDGE + place * step, 1), round(HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE), 1)

    points = [at(place, value) for place, value in enumerate(values) if value is not None]
    return Line(path(points), points if 2 * len(points) < len(values) else [], points[-1])
