"""Evaluation of churn on later dates, beside the baselines: figures, slices, curves, verdict."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from models.judging.slices import figures, judge_slices, ratio_with_interval, worth
from models.judging.verdict import DATE, WARNED, grade, verdict
from models.params import ModelParams
from models.probability.metrics import (
    METRICS,
    auc,
    customer_weights,
    equal_bins,
    paired_difference,
    top_leavers,
    with_intervals,
)
from models.trees.inputs import is_text
from models.words import OURS

CURVE_POINTS = 101
HISTOGRAM_BINS = 20
MOST_VALUES = 50  # of a text feature: the most frequent values, judged one by one


def evaluate_churn(
    test: pd.DataFrame,
    predictions: Mapping[str, FloatArray],
    horizon_days: int,
    params: ModelParams,
) -> dict[str, Any]:
    """Judge `predictions` (model name to probabilities (n,)) on test rows with known outcomes.

    Returns `models` (metrics with 95 % intervals), `gains` (ours minus each baseline, paired),
    `by_date`, `worst_date`, `slices`, `verdict`, `grade`, `warnings` and the counts. A figure that
    is undefined on the rows, such as the AUC of a date on which nobody left, is None. `best_rule`
    is the best of all simple models by AUC.
    """
    y = test["churned"].to_numpy(np.float64)
    weights = customer_weights(test["customer_id"], params.bootstrap_draws, params.seed)
    models = with_intervals(y, predictions, weights, worth(test))
    gains = {
        name: {
            metric: paired_difference(METRICS[metric], y, predictions[OURS], other, weights)
            for metric in ("auc", "average_precision", "log_loss", "brier")
        }
        for name, other in predictions.items()
        if name != OURS
    }
    dates = {
        str(date)[:10]: (test["as_of_date"] == date).to_numpy()
        for date in sorted(test["as_of_date"].unique())
    }
    by_date = {date: figures(y, predictions, rows) for date, rows in dates.items()}
    simple = [name for name in predictions if name != OURS]
    best_rule = max(simple, key=lambda name: _value(models[name]["auc"], -1.0))
    slices = judge_slices(test, predictions, horizon_days, params.excluded_attributes, weights)
    of_dates = {
        date: {"rows": int(rows.sum()), "churners": int(y[rows].sum())}
        | ratio_with_interval(y, predictions[OURS], rows, weights)
        for date, rows in dates.items()
    }
    found = verdict(
        gains[best_rule]["auc"],
        models[OURS]["observed_over_expected"],
        _parts({DATE: of_dates} | slices),
    )
    return {
        "rows": len(test),
        "customers": int(test["customer_id"].nunique()),
        "churn_rate": float(y.mean()),
        "horizon_days": horizon_days,
        "models": models,
        "gains": gains,
        "by_date": by_date,
        "worst_date": _worst_date(by_date),
        "slices": slices,
        "best_rule": best_rule,
        "top_hundred": _top_hundred(y, predictions, best_rule),
        "verdict": found,
        "grade": grade(found),
        "warnings": [],
    }


def _parts(by_kind: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The parts that the verdict looks at, one after the other."""
    return [
        {
            "kind": kind,
            "part": name,
            "rows": facts["rows"],
            "left": facts["churners"],
            "expected": facts["expected"],
            **facts.get("ratio", {}),
        }
        for kind in WARNED
        for name, facts in by_kind.get(kind, {}).items()
    ]


def _value(figure: Mapping[str, float] | None, unknown: float) -> float:
    return unknown if figure is None else figure["value"]


def _worst_date(by_date: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> str | None:
    """The date with the lowest AUC, among the dates that have both outcomes."""
    areas = {
        date: area
        for date, figures in by_date.items()
        if (area := figures[OURS]["auc"]) is not None
    }
    return min(areas, key=lambda date: areas[date]) if areas else None


def _top_hundred(
    y: FloatArray, predictions: Mapping[str, FloatArray], best_rule: str
) -> dict[str, float]:
    """How many of the hundred rows ranked highest left: by our model and by the best simple one.

    Of fewer than two hundred rows it is the upper half: of everybody any order finds all who left.
    """
    n = min(100, max(1, len(y) // 2))
    ones = np.ones_like(y)
    return {name: top_leavers(y, predictions[name], ones, n) for name in (OURS, best_rule)} | {
        "of": n
    }


def curves(y: FloatArray, predictions: Mapping[str, FloatArray]) -> dict[str, pd.DataFrame]:
    """The plots as tables: roc, precision_recall, gains, calibration, score_histogram."""
    grid = np.linspace(0, 1, CURVE_POINTS)
    roc, precision, gains = ({} for _ in range(3))
    for name, p in predictions.items():
        hits = y[np.argsort(-p, kind="stable")]
        found = _shares(hits)
        alarms = _shares(1 - hits)
        shown = np.arange(len(y) + 1) / len(y)
        correct = np.r_[hits[0], np.cumsum(hits) / np.arange(1, len(y) + 1)]
        roc[name] = np.interp(grid, alarms, found)
        precision[name] = np.interp(grid, found, correct)
        gains[name] = np.interp(grid, shown, found)
    ours = predictions[OURS]
    bins = equal_bins(ours, 10)
    per_bin = pd.DataFrame({"bin": bins, "predicted": ours, "observed": y}).groupby("bin")
    calibration = per_bin.agg(
        predicted=("predicted", "mean"), observed=("observed", "mean"), rows=("observed", "size")
    )
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    histogram = pd.DataFrame(
        {
            "churn_risk": (edges[:-1] + edges[1:]) / 2,
            "stayed": np.histogram(ours[y == 0], edges)[0],
            "left": np.histogram(ours[y == 1], edges)[0],
        }
    )
    tables = {
        "roc": pd.DataFrame({"false_positive_rate": grid, **roc}),
        "precision_recall": pd.DataFrame({"recall": grid, **precision}),
        "gains": pd.DataFrame({"share_contacted": grid, **gains}),
        "calibration": calibration.assign(ideal=calibration["predicted"]),
        "score_histogram": histogram,
    }
    return {name: table.round(5) for name, table in tables.items()}


def _shares(counted: FloatArray) -> FloatArray:
    """Running shares of a total, from 0 to 1; NaN where the total is zero."""
    total = counted.sum()
    running: FloatArray = np.r_[0.0, np.cumsum(counted)]
    return running / total if total else np.full_like(running, np.nan)


def feature_aucs(test: pd.DataFrame, features: list[str]) -> "pd.Series[float]":
    """AUC of each feature alone, in its better direction: a value near 1 looks like a leak.

    Text has no order: its AUC is the largest of one value against all others.
    """
    y = test["churned"].to_numpy(np.float64)
    ones = np.ones_like(y)
    values = {}
    for name in features:
        areas = [auc(y, part, ones) for part in _alone(test[name])]
        values[name] = max((max(area, 1 - area) for area in areas if area == area), default=0.5)
    return pd.Series(values, dtype="float64").sort_values(ascending=False, kind="stable")


def _alone(column: "pd.Series[Any]") -> list[FloatArray]:
    """A feature as columns that can be ranked, each (n,): for text, one for each frequent value."""
    if is_text(column):
        frequent = column.value_counts().sort_index().nlargest(MOST_VALUES).index
        parts = [(column == value).to_numpy(np.float64) for value in frequent]
        return [*parts, column.isna().to_numpy(np.float64)]
    return [column.fillna(column.median()).fillna(0.0).to_numpy(np.float64)]
