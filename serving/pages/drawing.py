"""The purchase timeline as coordinates: days with purchases, the as-of date, what is expected."""

import datetime as dt
from dataclasses import dataclass

from babel.dates import format_date

from serving.cards.card import NextPurchase, Purchases, ScoreCard
from serving.wording.languages import Language

WIDTH, HEIGHT, FLOOR = 960, 190, 150  # FLOOR: where bars stand
TALLEST, SHORTEST = 110, 4
LABEL = 36  # half of the widest label of a month: nearer to an edge it would be cut
LOOK_BACK, LEAST = 365, 180  # days drawn before the as-of date, at most and at least


@dataclass(frozen=True)
class Bar:
    """One day with purchases."""

    x: float
    y: float
    height: float
    purchases: Purchases
    is_tallest: bool


@dataclass(frozen=True)
class Tick:
    """The first of a month."""

    x: float
    text: str


@dataclass(frozen=True)
class Drawing:
    """Everything the page's SVG holds, in units of its view box."""

    start: dt.date
    bars: list[Bar]
    ticks: list[Tick]
    as_of: float
    median: float | None
    low: float | None
    high: float | None
    days_before: int
    has_money: bool
    width: int = WIDTH
    height: int = HEIGHT
    floor: int = FLOOR


def draw(card: ScoreCard, language: Language) -> Drawing | None:
    """The timeline of a card with purchases; None where none are known."""
    bought = card.purchases or []
    if not bought:
        return None
    start = max(bought[0].day, card.as_of_date - dt.timedelta(days=LOOK_BACK))
    left = min(start, card.as_of_date - dt.timedelta(days=LEAST))
    when = card.next_purchase_date
    end = card.as_of_date + dt.timedelta(days=when.reach_days if when else 30)
    shown = [one for one in bought if one.day >= start]
    has_money = any(one.amount is not None for one in shown)
    scale = _Scale(left - dt.timedelta(days=3), end + dt.timedelta(days=3))
    largest = max([_size(one, has_money) for one in shown], default=0.0)
    return Drawing(
        start=start,
        bars=[_bar(one, scale, largest, has_money) for one in shown],
        ticks=_ticks(scale, language),
        as_of=scale.x(card.as_of_date),
        median=_x(scale, when.median) if when else None,
        low=_x(scale, when.low) if when else None,
        high=_high(scale, when, end),
        days_before=len(bought) - len(shown),
        has_money=has_money,
    )


class _Scale:
    """Days on the width of the drawing."""

    def __init__(self, first: dt.date, last: dt.date):
        self.first, self.last = first, last

    def x(self, day: dt.date) -> float:
        share = (day - self.first).days / (self.last - self.first).days
        return round(share * WIDTH, 1)


def _x(scale: _Scale, day: dt.date | None) -> float | None:
    return None if day is None else scale.x(min(max(day, scale.first), scale.last))


def _high(scale: _Scale, when: NextPurchase | None, end: dt.date) -> float | None:
    """The end of the interval; an open one goes on to the end of the drawing."""
    if when is None or when.low is None:
        return None
    return _x(scale, when.high or end)


def _size(one: Purchases, has_money: bool) -> float:
    return max(one.amount or 0.0, 0.0) if has_money else float(one.orders)


def _bar(one: Purchases, scale: _Scale, largest: float, has_money: bool) -> Bar:
    share = _size(one, has_money) / largest if largest > 0 else 1.0
    height = round(SHORTEST + share * (TALLEST - SHORTEST), 1)
    return Bar(scale.x(one.day), round(FLOOR - height, 1), height, one, share == 1.0)


def _ticks(scale: _Scale, language: Language) -> list[Tick]:
    first = dt.date(scale.first.year, scale.first.month, 1)
    ticks = []
    while (first := _next_month(first)) <= scale.last:
        form = "LLL y" if first.month == 1 else "LLL"
        ticks.append(Tick(scale.x(first), format_date(first, form, locale=language)))
    # A label needs some 60 units; of a long timeline only every second, third … is written.
    every = max(1, -(-len(ticks) * 60 // WIDTH))
    return [tick for tick in ticks[::every] if LABEL <= tick.x <= WIDTH - LABEL]


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
