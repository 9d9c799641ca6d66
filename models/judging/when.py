"""Evaluation of when the next purchase comes, on later dates, beside simple rules."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.integrate import trapezoid

from core.arrays import FloatArray
from models.judging.held_out import HeldOutBaselines
from models.next_purchase.when import WhenModel
from models.probability.curves import expected_days, probability_by, survival_at
from models.simple.btyd_orders import btyd_inputs
from models.simple.kaplan_meier import segments_of
from models.simple.rules import Baselines
from models.words import REPORTED_DAYS

MAX_PAIR_ROWS = 4000
FOLLOWED = 50  # rows that a day needs to be judged


def evaluate_when(
    test: pd.DataFrame,
    model: WhenModel,
    baselines: Baselines | HeldOutBaselines,
    churn_risk: FloatArray,
) -> dict[str, Any]:
    """Judge the predicted curves: probabilities by day, interval, median error, concordance.

    A day is judged on the rows followed for at least that long: follow-up ends on a calendar date
    whatever a customer does, so these rows stand for all. `missed_early` is the share who bought
    before the interval and `missed_late` the share after it, each of the rows where that can
    be known, beside the share that the curves `expected` there. `coverage` is the share inside, of
    the rows followed to the end of the curve, and `open` the share of all intervals without an
    end: more than 1 - INSIDE lies beyond the curve.
    """
    horizon = model.horizon_days
    curve = model.curve(test, churn_risk)
    days = test["days_to_next_purchase"].to_numpy(np.float64)
    followup = test["followup_days"].to_numpy(np.float64)
    triple = np.stack(btyd_inputs(test))
    segment_names = segments_of(test)

    @cache  # asked for each day by every figure
    def by(day: int) -> dict[str, FloatArray]:
        return {
            "ours": probability_by(curve, model.grid, day),
            "bg_nbd": 1 - baselines.orders.bg_nbd.p_no_purchase(day, *triple),
            "kaplan_meier": 1 - baselines.segment_curves.p_no_purchase(day, segment_names),
        }

    by_day: dict[str, Any] = {}
    for day in sorted({*REPORTED_DAYS, horizon}):
        seen = followup >= day
        if not seen.any() or day > model.reach_days:
            continue
        bought = (days[seen] < day).astype(np.float64)
        by_day[str(day)] = {
            "rows": int(seen.sum()),
            "bought": float(bought.mean()),
            **{
                name: _probability_figures(bought, p[seen])
                for name, p in by(day).items()
                if np.isfinite(p).all()
            },
        }
    predicted = model.predict(test, churn_risk)
    low, median, high = (
        predicted[f"next_purchase_days_{name}"].to_numpy(np.float64)
        for name in ("low", "median", "high")
    )

    def until(day: FloatArray) -> FloatArray:
        return survival_at(curve, model.grid, day)

    every_day = [by(day) for day in model.grid]
    expected = {
        name: expected_days(np.column_stack([1 - p[name] for p in every_day]), model.grid)
        for name in every_day[0]
        if all(np.isfinite(p[name]).all() for p in every_day)
    }
    own_gap = baselines.days_to_next_purchase(test)
    came = np.isfinite(days) & np.isfinite(median)
    return {
        "rows": len(test),
        "by_day": by_day,
        "integrated_brier": _integrated_brier(days, followup, model.grid, by),
        "interval": {
            "missed_early": _share(days < low, followup >= low, 1.0 - until(low)),
            "missed_late": _share(~(days <= high), followup > high, until(high + 1)),
            "coverage": _coverage(
                (days, followup), (low, high), until, _judged_to(model, followup)
            ),
            "open": float(np.isnan(high).mean()) if len(high) else None,
        },
        "median_absolute_error": {
            "rows": int(came.sum()),
            "ours": _median_error(median, days, came),
            "own_mean_gap": _median_error(own_gap, days, came),
        },
        "concordance": {
            **{name: concordance(days, followup, -wait) for name, wait in expected.items()},
            "own_mean_gap": concordance(days, followup, -own_gap),
        },
    }


def concordance(days: FloatArray, followup: FloatArray, sooner: FloatArray) -> float | None:
    """Share of comparable pairs in which the higher `sooner` bought first (Harrell et al. 1982).

    A pair is comparable when the earlier of the two is a purchase; ties of `sooner` count half.
    With more than 4,000 rows every k-th is taken, as pairs grow with the square of the rows. None
    without a comparable pair.
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
    return float(right / pairs) if pairs else None


def _probability_figures(bought: FloatArray, p: FloatArray) -> dict[str, float | None]:
    return {
        "brier": float(((p - bought) ** 2).mean()),
        "observed_over_expected": float(bought.sum() / p.sum()) if p.sum() > 0 else None,
    }


def _integrated_brier(
    days: FloatArray,
    followup: FloatArray,
    grid: Sequence[int],
    by: Callable[[int], dict[str, FloatArray]],
) -> dict[str, Any]:
    """Mean over time of the Brier score of "has bought by then" (Graf et al. 1999).

    From the as-of date to the last grid day to which at least FOLLOWED rows were followed.
    """
    judged = [day for day in grid if (followup >= day).sum() >= FOLLOWED]
    scores: dict[str, list[float]] = {}
    for day in judged:
        seen = followup >= day
        bought = (days[seen] < day).astype(np.float64)
        for name, p in by(day).items():
            scores.setdefault(name, []).append(float(((p[seen] - bought) ** 2).mean()))
    if len(judged) < 2:
        return {}
    length = judged[-1] - judged[0]
    found = {name: float(trapezoid(by_day, judged) / length) for name, by_day in scores.items()}
    finite = {name: score for name, score in found.items() if np.isfinite(score)}
    return {"until_day": judged[-1], **finite}


def _judged_to(model: WhenModel, followup: FloatArray) -> int:
    """The end of the curve; the horizon where fewer than FOLLOWED rows were followed so far."""
    enough = (followup >= model.reach_days).sum() >= FOLLOWED
    return model.reach_days if enough else model.horizon_days


def _coverage(
    outcome: tuple[FloatArray, FloatArray],
    ends: tuple[FloatArray, FloatArray],
    until: Callable[[FloatArray], FloatArray],
    last_day: int,
) -> dict[str, Any]:
    """Share of rows, followed to `last_day`, whose purchase came within the interval.

    `outcome` are days and follow-up. An end of the interval beyond that day covers no purchase
    before it, and who had not bought by then is inside an interval that goes on. `expected` is the
    share that the curves have inside, by the same rule.
    """
    days, followup = outcome
    last = np.full(len(days), float(last_day))
    low, high = (np.where(end < last_day, end, np.inf) for end in ends)
    day = np.where(days < last_day, days, np.inf)
    known = followup >= last_day
    inside = (low <= day) & (day <= high)
    after = np.where(np.isfinite(high), until(np.minimum(high + 1, last)), 0.0)
    expected = until(np.minimum(low, last)) - after
    return {**_share(inside, known, expected), "days": last_day}


def _share(
    found: "np.typing.NDArray[np.bool_]", known: "np.typing.NDArray[np.bool_]", expected: FloatArray
) -> dict[str, Any]:
    share, own = (
        float(values[known].mean()) if known.any() else None for values in (found, expected)
    )
    return {"rows": int(known.sum()), "share": share, "expected": own}


def _median_error(
    predicted: FloatArray, days: FloatArray, rows: "np.typing.NDArray[np.bool_]"
) -> Any:
    return float(np.median(np.abs(predicted[rows] - days[rows]))) if rows.any() else None
