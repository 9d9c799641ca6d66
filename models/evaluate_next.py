"""Evaluation of next purchase (when) and value (how much) on later dates, beside simple rules."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from models.baselines import Baselines, btyd_inputs, last_period
from models.boosting import FloatArray
from models.curves import probability_by
from models.next_purchase import REPORTED_DAYS, NextPurchaseModel

MAX_PAIR_ROWS = 4000


def evaluate_when(
    test: pd.DataFrame, model: NextPurchaseModel, baselines: Baselines, churn_risk: FloatArray
) -> dict[str, Any]:
    """Judge the curves told: Brier score and observed over expected by day, misses, error, order.

    A day is judged on the rows followed at least that long. `missed_early` is the share who bought
    before the 80 % interval and `missed_late` after it, each of the rows where that can be known:
    both should be near 0.10.
    """
    horizon = model.layout.horizon_days
    curve = model.curve(test, churn_risk)
    days = test["days_to_next_purchase"].to_numpy(np.float64)
    followup = test["followup_days"].to_numpy(np.float64)
    triple = np.stack(btyd_inputs(test))
    by_day: dict[str, Any] = {}
    for day in sorted({*REPORTED_DAYS, horizon}):
        seen = followup >= day
        if not seen.any() or day > model.reach_days:
            continue
        bought = (days[seen] < day).astype(np.float64)
        ours = probability_by(curve, model.grid, day)[seen]
        bg_nbd = 1 - baselines.bg_nbd.p_no_purchase(day, *triple[:, seen])
        by_day[str(day)] = {
            "rows": int(seen.sum()),
            "bought": float(bought.mean()),
            "ours": _probability_figures(bought, ours),
            "bg_nbd": _probability_figures(bought, bg_nbd),
        }
    told = model.predict(test, churn_risk)
    low, median, high = (
        told[f"next_purchase_days_{name}"].to_numpy(np.float64)
        for name in ("low", "median", "high")
    )
    own_gap = baselines.days_to_next_purchase(test)
    came = np.isfinite(days) & np.isfinite(median)
    return {
        "rows": len(test),
        "by_day": by_day,
        "interval": {
            # A purchase on day 0 came some time during it: half a day in, on average.
            "missed_early": _share(days + 0.5 < low, followup >= low),
            "missed_late": _share(~(days + 0.5 <= high), followup > high),
        },
        "median_absolute_error": {
            "rows": int(came.sum()),
            "ours": _median_error(median, days, came),
            "own_mean_gap": _median_error(own_gap, days, came),
        },
        "concordance": {
            "ours": concordance(days, followup, probability_by(curve, model.grid, horizon)),
            "own_mean_gap": concordance(days, followup, -own_gap),
            "bg_nbd": concordance(
                days, followup, 1 - baselines.bg_nbd.p_no_purchase(horizon, *triple)
            ),
        },
    }


def evaluate_amount(
    actual: FloatArray, predictions: dict[str, FloatArray | None]
) -> dict[str, Any]:
    """MAE, RMSE, total error (predicted over actual, less 1) and Spearman rank correlation."""
    result: dict[str, Any] = {"rows": len(actual), "actual_mean": float(actual.mean())}
    for name, predicted in predictions.items():
        if predicted is None:
            continue
        error = predicted - actual
        result[name] = {
            "mean_absolute_error": float(np.abs(error).mean()),
            "root_mean_squared_error": float(np.sqrt((error**2).mean())),
            "total_error": float(predicted.sum() / actual.sum() - 1),
            "spearman": _rank_correlation(predicted, actual),
        }
    return result


def amount_rules(snapshot: pd.DataFrame, baselines: Baselines, days: int) -> dict[str, Any]:
    """The rules beside expected orders and money: last period again, and BG/NBD for orders."""
    return {
        "orders": {
            "bg_nbd": baselines.expected_orders(snapshot),
            "last_period": last_period(snapshot, "orders", days),
        },
        "spend": {"last_period": last_period(snapshot, "amount", days)},
    }


def concordance(days: FloatArray, followup: FloatArray, sooner: FloatArray) -> float:
    """Share of comparable pairs in which the higher `sooner` bought first (Harrell et al. 1982).

    A pair is comparable when the earlier of the two is a purchase; ties of `sooner` count half.
    With more than 4,000 rows every k-th is taken: pairs grow with the square.
    """
    every = max(1, -(-len(days) // MAX_PAIR_ROWS))
    days, followup, sooner = days[::every], followup[::every], sooner[::every]
    event = np.isfinite(days)
    time = np.where(event, days, followup)
    right = pairs = 0.0
    for i in np.flatnonzero(event):
        later = (time > time[i]) | ((time == time[i]) & ~event)
        pairs += later.sum()
        right += (sooner[i] > sooner[later]).sum() + (sooner[i] == sooner[later]).sum() / 2
    return float(right / pairs) if pairs else float("nan")


def _probability_figures(bought: FloatArray, p: FloatArray) -> dict[str, float]:
    return {
        "brier": float(((p - bought) ** 2).mean()),
        "observed_over_expected": float(bought.sum() / p.sum()),
    }


def _rank_correlation(predicted: FloatArray, actual: FloatArray) -> float:
    """Spearman's; 0 where all values of one side are equal, since that orders nobody."""
    if np.ptp(predicted) == 0 or np.ptp(actual) == 0:
        return 0.0
    return float(spearmanr(predicted, actual).statistic)


def _share(missed: "np.typing.NDArray[np.bool_]", known: "np.typing.NDArray[np.bool_]") -> Any:
    return {"rows": int(known.sum()), "share": float(missed[known].mean()) if known.any() else None}


def _median_error(
    predicted: FloatArray, days: FloatArray, rows: "np.typing.NDArray[np.bool_]"
) -> Any:
    return float(np.median(np.abs(predicted[rows] - days[rows]))) if rows.any() else None
