"""The two values of a card, each judged on its own rows: who stayed, and who left.

A card tells what a customer brings who stays, and who leaves; one of the two then happened. Each
is judged in total and by risk band, as they may be right together and wrong for those most at risk.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.arrays import FloatArray
from models.customers.segments import risk_band
from models.params import ModelParams
from models.probability.metrics import customer_weights, interval_95
from models.words import OURS

FEWEST = 10  # rows of a band: with fewer it is counted, and not judged
ONE_SHARE = "one_share"
VALUES = ("value_if_stays", "value_if_lapses")
BANDS = ("high", "medium", "low")


def evaluate_two_values(
    test: pd.DataFrame, expected: pd.DataFrame, churn_risk: FloatArray, params: ModelParams
) -> dict[str, Any]:
    """Errors of `value_if_stays` on those who stayed, of `value_if_lapses` on those who left.

    `expected` has the columns of `ValueModel.predict` for the rows of `test`. Each value has
    {rows, actual_mean, models, by_risk_band: {high_risk: {rows, models}}}; a model has
    `mean_absolute_error` and the `total_error` (told over actual, less 1) as {value, low, high},
    by resampling customers. Beside ours, `value_if_lapses` has `one_share`: as much in total, at
    one share of the value if they stay for everybody. Without `models` where nothing was brought,
    or with fewer rows than FEWEST. Empty without money.
    """
    if "value" not in test or VALUES[0] not in expected:
        return {}
    risk = np.asarray(churn_risk, np.float64)
    band = risk_band(pd.Series(risk), params.bands).to_numpy()
    stays, lapses = (expected[name].to_numpy(np.float64) for name in VALUES)
    at_one = stays * ((risk @ lapses) / max(float(risk @ stays), np.finfo(np.float64).tiny))
    left, known = test["churned"].to_numpy(np.float64), test["value"].notna().to_numpy()
    told: dict[str, dict[str, FloatArray]] = {
        VALUES[0]: {OURS: stays},
        VALUES[1]: {OURS: lapses, ONE_SHARE: at_one},
    }
    actual = test["value"].to_numpy(np.float64)
    weights = customer_weights(test["customer_id"], params.bootstrap_draws, params.seed)
    found: dict[str, Any] = {}
    for name, who in zip(VALUES, (known & (left == 0), known & (left == 1)), strict=True):
        found[name] = errors_of_rows(told[name], actual, who, weights)
        if who.any():
            found[name]["actual_mean"] = float(actual[who].mean())
        found[name]["by_risk_band"] = {
            # "low" alone is the end of an interval, wherever figures are read.
            f"{one}_risk": errors_of_rows(told[name], actual, who & (band == one), weights)
            for one in BANDS
        }
    return found


def errors_of_rows(
    told: Mapping[str, FloatArray],
    actual: FloatArray,
    rows: npt.NDArray[np.bool_],
    weights: FloatArray,
) -> dict[str, Any]:
    """Errors of amounts (n,) by model on some of the rows, as `evaluate_two_values` has them."""
    facts: dict[str, Any] = {"rows": int(rows.sum())}
    brought = actual[rows]
    if facts["rows"] < FEWEST or brought.sum() <= 0:
        return facts
    of_rows = weights[:, rows]
    seen = of_rows @ brought
    drawn = seen > 0
    facts["models"] = {}
    for name, predicted in told.items():
        inside = predicted[rows]
        figure = {"value": float(inside.sum() / brought.sum() - 1)}
        if drawn.any():
            figure |= interval_95((of_rows[drawn] @ inside) / seen[drawn] - 1)
        facts["models"][name] = {
            "mean_absolute_error": float(np.abs(inside - brought).mean()),
            "total_error": figure,
        }
    return facts
