"""How far the sales of a period may lie from their forecast: 95 % intervals from the calendar.

Models carry the level of the latest closed outcomes. What may go wrong is the level of the days
ahead beside the level of those days: how it wanders, what a season is that has been seen once or
never, and the weeks themselves. The calendar foretells both with one covariance
(models/calendar/level.py), so the interval widens with the days ahead, and where less of a year was
seen. For money the mean amount of an order is foretold in the same way. Beside these stands the
chance of single orders, as of a Poisson process, and of their amounts (a compound one): nothing for
a large company, most of the interval of a small one. The error of who buys, with the level right,
is left out: the backtest shows it.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from core.arrays import FloatArray
from features.history.periods import amounts_of
from models.calendar.level import Foretold, Observed, foretell
from models.calendar.model import foretold_at
from models.calendar.standard import MOST_WEEKS, WEEK
from models.value.past import Past

HALF = float(norm.ppf(0.975))
# Models take their level from the outcomes of two dates, this many days apart.
LATEST_APART = 14
# Of a mean near 0, as where returns are as large as sales, a spread says nothing.
LEAST_SQUARE, MOST_SPREAD = 1e-12, 100.0
FEWEST_ORDERS = 1.0  # fewer count as one: logs of none have no variance


def spreads(
    past: Past, until: int, ends: Sequence[int], told: FloatArray
) -> dict[str, list[float | None]]:
    """Half widths of 95 % intervals, in logs, for each period and, last, for the whole.

    `told` (periods,) are the orders forecast for each period.

    None where too few weeks are there to tell, and for a shop of one season.
    """
    starts = (0, *ends[:-1])
    windows = [*zip(starts, ends, strict=True), *([(0, ends[-1])] if len(ends) > 1 else [])]
    whats = ("orders", "spend") if "amount" in past.purchases.columns else ("orders",)
    learned = past.timeline.horizon_days + LATEST_APART
    days = np.arange(until - learned, until + ends[-1], dtype=np.float64) + 0.5
    level = None
    if not past.timeline.is_seasonal:
        level = foretold_at(past.purchases, until, days, past.known_days)
    if level is None:
        return {what: [None] * len(windows) for what in whats}
    money = _amounts(past.purchases, until, days) if "spend" in whats else None
    orders = [*told, *([told.sum()] if len(ends) > 1 else [])]
    single = [1.0 / max(number, FEWEST_ORDERS) for number in orders]
    variances = {
        "orders": [
            _variance(level, learned, window) + one
            for window, one in zip(windows, single, strict=True)
        ]
    }
    if money is not None:
        spread = _spread_of_amounts(past.purchases, until)
        more = [
            _variance(money, learned, window) + spread * one
            for window, one in zip(windows, single, strict=True)
        ]
        variances["spend"] = [a + b for a, b in zip(variances["orders"], more, strict=True)]
    return {what: [HALF * math.sqrt(one) for one in found] for what, found in variances.items()}


def _variance(level: Foretold, learned: int, window: tuple[int, int]) -> float:
    """Of the log level of a window beside that of the days learned from."""
    start, end = window
    weights = np.zeros(len(level.mean))
    weights[:learned] = -1.0 / learned
    weights[learned + start : learned + end] += 1.0 / (end - start)
    of_weeks = level.noise * WEEK * (1.0 / (end - start) + 1.0 / learned)
    return max(float(weights @ level.covariance @ weights), 0.0) + of_weeks


def _amounts(purchases: pd.DataFrame, until: int, days: FloatArray) -> Foretold:
    """The log of the mean amount of an order, foretold as levels are."""
    day = purchases["event_day"].to_numpy("datetime64[D]").astype(np.int64)
    week, known = (until - 1 - day) // WEEK, day < until
    amounts = amounts_of(purchases)
    orders, spend = (_by_week(week[known], amounts[what][known]) for what in ("orders", "spend"))
    there = (orders > 0) & (spend > 0)
    place = np.flatnonzero(there)
    mean = spend[there] / orders[there]
    spread = _spread_of_amounts(purchases, until)
    nothing = np.zeros((len(place), 0))
    observed = Observed(
        until - (place.astype(np.float64) + 0.5) * WEEK,
        np.log(mean),
        spread / orders[there],
        nothing,
        np.zeros(0),
    )
    return foretell(_shortened(observed), days, with_season=False)


def _spread_of_amounts(purchases: pd.DataFrame, until: int) -> float:
    """Variance of the amount of an order over the square of its mean."""
    known = purchases["event_day"].to_numpy("datetime64[D]").astype(np.int64) < until
    amounts = amounts_of(purchases)
    single = amounts["spend"][known] / np.maximum(amounts["orders"][known], 1.0)
    square = float(np.mean(single)) ** 2
    return min(float(np.var(single)) / max(square, LEAST_SQUARE), MOST_SPREAD)


def _shortened(observed: Observed) -> Observed:
    """The latest weeks, oldest first: their number is what the calendar takes at most."""
    kept = slice(0, MOST_WEEKS)
    return Observed(
        observed.middle[kept][::-1],
        observed.level[kept][::-1] - float(observed.level.mean()),
        observed.variance[kept][::-1],
        observed.special[kept][::-1],
        observed.prior_effect,
    )


def _by_week(week: npt.NDArray[np.int64], values: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(week, values), np.float64)
