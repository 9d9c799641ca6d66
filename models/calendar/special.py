"""Days that are known beforehand: public holidays, and closures and promotions of the company."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.arrays import FloatArray, IntArray

CLOSURE = "closure"  # nothing is sold
LEAST = 0.02  # the least level of a day, over the usual


@dataclass(frozen=True)
class SpecialDays:
    """Days since 1970-01-01 by kind, ascending, and the level expected of each kind.

    What is expected (1: as usual, 0: nothing, 2: twice as much) is where learning begins; without
    it, as usual, and for a closure nothing.
    """

    days: Mapping[str, IntArray] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds, in the order of columns."""
        return tuple(sorted(self.days))

    @property
    def prior_effects(self) -> FloatArray:
        """What is expected beforehand of each kind, less what is usual (k,)."""
        return np.array([self.expected.get(kind, 1.0) - 1.0 for kind in self.kinds])

    def shares(self, starts: IntArray, length: int) -> FloatArray:
        """The share of the days [start, start + length) that are special, (n, k)."""
        counted = [
            np.searchsorted(self.days[kind], starts + length)
            - np.searchsorted(self.days[kind], starts)
            for kind in self.kinds
        ]
        return np.stack(counted, axis=1) / length if counted else np.zeros((len(starts), 0))

    def factors(self, days: IntArray, effects: FloatArray) -> FloatArray:
        """By how much each day (n,) differs from usual, given the effect of each kind (k,)."""
        is_special = self.shares(days, 1)
        return np.maximum(1.0 + is_special @ effects, LEAST)

    @classmethod
    def of(cls, rows: pd.DataFrame | None, known_on: int) -> "SpecialDays":
        """Those planned before a day, from the rows of sources/known_days.py; None is none."""
        if rows is None:
            return cls()
        known = rows[rows["known_day"] < known_on]
        told = known.groupby("kind")["expected"].mean().dropna()
        expected = {CLOSURE: 0.0} | {str(kind): float(value) for kind, value in told.items()}
        days = {
            str(kind): np.unique(own["day"].to_numpy(np.int64))
            for kind, own in known.groupby("kind")
        }
        return cls(days, {kind: value for kind, value in expected.items() if kind in days})
