"""Churn for small data: buy-till-you-die models, and a regression that gains weight with the data.

    logit P(leaves) = (1 - u) × logit p + u × (c + β · z)

p is the probability of no purchase within the horizon from the purchase rhythm (BG/NBD and
Pareto/NBD: `BtydOrders.p_no_purchase`). z are the customer's recency, frequency and money on a log
scale, standardised. β comes from a logistic regression with a ridge penalty
(models/simple/regression.py). The weight u is a quarter at SOME customers, less below, and a half
from ENOUGH customers on; it is halved where all outcomes are from one window. The base rate stays
that of the rhythm at the latest date: with few customers, the share who left in one window is
mostly chance and season, and does not carry over to the next.

For cancellations there is no rhythm, because purchases do not say when a subscription ends: the
regression is used alone. Where no outcome has closed there is no regression: the rhythm is used
alone.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from core.arrays import FloatArray
from core.digits import CONVEX, to_digits
from features.params import Churn
from models.leaving import LAPSE
from models.simple.btyd_orders import BtydOrders, Triple, btyd_inputs
from models.simple.regression import GAP, Regression, fit_regression

SOME, ENOUGH = 100.0, 400.0
QUARTER, HALF = 0.25, 0.5
WINDOWS = 2.0  # consecutive outcome windows that give the regression its full weight
SILENCE, ORDERS, AGE = "days_since_last_purchase", "orders_total", "tenure_days"
BASE = "base"
TRIPLE = ("frequency", "recency", "T")


@dataclass(frozen=True)
class ParametricChurn:
    """The rhythm (for a lapse) and, where outcomes have closed, the regression.

    `usual` is the frequency, recency and T of the customer from whom contributions are counted;
    `importance` is each feature's share of the mean absolute contributions among the customers it
    was fitted on.
    """

    horizon_days: int
    churn: Churn
    rhythm: BtydOrders | None
    usual: tuple[float, float, float]
    regression: Regression | None = None
    importance: Mapping[str, float] = field(default_factory=dict)

    @property
    def rhythm_weight(self) -> float:
        """The weight 1 - u of the rhythm: 1 without a regression, 0 for a cancellation."""
        if self.rhythm is None:
            return 0.0
        return 1.0 if self.regression is None else 1.0 - self.regression.weight

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of a snapshot that are read."""
        return (*TRIPLE, *((*self.regression.columns, GAP) if self.regression else ()))

    def log_odds(self, snapshot: pd.DataFrame) -> FloatArray:
        """Log odds of leaving (n,)."""
        log_odds = np.zeros(len(snapshot))
        if self.rhythm is not None:
            log_odds = self.rhythm_weight * self._rhythm(btyd_inputs(snapshot))
        if self.regression is not None:
            own = self.regression.contributions(snapshot).to_numpy(np.float64)
            log_odds = log_odds + self.regression.weight * (self.regression.level + own.sum(axis=1))
        return log_odds

    def contributions(self, snapshot: pd.DataFrame) -> pd.DataFrame:
        """Shapley values by feature and `base`, in log odds: rows (n,) sum to `log_odds`.

        They are exact: the terms of the regression as they are and, for the three inputs of the
        rhythm, the mean over all orders in which they can become known.
        """
        found = pd.DataFrame({BASE: np.zeros(len(snapshot))}, index=snapshot.index)
        if self.rhythm is not None:
            triple = np.stack(btyd_inputs(snapshot))
            usual = np.repeat(np.array(self.usual)[:, None], len(snapshot), axis=1)
            found[BASE] += self.rhythm_weight * self._rhythm((usual[0], usual[1], usual[2]))
            for name, value in self._shapley(triple, usual).items():
                found[name] = self.rhythm_weight * value
        if self.regression is not None:
            weight = self.regression.weight
            found[BASE] += weight * self.regression.level
            own = self.regression.contributions(snapshot)
            for feature in own.columns:
                found[feature] = found.get(feature, 0.0) + weight * own[feature]
        return found

    def _rhythm(self, triple: Triple) -> FloatArray:
        if self.rhythm is None:
            return np.zeros(len(triple[0]))
        return self.rhythm.log_odds_of_no_purchase(self.horizon_days, triple)

    def _shapley(self, own: FloatArray, usual: FloatArray) -> dict[str, FloatArray]:
        """Contributions of frequency, silence (T - recency) and T, from the usual customer on."""
        players = (ORDERS, SILENCE, AGE)
        values = {ORDERS: (own[0], usual[0]), AGE: (own[2], usual[2])}
        values[SILENCE] = (own[2] - own[1], usual[2] - usual[1])

        def log_odds_with(known: frozenset[str]) -> FloatArray:
            frequency, silence, t = (
                values[name][0 if name in known else 1] for name in (ORDERS, SILENCE, AGE)
            )
            return self._rhythm((frequency, np.clip(t - silence, 0.0, None), t))

        n = len(players)
        sets = [frozenset(part) for size in range(n + 1) for part in combinations(players, size)]
        worth = {known: log_odds_with(known) for known in sets}
        weight = [factorial(k) * factorial(n - k - 1) / factorial(n) for k in range(n)]
        moved = {name: np.zeros(own.shape[1]) for name in players}
        for name in players:
            for known in (others for others in sets if name not in others):
                moved[name] += weight[len(known)] * (worth[known | {name}] - worth[known])
        return moved

    def to_dict(self) -> dict[str, Any]:
        """The model as plain data, for JSON."""
        return asdict(self) | {"rhythm": self.rhythm.to_dict() if self.rhythm else None}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "ParametricChurn":
        """The reverse of `to_dict`."""
        rhythm, regression = content["rhythm"], content["regression"]
        return cls(
            horizon_days=content["horizon_days"],
            churn=content["churn"],
            rhythm=BtydOrders.from_dict(rhythm) if rhythm else None,
            usual=tuple(content["usual"]),
            regression=Regression(**regression) if regression else None,
            importance=content["importance"],
        )


def unjudged_parametric(
    rows: pd.DataFrame, orders: BtydOrders | None, horizon_days: int, churn: Churn
) -> ParametricChurn:
    """The rhythm alone, without a regression; the medians of `rows` (n,) are the usual customer."""
    triple = np.stack(btyd_inputs(rows)) if len(rows) else np.zeros((3, 1))
    frequency, recency, t = (float(value) for value in np.median(triple, axis=1))
    rhythm = orders if churn == LAPSE else None
    model = ParametricChurn(horizon_days, churn, rhythm, (frequency, recency, t))
    return _with_importance(model, rows)


def fit_parametric(
    rows: pd.DataFrame,
    now: pd.DataFrame | None,
    orders: BtydOrders | None,
    horizon_days: int,
    churn: Churn = LAPSE,
) -> ParametricChurn:
    """Fit on rows (n,) with closed outcomes, of one or more as-of dates.

    `now` are the rows of the latest date, whose outcomes are unknown: the base rate becomes that of
    the rhythm there. It is None for a shop of one season, which the rhythm cannot describe: the
    base rate is then that of `rows`. Without any rows the rhythm is used alone. The windows of one
    customer overlap and are alike: a customer with k dates counts as √k.
    """
    plain = unjudged_parametric(rows, orders, horizon_days, churn)
    if rows.empty:
        return plain
    regression = fit_regression(rows, horizon_days, churn)
    if plain.rhythm is not None:
        regression = replace(regression, weight=_regression_weight(rows, horizon_days))
    model = replace(plain, regression=regression)
    if plain.rhythm is not None:
        if now is None:
            left = float(rows["churned"].sum() + 1.0) / (len(rows) + 2.0)
            model = _at_level(model, rows, left)
        else:
            there = now if len(now) else rows
            model = _at_level(model, there, float(expit(plain.log_odds(there)).mean()))
    return _with_importance(model, rows)


def regression_weight(customers: float, windows: float = WINDOWS) -> float:
    """The weight u of the regression, by numbers of customers and of closed windows.

    It grows in proportion to the customers up to SOME, and with their logarithm from there to
    ENOUGH.
    """
    if customers <= SOME:
        part = QUARTER * customers / SOME
    else:
        grown = to_digits(min(float(np.log(customers / SOME) / np.log(ENOUGH / SOME)), 1.0), CONVEX)
        part = QUARTER + (HALF - QUARTER) * grown
    return part * min(max(windows, 1.0) / WINDOWS, 1.0)


def _regression_weight(rows: pd.DataFrame, horizon_days: int) -> float:
    first, last = rows["as_of_date"].min(), rows["as_of_date"].max()
    windows = 1.0 + (last - first).days / horizon_days
    return regression_weight(rows["customer_id"].nunique(), windows)


def _at_level(model: ParametricChurn, rows: pd.DataFrame, wanted: float) -> ParametricChurn:
    """The model with the level c at which the mean risk of `rows` is `wanted`."""
    regression = model.regression
    if regression is None:
        return model
    odds = model.log_odds(rows)
    shift = brentq(lambda by: float(expit(odds + by).mean()) - wanted, -40.0, 40.0, xtol=1e-14)
    level = to_digits(regression.level + float(shift) / regression.weight, CONVEX)
    return replace(model, regression=replace(regression, level=level))


def _with_importance(model: ParametricChurn, rows: pd.DataFrame) -> ParametricChurn:
    moved = model.contributions(rows).drop(columns=BASE).abs().mean()
    total = float(moved.sum())
    shares = {str(name): to_digits(v / total, CONVEX) for name, v in moved.items()} if total else {}
    return replace(model, importance=shares)
