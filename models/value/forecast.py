"""Sales forecast: orders and revenue by month and segment, as sums over the customers scored.

A month is a period of 30 days from the as-of date on. What a customer brings within the horizon H
and the value horizon V comes from the value model. How it spreads over the months, which no model
predicts, is taken from earlier cohorts, at the level of business of the days ahead
(models/calendar). With C(t) what these would have bought by day t on those days:

    orders by day t = expected_orders × C(t) / C(H)                              up to H, then
                    = expected_orders + (expected_orders_in_value_horizon - expected_orders)
                                        × (C(t) - C(H)) / (C(V) - C(H))

and likewise spend from expected_spend and expected_value. Where values are extrapolated, V is the
value horizon that was learned: the forecast ends there.

The forecast covers the cohort only: not customers who first buy after the as-of date, or come back
after a long silence. The backtest (models/judging/forecast.py) says what they brought.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import BoolArray, FloatArray
from features.history.periods import PurchaseDays, active_at
from features.planning.timeplan import Timeline
from features.timeline import date_of, is_closed
from models.customers.segments import RFM_SEGMENTS, segments
from models.simple.rules import last_period
from models.value.forecast_interval import spreads
from models.value.past import Past

MONTH, YEAR = 30, 365  # days
# What the value model expects within the horizon, and over the value horizon.
AMOUNTS = {
    "orders": ("expected_orders", "expected_orders_in_value_horizon"),
    "spend": ("expected_spend", "expected_value"),
}


def period_ends(days: int) -> tuple[int, ...]:
    """The last days of the months within `days`; a shorter time is one period."""
    return tuple(range(MONTH, days + 1, MONTH)) or (days,)


def by_period(
    expected: pd.DataFrame, past: Past, until: int, ends: Sequence[int]
) -> dict[str, FloatArray]:
    """Expected orders and, with amounts, spend of each customer in each period (n, periods).

    `expected` holds the value model's expected_orders and expected_orders_in_value_horizon and,
    with amounts, expected_spend and expected_value, all over the learned days: no cohort shows how
    sales spread beyond them. Cohorts whose value windows had closed by the day `until` show it.
    """
    return {
        what: np.outer(near, first) + np.outer(later, beyond)
        for what, (near, later, first, beyond) in _spread(expected, past, until, ends).items()
    }


def _spread(
    expected: pd.DataFrame, past: Past, until: int, ends: Sequence[int]
) -> dict[str, tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
    """What is expected within the horizon, and beyond (n,); the shares in each period of both."""
    horizon, far = past.timeline.windows
    grid = sorted({*ends, horizon, far})
    found = {}
    for what, curve in _curves(past, until, grid).items():
        within, over_value = AMOUNTS[what]
        if within not in expected:
            continue
        near = expected[within].to_numpy(np.float64)
        later = expected[over_value].to_numpy(np.float64) - near
        at_horizon, by_end = np.interp(horizon, grid, curve), np.interp(ends, grid, curve)
        first = np.minimum(by_end / at_horizon, 1.0)
        rest = curve[-1] - at_horizon
        beyond = np.maximum(by_end - at_horizon, 0.0) / (rest if rest > 0 else 1.0)
        found[what] = near, later, _steps(first), _steps(beyond)
    return found


def _steps(by_end: FloatArray) -> FloatArray:
    return np.diff(by_end, prepend=0.0)


def _curves(past: Past, until: int, grid: Sequence[int]) -> dict[str, FloatArray]:
    """What earlier cohorts had bought by each day of the grid; a straight line without any."""
    totals: dict[str, list[FloatArray]] = {}
    for day in past.closed(grid[-1], until):
        levels = _levels(past, until, day, grid)
        for what, cells in past.bought(day, grid, list(past.rows(day)["customer_id"])).items():
            totals.setdefault(what, []).append(cells.sum(axis=0) / levels)
    ahead = _levels(past, until, until, grid)
    curves = {what: np.cumsum(np.sum(rows, axis=0) * ahead) for what, rows in totals.items()}
    # Where nobody bought within the horizon, there is nothing to divide by.
    near = grid.index(past.timeline.horizon_days)
    curves = {what: curve for what, curve in curves.items() if curve[near] > 0}
    even: FloatArray = np.cumsum(np.diff(grid, prepend=0) * ahead)
    return {what: curves.get(what, even) for what in ("orders", "spend")}


def _levels(past: Past, until: int, day: int, grid: Sequence[int]) -> FloatArray:
    """The level of business (periods,) between the days of the grid after a day."""
    calendar = past.calendar(until)
    if calendar is None:
        return np.ones(len(grid))
    steps = pairwise((0, *grid))
    return np.array([calendar.mean_level(np.array([day]), *step)[0] for step in steps])


def last_year(
    past: Past,
    day: int,
    ends: Sequence[int],
    of_parts: Iterable[dict[str, FloatArray]] | None = None,
) -> dict[str, FloatArray] | None:
    """Orders and spend (periods,) of the same periods a year earlier, by the cohort of that time.

    That is, by the customers who had bought within `active_within_days` before that day; None where
    the data does not reach back that far. `of_parts` is `year_earlier` of every part of the
    customers; without it those of `past` are counted.
    """
    timeline = past.timeline
    if not is_closed(timeline.data_from, timeline.active_within_days, day - YEAR):
        return None
    found: dict[str, FloatArray] = {}
    here = [year_earlier(past.purchases, timeline, day, ends)] if of_parts is None else of_parts
    for cells in here:
        for what, sums in cells.items():
            found[what] = found.get(what, np.zeros(len(ends))) + sums
    if "spend" in found:
        found["spend"] = found["spend"] * past.net_share
    return found


def year_earlier(
    purchases: pd.DataFrame, timeline: Timeline, day: int, ends: Sequence[int]
) -> dict[str, FloatArray]:
    """What these purchase timelines have in the periods (periods,) from a year before a day on."""
    then = day - YEAR
    days = PurchaseDays.of(purchases)
    active = days.codes_of(active_at(purchases, then, timeline.active_within_days))
    return {what: rows.sum(axis=0) for what, rows in days.bought_in(then, ends, active).items()}


def last_periods(rows: pd.DataFrame, ends: Sequence[int]) -> dict[str, list[FloatArray | None]]:
    """For each period and, last, the whole: each customer's purchases in as many days before.

    (n,) for each row of the snapshot; None where it has no such window.
    """
    lengths = [*np.diff([0, *ends]), *([ends[-1]] if len(ends) > 1 else [])]
    return {
        "orders": [last_period(rows, "orders", int(days)) for days in lengths],
        "spend": [last_period(rows, "amount", int(days)) for days in lengths],
    }


def forecast(
    past: Past,
    rows: pd.DataFrame,
    expected: pd.DataFrame,
    backtest: list[dict[str, Any]],
    earlier_of_parts: Iterable[dict[str, FloatArray]] | None = None,
) -> dict[str, Any]:
    """The forecast at the score date, beside last period and last year, with its backtest.

    `rows` are the snapshot of that date, of which segments and windows of orders and amounts are
    enough; `expected` has the value model's columns, and the same rows. Both are of all customers,
    and `earlier_of_parts` is that of `last_year`; `past`, which shows how sales spread, may be of a
    sample.
    """
    timeline = past.timeline
    ends = period_ends(timeline.learned_value_days)
    spread = _spread(expected, past, timeline.data_until, ends)
    before = last_periods(rows, ends)
    earlier = last_year(past, timeline.score, ends, earlier_of_parts)
    segment = segments(rows)["rfm_segment"]
    inside = {name: (segment == name).to_numpy() for name in RFM_SEGMENTS}

    def total(what: str, of: BoolArray | slice) -> FloatArray:
        """The sums (periods,) of some customers."""
        near, later, first, beyond = spread[what]
        return float(near[of].sum()) * first + float(later[of].sum()) * beyond

    sums = {what: total(what, slice(None)) for what in spread}
    wide = spreads(past, timeline.data_until, ends, sums["orders"])
    figures = {
        what: _figures(
            [*values],
            wide.get(what, []),
            [None if amounts is None else float(amounts.sum()) for amounts in before[what]],
            None if earlier is None else [*earlier[what]],
        )
        for what, values in sums.items()
    }
    return {
        "as_of_date": date_of(timeline.score).isoformat(),
        "customers": len(rows),
        "periods": [
            {**dated(timeline.score, start, end), **{what: figures[what][i] for what in sums}}
            for i, (start, end) in enumerate(zip((0, *ends[:-1]), ends, strict=True))
        ],
        "total": {
            **dated(timeline.score, 0, ends[-1]),
            **{what: figures[what][-1] for what in sums},
        },
        "segments": [
            {
                "rfm_segment": name,
                "customers": int(theirs.sum()),
                **{what: [*map(float, total(what, theirs))] for what in spread},
            }
            for name, theirs in inside.items()
            if theirs.any()
        ],
        "season": past.season(timeline.data_until),
        "backtest": backtest,
    }


def dated(day: int, start: int, end: int) -> dict[str, Any]:
    """The first and the last day of a period, as ISO dates."""
    return {
        "starts": date_of(day + start).isoformat(),
        "ends": date_of(day + end - 1).isoformat(),
    }


def _figures(
    expected: list[float],
    widths: Sequence[float | None],
    before: list[float | None],
    earlier: list[float] | None,
) -> list[dict[str, float | None]]:
    """One entry a period and, where there are several, one for the whole."""
    whole = len(expected) > 1
    values = [*expected, *([sum(expected)] if whole else [])]
    old = (
        [None] * len(values) if earlier is None else [*earlier, *([sum(earlier)] if whole else [])]
    )
    return [
        {"expected": float(value), **bounds(value, width), "last_period": was, "last_year": then}
        for value, width, was, then in zip(values, widths, before, old, strict=True)
    ]


def bounds(value: float, width: float | None) -> dict[str, float | None]:
    """`low` and `high` of a 95 % interval, given its half width in logs; None without one."""
    if width is None:
        return {"low": None, "high": None}
    return {"low": float(value * math.exp(-width)), "high": float(value * math.exp(width))}


def _amounts(past: Past) -> tuple[str, ...]:
    return ("orders", "spend") if "amount" in past.purchases.columns else ("orders",)
