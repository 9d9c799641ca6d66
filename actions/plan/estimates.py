"""Estimated effects of actions on customers, as the plan uses them: by their lower bound."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.errors import ArtifactError


@dataclass(frozen=True)
class Estimates:
    """What actions bring customers, learned from contacts that were withheld at random.

    Arrays are (customers, actions), NaN where an effect is not estimated. `mean` is the incremental
    contribution in money, costs not taken off; `low` and `high` are its one-sided bounds, each at
    `confidence`. `effect`, `effect_low` and `effect_high` are the same as reductions of the churn
    risk.
    """

    customers: tuple[str, ...]
    actions: tuple[str, ...]
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    effect: FloatArray
    effect_low: FloatArray
    effect_high: FloatArray
    confidence: float

    def of(self, level: str) -> tuple[FloatArray, FloatArray]:
        """Effect on the risk and contribution at `low`, `mid` (the mean) or `high`."""
        return {
            "low": (self.effect_low, self.low),
            "mid": (self.effect, self.mean),
            "high": (self.effect_high, self.high),
        }[level]

    def aligned(self, customers: Sequence[str], actions: Sequence[str]) -> "Estimates":
        """The estimates of these customers and actions, in their order; NaN for unknown ones."""
        cells = np.ix_(
            pd.Index(list(self.customers)).get_indexer(pd.Index(list(customers))),
            pd.Index(list(self.actions)).get_indexer(pd.Index(list(actions))),
        )
        arrays: dict[str, Any] = {}
        for name in ARRAYS:
            padded = np.pad(getattr(self, name), ((0, 1), (0, 1)), constant_values=np.nan)
            arrays[name] = padded[cells]  # -1, unknown, is the padding
        return replace(self, customers=tuple(customers), actions=tuple(actions), **arrays)

    def save(self, path: Path) -> None:
        """Write a file of NumPy arrays without pickle; the same estimates give the same bytes."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            path,
            customers=np.array(self.customers, dtype=np.str_),
            actions=np.array(self.actions, dtype=np.str_),
            confidence=np.array(self.confidence),
            **{name: getattr(self, name) for name in ARRAYS},
        )

    @classmethod
    def load(cls, path: Path) -> "Estimates":
        """Read what `save` wrote. Raises ArtifactError where the file is missing or damaged."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except (OSError, ValueError) as error:
            raise ArtifactError(
                f"{path} cannot be read ({error}): run `dvc repro` again."
            ) from None
        return cls(
            customers=tuple(arrays.pop("customers").tolist()),
            actions=tuple(arrays.pop("actions").tolist()),
            confidence=float(arrays.pop("confidence")),
            **arrays,
        )


ARRAYS = ("mean", "low", "high", "effect", "effect_low", "effect_high")
