"""What leavers bring, as a share of what they would have brought had they stayed.

A customer who lapses is silent through the horizon. What they bring over the value horizon V, which
is longer, depends on whether they come back:

    share  = level × chance ^ power, at most 1
    chance = P(a purchase within V | none within the horizon)

The chance is BG/NBD's at the churn risk (`BtydOrders.p_back`): it falls with the risk and, as the
risk of the rhythm does, with the silence relative to the customer's own rhythm. The two numbers are
learned from leavers whose value is known, together with PRIOR_ROWS rows that behave as
`usual_share` says (docs/decisions/0059).

A cancellation is no silence: its leavers have one share, which is the level.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from core.arrays import FloatArray
from core.digits import CONVEX, TOLD, to_digits
from features.params import Churn
from models.leaving import LAPSE
from models.value.amounts import PRIOR_ROWS

LEAST_CHANCE = 1e-4  # of coming back: of less there is nothing to learn
MOST_POWER = 3.0


class Horizons(NamedTuple):
    """The churn horizon, the days over which value is learned and reported; what churn means."""

    outcome_days: int
    value_days: int
    churn: Churn = LAPSE
    told_days: int | None = None  # None: the days over which value is learned

    @property
    def reported_days(self) -> int:
        """Days over which values are reported; more than learned where they are extrapolated."""
        return self.told_days or self.value_days

    @property
    def are_extrapolated(self) -> bool:
        """Whether values are reported over more days than they are learned."""
        return self.reported_days > self.value_days

    @property
    def start_from_rhythm(self) -> bool:
        """Whether orders are learned as a factor on BG/NBD's, so that they can be extrapolated."""
        return self.told_days is not None


@dataclass(frozen=True)
class LeaverShare:
    """The share of one amount that leavers bring."""

    level: float
    power: float = 0.0

    def of(self, chance: FloatArray) -> FloatArray:
        """The share (n,) at each `chance` (n,) of coming back."""
        share: FloatArray = np.minimum(self.level * _bounded(chance) ** self.power, 1.0)
        return to_digits(share, TOLD)

    def to_dict(self) -> dict[str, float]:
        """The numbers by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, float]) -> "LeaverShare":
        """The reverse of `to_dict`."""
        return cls(**values)


def usual_share(horizons: Horizons, days: int) -> LeaverShare:
    """The leavers' share over `days` that is assumed before any leaver has been seen.

    For a lapse: who comes back does so half-way through the days after the horizon, on average, and
    then buys as those who stay. For a cancellation: the full rate up to an end that lies, on
    average, half-way through the horizon, and nothing later.
    """
    if horizons.churn == LAPSE:
        return LeaverShare(0.5 * (1.0 - horizons.outcome_days / days), 1.0)
    return LeaverShare(0.5 * horizons.outcome_days / days)


def fit_share(
    usual: LeaverShare, chance: FloatArray, stays: FloatArray, brought: FloatArray
) -> LeaverShare:
    """The share of leavers with the given chances of coming back (n,).

    `stays` is what they would have brought had they stayed, `brought` what they did, net. Maximum
    of the Poisson quasi-likelihood, whose two equations say: the total told is the total brought,
    and it lies at the same chances (mean of their logs, weighted by the amounts).
    """
    if not len(chance):
        return usual
    logs = np.log(_bounded(chance))
    prior = PRIOR_ROWS * float(stays.mean()) / len(stays)
    full = stays + prior
    seen = brought + prior * usual.of(chance)
    weight = np.maximum(brought, 0.0) + prior * usual.of(chance)
    power = 0.0
    if usual.power and weight.sum() > 0:
        where = float(weight @ logs / weight.sum())

        def off(power: float) -> float:
            told = full * np.exp(power * logs)
            return float(told @ logs / told.sum()) - where

        power = _root(off)
    level = float(seen.sum() / (full * np.exp(power * logs)).sum())
    return LeaverShare(to_digits(max(level, 0.0), CONVEX), to_digits(power, CONVEX))


def told_share(share: FloatArray, horizons: Horizons) -> FloatArray:
    """Share (n,) of the value over the days reported of who lapses, from that over those learned.

    A customer who lapses brings nothing within the horizon and, after it, as much a day as in the
    days learned.
    """
    outcome, learned, reported = horizons.outcome_days, horizons.value_days, horizons.reported_days
    after = (reported - outcome) / (learned - outcome)
    told: FloatArray = np.minimum(share * after * learned / reported, 1.0)
    return told


def _bounded(chance: FloatArray) -> FloatArray:
    bounded: FloatArray = np.clip(chance, LEAST_CHANCE, 1.0)
    return bounded


def _root(off: Callable[[float], float]) -> float:
    """Where a rising function is 0, from 0 to MOST_POWER; the nearer end where it is nowhere 0."""
    if off(0.0) >= 0:
        return 0.0
    if off(MOST_POWER) <= 0:
        return MOST_POWER
    return float(brentq(off, 0.0, MOST_POWER, xtol=1e-13))
