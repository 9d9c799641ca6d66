"""Where to cut a ranking: what contacting everybody from a risk on earns, with its interval.

What a cut earns is linear in two counts, of the leavers and of the stayers above it. So the counts
between neighbouring cuts tell it for any costs, and drawing them anew tells how sure it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from core.arrays import FloatArray

CURVE_POINTS = 101
PER = 1000  # customers, to whom money is told
DRAWS = 500
SEED = 0


@dataclass(frozen=True)
class Terms:
    """What contacting costs and keeps, in the currency of the data.

    `incentive_cost` is paid for each customer who gets the offer and stays, `contact_cost` for each
    contact; `kept_share` of the leavers who are contacted stay; `customer_value` is the money lost
    with a leaver.
    """

    contact_cost: float
    incentive_cost: float
    kept_share: float
    customer_value: float

    @property
    def of_leaver(self) -> float:
        """What contacting somebody earns who would leave."""
        return self.kept_share * (self.customer_value - self.incentive_cost) - self.contact_cost

    @property
    def of_stayer(self) -> float:
        """What contacting somebody earns who would have stayed: never above zero."""
        return -self.incentive_cost - self.contact_cost


@dataclass(frozen=True)
class Best:
    """The cut that earns most, with the 95 % interval of where it lies."""

    place: int
    share_low: float
    share_high: float


@dataclass(frozen=True)
class Cuts:
    """The rows of a ranking between neighbouring cuts.

    `churn_risk` (n + 1,) is the risk from which on customers are contacted, 1 where nobody is;
    `left` and `stayed` (n,) count the rows from each cut to the next. `customers` are the different
    customers among them.
    """

    churn_risk: FloatArray
    left: FloatArray
    stayed: FloatArray
    customers: int

    @classmethod
    def of(cls, y: FloatArray, p: FloatArray, customers: int) -> Self:
        """Cuts after each 1 % of the rows ranked by p (n,); outcomes y (n,) in {0, 1}.

        Places as those of `profit.profit_curve`, whose curve `earned` gives.
        """
        order = np.argsort(-p, kind="stable")
        places = np.round(np.linspace(0.0, 1.0, CURVE_POINTS) * len(y)).astype(np.intp)
        left = np.diff(np.r_[0.0, np.cumsum(y[order])][places])
        risk = np.r_[1.0, p[order]][places]
        return cls(risk, left, np.diff(places) - left, customers)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The reverse of `to_json`."""
        risk, left, stayed = (
            np.asarray(content[name], np.float64) for name in ("churn_risk", "left", "stayed")
        )
        return cls(risk, left, stayed, content["customers"])

    def to_json(self) -> dict[str, Any]:
        """As plain data: the counts are whole numbers."""
        return {
            "churn_risk": self.churn_risk.tolist(),
            "left": self.left.astype(np.int64).tolist(),
            "stayed": self.stayed.astype(np.int64).tolist(),
            "customers": self.customers,
        }

    @property
    def shares(self) -> FloatArray:
        """The share of the rows that each cut reaches (n + 1,), from 0 to 1."""
        return _running(self.left + self.stayed) / self._rows

    def earned(self, terms: Terms) -> FloatArray:
        """Money of each cut (n + 1,), for each 1,000 customers of the whole group."""
        each = terms.of_leaver * self.left + terms.of_stayer * self.stayed
        return PER * _running(each) / self._rows

    def interval(self, terms: Terms) -> tuple[FloatArray, FloatArray]:
        """The 95 % interval of what each cut earns: low and high, (n + 1,) each."""
        return _quantiles(self._drawn(terms))

    def best(self, terms: Terms) -> Best:
        """Where most is earned; of equal ones the cut that reaches fewest."""
        low, high = _quantiles(self.shares[self._drawn(terms).argmax(axis=1)])
        return Best(int(self.earned(terms).argmax()), float(low), float(high))

    def _drawn(self, terms: Terms) -> FloatArray:
        """What each cut earns with customers drawn anew (draws, n + 1)."""
        left, stayed = self._draws
        each = terms.of_leaver * left + terms.of_stayer * stayed
        return np.asarray(PER * _running(each) / self.customers, np.float64)

    @cached_property
    def _draws(self) -> tuple[FloatArray, FloatArray]:
        """Leavers and stayers between the cuts, of as many customers drawn anew.

        Customers are drawn and not rows: those of one customer on several dates, which are alike,
        count as one. That widens the interval rather than narrowing it.
        """
        counts = np.r_[self.left, self.stayed]
        drawn = np.random.default_rng(SEED).multinomial(
            self.customers, counts / counts.sum(), size=DRAWS
        )
        left, stayed = np.split(drawn.astype(np.float64), 2, axis=1)
        return left, stayed

    @property
    def _rows(self) -> float:
        return float(self.left.sum() + self.stayed.sum())


def _running(counted: FloatArray) -> FloatArray:
    """Running sums along the last axis, from zero on."""
    sums = np.cumsum(counted, axis=-1)
    return np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)


def _quantiles(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The 95 % interval over draws, which are the first axis."""
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return low, high
