"""A logistic regression with a ridge penalty on recency, frequency and money, for few rows.

Inputs are on a log scale and standardised; an unknown input counts as the mean. The windows of one
customer overlap and are alike: a customer with k dates counts as √k.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from core.arrays import FloatArray
from core.digits import CONVEX, to_digits
from features.params import Churn
from models.leaving import LAPSE
from models.probability.optimum import polished
from models.simple.rules import TENURE, log_scaled, rfm_columns, smoothed_gap
from models.simple.scaling import mean_and_scale

RIDGE = 10.0  # on β, in log likelihood
# standard deviations: inputs are cut there, since few rows say nothing about values beyond
FARTHEST = 5.0
LEVEL_RIDGE = 0.1  # on c: the rows determine the level well, so it is nearly free
SILENCE = "days_since_last_purchase"
GAP, OVER_GAP = "gap_mean", "silence_over_gap_mean"
CONTRACT = (TENURE, "subscriptions_running", "days_to_renewal", "subscription_amount")


@dataclass(frozen=True)
class Regression:
    """`weight` u and `level` c; β by input, with the mean and the scale that standardise it."""

    weight: float
    level: float
    coefficient: Mapping[str, float]
    mean: Mapping[str, float]
    scale: Mapping[str, float]
    population_gap: float

    @property
    def columns(self) -> list[str]:
        """The columns of a snapshot that are inputs themselves."""
        return sorted(set(self.coefficient) - {OVER_GAP})

    def contributions(self, snapshot: pd.DataFrame) -> pd.DataFrame:
        """β × z by input, rows (n,)."""
        # By name, as JSON keeps them: floating-point sums depend on their order.
        names = sorted(self.coefficient)
        # The columns it was fitted on: a longer history may offer other windows.
        inputs = _inputs(snapshot, self.columns, self.population_gap)[names]
        z = _standardised(inputs, pd.Series(self.mean)[names], pd.Series(self.scale)[names])
        return z * pd.Series(self.coefficient)[names]


def fit_regression(rows: pd.DataFrame, horizon_days: int, churn: Churn) -> Regression:
    """Fit on rows (n,) of closed dates, of several as-of dates or one; `weight` 1."""
    gaps = rows[GAP].dropna()
    population_gap = float(gaps.mean()) if len(gaps) else float(horizon_days)
    raw = _inputs(rows, _columns(rows, churn), population_gap)
    raw = raw[sorted(raw.columns)]
    mean, scale = mean_and_scale(raw)
    z = _standardised(raw, mean, scale).to_numpy(np.float64)
    dates = rows.groupby("customer_id")["as_of_date"].transform("size").to_numpy(np.float64)
    left = rows["churned"].to_numpy(np.float64)
    level, *beta = (float(value) for value in _fit(z, left, 1.0 / np.sqrt(dates)))
    names = [str(name) for name in raw.columns]
    return Regression(
        weight=1.0,
        level=level,
        coefficient=dict(zip(names, beta, strict=True)),
        mean=dict(zip(names, mean.tolist(), strict=True)),
        scale=dict(zip(names, scale.tolist(), strict=True)),
        population_gap=population_gap,
    )


def _fit(z: FloatArray, left: FloatArray, weight: FloatArray) -> FloatArray:
    """c and β (k + 1,) that minimise the penalised loss; convex, with its gradient."""

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        level, beta = theta[0], theta[1:]
        log_odds = level + z @ beta
        value = -np.sum(weight * (left * log_expit(log_odds) + (1 - left) * log_expit(-log_odds)))
        value += 0.5 * (RIDGE * (beta @ beta) + LEVEL_RIDGE * level**2)
        residual = weight * (expit(log_odds) - left)
        return float(value), np.r_[
            residual.sum() + LEVEL_RIDGE * level, z.T @ residual + RIDGE * beta
        ]

    found = minimize(loss, np.zeros(z.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return to_digits(polished(loss, found), CONVEX)


def _standardised(
    inputs: pd.DataFrame, mean: "pd.Series[float]", scale: "pd.Series[float]"
) -> pd.DataFrame:
    """Inputs as z: unknown ones count as the mean, and none is farther from it than FARTHEST."""
    return ((inputs - mean) / scale).fillna(0.0).clip(-FARTHEST, FARTHEST)


def _columns(snapshot: pd.DataFrame, churn: Churn) -> list[str]:
    """Recency, frequency and money; for a cancellation also the contract."""
    contract = [] if churn == LAPSE else [name for name in CONTRACT if name in snapshot.columns]
    return [*rfm_columns(snapshot), *contract]


def _inputs(snapshot: pd.DataFrame, columns: list[str], population_gap: float) -> pd.DataFrame:
    """The columns and the silence over the usual gap, on a log scale."""
    inputs = snapshot[columns].copy()
    inputs[OVER_GAP] = snapshot[SILENCE] / smoothed_gap(snapshot, population_gap)
    return log_scaled(inputs)
