"""Backtest of the sales forecast: what it would have predicted on past dates, and what was sold.

The test dates judge the evaluated models, within the horizon. Where the value horizon is longer,
the value test dates judge the models as they stood then, over all months. Both are compared with
the last period repeated and with the same period last year.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.arrays import FloatArray
from features.history.periods import bought_by
from features.timeline import date_of
from models.bundle import Bundle
from models.customers.segments import segments
from models.judging.held_out import HeldOutBundle
from models.judging.run import Evaluated
from models.params import ModelParams
from models.probability.metrics import customer_weights, interval_95
from models.value.forecast import (
    bounds,
    by_period,
    dated,
    last_periods,
    last_year,
    period_ends,
)
from models.value.forecast_interval import spreads
from models.value.past import Past
from models.words import OURS

LAST_PERIOD, LAST_YEAR = "last_period", "last_year"
WITHIN, BEYOND = "within_horizon", "value_horizon"


def backtest(past: Past, evaluated: Evaluated, params: ModelParams) -> list[dict[str, Any]]:
    """One entry per date, earliest first: periods with sold and forecast amounts, and the errors.

    `total_error` is forecast over sold, less 1; `segment_error` is the sum over RFM segments of the
    absolute errors, over what was sold; both have 95 % intervals from resampled customers. A model
    is left out of a date on which its figure is undefined: where nothing was sold, or the data does
    not reach back far enough.
    """
    timeline = past.timeline
    dates = [(day, WITHIN, timeline.horizon_days, evaluated.bundle) for day in timeline.test]
    if timeline.learned_value_days > timeline.horizon_days:
        far = timeline.learned_value_days
        dates += [(day, BEYOND, far, evaluated.past) for day in timeline.value_test]
    return [
        _judged(past, bundle, day, days, params) | {"reaches": reaches}
        for day, reaches, days, bundle in sorted(dates, key=lambda entry: entry[0])
        if not past.rows(day).empty
    ]


def forecast_metrics(backtests: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean absolute errors by reach, amount and model, and over how many `dates`.

    Each mean is over the dates that have the figure: last year's sales, for example, may be known
    at the last date only.
    """
    found: dict[str, Any] = {}
    for entry in backtests:
        for what, models in entry["errors"].items():
            for model, errors in models.items():
                place = found.setdefault(entry["reaches"], {}).setdefault(what, {})
                seen = place.setdefault(model, {})
                for error, figure in errors.items():
                    seen.setdefault(error, []).append(abs(figure["value"]))
    return {
        reaches: {
            what: {
                model: {
                    **{error: float(np.mean(values)) for error, values in errors.items()},
                    "dates": max(map(len, errors.values())),
                }
                for model, errors in models.items()
            }
            for what, models in amounts.items()
        }
        for reaches, amounts in found.items()
    }


def _judged(
    past: Past, bundle: Bundle | HeldOutBundle, day: int, days: int, params: ModelParams
) -> dict[str, Any]:
    rows, ends = past.rows(day), period_ends(days)
    customers = list(rows["customer_id"])
    expected = bundle.value.learned().predict(rows, bundle.churn.predict(rows))
    predicted = by_period(expected, past, day, ends)
    sold = past.bought(day, ends, customers)
    before, earlier = last_periods(rows, ends), last_year(past, day, ends)
    widths = spreads(past, day, ends, predicted["orders"].sum(axis=0))
    segment = segments(rows)["rfm_segment"]
    of_segment = np.stack([(segment == name).to_numpy() for name in sorted(segment.unique())])
    weights = customer_weights(rows["customer_id"], params.bootstrap_draws, params.seed)
    periods = [dated(day, a, b) for a, b in zip((0, *ends[:-1]), ends, strict=True)]
    periods += [dated(day, 0, ends[-1])] if len(ends) > 1 else []
    errors: dict[str, Any] = {}
    for what, cells in predicted.items():
        sales, forecasts = _with_whole(sold[what].sum(axis=0)), _with_whole(cells.sum(axis=0))
        for i, period in enumerate(periods):
            was = before[what][i]
            period[what] = {
                "sold": sales[i],
                OURS: forecasts[i],
                LAST_PERIOD: None if was is None else float(was.sum()),
                LAST_YEAR: None if earlier is None else _with_whole(earlier[what])[i],
                **_interval(forecasts[i], widths[what][i], sales[i]),
            }
        whole = {OURS: cells.sum(axis=1), LAST_PERIOD: before[what][-1]}
        errors[what] = {}
        if sold[what].sum() <= 0:
            continue  # an error is a share of what was sold
        errors[what] |= {
            name: _errors(amounts, sold[what].sum(axis=1), of_segment, weights)
            for name, amounts in whole.items()
            if amounts is not None
        }
        if earlier is not None:
            error = earlier[what].sum() / sold[what].sum() - 1
            errors[what][LAST_YEAR] = {"total_error": {"value": float(error)}}
    return {
        "as_of_date": date_of(day).isoformat(),
        "customers": len(rows),
        "days": ends[-1],
        "periods": periods[: len(ends)],
        "total": periods[-1],
        "errors": errors,
        "not_in_it": _outside(past, day, ends[-1], customers),
    }


def _interval(predicted: float, width: float | None, sold: float) -> dict[str, float | bool | None]:
    limits = bounds(predicted, width)
    low, high = limits["low"], limits["high"]
    covers = None if low is None or high is None else low <= sold <= high
    return {**limits, "covers": covers}


def _with_whole(values: FloatArray) -> list[float]:
    """The values of the periods and, where there are several, their sum."""
    return [*map(float, values), *([float(values.sum())] if len(values) > 1 else [])]


def _errors(
    predicted: FloatArray,
    sold: FloatArray,
    of_segment: npt.NDArray[np.bool_],
    weights: FloatArray,
) -> dict[str, dict[str, float]]:
    """Errors of the total and by segment; `predicted` and `sold` are by customer (n,).

    Intervals are over the draws in which anything was sold; without any such draw there are none.
    """
    once = np.ones((1, len(predicted)))
    drawn = weights[(weights @ sold) > 0]
    found: dict[str, dict[str, float]] = {}
    for name, parts in (("total_error", None), ("segment_error", of_segment)):
        found[name] = {"value": float(_error(predicted, sold, parts, once)[0])}
        if len(drawn):
            found[name] |= interval_95(_error(predicted, sold, parts, drawn))
    return found


def _error(
    predicted: FloatArray,
    sold: FloatArray,
    parts: npt.NDArray[np.bool_] | None,
    weights: FloatArray,
) -> FloatArray:
    """For each draw (draws,): the signed error of the total, or the absolute errors by part."""
    all_sold = weights @ sold
    if parts is None:
        ratio: FloatArray = (weights @ predicted) / all_sold - 1
        return ratio
    missed = np.abs((weights * (predicted - sold)) @ parts.T.astype(np.float64)).sum(axis=1)
    added: FloatArray = missed / all_sold
    return added


def _outside(past: Past, day: int, days: int, customers: list[str]) -> dict[str, Any]:
    """Shares of all sales that were brought by customers outside the forecast."""
    found = bought_by(past.purchases, day, days, set(customers))
    return {
        what: {
            who: (parts[who] / sum(parts.values()) if sum(parts.values()) else 0.0)
            for who in ("new", "back")
        }
        for what, parts in found.items()
    }
