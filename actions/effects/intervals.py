"""Intervals of estimates whose distribution is not normal yet: skewed money, and rare events.

Money is skewed: a few customers hold much of its variance, and the usual interval misses their
side. `Skewed` corrects for the third moment by Hall's transformation of the studentised estimate
(Hall 1992, On the removal of skewness by transformation, JRSS B 54; for two samples Zhou and Dinh
2005, Biostatistics 6), with quantiles of Student's t for few rows. Differences of rates use
Newcombe's score interval (1998, Statistics in Medicine 17, method 10), which holds where an arm has
no events at all.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtri, stdtrit

from actions.effects.trial import cluster_sums
from core.arrays import FloatArray, IntArray

SURE = 1e-12  # smallest p-value that is told apart from 0
LIMIT = 1e-4  # how closely a p-value is searched, relative


@dataclass(frozen=True)
class Estimate:
    """An effect in outcome units, its standard error, interval, and two-sided p-value of no effect.

    The interval leaves 0 out exactly where `p` is below 1 less its confidence.
    """

    effect: float
    se: float
    low: float
    high: float
    p: float


class Interval(Protocol):
    """How an estimate's interval depends on its level."""

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Low and high of the interval that misses with probability `alpha`, half on each side."""
        ...


@dataclass(frozen=True)
class Skewed:
    """An estimate whose sampling distribution has a skewness, and `df` degrees of freedom."""

    effect: float
    se: float
    skewness: float
    df: float

    @classmethod
    def of(cls, effect: float, second: float, third: float, df: float = np.inf) -> "Skewed":
        """From the sums of what independent customers add to the error, squared and cubed."""
        if not second > 0:
            return cls(effect, 0.0, 0.0, df)
        return cls(effect, second**0.5, third / second**1.5, df)

    def bounds(self, alpha: float) -> tuple[float, float]:
        """As in `Interval`."""
        if self.se == 0 or not np.isfinite(self.se):
            return self.effect - self.se, self.effect + self.se
        reach = float(stdtrit(self.df, 1 - alpha / 2)) if np.isfinite(self.df) else _normal(alpha)
        return (
            self.effect - self.se * self._studentised(reach),
            self.effect - self.se * self._studentised(-reach),
        )

    def _studentised(self, x: float) -> float:
        """The quantile of the studentised estimate at the normal (or t) quantile x."""
        g = self.skewness
        if abs(g) < 1e-6:
            return x
        return float(3 / g * (np.cbrt(1 + g * (x - g / 6)) - 1))


@dataclass(frozen=True)
class Rates:
    """Events among customers, treated less control."""

    events: tuple[float, float]
    customers: tuple[float, float]

    @property
    def effect(self) -> float:
        """Difference of the rates."""
        return self.events[0] / self.customers[0] - self.events[1] / self.customers[1]

    def bounds(self, alpha: float) -> tuple[float, float]:
        """As in `Interval`."""
        (rate1, low1, high1), (rate0, low0, high0) = (
            _wilson(events, n, _normal(alpha))
            for events, n in zip(self.events, self.customers, strict=True)
        )
        below = np.hypot(rate1 - low1, high0 - rate0)
        above = np.hypot(high1 - rate1, rate0 - low0)
        return self.effect - float(below), self.effect + float(above)


def estimate(interval: Interval, effect: float, se: float, confidence: float = 0.95) -> Estimate:
    """The estimate with its interval and the p-value that goes with it."""
    low, high = interval.bounds(1 - confidence)
    return Estimate(effect, se, low, high, p_value(interval))


def of_scores(
    scores: FloatArray,
    cluster: IntArray | None = None,
    confidence: float = 0.95,
    centre: FloatArray | float | None = None,
) -> Estimate:
    """The mean of scores (n,), whose errors are what they are away from `centre`, or their mean."""
    n, mean = len(scores), float(scores.mean())
    sums = cluster_sums((scores - (mean if centre is None else centre)) / n, cluster)
    units = len(sums)
    second = float(np.sum(sums**2)) * units / max(units - 1, 1)
    interval = Skewed.of(mean, second, float(np.sum(sums**3)), units - 1)
    return estimate(interval, mean, interval.se, confidence)


def p_value(interval: Interval) -> float:
    """The smallest alpha whose interval leaves 0 out, 1 where none does."""

    def leaves_out(alpha: float) -> bool:
        low, high = interval.bounds(alpha)
        return low > 0 or high < 0

    if leaves_out(SURE):
        return SURE
    if not leaves_out(1 - SURE):
        return 1.0
    inside, outside = np.log(SURE), 0.0
    while outside - inside > LIMIT:
        middle = (inside + outside) / 2
        inside, outside = (
            (inside, middle) if leaves_out(float(np.exp(middle))) else (middle, outside)
        )
    return float(np.exp(outside))


def _wilson(events: float, n: float, z: float) -> tuple[float, float, float]:
    rate = events / n
    middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    return rate, float(max(middle - half, 0.0)), float(min(middle + half, 1.0))


def _normal(alpha: float) -> float:
    return float(ndtri(1 - alpha / 2))
