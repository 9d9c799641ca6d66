"""Evaluation of the risk that a main category is left, on later dates, beside simple rules.

Judged are the main categories of test rows whose customers bought again within the horizon. Beside
ours stand `by_silence` (a regression on the silence over the usual gap alone) and, where there is a
model of them, `next_categories`: what the model of the categories bought next leaves over.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from features.history.category_history import Categories
from models.next_purchase.category_risk import CategoryRiskModel, left_of, stayed
from models.next_purchase.what import NextCategoriesModel
from models.params import ModelParams
from models.probability.metrics import METRICS, customer_weights, interval, paired_difference
from models.words import OURS

JUDGED_BY = ("auc", "log_loss", "brier", "calibration_error", "observed_over_expected")
GAINS_IN = ("auc", "log_loss", "brier")


def evaluate_category_risk(
    test: pd.DataFrame,
    categories: Categories,
    model: CategoryRiskModel,
    next_categories: NextCategoriesModel | None,
    params: ModelParams,
) -> dict[str, Any]:
    """Judge the risk on test rows with known outcomes: figures with 95 % intervals.

    Returns how many pairs and customers there were and the share left, the figures of each model,
    and ours less those of the others on the same pairs; by date the observed over the expected.
    Empty where no main category was left, or all were.
    """
    found = told_of(test, categories, model, next_categories)
    if not 0 < found.left.sum() < len(found.left):
        return {}
    ratio = found.told[OURS]
    return {
        "rows": len(found.left),
        "customers": int(found.customers.nunique()),
        "told_share": found.told_share,
        "left_share": float(found.left.mean()),
        **figures(found, params),
        "by_date": {
            str(date)[:10]: float(
                found.left[found.dates == date].sum() / ratio[found.dates == date].sum()
            )
            for date in sorted(set(found.dates))
        },
    }


class Told(NamedTuple):
    """The risks by model (n,), and what happened; `told_share` of those who stayed had a risk."""

    told: dict[str, FloatArray]
    left: FloatArray
    customers: "pd.Series[str]"
    dates: Any
    told_share: float


def told_of(
    test: pd.DataFrame,
    categories: Categories,
    model: CategoryRiskModel,
    next_categories: NextCategoriesModel | None,
) -> Told:
    """What each model says of the main categories of test rows whose customers stayed."""
    test = stayed(test)
    history = categories.history[categories.history["as_of_date"].isin(test["as_of_date"])]
    pairs = model.predict(test, history)
    told: dict[str, FloatArray] = {
        OURS: pairs["risk"].to_numpy(np.float64),
        "by_silence": pairs["by_silence"].to_numpy(np.float64),
    }
    if next_categories is not None:
        told["next_categories"] = _left_over(pairs, test, history, next_categories)
    return Told(
        told,
        left_of(pairs, test, categories),
        test["customer_id"].iloc[pairs["row"]].reset_index(drop=True),
        test["as_of_date"].to_numpy()[pairs["row"]],
        float(pairs["row"].nunique() / max(len(test), 1)),
    )


def figures(found: Told, params: ModelParams) -> dict[str, Any]:
    """The figures of each model, and ours less theirs on the same pairs, customers resampled."""
    left, told = found.left, found.told
    weights = customer_weights(found.customers, params.bootstrap_draws, params.seed)
    return {
        "models": {
            name: {metric: interval(METRICS[metric], left, p, weights) for metric in JUDGED_BY}
            for name, p in told.items()
        },
        "gains": {
            name: {
                metric: paired_difference(METRICS[metric], left, told[OURS], p, weights)
                for metric in GAINS_IN
            }
            for name, p in told.items()
            if name != OURS
        },
    }


def _left_over(
    pairs: pd.DataFrame, test: pd.DataFrame, history: pd.DataFrame, model: NextCategoriesModel
) -> FloatArray:
    """1 less the probability (n,) that the category is bought, of a customer who stays."""
    bought = model.probabilities(test, history, np.zeros(len(test)))
    key = ["row", "category"]
    found = pairs[key].merge(bought, on=key, how="left", validate="one_to_one")
    return 1.0 - found["probability"].to_numpy(np.float64)
