"""Logistic regression with its own coefficients, which turns simple rules into probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit
from sklearn.linear_model import LogisticRegression

from core.arrays import FloatArray
from core.digits import CONVEX, to_digits
from models.probability.optimum import UNBOUNDED, polished
from models.simple.scaling import mean_and_scale


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic regression: coefficients by column name, for standardised inputs."""

    mean: dict[str, float]
    scale: dict[str, float]
    coefficient: dict[str, float]
    intercept: float

    @classmethod
    def fit(
        cls,
        inputs: pd.DataFrame,
        churned: FloatArray,
        ridge: float = 1.0,
        signs: Mapping[str, int] | None = None,
    ) -> "Logistic":
        """Fit on inputs (n, k) and labels (n,) in {0, 1}; an undefined input counts as the mean.

        `ridge` is the penalty on the coefficients, in log likelihood; `signs` names inputs whose
        coefficient must not be below (1) or above 0 (-1).
        """
        mean, scale = mean_and_scale(inputs)
        standardised = ((inputs - mean) / scale).fillna(0.0)
        sign = [(signs or {}).get(str(name), 0) for name in inputs.columns]
        bounds = [(0.0 if one > 0 else -np.inf, 0.0 if one < 0 else np.inf) for one in sign]
        intercept, *coefficients = _logistic(
            standardised.to_numpy(np.float64), churned, ridge, bounds
        )
        columns = list(inputs.columns)
        return cls(
            mean=dict(zip(columns, mean.tolist(), strict=True)),
            scale=dict(zip(columns, scale.tolist(), strict=True)),
            coefficient=dict(zip(columns, coefficients, strict=True)),
            intercept=intercept,
        )

    def predict(self, inputs: pd.DataFrame) -> FloatArray:
        """Probability of churn (n,) for inputs with the columns it was fitted on."""
        log_odds = np.full(len(inputs), self.intercept)
        # By name, as JSON keeps them: floating-point sums depend on their order.
        for name, coefficient in sorted(self.coefficient.items()):
            standardised = (inputs[name].to_numpy(np.float64) - self.mean[name]) / self.scale[name]
            log_odds += coefficient * np.where(np.isnan(standardised), 0.0, standardised)
        probability: FloatArray = expit(log_odds)
        return probability


def _logistic(
    z: FloatArray, churned: FloatArray, ridge: float, bounds: Sequence[tuple[float, float]]
) -> list[float]:
    """Intercept and coefficients (k + 1,) by scikit-learn, with a ridge penalty, polished.

    A coefficient that lies beyond its bounds (k of them) is held there, and the others follow.
    """

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        odds, beta = theta[0] + z @ theta[1:], theta[1:]
        value = -np.sum(churned * log_expit(odds) + (1 - churned) * log_expit(-odds))
        residual = expit(odds) - churned
        slope = np.r_[residual.sum(), z.T @ residual + ridge * beta]
        return float(value + 0.5 * ridge * (beta @ beta)), slope

    fitted = LogisticRegression(C=1.0 / ridge, max_iter=1000, tol=1e-8).fit(z, churned)
    found = polished(loss, np.r_[fitted.intercept_, fitted.coef_[0]], [UNBOUNDED, *bounds])
    return [float(value) for value in to_digits(found, CONVEX)]
