"""Dates and probabilities of the next purchase from a survival curve of any model."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.digits import TOLD, to_digits
from features.params import Churn
from models.leaving import LAPSE
from models.probability.curves import days_until, probability_by, tilt, whole_days
from models.words import PURCHASE_PROBABILITY, REPORTED_DAYS

GRID_DAYS = (0, 1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 30, 45, 60, 75, 90, 120, 180, 270, 365, 540)
OUTSIDE = 0.1  # of the purchases, on either side of the interval
INSIDE = 1 - 2 * OUTSIDE


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
        day of the interval. NaN is "beyond `reach_days`": unknown for a probability, "not
        within N days" for a number of days.
        """
        curve = self.curve(snapshot, churn_risk)
        columns = {
            f"{PURCHASE_PROBABILITY}{days}d": to_digits(
                probability_by(curve, self.grid, days), TOLD
            )
            for days in REPORTED_DAYS
        }
        low, high = whole_days(curve, self.grid, OUTSIDE, OUTSIDE)
        days = {"low": low, "median": days_until(curve, self.grid, 0.5), "high": high}
        columns |= {f"next_purchase_days_{name}": found for name, found in days.items()}
        return pd.DataFrame(columns, index=snapshot.index)


def days_of_grid(horizon_days: int) -> list[int]:
    """The fixed days and the horizon, up to the longest reported day or the horizon."""
    furthest = max(*REPORTED_DAYS, horizon_days)
    return [d for d in sorted({*GRID_DAYS, *REPORTED_DAYS, horizon_days}) if d <= furthest]


def on_grid(curve: FloatArray, own: Sequence[int], wanted: Sequence[int]) -> FloatArray:
    """The columns of curves (n, len(own)) for the days `wanted`, which must be among `own`."""
    places = [list(own).index(day) for day in wanted]
    picked: FloatArray = np.ascontiguousarray(curve[:, places])
    return picked
