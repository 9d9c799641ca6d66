"""Metrics of a probability against what happened, weighted so that customers can be resampled.

Intervals are percentile bootstraps over customers (a customer's rows of several dates stay
together). Every function takes outcomes (n,) in {0, 1}, probabilities (n,) and weights (n,).

A metric that is undefined on the rows, such as the AUC where all outcomes are equal, is NaN. Draws
on which it is undefined are left out of the interval. A figure that is undefined on the rows, or on
every draw, is None.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.arrays import FloatArray
from models.probability.calibration import SMALLEST

Metric = Callable[[FloatArray, FloatArray, FloatArray], float]
Figure = dict[str, float]  # value, low, high
DEPTHS = (5, 10, 20)  # per cent of the customers, ranked highest
BINS = 10


def auc(y: FloatArray, p: FloatArray, w: FloatArray) -> float:
    """Area under the ROC curve: P(a leaver ranks above a stayer), ties counted half."""
    order = np.argsort(p, kind="stable")
    ys, ps, ws = y[order], p[order], w[order]
    starts = np.flatnonzero(np.r_[True, ps[1:] != ps[:-1]])
    positive = np.add.reduceat(ws * ys, starts)
    negative = np.add.reduceat(ws * (1 - ys), starts)
    below = np.cumsum(negative) - negative
    pairs = positive.sum() * negative.sum()
    return float((positive * (below + negative / 2)).sum() / pairs) if pairs else float("nan")


def average_precision(y: FloatArray, p: FloatArray, w: FloatArray) -> float:
    """Mean precision over the recall steps, ties taken together."""
    order = np.argsort(-p, kind="stable")
    ys, ps, ws = y[order], p[order], w[order]
    starts = np.flatnonzero(np.r_[True, ps[1:] != ps[:-1]])
    hits = np.add.reduceat(ws * ys, starts)
    shown = np.cumsum(np.add.reduceat(ws, starts))
    total = hits.sum()
    precision = np.divide(np.cumsum(hits), shown, out=np.zeros_like(shown), where=shown > 0)
    return float((hits * precision).sum() / total) if total else float("nan")


def log_loss(y: FloatArray, p: FloatArray, w: FloatArray) -> float:
    """Mean negative log likelihood, probabilities kept 1e-6 away from 0 and 1."""
    q = np.clip(p, SMALLEST, 1 - SMALLEST)
    return float(-np.average(y * np.log(q) + (1 - y) * np.log1p(-q), weights=w))


def brier(y: FloatArray, p: FloatArray, w: FloatArray) -> float:
    """Mean squared difference of probability and outcome."""
    return float(np.average((p - y) ** 2, weights=w))


def brier_skill(y: FloatArray, p: FloatArray, w: FloatArray) -> float:
    """1 - Brier score over that of predicting the share of leavers for everybody; 0 is no skill."""
    base = np.average(y, weights=w)
    plain = base * (1 - base)
    return float(1 - brier(y, p, w) / plain) if plain else float("nan")


def capture(y: FloatArray, p: FloatArray, w: FloatArray, depth: float) -> float:
    """Share of all leavers who are among the share `depth` of customers ranked highest."""
    left = float((w * y).sum())
    return top_leavers(y, p, w, depth * w.sum()) / left if left else float("nan")


def lift(y: FloatArray, p: FloatArray, w: FloatArray, depth: float) -> float:
    """Share of leavers among the `depth` ranked highest, over the share of leavers among all."""
    return capture(y, p, w, depth) / depth


def top_leavers(y: FloatArray, p: FloatArray, w: FloatArray, room: float) -> float:
    """Leavers among the `room` (by weight) ranked highest; a tie at the edge counts in part."""
    order = np.argsort(-p, kind="stable")
    ys, ps, ws = y[order], p[order], w[order]
    starts = np.flatnonzero(np.r_[True, ps[1:] != ps[:-1]])
    hits = np.add.reduceat(ws * ys, starts)
    size = np.add.reduceat(ws, starts)
    inside = np.clip(room - (np.cumsum(size) - size), 0, size)
    return float(np.divide(hits * inside, size, out=np.zeros_like(size), where=size > 0).sum())


def observed_over_expected(y: FloatArray, p: FloatArray, w: FloatArray) -> float:
    """Leavers observed for each leaver predicted: 1 is right in total."""
    expected = float((w * p).sum())
    return float((w * y).sum()) / expected if expected else float("nan")


def calibration_error(y: FloatArray, p: FloatArray, w: FloatArray) -> float:
    """Mean distance of predicted and observed share over ten bins of equal size (ECE)."""
    bins = equal_bins(p, BINS)
    seen = np.bincount(bins, w * y, BINS)
    predicted = np.bincount(bins, w * p, BINS)
    return float(np.abs(seen - predicted).sum() / w.sum())


VALUE_WEIGHTED = "value_weighted_calibration_error"
METRICS: dict[str, Metric] = {
    "auc": auc,
    "average_precision": average_precision,
    "log_loss": log_loss,
    "brier": brier,
    "brier_skill": brier_skill,
    "calibration_error": calibration_error,
    "observed_over_expected": observed_over_expected,
    **{f"lift_at_{depth}": partial(lift, depth=depth / 100) for depth in DEPTHS},
    **{f"capture_at_{depth}": partial(capture, depth=depth / 100) for depth in DEPTHS},
}


def known(value: float) -> float | None:
    """A figure without an interval: None instead of NaN, which JSON does not allow."""
    return float(value) if np.isfinite(value) else None


def equal_bins(p: FloatArray, bins: int) -> npt.NDArray[np.int64]:
    """The bin (n,) of each value, 0 lowest; ties share the bin of their mean rank."""
    rank = pd.Series(p).rank(method="average").to_numpy(np.float64) - 0.5
    return np.minimum((rank / len(p) * bins).astype(np.int64), bins - 1)


def customer_weights(customers: "pd.Series[str]", draws: int, seed: int) -> npt.NDArray[np.float64]:
    """Bootstrap weights (draws, n): how often each row's customer was drawn."""
    codes, ids = pd.factorize(customers, sort=True)
    generator = np.random.default_rng(seed)
    if not len(ids):
        return np.zeros((draws, 0))
    counts = generator.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=draws)
    return counts[:, codes].astype(np.float64)


def with_intervals(
    y: FloatArray,
    predictions: Mapping[str, FloatArray],
    weights: FloatArray,
    worth: FloatArray | None = None,
) -> dict[str, dict[str, Figure | None]]:
    """Every metric of every model, with 95 % interval: `{model: {metric: {value, low, high}}}`.

    `weights` are `customer_weights`; the same draws serve every model. With `worth` (n,), what each
    customer spent, VALUE_WEIGHTED is among the metrics.
    """
    found = {
        name: {
            metric: _interval(*_resampled(function, ranked, sorted_weights))
            for metric, function in METRICS.items()
        }
        for name, p in predictions.items()
        for ranked, sorted_weights in [_by_rank(y, p, weights)]
    }
    if worth is not None:
        for name, p in predictions.items():
            error, *draws = value_weighted_errors(y, p, weights, worth)
            found[name][VALUE_WEIGHTED] = _interval(error, np.array(draws))
    return found


def value_weighted_errors(
    y: FloatArray, p: FloatArray, weights: FloatArray, worth: FloatArray
) -> FloatArray:
    """The calibration error with each row counted as what its customer spent, (1 + draws,).

    The first is that of all rows once each, the others are those of the draws `weights`. NaN where
    nobody spent anything.
    """
    (ys, ps), by = _by_rank(y, p, np.vstack([worth, weights * worth]))
    return np.array([calibration_error(ys, ps, w) if w.any() else np.nan for w in by])


def interval(metric: Metric, y: FloatArray, p: FloatArray, weights: FloatArray) -> Figure | None:
    """One metric of one model, with 95 % interval; `weights` are `customer_weights`."""
    return _interval(*_resampled(metric, *_by_rank(y, p, weights)))


def paired_difference(
    metric: Metric, y: FloatArray, ours: FloatArray, other: FloatArray, weights: FloatArray
) -> Figure | None:
    """Ours minus the other's, with a 95 % interval over the same resampled customers."""
    value, draws = _resampled(metric, *_by_rank(y, ours, weights))
    others_value, others_draws = _resampled(metric, *_by_rank(y, other, weights))
    return _interval(value - others_value, draws - others_draws)


def _by_rank(
    y: FloatArray, p: FloatArray, weights: FloatArray
) -> tuple[tuple[FloatArray, FloatArray], FloatArray]:
    """Rows in the order of p: every metric sorts them again, which costs little on sorted rows."""
    order = np.argsort(p, kind="stable")
    return (y[order], p[order]), weights[:, order]


def _resampled(
    metric: Metric, rows: tuple[FloatArray, FloatArray], weights: FloatArray
) -> tuple[float, FloatArray]:
    """The metric on all rows once each, and on every draw (draws,)."""
    y, p = rows
    return metric(y, p, np.ones_like(y)), np.array([metric(y, p, w) for w in weights])


def _interval(value: float, draws: FloatArray) -> Figure | None:
    finite = draws[np.isfinite(draws)]
    if not (np.isfinite(value) and len(finite)):
        return None
    return {"value": float(value), **interval_95(finite)}


def interval_95(draws: FloatArray) -> dict[str, float]:
    """`low` and `high` of the 95 % interval of a figure over resampled customers."""
    low, high = np.percentile(draws, [2.5, 97.5])
    return {"low": float(low), "high": float(high)}
