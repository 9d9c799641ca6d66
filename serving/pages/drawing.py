"""The purchase timeline as coordinates: days with purchases, the as-of date, what is expected."""

import datetime as dt
from dataclasses import dataclass

from serving.cards.card import (
    ScoreCard,
)
from serving.cards.parts import (
    NextPurchase,
    Purchases,
)
from serving.pages import charts
from serving.pages.charts import Scale, Tick
from serving.wording.languages import Language

WIDTH, HEIGHT, FLOOR = 960, 190, 150  # FLOOR: the foot of the bars
TALLEST, SHORTEST = 110, 4
LABEL = 36  # half of the widest label of a month: nearer to an edge it would be cut off
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
    """The timeline of a card with purchases; None for a card without any."""
    bought = card.purchases or []
    if not bought:
        return None
    start = max(bought[0].day, card.as_of_date - dt.timedelta(days=LOOK_BACK))
    left = min(start, card.as_of_date - dt.timedelta(days=LEAST))
    when = card.next_purchase_date
    end = card.as_of_date + dt.timedelta(days=when.reach_days if when else 30)
    shown = [day for day in bought if day.day >= start]
    has_money = any(day.amount is not None for day in shown)
    scale = charts.days(left - dt.timedelta(days=3), end + dt.timedelta(days=3), 0, WIDTH)
    largest = max([_size(day, has_money) for day in shown], default=0.0)
    return Drawing(
        start=start,
        bars=[_bar(day, scale, largest, has_money) for day in shown],
        ticks=charts.month_ticks(scale, language, room=60, edge=LABEL),
        as_of=scale.at(card.as_of_date.toordinal()),
        median=_x(scale, when.median) if when else None,
        low=_x(scale, when.low) if when else None,
        high=_high(scale, when, end),
        days_before=len(bought) - len(shown),
        has_money=has_money,
    )


def _x(scale: Scale, day: dt.date | None) -> float | None:
    return None if day is None else scale.at(min(max(day.toordinal(), scale.first), scale.last))


def _high(scale: Scale, when: NextPurchase | None, end: dt.date) -> float | None:
    """The end of the interval; an open interval goes on to the end of the drawing."""
    if when is None or when.low is None:
        return None
    return _x(scale, when.high or end)


def _size(day: Purchases, has_money: bool) -> float:
    return max(day.amount or 0.0, 0.0) if has_money else float(day.orders)


def _bar(day: Purchases, scale: Scale, largest: float, has_money: bool) -> Bar:
    share = _size(day, has_money) / largest if largest > 0 else 1.0
    height = round(SHORTEST + share * (TALLEST - SHORTEST), 1)
    return Bar(scale.at(day.day.toordinal()), round(FLOOR - height, 1), height, day, share == 1.0)
