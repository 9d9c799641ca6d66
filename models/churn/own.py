"""A churn model of the company's own: the class `Churn` of `churn.py`, in place of our trees.

    class Churn:
        def __init__(self, seed): ...
        def fit(self, features, churned): ...       # (n, k) DataFrame, (n,) 0.0 or 1.0
        def predict(self, features): ...            # (n,) probabilities of leaving
        def reasons(self, features): ...            # optional: (n, k) log odds by feature
        def save(self, folder): ...                 # text, JSON or a format of the library's own
        @classmethod
        def load(cls, folder): ...

`features` holds the model's features in order: numbers as float64, NaN where unknown, and text as
strings, None where unknown. Calibration, the weight beside the parametric model, judgement and
promotion are those of our own model (models/churn/model.py). A saved model holds the sha256 of the
code that made it and is read by that code only (core/own_code.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from core.arrays import FloatArray
from core.digits import CONVEX, to_digits
from core.errors import ExtensionError
from core.own_code import CHURN, code_digest, installed, load_module
from models.churn.pickles import refuse_pickles

CLASS, FOLDER = "Churn", "own"
METHODS = ("fit", "predict", "save", "load")
FURTHEST = 1e-6  # probabilities are kept this far from 0 and 1


@dataclass(frozen=True)
class OwnClass:
    """The class `Churn`, the first line of its docstring, and the sha256 of its code."""

    made: Any
    where: str
    describes: str
    sha256: str

    def fit(self, features: pd.DataFrame, churned: FloatArray, seed: int) -> "OwnModel":
        """A new object, fitted on features (n, k) and outcomes (n,)."""
        model = self.made(seed)
        model.fit(features, churned)
        own = OwnModel(self, model)
        found = own.contributions(features)
        if found is None:
            return own
        moved = np.abs(found[:, :-1]).mean(axis=0)
        total = float(moved.sum())
        shares = {
            str(name): to_digits(float(value) / total, CONVEX)
            for name, value in zip(features.columns, moved, strict=True)
            if total
        }
        return OwnModel(self, model, shares)


def own_class() -> OwnClass | None:
    """The class of the folder whose code may be run; None where there is none.

    Raises ExtensionError where `churn.py` has no class `Churn`, or it lacks a method.
    """
    folder = installed()
    module = None if folder is None else load_module(folder, CHURN)
    if folder is None or module is None:
        return None
    made = getattr(module, CLASS, None)
    if not isinstance(made, type):
        raise ExtensionError(
            f"{folder / CHURN} has no class {CLASS}: docs/extensions.md shows one to begin with."
        )
    lacking = [name for name in METHODS if not callable(getattr(made, name, None))]
    if lacking:
        raise ExtensionError(
            f"The class {CLASS} in {folder / CHURN} has no method {' and no '.join(lacking)}: "
            "docs/extensions.md says what each does."
        )
    lines = (made.__doc__ or "").strip().splitlines()
    where, describes = str(folder / CHURN), lines[0].strip() if lines else ""
    return OwnClass(made, where, describes, code_digest(folder, CHURN))


@dataclass(frozen=True)
class OwnModel:
    """A fitted object of the class; `importance` is the share of each feature in its reasons."""

    of: OwnClass
    model: Any
    importance: Mapping[str, float] = field(default_factory=dict)

    @property
    def gives_reasons(self) -> bool:
        """Whether the class has the method `reasons`."""
        return callable(getattr(self.model, "reasons", None))

    def probabilities(self, features: pd.DataFrame, rows: pd.DataFrame) -> FloatArray:
        """P(leaves) (n,); `rows` name the customers in errors.

        Raises ExtensionError where there is not one probability in [0, 1] for each row.
        """
        found = np.asarray(self.model.predict(features))
        if found.shape != (len(features),):
            raise self._wrong(
                f"predict gave an array of shape {found.shape} for {len(features):,} rows; it has "
                f"to give one probability a row, shape ({len(features)},)"
            )
        if found.dtype.kind not in "fiub":
            raise self._wrong(f"predict gave {found.dtype} values; probabilities are numbers")
        probabilities = found.astype(np.float64)
        outside = ~((probabilities >= 0) & (probabilities <= 1))
        if outside.any():
            place = int(outside.argmax())
            raise self._wrong(
                f"predict gave {probabilities[place]:g} for row {place}{_who(rows, place)}, and "
                f"{int(outside.sum()):,} of {len(features):,} rows lie outside [0, 1]"
            )
        return probabilities

    def log_odds(self, features: pd.DataFrame, rows: pd.DataFrame) -> FloatArray:
        """Log odds (n,) of `probabilities`, finite."""
        inside = np.clip(self.probabilities(features, rows), FURTHEST, 1 - FURTHEST)
        odds: FloatArray = logit(inside)
        return odds

    def contributions(self, features: pd.DataFrame) -> FloatArray | None:
        """Log odds by feature (n, k + 1), what is left over last; None without `reasons`.

        Raises ExtensionError where `reasons` gives other rows, other columns, or no numbers.
        """
        if not self.gives_reasons:
            return None
        found = self.model.reasons(features)
        if not isinstance(found, pd.DataFrame) or len(found) != len(features):
            raise self._wrong(f"reasons has to give a table of {len(features):,} rows")
        strange = [str(name) for name in found.columns if name not in features.columns]
        if strange:
            raise self._wrong(f"reasons names {strange[0]}, which is no feature of the model")
        values = found.reindex(columns=features.columns, fill_value=0.0).to_numpy(np.float64)
        if not np.isfinite(values).all():
            row, column = (int(part[0]) for part in np.nonzero(~np.isfinite(values)))
            raise self._wrong(
                f"reasons gave {values[row, column]} for {features.columns[column]} in row {row}"
            )
        left = self.log_odds(features, features) - values.sum(axis=1)
        return np.column_stack([values, left])

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the fitted object into `folder`/own; returns what `load` needs beside.

        Raises ExtensionError where nothing was written, or a pickle.
        """
        target = folder / FOLDER
        target.mkdir(parents=True)
        self.model.save(target)
        if not any(path.is_file() for path in target.rglob("*")):
            raise self._wrong("save wrote no file")
        refuse_pickles(target, self.of.where)
        return {
            "where": self.of.where,
            "describes": self.of.describes,
            "sha256": self.of.sha256,
            "importance": dict(self.importance),
        }

    @classmethod
    def load(cls, folder: Path, saved: Mapping[str, Any]) -> "OwnModel":
        """Read what `save` wrote. Raises ExtensionError without the very code that made it."""
        of = own_class()
        if of is None or of.sha256 != saved["sha256"]:
            there = "has other code now" if of else "is not what extensions.folder names here"
            raise ExtensionError(
                f"The churn model in {folder} was made by code of the company's own, "
                f"{saved['where']}, which {there} (sha256 {saved['sha256'][:12]}). Set "
                "extensions.folder in params.yaml to the folder with that code, as it was; what a "
                "model's folder holds is never run. Or train anew: `make run`."
            )
        return cls(of, of.made.load(folder / FOLDER), saved["importance"])

    def _wrong(self, what: str) -> ExtensionError:
        return ExtensionError(
            f"The class {CLASS} in {self.of.where}: {what}. Mend it and run `make "
            "check-extensions`."
        )


def _who(rows: pd.DataFrame, place: int) -> str:
    """The customer of a row, in words, and the as-of date where the rows have one."""
    if "customer_id" not in rows:
        return ""
    who = f" (customer {rows['customer_id'].iloc[place]}"
    if "as_of_date" in rows:
        who += f" as of {rows['as_of_date'].iloc[place]:%Y-%m-%d}"
    return who + ")"
