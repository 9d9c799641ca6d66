"""How well a score ranks customers by what treating them brings: Qini and AUTOC, with intervals.

Both weigh the targeting operator characteristic (TOC): the mean effect in the share u that is
ranked highest, less the mean effect of all (Yadlowsky, Fleming, Shah, Brunskill and Wager, 2025,
Evaluating treatment prioritization rules via rank-weighted average treatment effects, JASA).

    Qini    integral of u TOC(u): the area between the Qini curve and the straight line of treating
            at random, in outcome units for each customer (Radcliffe 2007)
    AUTOC   integral of TOC(u): mostly about those ranked highest, sharper where few gain

Both are 0 for a score that knows nothing. Equal scores are ranked in every order at once. A score
must not have been learned from the outcomes that judge it: cross-fit it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from actions.effects.trial import standard_error
from core.arrays import BoolArray, FloatArray, IntArray
from core.errors import TrialError

Weights = Callable[[IntArray, int], FloatArray]


@dataclass(frozen=True)
class Qini:
    """An area with its standard error and interval (95 % unless asked otherwise)."""

    value: float
    se: float
    low: float
    high: float


def effect_scores(
    treated: BoolArray,
    outcome: FloatArray,
    propensity: FloatArray,
    expected: FloatArray | None = None,
) -> FloatArray:
    """Scores (n,) whose mean over any customers estimates their mean effect: doubly robust (AIPW).

    `propensity` (n,) is P(treated). `expected` (n, 2) is the outcome expected without and with
    treatment, cross-fitted; without it, each arm's mean outcome, weighted by 1 / P(arm). In a
    randomised trial the scores are right whatever is expected (Robins, Rotnitzky and Zhao 1994).
    """
    if expected is None:
        control = np.average(outcome, weights=~treated / (1 - propensity))
        expected = np.array([[control, np.average(outcome, weights=treated / propensity)]])
    at_0, at_1 = expected[:, 0], expected[:, 1]
    left = outcome - np.where(treated, at_1, at_0)
    return np.asarray(at_1 - at_0 + left * np.where(treated, 1 / propensity, -1 / (1 - propensity)))


def area(
    score: FloatArray,
    effects: FloatArray,
    weights: Weights,
    cluster: IntArray | None = None,
    confidence: float = 0.95,
) -> Qini:
    """The area of a score over effect scores (n,), by any weights of the ranks."""
    return _interval(*influence(score, effects, weights), cluster, confidence)


def difference(
    scores: tuple[FloatArray, FloatArray],
    effects: FloatArray,
    weights: Weights,
    cluster: IntArray | None = None,
    confidence: float = 0.95,
) -> Qini:
    """The area of the first score less that of the second, paired: both rank the same customers."""
    (first, of_first), (second, of_second) = (influence(s, effects, weights) for s in scores)
    return _interval(first - second, of_first - of_second, cluster, confidence)


def qini_weights(places: IntArray, n: int) -> FloatArray:
    """Weight of places 1 (ranked highest) to n: the share ranked behind, less one half."""
    return np.asarray(0.5 - (places - 0.5) / n)


def autoc_weights(places: IntArray, n: int) -> FloatArray:
    """Weight of places 1 (ranked highest) to n: 1/place + … + 1/n, less one."""
    tail = np.cumsum(1 / np.arange(n, 0, -1))[::-1]
    return np.asarray(tail[places - 1] - 1)


def influence(score: FloatArray, effects: FloatArray, weights: Weights) -> tuple[float, FloatArray]:
    """The area, and how much each customer (n,) moves it: by their effect, and by others' ranks.

    The mean of the second is 0. The standard error comes from it without resampling, and equals
    that of a bootstrap of the customers (with the score held) as n grows.

    Raises TrialError where there are not as many scores as effects.
    """
    n = len(score)
    if len(effects) != n:
        raise TrialError(f"{n:,} scores rank {len(effects):,} customers: one for each is needed.")
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    sizes = np.diff(np.r_[starts, n])
    centred = effects[order] - effects.mean()
    weight = weights(np.arange(1, n + 1), n)
    tied = np.add.reduceat(weight, starts) / sizes  # customers of one score share their weights
    own = np.repeat(tied, sizes) * centred
    value = float(own.mean())
    # Whoever comes in ahead moves all behind one place down, a step of the weights; whoever comes
    # in among equals makes their group one place longer.
    steps = np.diff(weight, prepend=weight[0]) * n
    last = starts + sizes - 1
    shorter = (tied * sizes - weight[last]) / np.maximum(sizes - 1, 1)
    longer = np.where(sizes > 1, (tied - shorter) * n, 0.0)
    of_group = np.add.reduceat(centred, starts)
    falls = np.add.reduceat(steps, starts) / sizes * of_group
    behind = falls.sum() - np.cumsum(falls)
    among = np.repeat(longer, sizes) * (np.repeat(of_group, sizes) - centred)
    total = own + (np.repeat(behind, sizes) + among) / n
    moved = np.empty(n)
    moved[order] = total - total.mean()
    return value, moved


def _interval(value: float, moved: FloatArray, cluster: IntArray | None, confidence: float) -> Qini:
    se = standard_error(moved, cluster)
    reach = float(ndtri(0.5 + confidence / 2)) * se
    return Qini(value, se, value - reach, value + reach)
