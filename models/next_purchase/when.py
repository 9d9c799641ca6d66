"""Dates and probabilities of the next purchase from a survival curve of any model."""

from abc import ABC, abstractmethod

import pandas as pd

from core.arrays import FloatArray
from core.digits import TOLD, to_digits
from features.params import Churn
from models.leaving import LAPSE
from models.probability.curves import days_until, interval, probability_by, tilt
from models.words import PURCHASE_PROBABILITY, REPORTED_DAYS

# Beyond the horizon a curve goes on to so many horizons: where a year is usual between purchases,
# half of the next ones come later than a year from now.
FAR = 2
INSIDE = 0.8  # of the probability, in the interval of the next purchase


class WhenModel(ABC):
    """Survival curves S(t) = P(no purchase on days 0 ... t-1) on the days of `grid`.

    For a lapse they are tilted to the churn risk, which is S(horizon). For a cancellation they are
    not: customers of either outcome may or may not buy, so the risk says nothing about S(horizon).
    """

    churn: Churn

    @property
    @abstractmethod
    def grid(self) -> tuple[int, ...]:
        """Days of the curve, from 0; the horizon is one of them."""

    @property
    @abstractmethod
    def horizon_days(self) -> int:
        """The horizon of churn."""

    @abstractmethod
    def survival(self, snapshot: pd.DataFrame) -> FloatArray:
        """P(no purchase before each grid day), (n, len(grid)), from 1 at day 0 and falling."""

    @property
    def reach_days(self) -> int:
        """The last day of the curve; what lies beyond it is "not within N days"."""
        return self.grid[-1]

    def curve(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> FloatArray:
        """The survival curves as reported: for a lapse tilted to `churn_risk` (n,)."""
        survival = self.survival(snapshot)
        if self.churn == LAPSE:
            survival = tilt(survival, self.grid, churn_risk, self.horizon_days)
        return to_digits(survival, TOLD)

    def predict(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
        """When each customer buys next, given a `churn_risk` (n,), on the snapshot's index.

        `purchase_probability_7d` … `_90d`; `next_purchase_days_median`: days from the as-of date
        within which half of such customers have bought; `_low` and `_high`: first and last whole
        day of the interval that holds INSIDE of the probability. NaN is "beyond `reach_days`":
        unknown for a probability, "not within N days" for a number of days.
        """
        curve = self.curve(snapshot, churn_risk)
        columns = {
            f"{PURCHASE_PROBABILITY}{days}d": to_digits(
                probability_by(curve, self.grid, days), TOLD
            )
            for days in REPORTED_DAYS
        }
        low, high = interval(curve, self.grid, INSIDE)
        days = {"low": low, "median": days_until(curve, self.grid, 0.5), "high": high}
        columns |= {f"next_purchase_days_{name}": found for name, found in days.items()}
        return pd.DataFrame(columns, index=snapshot.index)


def furthest_day(horizon_days: int) -> int:
    """The day at which curves end at the latest."""
    return max(*REPORTED_DAYS, FAR * horizon_days)


def marked_days(horizon_days: int) -> set[int]:
    """Days that every curve has if it reaches them: from 0, the reported ones and the horizon."""
    return {0, *REPORTED_DAYS, horizon_days, furthest_day(horizon_days)}
