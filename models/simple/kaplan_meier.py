"""Kaplan-Meier curves of the days to the next purchase, one for each segment.

Kaplan & Meier (1958), "Nonparametric Estimation from Incomplete Observations", Journal of the
American Statistical Association 53, on the days of a grid: each day's hazard comes from the rows
that were still waiting before it and were followed to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from models.customers.segments import rfm_segment

EVERYBODY = "everybody"  # stands in for a segment without training rows
FEWEST_ROWS = 30  # a segment with fewer rows uses the curve of everybody


@dataclass(frozen=True)
class SegmentCurves:
    """P(no purchase before day t) for t = 0 … the last day, by segment."""

    curves: Mapping[str, Sequence[float]]

    @property
    def reach_days(self) -> int:
        """The last day of the curves."""
        return len(self.curves[EVERYBODY]) - 1

    def p_no_purchase(self, days: int, names: "pd.Series[str]") -> FloatArray:
        """P(no purchase before day `days`) (n,); NaN beyond `reach_days`.

        `names` are the rows' segments (n,), by `segments_of`.
        """
        if days > self.reach_days:
            return np.full(len(names), np.nan)
        shared = self.curves[EVERYBODY]
        by_segment = {name: curve[days] for name, curve in self.curves.items()}
        found = names.map(by_segment).fillna(shared[days])
        return np.asarray(found, np.float64)

    def to_dict(self) -> dict[str, Any]:
        """The curves as plain data, for JSON."""
        return {"curves": {name: list(curve) for name, curve in self.curves.items()}}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "SegmentCurves":
        """The reverse of `to_dict`."""
        return cls({name: tuple(curve) for name, curve in content["curves"].items()})


def fit_segment_curves(rows: pd.DataFrame, reach_days: int) -> SegmentCurves:
    """Curves of every segment up to `reach_days`, or as far as somebody was followed.

    `rows` need `days_to_next_purchase` (NaN = none seen) and `followup_days`.
    """
    followup = rows["followup_days"].to_numpy(np.float64)
    last = int(min(reach_days, followup.max(initial=0.0)))
    names = segments_of(rows)
    parts = {EVERYBODY: np.ones(len(rows), bool)}
    parts |= {str(name): (names == name).to_numpy() for name in sorted(names.unique())}
    return SegmentCurves(
        {
            name: _curve(rows[inside], last)
            for name, inside in parts.items()
            if name == EVERYBODY or inside.sum() >= FEWEST_ROWS
        }
    )


def segments_of(snapshot: pd.DataFrame) -> "pd.Series[str]":
    """The segment of every row, named within its own as-of date."""
    by_date = [rfm_segment(rows) for _, rows in snapshot.groupby("as_of_date", sort=False)]
    names: pd.Series[str] = pd.concat(by_date).reindex(snapshot.index)
    return names


def _curve(rows: pd.DataFrame, last: int) -> tuple[float, ...]:
    followup = rows["followup_days"].to_numpy(np.float64)
    bought = rows["days_to_next_purchase"].to_numpy(np.float64)
    bought = np.where(np.isnan(bought), np.inf, bought)
    survival = [1.0]
    for day in range(last):
        waiting = (bought >= day) & (followup >= day + 1)
        hazard = (bought[waiting] < day + 1).mean() if waiting.any() else 0.0
        survival.append(float(survival[-1] * (1.0 - hazard)))
    return tuple(survival)
