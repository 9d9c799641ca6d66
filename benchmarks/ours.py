"""The predictions of our models, and of the baselines of every run, for each task."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.cases import Prepared
from features.history.category_history import Categories
from features.snapshot import model_features
from models.bundle import Bundle
from models.judging.amounts import amount_rules
from models.judging.what import categories_by_row
from models.next_purchase.hazard import NextPurchaseModel
from models.params import ModelParams
from models.probability.curves import at_days, expected_days
from models.simple.btyd_orders import btyd_inputs, fit_btyd_orders
from models.simple.kaplan_meier import segments_of
from models.simple.rules import Baselines
from models.training.categories import train_categories
from models.training.fitting import choose, refit
from models.training.models import baselines_at, search_settings
from models.value.forecast import AMOUNTS
from models.value.model import ValueModel

FloatArray = npt.NDArray[np.float64]
Answers = dict[str, dict[str, pd.DataFrame]]  # by task and model
OURS = "ours"
# Of the days to the next purchase, those within the horizon are judged.
DAYS = (0, 1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 30, 45, 60, 75, 90)


def days_until(horizon_days: int) -> list[int]:
    """The judged days up to the horizon, which is the last of them."""
    return sorted({day for day in DAYS if day < horizon_days} | {horizon_days})


def ours(rows: Prepared, params: ModelParams) -> Answers:
    """The evaluated models of a run, and its baselines."""
    test, horizon = rows.test, rows.timeline.horizon_days
    features = model_features(rows.snapshots)
    # As models.training.train_all, without what is served and what stood at the value test date.
    until, day = rows.until, rows.timeline.test[0]
    params = search_settings(until, features, params).applied(params)
    bundle = refit(choose(until, features, params), until, day, params)
    baselines = baselines_at(until, day, features)
    risk = bundle.churn.predict(test)
    if rows.beyond is not None:
        # BG/NBD needs no outcome: it is fitted on all that was known at the date.
        latest = replace(baselines, orders=fit_btyd_orders(rows.closed))
        return {"how_much": _how_much(test, bundle, latest, risk, rows.asked_days)}
    simple = baselines.predict(test)
    answers: Answers = {
        "churn": {
            OURS: pd.DataFrame({"churn_risk": risk}),
            **{str(name): simple[[name]].set_axis(["churn_risk"], axis=1) for name in simple},
        },
        "when": _when(test, bundle, baselines, risk, horizon),
        "how_much": _how_much(test, bundle, baselines, risk, horizon),
    }
    if rows.categories is not None:
        answers["what"] = _what(rows, rows.categories, features, risk, params)
    return answers


def when(
    model: NextPurchaseModel, test: pd.DataFrame, risk: FloatArray, horizon: int
) -> pd.DataFrame:
    """Predictions of the model of the next purchase, given a churn risk (n,)."""
    grid = model.grid
    days = sorted({*grid, *days_until(horizon)})
    curve = at_days(model.curve(test, risk), grid, days)
    return _answer(dict(zip(days, curve.T, strict=True)), horizon)


def how_much(model: ValueModel, test: pd.DataFrame, risk: FloatArray, days: int) -> pd.DataFrame:
    """Predictions of the value model over its horizon or the reported days, given a risk (n,)."""
    told = model.predict(test, risk).reset_index(drop=True)
    within = days == model.horizons.outcome_days
    names = {(near if within else far): what for what, (near, far) in AMOUNTS.items()}
    return told[[name for name in names if name in told]].rename(columns=names)


def _when(
    test: pd.DataFrame, bundle: Bundle, baselines: Baselines, risk: FloatArray, horizon: int
) -> dict[str, pd.DataFrame]:
    triple = btyd_inputs(test)
    days = sorted({*bundle.next_purchase.grid, *days_until(horizon)})
    names = segments_of(test)
    curves = {
        "kaplan_meier": {day: baselines.segment_curves.p_no_purchase(day, names) for day in days},
        "bg_nbd": {day: baselines.orders.bg_nbd.p_no_purchase(day, *triple) for day in days},
    }
    gap = baselines.days_to_next_purchase(test)
    return {
        OURS: when(bundle.next_purchase, test, risk, horizon),
        **{name: _answer(curve, horizon) for name, curve in curves.items()},
        "own_mean_gap": pd.DataFrame({"sooner": -gap}),
    }


def _answer(curve: dict[int, FloatArray], horizon: int) -> pd.DataFrame:
    """P(a purchase before each day) up to the horizon, and the order of the whole curve."""
    ends = [day for day in days_until(horizon) if day in curve]
    before = {f"before_{day}": 1.0 - curve[day] for day in ends}
    wait = expected_days(np.column_stack(list(curve.values())), list(curve))
    return pd.DataFrame({**before, "sooner": -wait})


def _how_much(
    test: pd.DataFrame, bundle: Bundle, baselines: Baselines, risk: FloatArray, horizon: int
) -> dict[str, pd.DataFrame]:
    answers: dict[str, dict[str, Any]] = {}
    for what, by_model in amount_rules(test, baselines, horizon).items():
        for name, predicted in by_model.items():
            if predicted is not None:
                answers.setdefault(name, {})[what] = predicted
    rules = {name: pd.DataFrame(columns) for name, columns in answers.items()}
    return {OURS: how_much(bundle.value, test, risk, horizon), **rules}


def _what(
    rows: Prepared,
    categories: Categories,
    features: list[str],
    risk: FloatArray,
    params: ModelParams,
) -> dict[str, pd.DataFrame]:
    made = train_categories(rows.snapshots, categories, rows.timeline, features, params)
    return categories_by_row(rows.test, categories, made.evaluated, risk)
