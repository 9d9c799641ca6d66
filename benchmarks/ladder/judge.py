"""Predictions of several models for one cell, judged on the same customers and draws."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.ladder.peers import Told

FloatArray = npt.NDArray[np.float64]
OURS = "ours"
DRAWS = 500
SEED = 5
CALIBRATED = (0.8, 1.25)  # observed over expected
SMALLEST = 1e-6  # a probability of 0 that is wrong would cost an endless log loss
HIGHER_IS_BETTER = {"auc": True, "log_loss": False}


def judge(churned: FloatArray, told: Mapping[str, Told]) -> dict[str, Any]:
    """Figures by model, and the difference of ours to each peer with its 95 % interval.

    A figure is None where it is undefined: the AUC where all outcomes are equal, the others without
    a probability.
    """
    weights = draws(len(churned))
    figures: dict[str, dict[str, FloatArray | None]] = {
        name: {
            "auc": auc(churned, one.rank, weights),
            "log_loss": None
            if one.probability is None
            else weights @ log_loss(churned, one.probability) / weights.sum(axis=1),
        }
        for name, one in told.items()
    }
    models = {
        name: {
            **{metric: None if d is None else float(d[0]) for metric, d in by.items()},
            **_calibration(churned, told[name].probability),
        }
        for name, by in figures.items()
    }
    differences = [
        {"peer": name, "metric": metric, **_interval(ours - theirs, HIGHER_IS_BETTER[metric])}
        for name, by in figures.items()
        if name != OURS and OURS in figures
        for metric, theirs in by.items()
        if (ours := figures[OURS][metric]) is not None and theirs is not None
    ]
    return {"models": models, "differences": differences}


def draws(n: int) -> FloatArray:
    """How often each customer counts (DRAWS + 1, n): once in the first row, then resampled."""
    rng = np.random.default_rng(SEED)
    drawn = rng.multinomial(n, np.full(n, 1.0 / n), size=DRAWS)
    return np.vstack([np.ones(n), drawn]).astype(np.float64)


def auc(churned: FloatArray, rank: FloatArray, weights: FloatArray) -> FloatArray | None:
    """P(a leaver was ranked above a stayer), ties counted half, for each draw.

    NaN in draws in which all outcomes are equal; None where all customers have one outcome.
    """
    if churned.min() == churned.max():
        return None
    values, place = np.unique(rank, return_inverse=True)
    at_value = np.zeros((len(rank), len(values)))
    at_value[np.arange(len(rank)), place] = 1.0
    left, stayed = weights * churned @ at_value, weights * (1.0 - churned) @ at_value
    below = stayed.cumsum(axis=1) - stayed / 2.0
    with np.errstate(invalid="ignore"):
        area: FloatArray = (left * below).sum(axis=1) / (left.sum(axis=1) * stayed.sum(axis=1))
    return area


def log_loss(churned: FloatArray, probability: FloatArray) -> FloatArray:
    """Log loss of each customer (n,)."""
    p = np.clip(probability, SMALLEST, 1.0 - SMALLEST)
    loss: FloatArray = -np.where(churned > 0, np.log(p), np.log1p(-p))
    return loss


def _calibration(churned: FloatArray, probability: FloatArray | None) -> dict[str, float | None]:
    if probability is None:
        return {"brier": None, "observed_over_expected": None, "by_chance": None}
    expected = float(probability.sum())
    # Were every probability exactly right: how often would the ratio lie within CALIBRATED?
    rng = np.random.default_rng(SEED)
    left = (rng.random((DRAWS, len(churned))) < probability).sum(axis=1)
    low, high = CALIBRATED
    return {
        "brier": float(((probability - churned) ** 2).mean()),
        "observed_over_expected": float(churned.sum()) / expected,
        "by_chance": float(((left >= low * expected) & (left <= high * expected)).mean()),
    }


def _interval(difference: FloatArray, higher_is_better: bool) -> dict[str, Any]:
    low, high = np.nanpercentile(difference[1:], [2.5, 97.5])
    worse = high < 0 if higher_is_better else low > 0
    better = low > 0 if higher_is_better else high < 0
    return {
        "value": float(difference[0]),
        "low": float(low),
        "high": float(high),
        "surely": "worse" if worse else "better" if better else None,
    }
