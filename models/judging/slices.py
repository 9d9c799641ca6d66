"""For whom a model works: the same figures for parts of the test rows.

A part with too few leavers or stayers is counted but not judged. Groups by customer attributes that
were not learned from are parts too: a model can be wrong about groups that it cannot distinguish.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.arrays import FloatArray
from features.params import OWN_NAMES
from models.customers.segments import longest_window, segments
from models.probability.metrics import METRICS, interval_95, known
from models.trees.inputs import is_text
from models.words import OURS
from sources.contract import AT_STAKE

Booleans = npt.NDArray[np.bool_]
FEWEST = 10  # leavers, and stayers: with fewer a part is not judged
TENURE_DAYS = (90, 365)
MOST_GROUPS = 12  # of an attribute: the most frequent ones, all others are "other"
VALUE_KINDS = ("abc_class", "value")  # parts by what customers spend
THIRDS = ("lowest_third", "middle_third", "highest_third")


def figures(
    y: FloatArray, predictions: Mapping[str, FloatArray], rows: Booleans | None = None
) -> dict[str, dict[str, float | None]]:
    """Every metric of every model on the given rows, without intervals; None where undefined."""
    inside = np.ones(len(y), bool) if rows is None else rows
    ones = np.ones(int(inside.sum()))
    return {
        name: {
            metric: known(function(y[inside], p[inside], ones))
            for metric, function in METRICS.items()
        }
        for name, p in predictions.items()
    }


def judge_slices(
    test: pd.DataFrame,
    predictions: Mapping[str, FloatArray],
    horizon_days: int,
    excluded_attributes: Sequence[str] = (),
    weights: FloatArray | None = None,
) -> dict[str, dict[str, Any]]:
    """`{kind: {part: {rows, churners, expected, ratio, models}}}`.

    A part that is not judged has no `models`, and no `ratio`: observed over expected of our model
    with its interval, by `weights`, which are `customer_weights`.
    """
    y = test["churned"].to_numpy(np.float64)
    result: dict[str, dict[str, Any]] = {}
    for kind, parts in _parts(test, horizon_days, excluded_attributes).items():
        result[kind] = {}
        for name, rows in parts.items():
            facts: dict[str, Any] = {"rows": int(rows.sum()), "churners": int(y[rows].sum())}
            if min(facts["churners"], facts["rows"] - facts["churners"]) >= FEWEST:
                facts["models"] = figures(y, predictions, rows)
            if weights is not None:
                facts |= ratio_with_interval(y, predictions[OURS], rows, weights)
            result[kind][name] = facts
    return result


def ratio_with_interval(
    y: FloatArray, p: FloatArray, rows: Booleans, weights: FloatArray
) -> dict[str, Any]:
    """`expected` leavers of a part and, if it can be judged, `ratio`: left for each, with interval.

    `weights` are `customer_weights`; a draw on which nobody was expected to leave is left out.
    """
    left, expected = np.where(rows, y, 0.0), np.where(rows, p, 0.0)
    found: dict[str, Any] = {"expected": float(expected.sum())}
    if min(left.sum(), rows.sum() - left.sum()) < FEWEST or not expected.sum():
        return found
    seen, told = weights @ left, weights @ expected
    draws = seen[told > 0] / told[told > 0]
    if not len(draws):
        return found
    value = float(left.sum() / expected.sum())
    return found | {"ratio": {"value": value, **interval_95(draws)}}


def worth(test: pd.DataFrame) -> FloatArray | None:
    """What each customer spent (n,), over the longest window; None without amounts.

    Of a ready table it is the money at stake. Nothing is worth less than nothing.
    """
    found = longest_window(test, "amount")
    if found is None and AT_STAKE in test:
        found = test[AT_STAKE]
    if found is None:
        return None
    return np.asarray(found.fillna(0.0).clip(lower=0.0), np.float64)


def _parts(
    test: pd.DataFrame, horizon_days: int, excluded_attributes: Sequence[str]
) -> dict[str, dict[str, Booleans]]:
    found: dict[str, dict[str, Booleans]] = {}
    if "days_since_last_purchase" in test:  # not in a ready table, which holds no purchases
        found = _by_purchases(test, horizon_days)
    for attribute in excluded_attributes:
        name = next(one for begin in OWN_NAMES if (one := f"{begin}{attribute}") in test.columns)
        found[f"{attribute} (not learned from)"] = _attribute(test[name])
    return found


def _by_purchases(test: pd.DataFrame, horizon_days: int) -> dict[str, dict[str, Booleans]]:
    late = (test["days_since_last_purchase"] >= horizon_days).to_numpy()
    # A subscriber may never have bought: no orders, no tenure.
    orders = test["orders_total"].fillna(0.0).to_numpy(np.float64)
    tenure = test["tenure_days"].fillna(0.0).to_numpy(np.float64)
    young, old = TENURE_DAYS
    found = {
        "lateness": {"not_yet_late": ~late, "late": late},
        "purchases": {
            "none": orders == 0,
            "one": orders == 1,
            "two": orders == 2,
            "three_or_more": orders >= 3,
        },
        "tenure": {
            f"under_{young}_days": tenure < young,
            f"{young}_to_{old}_days": (tenure >= young) & (tenure < old),
            f"{old}_days_and_more": tenure >= old,
        },
    }
    return found | _by_segment(test)


def _by_segment(test: pd.DataFrame) -> dict[str, dict[str, Booleans]]:
    by_date = [segments(rows) for _, rows in test.groupby("as_of_date", sort=False)]
    named = pd.concat(by_date).reindex(test.index)
    found = {str(kind): _groups(named[kind]) for kind in named.columns}
    if "amount_total" in test.columns:
        found["value"] = _thirds(test)
    return found


def _thirds(test: pd.DataFrame) -> dict[str, Booleans]:
    """Thirds of the customers by what they have spent so far, within each as-of date."""
    share = test.groupby("as_of_date")["amount_total"].rank(pct=True).fillna(0.0).to_numpy()
    third = np.minimum((share * 3).astype(np.int64), 2)
    return {name: third == i for i, name in enumerate(THIRDS)}


def _attribute(values: "pd.Series[Any]") -> dict[str, Booleans]:
    """Groups of text or thirds of numbers; customers without a value are a group of their own."""
    if not is_text(values) and values.nunique() > MOST_GROUPS:
        share = values.rank(pct=True)
        third = np.minimum((share.fillna(0.0).to_numpy() * 3).astype(np.int64), 2)
        known = values.notna().to_numpy()
        thirds = {name: known & (third == i) for i, name in enumerate(THIRDS)}
        return thirds | ({"unknown": ~known} if (~known).any() else {})
    words = values.astype("object").where(values.notna(), "unknown").astype(str)
    frequent = words.value_counts().sort_index().nlargest(MOST_GROUPS).index
    return _groups(words.where(words.isin(frequent), "other"))


def _groups(values: "pd.Series[Any]") -> dict[str, Booleans]:
    return {str(name): (values == name).to_numpy() for name in sorted(values.unique())}
