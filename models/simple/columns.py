"""Logistic regressions on the columns of a snapshot: all of them, or the best one alone.

For a ready table they are the simple models beside ours, and the regression on all columns scores
where there is too little data for trees. On logarithms it stands beside the trees of churn. Numbers
are standardised, and an unknown one counts as the mean, with a column of its own that says so; a
text has a column for each value that enough customers have, as in models/trees/inputs.py. The ridge
penalty (on standardised inputs) keeps few rows from being learned by heart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from core.arrays import FloatArray
from core.digits import CONVEX, TOLD, to_digits
from core.files import read_json, write_json
from features.params import LABEL, Churn
from models.probability.metrics import auc
from models.simple.scaling import mean_and_scale
from models.trees.inputs import Inputs, learn_inputs

FILE = "baselines_of_columns.json"
ALL_COLUMNS, ONE_COLUMN = "logistic_columns", "single_column"
TABLE_RULES: dict[str, str] = {
    ALL_COLUMNS: "logistic regression on the columns of the table",
    ONE_COLUMN: "logistic regression on the single column that ranks best alone",
}
BASE = "base"
RIDGE, RIDGE_OF_LOGS = 1.0, 300.0
FARTHEST = 5.0  # standard deviations: inputs are cut there
STEPS = 50  # Newton steps; a ridge regression takes about ten
ENDED = 1e-10  # steepest slope, per row, at which a fit has ended


class Term(NamedTuple):
    """One input: a number, its logarithm, whether it is unknown, or whether a text has a value.

    The logarithm is log(1 + |number|) with the number's sign.
    """

    column: str
    kind: Literal["number", "log", "unknown", "value"]
    value: str = ""


@dataclass(frozen=True)
class ColumnRegression:
    """A fitted regression: a coefficient, mean and scale for each term.

    `importance` is each column's share of the mean absolute contributions. `churn` is `label`: the
    regression stands in the place of a ParametricChurn.
    """

    inputs: Inputs
    level: float
    terms: tuple[Term, ...]
    coefficient: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    importance: Mapping[str, float] = field(default_factory=dict)
    churn: Churn = LABEL

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of a snapshot that are read."""
        return self.inputs.features

    def log_odds(self, snapshot: pd.DataFrame) -> FloatArray:
        """Log odds of leaving (n,)."""
        return self.log_odds_of(self.inputs.matrix(snapshot))

    def log_odds_of(self, matrix: FloatArray) -> FloatArray:
        """As `log_odds`, of what `inputs` reads of rows (n, k)."""
        found: FloatArray = self.level + self._moved(matrix).sum(axis=1)
        return found

    def predict(self, snapshot: pd.DataFrame) -> FloatArray:
        """Probability of leaving (n,)."""
        probability: FloatArray = expit(self.log_odds(snapshot))
        return to_digits(probability, TOLD)

    def contributions(self, snapshot: pd.DataFrame) -> pd.DataFrame:
        """Contribution of each column and `base`, in log odds: rows (n,) sum to `log_odds`.

        They count from the mean customer of the rows it was fitted on, which is exact for a sum.
        """
        moved = self.contributions_of(self.inputs.matrix(snapshot))
        return pd.DataFrame(moved, index=snapshot.index, columns=[*self.inputs.features, BASE])

    def contributions_of(self, matrix: FloatArray) -> FloatArray:
        """As `contributions`, of what `inputs` reads of rows (n, k): (n, k + 1), base last."""
        place = {name: at for at, name in enumerate(self.inputs.features)}
        found = np.zeros((len(matrix), len(place) + 1))
        found[:, -1] = self.level
        for term, moved in zip(self.terms, self._moved(matrix).T, strict=True):
            found[:, place[term.column]] += moved
        return found

    def _moved(self, matrix: FloatArray) -> FloatArray:
        """β × z (n, terms)."""
        mean, scale, beta = (
            np.array(part, np.float64) for part in (self.mean, self.scale, self.coefficient)
        )
        moved: FloatArray = _z(_spread(self.inputs, matrix, self.terms), mean, scale) * beta
        return moved

    def to_dict(self) -> dict[str, Any]:
        """The model as plain data, for JSON; `columns` tells it from a ParametricChurn."""
        return asdict(self) | {"inputs": self.inputs.to_dict(), "columns": True}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "ColumnRegression":
        """The reverse of `to_dict`."""
        return cls(
            inputs=Inputs.from_dict(content["inputs"]),
            level=content["level"],
            terms=tuple(Term(*term) for term in content["terms"]),
            coefficient=tuple(content["coefficient"]),
            mean=tuple(content["mean"]),
            scale=tuple(content["scale"]),
            importance=content["importance"],
        )


def fit_columns(rows: pd.DataFrame, features: Sequence[str]) -> ColumnRegression:
    """Fit on rows (n,) with both outcomes; a customer with k dates counts as √k of them."""
    return _fitted(rows, learn_inputs(rows, features), "number", RIDGE)


def fit_logs(rows: pd.DataFrame, inputs: Inputs) -> ColumnRegression:
    """As `fit_columns`, on the logarithms of numbers and shrunken further.

    A hundred features say much the same of a customer, so each of them has a small part.
    """
    return _fitted(rows, inputs, "log", RIDGE_OF_LOGS)


def _fitted(
    rows: pd.DataFrame, inputs: Inputs, numbers: Literal["number", "log"], ridge: float
) -> ColumnRegression:
    codes = inputs.matrix(rows)
    terms = _terms(inputs, codes, numbers)
    matrix = _spread(inputs, codes, terms)
    standard = mean_and_scale(pd.DataFrame(matrix))
    mean, scale = (np.asarray(part, np.float64) for part in standard)
    left = rows["churned"].to_numpy(np.float64)
    dates = rows.groupby("customer_id")["as_of_date"].transform("size").to_numpy(np.float64)
    theta = _fit(_z(matrix, mean, scale), left, 1.0 / np.sqrt(dates), ridge)
    level, *beta = theta.tolist()
    fitted = ColumnRegression(
        inputs, level, terms, tuple(beta), tuple(mean.tolist()), tuple(scale.tolist())
    )
    moved = np.abs(fitted.contributions_of(codes)[:, :-1]).mean(axis=0)
    total = float(moved.sum())
    if not total:
        return fitted
    shares = to_digits(moved / total, CONVEX).tolist()
    return replace(fitted, importance=dict(zip(inputs.features, shares, strict=True)))


def _terms(
    inputs: Inputs, codes: FloatArray, numbers: Literal["number", "log"]
) -> tuple[Term, ...]:
    terms: list[Term] = []
    for name, column in zip(inputs.features, codes.T, strict=True):
        if name in inputs.vocabulary:
            terms += [Term(name, "value", value) for value in inputs.vocabulary[name]]
        else:
            terms.append(Term(name, numbers))
        if np.isnan(column).any():
            terms.append(Term(name, "unknown"))
    return tuple(terms)


def _spread(inputs: Inputs, codes: FloatArray, terms: Sequence[Term]) -> FloatArray:
    """The terms (n, terms): numbers or logarithms, 0 or 1 for a value of a text and for unknown."""
    place = {name: at for at, name in enumerate(inputs.features)}
    code_of = {n: {v: c for c, v in enumerate(known)} for n, known in inputs.vocabulary.items()}
    found = np.empty((len(codes), len(terms)))
    for at, term in enumerate(terms):
        column = codes[:, place[term.column]]
        if term.kind == "number":
            found[:, at] = column
        elif term.kind == "log":
            found[:, at] = np.sign(column) * np.log1p(np.abs(column))
        elif term.kind == "unknown":
            found[:, at] = np.isnan(column)
        else:
            found[:, at] = column == code_of[term.column][term.value]
    return found


def _z(matrix: FloatArray, mean: FloatArray, scale: FloatArray) -> FloatArray:
    z: FloatArray = np.clip(np.nan_to_num((matrix - mean) / scale), -FARTHEST, FARTHEST)
    return z


def _fit(z: FloatArray, left: FloatArray, weight: FloatArray, ridge: float) -> FloatArray:
    """Level and β (k + 1,) that minimise the penalised loss, by Newton steps: it is convex."""
    design = np.c_[np.ones(len(z)), z]
    penalty = np.r_[0.0, np.full(z.shape[1], ridge)]
    share = float(np.average(left, weights=weight))
    theta = np.r_[np.log(share / (1.0 - share)), np.zeros(z.shape[1])]

    def loss(at: FloatArray) -> float:
        odds = design @ at
        fit = weight @ (np.logaddexp(0.0, odds) - left * odds)
        return float(fit + 0.5 * penalty @ at**2)

    now = loss(theta)
    for _ in range(STEPS):
        p = expit(design @ theta)
        slope = design.T @ (weight * (p - left)) + penalty * theta
        if np.abs(slope).max() < ENDED * len(z):
            break
        curvature = (design * (weight * np.maximum(p * (1.0 - p), 1e-9))[:, None]).T @ design
        step = np.linalg.solve(curvature + np.diag(penalty + 1e-9), slope)
        size = 1.0
        while (then := loss(theta - size * step)) > now and size > 1e-6:
            size /= 2.0
        theta, now = theta - size * step, then
    found: FloatArray = np.asarray(theta, np.float64)
    return to_digits(found, CONVEX)


@dataclass(frozen=True)
class TableBaselines:
    """The simple models beside ours; `best` is the column that ranks best alone."""

    best: str
    models: Mapping[str, ColumnRegression]

    def predict(self, snapshot: pd.DataFrame) -> pd.DataFrame:
        """Probability of leaving, one column per simple model, on the snapshot's index."""
        found = {name: model.predict(snapshot) for name, model in self.models.items()}
        return pd.DataFrame(found, index=snapshot.index)

    def save(self, folder: Path) -> None:
        """Write `baselines_of_columns.json`."""
        models = {name: model.to_dict() for name, model in self.models.items()}
        write_json(folder / FILE, {"best": self.best, "models": models})

    @classmethod
    def load(cls, folder: Path) -> "TableBaselines":
        """Read what `save` wrote; ArtifactError when it is missing."""
        content: dict[str, Any] = read_json(folder / FILE)
        models = {n: ColumnRegression.from_dict(m) for n, m in content["models"].items()}
        return cls(content["best"], models)


def fit_table_baselines(rows: pd.DataFrame, features: Sequence[str]) -> TableBaselines:
    """Fit both on the rows with a known outcome; the best column is chosen on the same rows."""
    known = rows[rows["churned"].notna()]
    alone = {name: fit_columns(known, [name]) for name in features}
    y = known["churned"].to_numpy(np.float64)
    ones = np.ones_like(y)
    best = max(features, key=lambda name: (auc(y, alone[name].log_odds(known), ones), name))
    return TableBaselines(
        best, {ALL_COLUMNS: fit_columns(known, features), ONE_COLUMN: alone[best]}
    )
