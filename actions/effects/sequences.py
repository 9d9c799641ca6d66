"""Looking at a running trial: intervals for any number of looks, and verdicts at planned ones.

`confidence_sequence` may be looked at every day, and stopped at any of them: the intervals of all
looks together miss with the probability that one plain interval misses with. It is the asymptotic
confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024, Time-uniform central
limit theory and asymptotic confidence sequences, Annals of Statistics 52), theorem 2.2.

`boundaries` are for a few looks that were planned: an error is spent at each so that all together
spend no more than alpha (Lan and DeMets 1983, Biometrika 70), most of it at the end (the spending
function like that of O'Brien and Fleming), and the last interval is nearly the plain one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from actions.effects.intervals import Estimate
from core.arrays import FloatArray
from core.errors import TrialError

FEWEST = 100  # customers from which on the sequence holds, which is asymptotic
STEP = 0.02  # of the grid on which the statistic between looks is integrated, in standard errors
REACH = 9.0  # beyond so many standard errors nothing is integrated
Verdict = Literal["better", "worse", "go_on", "not_shown"]


def confidence_sequence(
    found: Estimate, n: int, tuned_for: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Low and high of an estimate from `n` customers, valid at all looks together.

    Intervals are the narrowest around `tuned_for` customers, which has to be said beforehand, and
    wider before and after. With fewer than 100 customers they are without end.
    """
    if n < FEWEST:
        return -np.inf, np.inf
    alpha = 1 - confidence
    rho2 = (-2 * np.log(alpha) + np.log(1 - 2 * np.log(alpha))) / max(tuned_for, FEWEST)
    spread = found.se * np.sqrt(n)
    at = n * rho2 + 1
    reach = spread * np.sqrt(2 * at / (n**2 * rho2) * np.log(np.sqrt(at) / alpha))
    return found.effect - float(reach), found.effect + float(reach)


def spent(share: float, alpha: float) -> float:
    """Two-sided error spent when this share of the information is in, as O'Brien and Fleming do."""
    return float(4 * ndtr(-ndtri(1 - alpha / 4) / np.sqrt(share)))


def boundaries(shares: Sequence[float], alpha: float = 0.05) -> list[float]:
    """The |effect / standard error| above which each look may stop, two-sided.

    `shares` are those of the planned information (customers) at each look, rising, the last at most
    1. Found by integrating over what was seen at the look before (Armitage, McPherson and Rowe
    1969, JRSS A 132). Raises TrialError for other shares.
    """
    rising = all(later > earlier for earlier, later in pairwise(shares))
    if not shares or shares[0] <= 0 or shares[-1] > 1 or not rising:
        raise TrialError(
            f"Looks are told by rising shares of the planned customers, up to 1, not {shares}."
        )
    found: list[float] = []
    state: tuple[FloatArray, FloatArray] | None = None  # Brownian motion at the look before
    for place, share in enumerate(shares):
        earlier = spent(shares[place - 1], alpha) if place else 0.0
        budget = max(spent(share, alpha) - earlier, 0.0)
        step = share - (shares[place - 1] if place else 0.0)
        found.append(_boundary(state, share, step, budget))
        state = _within(state, found[-1] * np.sqrt(share), step)
    return found


def _boundary(
    state: tuple[FloatArray, FloatArray] | None, share: float, step: float, budget: float
) -> float:
    """The bound that is crossed for the first time at this look with probability `budget`."""

    def over(bound: float) -> float:
        crossing = bound * np.sqrt(share)
        if state is None:
            return float(2 * ndtr(-bound)) - budget
        places, mass = state
        up = ndtr((places - crossing) / np.sqrt(step)) + ndtr((-places - crossing) / np.sqrt(step))
        return float(mass @ up) - budget

    return REACH if over(REACH) >= 0 else float(brentq(over, 0.0, REACH))


def _within(
    state: tuple[FloatArray, FloatArray] | None, crossing: float, step: float
) -> tuple[FloatArray, FloatArray]:
    """Places of the motion that did not cross, and their probabilities."""
    count = 2 * int(np.ceil(crossing / (STEP * np.sqrt(step)))) + 1
    places, width = np.linspace(-crossing, crossing, count, retstep=True)
    if state is None:
        density = np.exp(-(places**2) / (2 * step)) / np.sqrt(2 * np.pi * step)
    else:
        before, mass = state
        gaps = (places[:, None] - before[None, :]) / np.sqrt(step)
        density = np.exp(-(gaps**2) / 2) @ mass / np.sqrt(2 * np.pi * step)
    weights = np.full(count, float(width))
    weights[[0, -1]] /= 2
    return places, density * weights


@dataclass(frozen=True)
class Look:
    """One planned look: the share of customers, the estimate, its bound and interval, the verdict.

    `low` and `high` are the repeated interval of the look, which holds at all looks together.
    """

    share: float
    found: Estimate
    bound: float
    low: float
    high: float
    verdict: Verdict


def verdicts(
    shares: Sequence[float], estimates: Sequence[Estimate], alpha: float = 0.05
) -> list[Look]:
    """What each planned look says: better or worse than the control, go on, or at last not shown.

    Whatever was said once is not taken back by a later look. Raises TrialError where there are
    more estimates than shares.
    """
    if len(estimates) > len(shares):
        raise TrialError(f"{len(estimates)} looks were taken of {len(shares)} that were planned.")
    looks: list[Look] = []
    said: Verdict = "go_on"
    bounds = boundaries(shares, alpha)
    for share, bound, found in zip(shares, bounds, estimates, strict=False):
        reach = bound * found.se
        low, high = found.effect - reach, found.effect + reach
        if said == "go_on":
            said = "better" if low > 0 else "worse" if high < 0 else said
        is_last = len(looks) == len(shares) - 1
        verdict: Verdict = "not_shown" if said == "go_on" and is_last else said
        looks.append(Look(share, found, bound, low, high, verdict))
    return looks
