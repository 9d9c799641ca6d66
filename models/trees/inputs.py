"""What a model reads of a snapshot: its features in order, and the values of those that are text.

A text feature becomes a code: the position of its value in the vocabulary, which is learned from
the training rows and saved with the model. Values that too few customers have, and values never
seen in training, share one more code, `len(vocabulary)`; a missing value stays NaN. LightGBM splits
codes as sets and not by size, so their order means nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from core.arrays import FloatArray
from core.errors import ArtifactError

RARE = 10  # customers that a value needs for a code of its own
MAX_CODES = 100  # values of one feature with a code of their own, the most frequent ones


@dataclass(frozen=True)
class Inputs:
    """The features a model reads, in order; `vocabulary` holds the known values of text ones."""

    features: tuple[str, ...]
    vocabulary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def text(self) -> tuple[str, ...]:
        """The text features among `features`, in order."""
        return tuple(name for name in self.features if name in self.vocabulary)

    def frame(self, snapshot: pd.DataFrame) -> pd.DataFrame:
        """The features as a table (n, k): numbers as float64, text as strings, None where unknown.

        Raises ArtifactError as `matrix` does.
        """
        self._check(snapshot)
        return pd.DataFrame(
            {
                name: snapshot[name].astype(object).where(snapshot[name].notna(), None)
                if name in self.vocabulary
                else snapshot[name].to_numpy(np.float64, na_value=np.nan)
                for name in self.features
            },
            index=snapshot.index,
        ).reset_index(drop=True)

    def _check(self, snapshot: pd.DataFrame) -> None:
        missing = [name for name in self.features if name not in snapshot.columns]
        if missing:
            raise ArtifactError(
                f"The snapshot lacks {len(missing)} of the {len(self.features)} features the model "
                f"uses ({', '.join(missing[:5])}): it was built by other code or from other tables "
                "than the model. Run `dvc repro` so that both are built again."
            )
        _check_kinds(snapshot, self.features, self.text)

    def matrix(self, snapshot: pd.DataFrame) -> FloatArray:
        """The features as float64 (n, k), text as codes, NaN where undefined.

        Raises ArtifactError naming the features that the snapshot lacks, or has as text where the
        model learned from numbers or the other way round.
        """
        self._check(snapshot)
        if not self.vocabulary:
            wanted = snapshot[list(self.features)]
            return np.ascontiguousarray(wanted.to_numpy(np.float64, na_value=np.nan))
        matrix = np.empty((len(snapshot), len(self.features)))
        is_number = np.array([name not in self.vocabulary for name in self.features])
        numbers = [name for name in self.features if name not in self.vocabulary]
        matrix[:, is_number] = snapshot[numbers].to_numpy(np.float64, na_value=np.nan)
        for position in np.flatnonzero(~is_number):
            name = self.features[position]
            matrix[:, position] = _codes(snapshot[name], self.vocabulary[name])
        return matrix

    def to_dict(self) -> dict[str, Any]:
        """The inputs as plain data, for JSON; only the names where no feature is text."""
        content: dict[str, Any] = {"features": list(self.features)}
        if self.vocabulary:
            content["vocabulary"] = {name: list(self.vocabulary[name]) for name in self.text}
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Inputs":
        """The reverse of `to_dict`; other keys in the JSON are ignored."""
        known = content.get("vocabulary", {})
        return cls(tuple(content["features"]), {name: tuple(known[name]) for name in known})


def learn_inputs(rows: pd.DataFrame, features: Sequence[str]) -> Inputs:
    """The inputs of a model trained on `rows`: text features get the values seen there.

    A value needs RARE customers; where more than MOST values have them, the most frequent are
    taken. They are sorted, so that the same rows in another order give the same codes.
    """
    present = [name for name in features if name in rows.columns and is_text(rows[name])]
    return Inputs(tuple(features), {name: _known(rows, name) for name in present})


def is_text(column: "pd.Series[Any]") -> bool:
    """Whether a column of a snapshot holds text; one that is empty in every row may hold either."""
    return isinstance(column.dtype, pd.StringDtype) or (
        column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "string"
    )


def _known(rows: pd.DataFrame, name: str) -> tuple[str, ...]:
    """The values of a text feature that get a code, by their numbers of customers, not of rows."""
    counts = rows.groupby(name)["customer_id"].nunique()
    frequent = counts[counts >= RARE].sort_index().sort_values(ascending=False, kind="stable")
    return tuple(sorted(frequent.index[:MAX_CODES]))


def _codes(column: "pd.Series[Any]", known: Sequence[str]) -> FloatArray:
    position = {value: float(code) for code, value in enumerate(known)}
    rare = float(len(known))
    codes = np.array([position.get(value, rare) for value in column.tolist()], dtype=np.float64)
    codes[column.isna().to_numpy()] = np.nan
    return codes


def _check_kinds(snapshot: pd.DataFrame, features: Sequence[str], text: Sequence[str]) -> None:
    types = dict(zip(snapshot.columns, snapshot.dtypes, strict=True))
    wrong = [
        f"{name} as {'numbers' if name in text else 'text'}"
        for name in features
        # Numbers are known by their type alone: looking into a hundred columns takes milliseconds.
        if (not is_numeric_dtype(types[name]) and is_text(snapshot[name])) != (name in text)
        and snapshot[name].notna().any()
    ]
    if wrong:
        raise ArtifactError(
            f"The snapshot has {', '.join(wrong[:5])}, but the model learned the opposite: it was "
            "built by other code than the model. Run `dvc repro` so that both are built again."
        )
