"""Twins: features that say the same of a customer, whose reasons are one reason.

Two features are near-twins where one orders customers as the other does (rank correlation), such as
what was spent and how many categories were bought in 30 days. And two are zero together where no
customer has nothing of the one and something of the other: a 0 of both says one thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.arrays import FloatArray
from models.trees.inputs import is_text

ALIKE = 0.9  # rank correlation of near-twins
TOGETHER = 0.99  # share of the rows with a 0 of one that have a 0 of the other
MOST_ROWS = 20_000  # taken at even steps
MIN_ROWS = 50

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Twins:
    """Pairs of features that are near-twins, and pairs that are zero together."""

    near: list[list[str]] = field(default_factory=list)
    zero: list[list[str]] = field(default_factory=list)

    def matrices(self, features: Sequence[str]) -> tuple[Flags, Flags]:
        """Both kinds of pairs as matrices (k, k); a feature is its own near-twin."""
        place = {name: i for i, name in enumerate(features)}
        near, zero = np.eye(len(place), dtype=bool), np.zeros((len(place), len(place)), bool)
        for matrix, pairs in ((near, self.near), (zero, self.zero)):
            for first, second in pairs:
                if first in place and second in place:
                    matrix[place[first], place[second]] = matrix[place[second], place[first]] = True
        return near, zero


def learn_twins(rows: pd.DataFrame, features: Sequence[str]) -> Twins:
    """The pairs among the features that are numbers, from rows (n,) of any outcome."""
    some = rows.iloc[:: max(1, -(-len(rows) // MOST_ROWS))]
    names = [name for name in features if not is_text(some[name])]
    if len(some) < MIN_ROWS or len(names) < 2:
        return Twins()
    values = some[names].astype("float64")
    alike = values.rank().corr(min_periods=MIN_ROWS).to_numpy(np.float64)
    is_zero = (values == 0).to_numpy(np.float64)
    zeros = is_zero.sum(axis=0)
    both = is_zero.T @ is_zero
    # Of a feature that is always 0, a 0 says nothing.
    varies = (zeros >= MIN_ROWS) & ((values != 0).to_numpy().sum(axis=0) >= MIN_ROWS)
    enough = varies[:, None] & varies[None, :]
    together = enough & (both >= TOGETHER * np.maximum(zeros[:, None], zeros[None, :]))
    return Twins(_pairs(names, alike >= ALIKE), _pairs(names, together))


def _pairs(names: Sequence[str], matrix: Flags) -> list[list[str]]:
    return [[names[i], names[j]] for i, j in np.argwhere(np.triu(matrix, 1))]


def merge(
    told: Indices, zero: Flags, contributions: FloatArray, twins: tuple[Flags, Flags]
) -> tuple[FloatArray, Indices]:
    """Merge each reason with the first stronger one that says the same.

    Returns the sums (n, k), and the slot (n, k) that each reason now belongs to.

    `told` (n, k) is the feature of each reason, strongest first (-1: none), `zero` (n, k) whether
    its value is 0; `twins` are those of `Twins.matrices`.
    """
    near, zero_together = twins
    sums = contributions.copy()
    into = np.tile(np.arange(told.shape[1]), (len(told), 1))
    for j in range(1, told.shape[1]):
        for i in range(j):
            is_told = (told[:, i] >= 0) & (told[:, j] >= 0)
            is_free = (into[:, i] == i) & (into[:, j] == j)
            one, other = np.maximum(told[:, i], 0), np.maximum(told[:, j], 0)
            same = near[one, other] | (zero[:, i] & zero[:, j] & zero_together[one, other])
            rows = np.flatnonzero(is_told & is_free & same)
            sums[rows, i] += sums[rows, j]
            sums[rows, j] = 0.0
            into[rows, j] = i
    return sums, into
