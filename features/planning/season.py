"""Shops with one season a year, between whose seasons every customer is silent."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.timeline import date_of

LEAST_DAYS = 400  # of history: in less a year is not seen twice
MOST_MONTHS = 4  # that hold a season
IN_SEASON = 0.9  # share of the purchases that fall into it


@dataclass(frozen=True)
class Season:
    """`months` months of the year from `first` on (January is 0) that hold the `share`."""

    first: int
    months: int
    share: float

    @property
    def name(self) -> str:
        """The months in words: `November to December`."""
        names = [calendar.month_name[month + 1] for month in self.numbers]
        return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The months, January as 0."""
        return tuple((self.first + month) % 12 for month in range(self.months))


def season_of(bought_on: Mapping[int, int], data_from: int, data_until: int) -> Season | None:
    """The season that holds nearly all purchases, by day since 1970-01-01; None without one."""
    if data_until - data_from < LEAST_DAYS:
        return None
    held = np.zeros(12)
    for day, purchases in bought_on.items():
        held[date_of(day).month - 1] += purchases
    return _shortest(held / max(held.sum(), 1.0))


def _shortest(shares: npt.NDArray[np.float64]) -> Season | None:
    around = np.concatenate([shares, shares])
    for months in range(1, MOST_MONTHS + 1):
        held = [float(around[first : first + months].sum()) for first in range(12)]
        best = int(np.argmax(held))
        if held[best] >= IN_SEASON:
            return Season(best, months, held[best])
    return None
