"""Survival curves on a grid of days: tilted to a churn risk, and read as probability or days."""

from collections.abc import Sequence

import numpy as np
from scipy.special import log_expit

from core.arrays import FloatArray

CLIP = 1e-6
NO_SHARE = 1e-9  # of the probability: less than any day has
LOWEST_LOG = -700.0  # the exponential of less is 0, which has no logarithm
PROPORTIONAL = 1.5  # times: levels up to which hazards are proportional to them


def tilt(
    survival: FloatArray, grid: Sequence[int], churn_risk: FloatArray, horizon_days: int
) -> FloatArray:
    """Tilt curves (n, len(grid)) so that each passes through its churn risk (n,) at the horizon.

    S'(t) = S(t)^k with k = ln(churn_risk) / ln S(horizon): hazards are multiplied by k, so the
    curve stays monotone. Both are clipped CLIP away from 0 and 1, where k is not defined.
    """
    curve = np.clip(survival, CLIP, 1.0 - CLIP)
    risk = np.clip(np.asarray(churn_risk, np.float64), CLIP, 1.0 - CLIP)
    log_curve = np.log(curve)
    k = np.log(risk) / log_curve[:, list(grid).index(horizon_days)]
    tilted: FloatArray = np.exp(np.maximum(k[:, None] * log_curve, LOWEST_LOG))
    tilted[:, 0] = 1.0
    return tilted


def hazards_times(log_odds: FloatArray, factor: FloatArray) -> FloatArray:
    """Log odds (n,) of no event once hazards are multiplied by a factor (n,): those of S^factor."""
    log_survival = np.maximum(factor * log_expit(log_odds), LOWEST_LOG)
    found: FloatArray = log_survival - np.log(-np.expm1(log_survival))
    return found


def levels_times(log_odds: FloatArray, factor: FloatArray) -> FloatArray:
    """Log odds (n,) of no event at another level of business, `factor` (n,) times as high.

    Hazards are multiplied as far as levels of ordinary seasons go, PROPORTIONAL times. Beyond that
    the odds of an event are: those who are gone for good come at no level, and of the others the
    likeliest come first (proportional odds, as hazards with a gamma frailty of variance 1 have:
    Bennett 1983, Statistics in Medicine 2).
    """
    hazards = np.clip(factor, 1.0 / PROPORTIONAL, PROPORTIONAL)
    found: FloatArray = hazards_times(log_odds, hazards) - np.log(factor / hazards)
    return found


def hazards_by_interval(survival: FloatArray, factors: FloatArray) -> FloatArray:
    """Curves (n, days) from 1 on, once the hazard of each interval is multiplied (n, days - 1)."""
    steps = np.diff(np.log(np.clip(survival, CLIP**2, 1.0)), axis=1)
    found = np.ones_like(survival)
    found[:, 1:] = np.exp(np.maximum(np.cumsum(steps * factors, axis=1), LOWEST_LOG))
    return found


def probability_by(survival: FloatArray, grid: Sequence[int], days: int) -> FloatArray:
    """P(a purchase within `days`), (n,); NaN when the curve ends before."""
    if days > grid[-1]:
        return np.full(len(survival), np.nan)
    probability: FloatArray = 1.0 - survival[:, list(grid).index(days)]
    return probability


def days_until(survival: FloatArray, grid: Sequence[int], share: float | FloatArray) -> FloatArray:
    """Days within which the purchase comes with probability `share` (one for all, or (n,)), (n,).

    Between grid days the hazard is taken as constant, so ln S is a straight line. NaN when the
    curve ends before.
    """
    wanted = np.broadcast_to(np.round(1.0 - share, 12), len(survival))  # 1 - 0.9 is below 0.1
    reached = survival <= wanted[:, None]
    end = np.maximum(reached.argmax(axis=1), 1)
    row = np.arange(len(survival))
    before, after = survival[row, end - 1], survival[row, end]
    start_day, end_day = np.array(grid, np.float64)[end - 1], np.array(grid, np.float64)[end]
    within = reached.any(axis=1)
    done = np.zeros(len(survival))
    np.divide(np.log(before / wanted), np.log(before / after), out=done, where=within)
    return np.where(within, start_day + (end_day - start_day) * done, np.nan)


def expected_days(survival: FloatArray, grid: Sequence[int]) -> FloatArray:
    """Mean days to the purchase (n,); purchases after the end of the curve count as at its end.

    The area under the curve, known as the restricted mean survival time (Royston & Parmar 2013, BMC
    Medical Research Methodology 13:152). It orders customers by their expected purchase, also where
    curves cross: the probability by one day knows only that day. Days of NaN, to which nobody was
    followed, are beyond the end.
    """
    known = np.isfinite(survival).all(axis=0)
    days: FloatArray = np.trapezoid(survival[:, known], np.array(grid)[known], axis=1)
    return days


def interval(
    survival: FloatArray, grid: Sequence[int], inside: float
) -> tuple[FloatArray, FloatArray]:
    """First and last whole day (n,) of an interval that holds `inside` of the probability.

    Half of the rest lies on either side, as far as both sides have it. What lies beyond the curve
    is after the interval, up to all of the rest; with more beyond than that the last day is NaN and
    the interval is open: all of the rest lies before it. Of the two days around the quantile below,
    which whole days seldom meet, the one that makes the shorter interval is taken, and the last day
    makes up for what the first one has too much or too little. So a purchase of the as-of day
    itself, which often has more than half of the rest, is inside, and more lies after. Both days
    are NaN where the curve ends before the rest.
    """
    rest, beyond = 1.0 - inside, survival[:, -1]
    is_open = beyond > rest
    after = np.clip(beyond, rest / 2, rest)
    below = days_until(survival, grid, np.where(is_open, rest, np.maximum(rest - after, NO_SHARE)))
    most = 1.0 - beyond - NO_SHARE  # the largest share that a day of the curve reaches

    def closed(first: FloatArray) -> tuple[FloatArray, FloatArray]:
        wanted = 1.0 - survival_at(survival, grid, first) + inside
        last = _nearest_midnight(survival, grid, np.minimum(wanted, most)) - 1.0
        return last, np.where(wanted <= most + NO_SHARE, last - first, np.inf)

    before, later = np.floor(below), np.ceil(below)
    (last, length), (later_last, later_length) = closed(before), closed(later)
    is_later = later_length < length
    first = np.where(is_later, later, before)
    first = np.where(is_open, _nearest_midnight(survival, grid, rest), first)
    return first, np.where(is_open, np.nan, np.where(is_later, later_last, last))


def _nearest_midnight(
    survival: FloatArray, grid: Sequence[int], share: float | FloatArray
) -> FloatArray:
    """The midnight (n,) before which the probability of a purchase is nearest to `share`."""
    quantile = days_until(survival, grid, share)
    before, after = np.floor(quantile), np.ceil(quantile)
    off_before, off_after = (
        np.abs(1.0 - survival_at(survival, grid, day) - share) for day in (before, after)
    )
    return np.where(off_before <= off_after, before, after)


def survival_at(survival: FloatArray, grid: Sequence[int], days: FloatArray) -> FloatArray:
    """S at a day (n,) of each row, read as in `days_until`; NaN where the day is NaN."""
    ends = np.array(grid, np.float64)
    known = np.where(np.isnan(days), 0.0, days)
    right = np.clip(np.searchsorted(ends, known, side="left"), 1, len(ends) - 1)
    row = np.arange(len(survival))
    done = (known - ends[right - 1]) / (ends[right] - ends[right - 1])
    logs = np.log(survival[row, right - 1]), np.log(survival[row, right])
    found: FloatArray = np.exp(logs[0] + (logs[1] - logs[0]) * done)
    return np.where(np.isnan(days), np.nan, found)


def at_days(curves: FloatArray, own: Sequence[int], wanted: Sequence[int]) -> FloatArray:
    """Curves (n, len(own)) at the days `wanted`, none beyond the last of `own`, as read above."""
    right = np.clip(np.searchsorted(own, wanted), 1, len(own) - 1)
    ends, days = np.array(own, np.float64), np.array(wanted, np.float64)
    done = (days - ends[right - 1]) / (ends[right] - ends[right - 1])
    logs = np.log(np.maximum(curves, np.exp(LOWEST_LOG)))
    between = np.exp(logs[:, right - 1] + (logs[:, right] - logs[:, right - 1]) * done)
    # A day of both is taken as it is: the logarithm would move its last digit.
    found: FloatArray = np.where(done == 1.0, curves[:, right], between)
    return np.where(days == ends[0], curves[:, :1], found)
