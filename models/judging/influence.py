"""What moves the churn risk over all customers: a summary of Shapley values on test rows.

Source: Lundberg et al. (2020), "From local explanations to global understanding with explainable AI
for trees", Nature Machine Intelligence 2. A feature's influence is the mean of its absolute Shapley
values, in log odds before calibration. It is an association, like the reasons of a card.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from models.trees.inputs import is_text

MOST_ROWS = 1000  # sampled: Shapley values take about a millisecond a row
MOST_FEATURES = 20
COLUMNS = ("feature", "mean_contribution", "direction")  # of the table


class Explained(Protocol):
    """A churn model with Shapley values."""

    @property
    def features(self) -> tuple[str, ...]: ...

    def contributions(self, snapshot: pd.DataFrame, /) -> FloatArray: ...


@dataclass(frozen=True)
class Influence:
    """The features that move the risk most, strongest first, and the sampled rows behind them.

    `table` has `feature`, `mean_contribution` (of the absolute values, in log odds) and
    `direction`: the rank correlation of value and contribution, above 0 where higher values go with
    a higher risk, NaN for text and for a single value. `contributions` (n, features) are in the
    order of the table, `ranks` (n, features) the values as shares of the rows below, NaN for text
    and where undefined.
    """

    table: pd.DataFrame
    contributions: FloatArray
    ranks: FloatArray

    def to_json(self) -> list[dict[str, Any]]:
        """The table as plain data; an undefined direction is None."""
        rows = self.table.itertuples(index=False, name=None)
        return [
            {
                "feature": feature,
                "mean_contribution": mean,
                "direction": None if np.isnan(direction) else direction,
            }
            for feature, mean, direction in rows
        ]


def influence(model: Explained, rows: pd.DataFrame, seed: int) -> Influence:
    """The influence of each feature on a sample of the rows, drawn from the seed."""
    if len(rows) > MOST_ROWS:
        drawn = np.random.default_rng(seed).choice(len(rows), MOST_ROWS, replace=False)
        rows = rows.iloc[np.sort(drawn)]
    contributions = model.contributions(rows)[:, : len(model.features)]
    means = np.abs(contributions).mean(axis=0)
    strongest = np.argsort(-means, kind="stable")[:MOST_FEATURES]
    names = [model.features[place] for place in strongest]
    values, moved = [_numbers(rows[name]) for name in names], contributions[:, strongest]
    ranks = np.column_stack([_ranks(column) for column in values])
    table = pd.DataFrame(
        {
            "feature": names,
            "mean_contribution": means[strongest],
            "direction": [_direction(*pair) for pair in zip(values, moved.T, strict=True)],
        }
    )
    return Influence(table, moved, ranks)


def _numbers(column: "pd.Series[Any]") -> FloatArray:
    """The values (n,); all NaN for text, whose order means nothing."""
    if is_text(column):
        return np.full(len(column), np.nan)
    return column.to_numpy(np.float64, na_value=np.nan)


def _ranks(values: FloatArray) -> FloatArray:
    """The share of known values below each, ties at their mean, (n,) in [0, 1]."""
    return np.asarray(pd.Series(values).rank(pct=True), dtype=np.float64)


def _direction(values: FloatArray, moved: FloatArray) -> float:
    """Spearman's rank correlation where both are known; NaN where either is constant."""
    known = ~np.isnan(values)
    one, other = (pd.Series(part[known]).rank().to_numpy() for part in (values, moved))
    if len(one) < 2 or one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
