"""Survival curves on a grid of days: tilted to a churn risk, and read as probability or days."""

from collections.abc import Sequence

import numpy as np

from core.arrays import FloatArray

CLIP = 1e-6
LOWEST_LOG = -700.0  # the exponential of less is 0, which has no logarithm


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


def probability_by(survival: FloatArray, grid: Sequence[int], days: int) -> FloatArray:
    """P(a purchase within `days`), (n,); NaN when the curve ends before."""
    if days > grid[-1]:
        return np.full(len(survival), np.nan)
    probability: FloatArray = 1.0 - survival[:, list(grid).index(days)]
    return probability


def days_until(survival: FloatArray, grid: Sequence[int], share: float) -> FloatArray:
    """Days within which the purchase comes with probability `share`, (n,).

    Between grid days the hazard is taken as constant, so ln S is a straight line. NaN when the
    curve ends before.
    """
    wanted = round(1.0 - share, 12)  # 1 - 0.9 is a little less than 0.1
    reached = survival <= wanted
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


def whole_days(
    survival: FloatArray, grid: Sequence[int], below: float, above: float
) -> tuple[FloatArray, FloatArray]:
    """First and last whole day (n,) of the interval.

    Of the two days around a quantile, the day whose probability is nearer is taken: P(before the
    first day) to `below`, P(after the last day) to `above`. Rounding outwards would always make the
    interval hold more than was asked for. NaN where the quantile is beyond the curve.
    """
    first = _nearest_midnight(survival, grid, below)
    last = _nearest_midnight(survival, grid, 1.0 - above) - 1.0
    return first, last


def _nearest_midnight(survival: FloatArray, grid: Sequence[int], share: float) -> FloatArray:
    quantile = days_until(survival, grid, share)
    before, after = np.floor(quantile), np.ceil(quantile)
    off_before, off_after = (
        np.abs(1.0 - _survival_at(survival, grid, day) - share) for day in (before, after)
    )
    return np.where(off_before <= off_after, before, after)


def _survival_at(survival: FloatArray, grid: Sequence[int], days: FloatArray) -> FloatArray:
    """S at the day (n,) of each row; NaN where the day is NaN."""
    ends = np.array(grid, np.float64)
    known = np.where(np.isnan(days), 0.0, days)
    right = np.clip(np.searchsorted(ends, known, side="left"), 1, len(ends) - 1)
    row = np.arange(len(survival))
    done = (known - ends[right - 1]) / (ends[right] - ends[right - 1])
    logs = np.log(survival[row, right - 1]), np.log(survival[row, right])
    found: FloatArray = np.exp(logs[0] + (logs[1] - logs[0]) * done)
    return np.where(np.isnan(days), np.nan, found)
