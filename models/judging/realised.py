"""What a past release predicted, and what had happened once its horizon had closed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from models.params import ModelParams, MonitorParams
from models.probability.metrics import METRICS, customer_weights, interval

JUDGED = ("auc", "capture_at_10", "observed_over_expected", "calibration_error")


def realised(scores: pd.DataFrame, params: ModelParams, monitor: MonitorParams) -> dict[str, Any]:
    """Figures of one closed release, for all its customers and for the untreated.

    `scores` holds customer_id, churn_risk, left and untreated, one row per scored customer. A group
    with fewer than `min_outcomes` leavers or stayers is counted but not judged. Intervals are 95 %,
    from resampled customers.
    """
    groups = {"all": scores, "untreated": scores[scores["untreated"]]}
    return {name: _figures(rows, params, monitor) for name, rows in groups.items()}


def _figures(rows: pd.DataFrame, params: ModelParams, monitor: MonitorParams) -> dict[str, Any]:
    y = rows["left"].to_numpy(np.float64)
    p = rows["churn_risk"].to_numpy(np.float64)
    counts = {
        "customers": len(rows),
        "left": int(y.sum()),
        "expected_to_leave": float(p.sum()),
    }
    if min(y.sum(), len(y) - y.sum()) < monitor.min_outcomes:
        return counts
    weights = customer_weights(rows["customer_id"], params.bootstrap_draws, params.seed)
    figures = {name: interval(METRICS[name], y, p, weights) for name in JUDGED}
    return counts | {name: figure for name, figure in figures.items() if figure}


def falls_short(
    found: Mapping[str, float], promised: Mapping[str, float], is_better_high: bool = True
) -> bool:
    """Whether a figure is worse than promised by more than both intervals explain.

    The half widths that face each other are combined as those of independent figures.
    """
    if is_better_high:
        gap = promised["value"] - found["value"]
        widths = (found["high"] - found["value"], promised["value"] - promised["low"])
    else:
        gap = found["value"] - promised["value"]
        widths = (found["value"] - found["low"], promised["high"] - promised["value"])
    return bool(gap > np.hypot(*widths))
