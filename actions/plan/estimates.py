"""Estimated effects of actions on customers, as the plan uses them: a mean and two bounds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.special import ndtri

from core.arrays import FloatArray
from core.errors import ArtifactError

Level = Literal["low", "mid", "high"]
LEVELS: tuple[Level, ...] = get_args(Level)
SIDE: dict[Level, int] = {"low": -1, "mid": 0, "high": 1}


@dataclass(frozen=True)
class Estimates:
    """What actions bring customers, learned from contacts that were withheld at random.

    `effect` (customers, actions) is the mean reduction of the churn risk and `sd` its standard
    deviation, NaN where it is not estimated. `stake` (customers,) is the contribution in money that
    one whole customer kept is worth, NaN where nobody knows. Bounds are one-sided, at `confidence`.
    `certainty` (actions,) is how many standard errors the average effect is from nothing by the
    contacts alone, whatever is assumed; NaN where they are too few.
    """

    customers: tuple[str, ...]
    actions: tuple[str, ...]
    effect: FloatArray
    sd: FloatArray
    stake: FloatArray
    confidence: float
    certainty: FloatArray

    def risk_reduction(self, level: Level) -> FloatArray:
        """Reduction of the churn risk (customers, actions): a bound, or the mean at `mid`."""
        reach = SIDE[level] * float(ndtri(self.confidence))
        return self.effect + reach * self.sd

    def contribution(self, level: Level) -> FloatArray:
        """The same in money (customers, actions), costs not taken off."""
        return self.risk_reduction(level) * self.stake[:, None]

    def aligned(self, customers: Sequence[str], actions: Sequence[str]) -> "Estimates":
        """The estimates of these customers and actions, in their order; NaN for unknown ones."""
        row = pd.Index(list(self.customers)).get_indexer(pd.Index(list(customers)))
        column = pd.Index(list(self.actions)).get_indexer(pd.Index(list(actions)))
        effect, sd = (
            np.pad(values, ((0, 1), (0, 1)), constant_values=np.nan)[np.ix_(row, column)]
            for values in (self.effect, self.sd)  # -1, unknown, is the padding
        )
        return replace(
            self,
            customers=tuple(customers),
            actions=tuple(actions),
            effect=effect,
            sd=sd,
            stake=np.append(self.stake, np.nan)[row],
            certainty=np.append(self.certainty, np.nan)[column],
        )

    def at(self, rows: slice) -> "Estimates":
        """The estimates of some of the customers, by their places."""
        return replace(
            self,
            customers=self.customers[rows],
            effect=self.effect[rows],
            sd=self.sd[rows],
            stake=self.stake[rows],
        )

    def save(self, path: Path) -> None:
        """Write a file of NumPy arrays without pickle; the same estimates give the same bytes."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            path,
            customers=np.array(self.customers, dtype=np.str_),
            actions=np.array(self.actions, dtype=np.str_),
            effect=self.effect,
            sd=self.sd,
            stake=self.stake,
            confidence=np.array(self.confidence),
            certainty=self.certainty,
        )

    @classmethod
    def load(cls, path: Path) -> "Estimates":
        """Read what `save` wrote. Raises ArtifactError where the file is missing or damaged."""
        try:
            with np.load(path) as file:
                return cls(
                    tuple(file["customers"].tolist()),
                    tuple(file["actions"].tolist()),
                    file["effect"],
                    file["sd"],
                    file["stake"],
                    float(file["confidence"]),
                    file["certainty"],
                )
        except (OSError, ValueError, KeyError) as error:
            raise ArtifactError(
                f"{path} cannot be read ({error}): run `dvc repro` again."
            ) from None


def none_estimated(confidence: float) -> Estimates:
    """Estimates of nobody: every effect is assumed."""
    nothing = np.zeros((0, 0))
    return Estimates((), (), nothing, nothing, np.zeros(0), confidence, np.zeros(0))
