"""Sales forecast: orders and revenue by month and segment, as sums over the customers scored.

A month is a period of 30 days from the as-of date on. What a customer brings within the horizon H
and the value horizon V comes from the value model. How it spreads over the months, which no model
predicts, is taken from earlier cohorts. With C(t) what these had bought by day t:

    orders by day t = expected_orders × C(t) / C(H)                              up to H, then
                    = expected_orders + (expected_orders_in_value_horizon - expected_orders)
                                        × (C(t) - C(H)) / (C(V) - C(H))

and likewise spend from expected_spend and expected_value. Where values are extrapolated, V is the
value horizon that was learned: the forecast ends there.

The forecast covers the cohort only: not customers who first buy after the as-of date, or come back
after a long silence. The backtest (models/judging/forecast.py) says what they brought.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from core.arrays import FloatArray
from features.history.periods import Codes, PurchaseDays, active_at
from features.planning.timeplan import Timeline
from features.timeline import date_of, is_closed, whole_days
from models.customers.segments import RFM_SEGMENTS, segments
from models.simple.rules import last_period

MONTH, YEAR = 30, 365  # days
# What the value model expects within the horizon, and over the value horizon.
AMOUNTS = {
    "orders": ("expected_orders", "expected_orders_in_value_horizon"),
    "spend": ("expected_spend", "expected_value"),
}
# With fewer periods that do not overlap, the spread between dates cannot be measured.
FEWEST_PERIODS = 3
NOBODY = np.empty(0, np.intp)


@dataclass(frozen=True)
class Past:
    """What a forecast needs besides the models: snapshots, purchase timelines, time plan."""

    snapshots: pd.DataFrame
    purchases: pd.DataFrame
    timeline: Timeline

    def rows(self, day: int) -> pd.DataFrame:
        """The snapshot of one as-of day, with an index of its own."""
        return self.snapshots.iloc[self._places.get(day, NOBODY)].reset_index(drop=True)

    @cached_property
    def _places(self) -> dict[int, Codes]:
        """The places of the rows of each as-of day among the snapshots."""
        days = whole_days(self.snapshots["as_of_date"])
        order = np.argsort(days, kind="stable")
        known, first = np.unique(days[order], return_index=True)
        return dict(zip(known.tolist(), np.split(order, first)[1:], strict=True))

    @cached_property
    def by_day(self) -> PurchaseDays:
        """The purchases in the order of their days."""
        return PurchaseDays.of(self.purchases)

    @cached_property
    def cohorts(self) -> dict[int, Codes]:
        """The customers of each as-of day, by their codes in `by_day`."""
        code = self.by_day.codes_of(self.snapshots["customer_id"])
        return {day: code[places] for day, places in self._places.items()}

    def closed(self, days: int, until: int) -> list[int]:
        """The as-of days of the plan whose next `days` had closed by the day `until`."""
        return [day for day in self.timeline.as_of_days() if is_closed(day, days, until)]

    def bought(
        self, day: int, ends: Sequence[int], customers: Sequence[str]
    ) -> dict[str, FloatArray]:
        """`orders` and, with amounts, `spend` (customers, periods) from a day on, less refunds."""
        found = self.by_day.bought_in(day, ends, self.by_day.codes_of(customers))
        if "spend" in found:
            found["spend"] = found["spend"] * self.net_share
        return found

    @cached_property
    def net_share(self) -> float:
        """Net over gross spend within the horizon, over all closed outcomes.

        Purchase timelines do not hold the refunds of later days; labels do, and so do the models.
        """
        net = gross = 0.0
        for day in self.closed(self.timeline.horizon_days, self.timeline.data_until):
            rows, ends = self.rows(day), [self.timeline.horizon_days]
            rows = rows[rows["spend_in_horizon"].notna()]
            net += float(rows["spend_in_horizon"].sum())
            codes = self.by_day.codes_of(rows["customer_id"])
            gross += float(self.by_day.bought_in(day, ends, codes)["spend"].sum())
        return net / gross if gross > 0 else 1.0


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
        found[what] = np.outer(near, _steps(first)) + np.outer(later, _steps(beyond))
    return found


def _steps(by_end: FloatArray) -> FloatArray:
    return np.diff(by_end, prepend=0.0)


def _curves(past: Past, until: int, grid: Sequence[int]) -> dict[str, FloatArray]:
    """What earlier cohorts had bought by each day of the grid; a straight line without any."""
    totals: dict[str, list[FloatArray]] = {}
    for day in past.closed(grid[-1], until):
        for what, cells in past.bought(day, grid, list(past.rows(day)["customer_id"])).items():
            totals.setdefault(what, []).append(cells.sum(axis=0))
    curves = {what: np.cumsum(np.sum(rows, axis=0)) for what, rows in totals.items()}
    # Where nobody bought within the horizon, there is nothing to divide by.
    near = grid.index(past.timeline.horizon_days)
    curves = {what: curve for what, curve in curves.items() if curve[near] > 0}
    even: FloatArray = np.asarray(grid, np.float64)
    return {what: curves.get(what, even) for what in ("orders", "spend")}


def spreads(past: Past, until: int, ends: Sequence[int]) -> dict[str, list[float | None]]:
    """Half widths of 95 % intervals, in logs, for each period and, last, for the whole.

    They measure how much a cohort's sales in a period varied, from one as-of date to the next,
    against what the same customers had bought in as many days before. This includes the seasons
    that the history has seen and the chance of single customers, but not the error of a wrongly
    learned level. The periods of neighbouring dates overlap, so the prediction interval of
    Student's t counts only as many dates as there are periods without overlap; None with fewer than
    FEWEST_PERIODS of them.
    """
    starts = (0, *ends[:-1])
    windows = [*zip(starts, ends, strict=True), *([(0, ends[-1])] if len(ends) > 1 else [])]
    found: dict[str, list[float | None]] = {}
    for start, end in windows:
        ratios = _ratios(past, until, start, end)
        for what in ratios:
            found.setdefault(what, []).append(_half_width(ratios[what], end - start))
    return found


def _ratios(past: Past, until: int, start: int, end: int) -> dict[str, dict[int, float]]:
    """Log of each closed cohort's sales in a period over those in as many days before, by day."""
    length = end - start
    found: dict[str, dict[int, float]] = {what: {} for what in _amounts(past)}
    for day in past.closed(end, until):
        if not is_closed(past.timeline.data_from, length, day):
            continue  # the period before is cut off by the start of the data
        cohort = past.cohorts.get(day, NOBODY)
        before = past.by_day.bought_in(day - length, [length], cohort)
        after = past.by_day.bought_in(day, sorted({start, end} - {0}), cohort)
        for what, ratio in found.items():
            old, new = before[what].sum(), after[what][:, -1].sum()
            if old > 0 and new > 0:
                ratio[day] = math.log(new / old)
    return found


def _half_width(ratios: dict[int, float], length: int) -> float | None:
    if not ratios:
        return None
    apart = (max(ratios) - min(ratios)) / length + 1
    if apart < FEWEST_PERIODS:
        return None
    deviation = float(np.std(list(ratios.values()), ddof=1))
    return float(student.ppf(0.975, apart - 1)) * deviation * math.sqrt(1 + 1 / apart)


def last_year(past: Past, day: int, ends: Sequence[int]) -> dict[str, FloatArray] | None:
    """Orders and spend (periods,) of the same periods a year earlier, by the cohort of that time.

    That is, by the customers who had bought within `active_within_days` before that day; None where
    the data does not reach back that far.
    """
    then, active = day - YEAR, past.timeline.active_within_days
    if not is_closed(past.timeline.data_from, active, then):
        return None
    cells = past.bought(then, ends, active_at(past.purchases, then, active))
    return {what: rows.sum(axis=0) for what, rows in cells.items()}


def last_periods(rows: pd.DataFrame, ends: Sequence[int]) -> dict[str, list[FloatArray | None]]:
    """For each period and, last, the whole: each customer's purchases in as many days before.

    (n,) for each row of the snapshot; None where it has no such window.
    """
    lengths = [*np.diff([0, *ends]), *([ends[-1]] if len(ends) > 1 else [])]
    return {
        "orders": [last_period(rows, "orders", int(days)) for days in lengths],
        "spend": [last_period(rows, "amount", int(days)) for days in lengths],
    }


def forecast(past: Past, expected: pd.DataFrame, backtest: list[dict[str, Any]]) -> dict[str, Any]:
    """The forecast at the score date, beside last period and last year, with its backtest.

    `expected` are the score cards of the cohort, or anything with customer_id and the value model's
    columns, in any order.
    """
    timeline = past.timeline
    rows = past.rows(timeline.score)
    predicted = expected.set_index("customer_id").loc[rows["customer_id"]]
    ends = period_ends(timeline.learned_value_days)
    cells = by_period(predicted, past, timeline.data_until, ends)
    before, earlier = last_periods(rows, ends), last_year(past, timeline.score, ends)
    wide = spreads(past, timeline.data_until, ends)
    segment = segments(rows)["rfm_segment"]
    figures = {
        what: _figures(
            [*values.sum(axis=0)],
            wide.get(what, []),
            [None if amounts is None else float(amounts.sum()) for amounts in before[what]],
            None if earlier is None else [*earlier[what]],
        )
        for what, values in cells.items()
    }
    return {
        "as_of_date": date_of(timeline.score).isoformat(),
        "customers": len(rows),
        "periods": [
            {**dated(timeline.score, start, end), **{what: figures[what][i] for what in cells}}
            for i, (start, end) in enumerate(zip((0, *ends[:-1]), ends, strict=True))
        ],
        "total": {
            **dated(timeline.score, 0, ends[-1]),
            **{what: figures[what][-1] for what in cells},
        },
        "segments": [
            {
                "rfm_segment": name,
                "customers": int(inside.sum()),
                **{what: [*map(float, v[inside].sum(axis=0))] for what, v in cells.items()},
            }
            for name in RFM_SEGMENTS
            for inside in [(segment == name).to_numpy()]
            if inside.any()
        ],
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
