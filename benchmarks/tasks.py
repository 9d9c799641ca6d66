"""The tasks of the accuracy benchmark, and how the predictions for them are judged.

Predictions are a table with a row for each test row. Every figure is taken on all rows once and on
each bootstrap draw of the customers, so that differences between two models are paired:

    churn     `churn_risk`
    when      `before_{day}`: P(a purchase before that day); or `sooner`, an order, or both
    how_much  `orders` and, where the data has amounts, `spend` within the horizon
    what      one column for each figure, judged row by row; empty where nothing could be hit
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from models.probability.metrics import METRICS

FloatArray = npt.NDArray[np.float64]
Judge = Callable[[pd.DataFrame, pd.DataFrame, FloatArray], dict[str, FloatArray]]

CHURN = ("auc", "average_precision", "log_loss", "brier", "observed_over_expected")
AMOUNTS = {"orders": "orders_in_horizon", "spend": "spend_in_horizon"}
TOP = 0.1
MAX_PAIR_ROWS = 4000
# For the figures in which models are compared: is more better? Ratios to what happened are only
# shown, as neither more nor less is better.
HIGHER_IS_BETTER = {
    "auc": True,
    "average_precision": True,
    "log_loss": False,
    "brier": False,
    "concordance": True,
    "integrated_brier": False,
    "brier_7": False,
    "hit_at_3": True,
    "map_at_3": True,
    "mean_absolute_error": False,
    "root_mean_squared_error": False,
    "spearman": True,
    "captured_in_top_decile": True,
}


def better(metric: str) -> bool | None:
    """Whether a higher figure is better; None where models are not compared by it."""
    for prefix in ("orders_", "spend_", "any_", "new_"):
        metric = metric.removeprefix(prefix)
    return HIGHER_IS_BETTER.get(metric)


def weights_of(customers: "pd.Series[str]", weights: FloatArray) -> FloatArray:
    """The bootstrap weights (draws, n), below a first row in which everybody counts once."""
    return np.vstack([np.ones(len(customers)), weights])


def judge_churn(test: pd.DataFrame, told: pd.DataFrame, weights: FloatArray) -> dict[str, Any]:
    """The metrics of a run."""
    y, p = (np.asarray(one, np.float64) for one in (test["churned"], told["churn_risk"]))
    order = np.argsort(p, kind="stable")
    y, p, weights = y[order], p[order], weights[:, order]
    return {name: np.array([METRICS[name](y, p, w) for w in weights]) for name in CHURN}


def judge_when(test: pd.DataFrame, told: pd.DataFrame, weights: FloatArray) -> dict[str, Any]:
    """The order of the purchases, and how near each day's probability is to what happened."""
    days = test["days_to_next_purchase"].to_numpy(np.float64)
    followed = test["followup_days"].to_numpy(np.float64)
    until = {
        int(str(name).removeprefix("before_")): told[name].to_numpy(np.float64)
        for name in told.columns
        if str(name).startswith("before_")
    }
    sooner = told["sooner"] if "sooner" in told else pd.Series(until[max(until)])
    found = {"concordance": _concordance(days, followed, np.asarray(sooner, np.float64), weights)}
    if not until:
        return found
    scores = {day: (p - (days < day)) ** 2 for day, p in until.items()}
    ends = sorted(scores)
    mean_over_time = np.trapezoid([scores[day] for day in ends], ends, axis=0)
    found["integrated_brier"] = _mean(mean_over_time / (ends[-1] - ends[0]), weights)
    for day in (7, ends[-1]):
        if day in until:
            bought = (days < day).astype(np.float64)
            found[f"observed_over_expected_{day}"] = (weights @ bought) / (weights @ until[day])
    if 7 in scores:
        found["brier_7"] = _mean(scores[7], weights)
    return found


def judge_how_much(test: pd.DataFrame, told: pd.DataFrame, weights: FloatArray) -> dict[str, Any]:
    """Errors by customer and in total, order, and what the best tenth brought."""
    found = {}
    for name in told.columns:
        actual = test[AMOUNTS[str(name)]].to_numpy(np.float64)
        predicted = told[name].to_numpy(np.float64)
        error = predicted - actual
        figures = {
            "mean_absolute_error": _mean(np.abs(error), weights),
            "root_mean_squared_error": np.sqrt(_mean(error**2, weights)),
            "total_error": (weights @ predicted) / (weights @ actual) - 1.0,
            "spearman": _rank_correlation(predicted, actual, weights),
            "captured_in_top_decile": _captured(predicted, actual, weights),
            "auc": _buyers_first(predicted, actual, weights),
        }
        found |= {f"{name}_{metric}": values for metric, values in figures.items()}
    return found


def judge_what(_test: pd.DataFrame, told: pd.DataFrame, weights: FloatArray) -> dict[str, Any]:
    """Means of what was judged row by row."""
    found = {}
    for name in told.columns:
        values = told[name].to_numpy(np.float64)
        known = np.isfinite(values)
        found[str(name)] = _mean(values[known], weights[:, known])
    return found


TASKS: Mapping[str, Judge] = {
    "churn": judge_churn,
    "when": judge_when,
    "what": judge_what,
    "how_much": judge_how_much,
}


def _mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    mean: FloatArray = (weights @ values) / weights.sum(axis=1)
    return mean


def _concordance(
    days: FloatArray, followed: FloatArray, sooner: FloatArray, weights: FloatArray
) -> FloatArray:
    """Harrell's concordance, as in models/judging/when.py: with more than 4,000 rows every k-th."""
    every = max(1, -(-len(days) // MAX_PAIR_ROWS))
    days, followed, sooner = days[::every], followed[::every], sooner[::every]
    drawn = weights[:, ::every].astype(np.float32)
    event = np.isfinite(days)
    time = np.where(event, days, followed)
    later = (time[None] > time[:, None]) | ((time[None] == time[:, None]) & ~event[None])
    later &= event[:, None]
    right = (sooner[:, None] > sooner[None]) + 0.5 * (sooner[:, None] == sooner[None])
    pairs = later.astype(np.float32)
    won = (drawn * (drawn @ (pairs * right.astype(np.float32)).T)).sum(axis=1, dtype=np.float64)
    all_pairs = (drawn * (drawn @ pairs.T)).sum(axis=1, dtype=np.float64)
    share: FloatArray = won / all_pairs
    return share


def _rank_correlation(predicted: FloatArray, actual: FloatArray, weights: FloatArray) -> FloatArray:
    """Spearman's; draws keep the ranks of all rows, which hardly changes the interval."""
    x, y = rankdata(predicted), rankdata(actual)
    total = weights.sum(axis=1, keepdims=True)
    mean_x, mean_y = weights @ x[:, None] / total, weights @ y[:, None] / total
    over = (weights @ (x * y))[:, None] / total - mean_x * mean_y
    spread_x = weights @ (x**2)[:, None] / total - mean_x**2
    spread_y = weights @ (y**2)[:, None] / total - mean_y**2
    correlation: FloatArray = (over / np.sqrt(np.maximum(spread_x * spread_y, 1e-12)))[:, 0]
    return correlation


def _buyers_first(predicted: FloatArray, actual: FloatArray, weights: FloatArray) -> FloatArray:
    """How often a buyer was expected to bring more than a customer who brought nothing.

    NaN where everybody brought something, or nobody did.
    """
    order = np.argsort(predicted, kind="stable")
    brought = (actual[order] > 0).astype(np.float64)
    if brought.min() == brought.max():
        return np.full(len(weights), np.nan)
    areas: FloatArray = np.array(
        [METRICS["auc"](brought, predicted[order], w[order]) for w in weights]
    )
    return areas


def _captured(predicted: FloatArray, actual: FloatArray, weights: FloatArray) -> FloatArray:
    """Share of the total brought by the tenth with the highest predictions; ties as they come."""
    order = np.argsort(-predicted, kind="stable")
    drawn, brought = weights[:, order], actual[order]
    before = drawn.cumsum(axis=1) - drawn
    inside = np.clip(TOP * drawn.sum(axis=1, keepdims=True) - before, 0.0, drawn)
    part: FloatArray = (inside @ brought) / (drawn @ brought)
    return part
