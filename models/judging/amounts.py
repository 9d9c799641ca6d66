"""Evaluation of expected orders and money on later dates, beside simple rules."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from core.arrays import FloatArray
from models.judging.held_out import HeldOutBaselines
from models.probability.metrics import known
from models.simple.rules import FEWEST_PAYING, Baselines, last_period

TOP = 0.1  # of the customers, those with the highest predictions
UNABLE = "it cannot be computed on this data"
ABSENT = {
    "last_period": "the history is too short for a window of that length",
    "bg_nbd_gamma_gamma": f"fewer than {FEWEST_PAYING} customers had paid more than once",
}


def evaluate_amount(
    actual: FloatArray, predictions: Mapping[str, FloatArray | None]
) -> dict[str, Any]:
    """Errors, rank correlation and the share that the best tenth brings, by model.

    `total_error` is predicted over actual, less 1. `captured_in_top_decile` is the share of the
    actual total that the tenth with the highest predictions brought; both are None where nothing
    was brought. `absent` names the models without predictions (None), with the reason. Rows whose
    actual amount is unknown (NaN) are left out.
    """
    is_known = np.isfinite(actual)
    result: dict[str, Any] = {
        "rows": int(is_known.sum()),
        "actual_mean": float(actual[is_known].mean()) if is_known.any() else None,
    }
    absent = {
        name: "no row has a known amount" if predicted is not None else ABSENT.get(name, UNABLE)
        for name, predicted in predictions.items()
        if predicted is None or not is_known.any()
    }
    if absent:
        result["absent"] = absent
    actual = actual[is_known]
    for name, predicted in predictions.items():
        if predicted is None or name in absent:
            continue
        predicted = predicted[is_known]
        error = predicted - actual
        result[name] = {
            "mean_absolute_error": float(np.abs(error).mean()),
            "root_mean_squared_error": float(np.sqrt((error**2).mean())),
            "total_error": _over(predicted.sum(), actual.sum()),
            "spearman": _rank_correlation(predicted, actual),
            "captured_in_top_decile": known(captured(predicted, actual, TOP)),
        }
    return result


def captured(predicted: FloatArray, actual: FloatArray, share: float) -> float:
    """Share of the actual total brought by the given share of rows with the highest predictions.

    Rows tied at the edge count in part. NaN where nothing was brought.
    """
    order = np.argsort(-predicted, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(predicted[order]) != 0])
    brought = np.add.reduceat(actual[order], starts)
    size = np.diff(np.r_[starts, len(actual)])
    inside = np.clip(share * len(actual) - starts, 0, size)
    total = actual.sum()
    return float((brought * inside / size).sum() / total) if total else float("nan")


def amount_rules(
    snapshot: pd.DataFrame, baselines: Baselines | HeldOutBaselines, days: int
) -> dict[str, dict[str, FloatArray | None]]:
    """Simple rules that expected orders and money over `days` are compared with.

    The last period again; BG/NBD for orders, with Gamma-Gamma for money; and the formula that
    spreadsheets use, average order x orders a day so far x days.
    """
    tenure = np.fmax(snapshot["tenure_days"].to_numpy(np.float64), 1.0)
    spend: dict[str, FloatArray | None] = {
        "last_period": last_period(snapshot, "amount", days),
        "bg_nbd_gamma_gamma": baselines.expected_spend(snapshot, days),
    }
    if "amount_total" in snapshot.columns:
        spend["average_formula"] = _so_far(snapshot["amount_total"]) / tenure * days
    return {
        "orders": {
            "bg_nbd": baselines.expected_orders(snapshot, days),
            "last_period": last_period(snapshot, "orders", days),
            "average_formula": _so_far(snapshot["orders_total"]) / tenure * days,
        },
        "spend": spend,
    }


def _over(predicted: float, actual: float) -> float | None:
    """Predicted over actual in total, less 1; None where the actual total is not above 0."""
    return float(predicted / actual - 1) if actual > 0 else None


def _so_far(total: "pd.Series[float]") -> FloatArray:
    return np.asarray(total.fillna(0.0), np.float64)


def _rank_correlation(predicted: FloatArray, actual: FloatArray) -> float:
    """Spearman's rank correlation; 0 where all values of one side are equal and rank nobody."""
    if np.ptp(predicted) == 0 or np.ptp(actual) == 0:
        return 0.0
    return float(spearmanr(predicted, actual).statistic)
