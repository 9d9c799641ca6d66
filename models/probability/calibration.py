"""Calibration: a strictly increasing map from a model's score to a probability.

Beta calibration (Kull, Silva Filho & Flach 2017, AISTATS, eq. 5):

    logit q(s) = a ln s - b ln(1 - s) + c,      a, b >= 0

With a and b kept above 0 the map is strictly increasing, so ranks and AUC do not change; a = b = 1,
c = 0 is the identity. It is fitted on predictions for dates the model was not trained on. In log
odds b is the slope for the highest scores and a that for the lowest: neither is less than FLATTEST
of the other, since few outcomes tell the slope of one end, and a map that is flat there makes the
riskiest customers of one date look like the middling ones of another.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq, minimize
from scipy.special import expit, log_expit

from core.arrays import FloatArray
from core.digits import CONVEX, to_digits
from models.probability.optimum import polished

SMALLEST = 1e-6  # probabilities are kept this far from 0 and 1
LEAST_SLOPE = 1e-3
FLATTEST = 0.25  # slope of one end, as part of the other's (docs/decisions/0062)
FURTHEST_SHIFT = 40.0  # log odds: beyond it every probability is 0 or 1


@dataclass(frozen=True)
class BetaMap:
    """The map's coefficients; `BetaMap(1, 1, 0)` changes nothing."""

    a: float
    b: float
    c: float

    def __call__(self, scores: FloatArray) -> FloatArray:
        """Calibrated probabilities (n,) in (0, 1) for scores (n,) in [0, 1]."""
        log_s, log_not_s = _logs(scores)
        probability: FloatArray = expit(self.a * log_s - self.b * log_not_s + self.c)
        return np.clip(probability, SMALLEST, 1 - SMALLEST)

    def to_dict(self) -> dict[str, Any]:
        """The coefficients, for JSON."""
        return asdict(self)

    def at_level_of(
        self,
        scores: FloatArray,
        outcomes: FloatArray,
        own_rows: float = 0.0,
        corrected: Callable[[FloatArray], FloatArray] = lambda mapped: mapped,
    ) -> "BetaMap":
        """The same map, shifted so that its mean probability is the share of positive outcomes.

        The map's own mean counts as that of `own_rows` additional rows. `corrected` is what is done
        to its probabilities before they are told. Unchanged when all outcomes are equal.
        """
        if not 0 < outcomes.mean() < 1:
            return self
        own = own_rows * float(corrected(self(scores)).mean())
        share = (outcomes.sum() + own) / (len(outcomes) + own_rows)

        def excess(shift: float) -> float:
            moved = replace(self, c=self.c + shift)
            return float(corrected(moved(scores)).mean() - share)

        shift = float(brentq(excess, -FURTHEST_SHIFT, FURTHEST_SHIFT, xtol=1e-14))
        return replace(self, c=to_digits(self.c + shift, CONVEX))


IDENTITY = BetaMap(1.0, 1.0, 0.0)


def fit_beta_map(scores: FloatArray, outcomes: FloatArray) -> BetaMap:
    """Fit the map to scores (n,) and outcomes (n,) in {0, 1} by maximum likelihood.

    A small ridge penalty towards the identity keeps it finite when the outcomes are separable.
    """
    log_s, log_not_s = _logs(scores)
    identity = np.array([1.0, 1.0, 0.0])
    # (a, b, c) = whole @ parts: parts above 0 keep both slopes above FLATTEST of the other.
    whole = np.array([[1.0, FLATTEST, 0.0], [FLATTEST, 1.0, 0.0], [0.0, 0.0, 1.0]])

    def loss(parts: FloatArray) -> tuple[float, FloatArray]:
        a, b, c = theta = whole @ parts
        z = a * log_s - b * log_not_s + c
        away = theta - identity
        value = -np.sum(outcomes * log_expit(z) + (1 - outcomes) * log_expit(-z))
        residual = expit(z) - outcomes
        gradient = np.array([residual @ log_s, -(residual @ log_not_s), residual.sum()])
        return float(value + 0.5 * away @ away), whole @ (gradient + away)

    bounds = [(LEAST_SLOPE, np.inf), (LEAST_SLOPE, np.inf), (-np.inf, np.inf)]
    first = np.linalg.solve(whole, identity)
    found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds)
    return BetaMap(*to_digits(whole @ polished(loss, found.x, bounds), CONVEX).tolist())


def cross_fitted(
    scores: FloatArray, outcomes: FloatArray, customers: "pd.Series[str]", folds: int
) -> FloatArray:
    """Calibrated probabilities (n,), each by a map that never saw the customer it is applied to."""
    fold = fold_of(customers, folds)
    calibrated = np.empty_like(scores)
    for held_out in range(folds):
        inside = fold == held_out
        if inside.any():
            calibrated[inside] = fit_beta_map(scores[~inside], outcomes[~inside])(scores[inside])
    return calibrated


def fold_of(customers: "pd.Series[str]", folds: int) -> npt.NDArray[np.int64]:
    """A fold (n,) per customer id: the same customer is always in the same fold."""
    ids = customers.unique()
    fold = {i: int(hashlib.sha256(str(i).encode()).hexdigest()[:8], 16) % folds for i in ids}
    return customers.map(fold).to_numpy(np.int64)


def _logs(scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    s = np.clip(scores, SMALLEST, 1 - SMALLEST)
    return np.log(s), np.log1p(-s)
