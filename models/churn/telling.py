"""Which feature of a group is told of a customer, and beside what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.arrays import FloatArray
from models.churn.comparisons import Compared, Comparisons, plain

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]
Ways = npt.NDArray[np.int8]

# How a value is told, the most telling way last: not at all, alone (where it has no plain meaning
# and the data says nothing against it), beside what is typical of all who stayed, beside what is
# typical of customers alike, or beside the customer's own past.
IN_WORDS, ALONE, BESIDE_ALL, BESIDE_ALIKE, OWN_PAST = range(5)
BY_WAY = 1000.0  # log odds, more than any contribution: the way decides before the contribution
SLIGHT = 0.05  # log odds; a feature that moved the risk the other way by less can still be told
NOTHING = -1  # instead of a feature: the reason is told in words
TYPICAL_OF = {BESIDE_ALIKE: "alike", BESIDE_ALL: "all"}


@dataclass(frozen=True)
class Telling:
    """What can be told of rows (n,): features (k,), their comparisons, and the ways to tell them.

    `along` (n, k) is how much each feature moved the risk, `up` and `down` (n, k) the way in which
    it can be told for a reason that raises or lowers it.
    """

    names: Sequence[str]
    compared: Sequence[Compared]
    along: FloatArray
    up: Ways
    down: Ways

    @classmethod
    def of(
        cls, names: Sequence[str], comparisons: Comparisons, rows: pd.DataFrame, moved: pd.DataFrame
    ) -> "Telling":
        """`moved` holds the contributions of the features that the model reads."""
        # Columns are asked for again and again: pandas takes longer to find one than it is read.
        columns = {str(name): column for name, column in rows.items()}
        classes = comparisons.classes(columns)
        compared = [comparisons.of(name, columns, classes) for name in names]
        along = moved.reindex(columns=list(names), fill_value=0.0).to_numpy(np.float64)
        up, down = (np.stack([_ways(one, sign) for one in compared], axis=1) for sign in (1, -1))
        return cls(names, compared, along, up, down)

    def choose(self, candidates: Flags, contributions: FloatArray) -> tuple[Indices, Ways]:
        """The feature that is told of each of a row's reasons (n, reasons), and the way.

        Of the `candidates` (n, reasons, k) it is the one with the most telling way; of several, the
        one that moved the risk most in the direction of the `contributions` (n, reasons). None is
        told that clearly moved it the other way.
        """
        told = np.full(contributions.shape, NOTHING, np.intp)
        way = np.full(contributions.shape, IN_WORDS, np.int8)
        for reason in range(contributions.shape[1]):
            raises = contributions[:, reason, None] > 0
            ways = np.where(raises, self.up, self.down)
            along = np.where(raises, self.along, -self.along)
            usable = candidates[:, reason] & (ways > IN_WORDS) & (along > -SLIGHT)
            best = np.where(usable, ways * BY_WAY + along, -np.inf).argmax(axis=1)
            rows = np.flatnonzero(usable[np.arange(len(best)), best])
            told[rows, reason] = best[rows]
            way[rows, reason] = ways[rows, best[rows]]
        return told, way

    def zeros(self, told: Indices) -> Flags:
        """Whether the value of each told feature is 0 (n, reasons)."""
        zero = np.zeros(told.shape, bool)
        for feature in np.unique(told[told != NOTHING]):
            at = np.nonzero(told == feature)
            zero[at] = self.compared[feature].values[at[0]] == 0
        return zero

    def said(self, row: int, feature: int, way: int, sign: int) -> dict[str, Any]:
        """The value of a row, and what it is told beside: only what argues for the sign.

        An unknown value is told beside the typical one. Without a way nothing is told of a known
        one: the reason is told in words.
        """
        one = self.compared[feature]
        value = plain(one.values[row])
        typical, typical_of = None, None
        if value is None or way >= BESIDE_ALL:
            for of, beside in ((BESIDE_ALIKE, one.alike), (BESIDE_ALL, one.everybody)):
                if beside and typical is None and (value is None or beside.argues(sign)[row]):
                    typical = plain(beside.values[row])
                    typical_of = None if typical is None else TYPICAL_OF[of]
        return {
            "value": None if way == IN_WORDS else value,
            "typical_value": typical,
            "typical_of": typical_of,
            "own_usual": plain(one.own.values[row]) if way == OWN_PAST and one.own else None,
        }


def _ways(one: Compared, sign: int) -> Ways:
    """How a feature's values (n,) can be told for a reason of the sign."""
    ways = np.full(len(one.values), IN_WORDS, np.int8)
    if not one.is_plain:
        against = 0 if one.evidence is None else one.evidence * sign
        ways[pd.notna(one.values) & (against >= 0)] = ALONE
    told = ((BESIDE_ALL, one.everybody), (BESIDE_ALIKE, one.alike), (OWN_PAST, one.own))
    for way, beside in told:
        if beside is not None:
            ways[beside.argues(sign)] = way
    return ways
