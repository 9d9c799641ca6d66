"""Evaluation of the next categories on later dates, beside simple lists.

Of each list, `new` and `any`, three categories are shown to a customer. The figures are over the
rows that bought, within the horizon, at least one category that the list may hold:

    hit_at_3  share of rows who bought at least one of the three
    map_at_3  mean over rows of AP@3 = sum over k <= 3 of precision at k × (k-th was bought),
              divided by the smaller of 3 and the number of such categories bought

The lists to compare with are the customer's `own_frequent` categories (most days ever; ties, and
empty places, by popularity) and global `popularity` (share of the cohort who bought the category in
90 days).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from features.history.category_history import NEW_DAYS, Categories
from models.next_purchase.candidates import bought_of, candidates, popularity
from models.next_purchase.what import LIST_LENGTH, NextCategoriesModel, shown
from models.params import ModelParams
from models.probability.metrics import customer_weights, interval_95
from models.words import CATEGORY_LISTS, OURS

ORDERS = {"own_frequent": ["bought", "buyers_90d"], "popularity": ["buyers_90d"]}


def evaluate_categories(
    test: pd.DataFrame,
    categories: Categories,
    model: NextCategoriesModel,
    churn_risk: FloatArray,
    params: ModelParams,
) -> dict[str, Any]:
    """Judge both lists on test rows with known outcomes: figures with 95 % intervals.

    `churn_risk` (n,) is what the cards of these rows would say. Returns for each list the models,
    the paired gains of ours over the others, `by_date`, and `observed_over_expected`: categories
    bought over the sum of the probabilities shown, lapsed customers included; None where nothing
    was expected. A list is left out where nobody bought anything that it may hold: `new`, for
    example, where everybody has bought every category lately.
    """
    test = test[test["outcome_known"]].reset_index(drop=True)
    if test.empty:
        return {}
    pairs, tables = _tables(test, categories, model, churn_risk)
    totals = _bought(test, categories)
    weights = customer_weights(test["customer_id"], params.bootstrap_draws, params.seed)
    result: dict[str, Any] = {
        "rows": len(test),
        "customers": int(test["customer_id"].nunique()),
        "new_days": NEW_DAYS,
        "observed_over_expected": _ratio(pairs, len(test), weights),
    }
    for name in CATEGORY_LISTS:
        if not (totals[name] > 0).any():
            continue
        lists = {model_name: shown(table, name) for model_name, table in tables.items()}
        result[name] = _judged(lists, totals[name], weights, test["as_of_date"])
        result[name]["observed_over_expected"] = _ratio(lists[OURS], len(test), weights)
    return result


def categories_by_row(
    test: pd.DataFrame, categories: Categories, model: NextCategoriesModel, churn_risk: FloatArray
) -> dict[str, pd.DataFrame]:
    """Figures of each row (n,) by model, such as `any_hit_at_3`; NaN where no hit was possible.

    Every test row needs a known outcome.
    """
    _, tables = _tables(test, categories, model, churn_risk)
    found = {name: pd.DataFrame(index=range(len(test))) for name in tables}
    for list_name, total in _bought(test, categories).items():
        could = total > 0
        for name, table in tables.items():
            for metric, values in _per_row(shown(table, list_name), total, could).items():
                found[name].loc[could, f"{list_name}_{metric}"] = values
    return found


def _tables(
    test: pd.DataFrame, categories: Categories, model: NextCategoriesModel, churn_risk: FloatArray
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Probabilities of all candidates, and for each model the candidates in the order shown."""
    history = categories.history[categories.history["as_of_date"].isin(test["as_of_date"])]
    pairs = model.probabilities(test, history, churn_risk)
    pairs["category"] = pd.Categorical(pairs["category"])
    pairs["y"] = bought_of(pairs, test, categories.outcomes)
    return pairs, {OURS: pairs, **_rules(test, history, categories, model.pairs.most_popular)}


def _rules(
    test: pd.DataFrame, history: pd.DataFrame, categories: Categories, most_popular: int
) -> dict[str, pd.DataFrame]:
    """The candidates in the order of each rule, and whether they were bought."""
    pairs = candidates(test, history, popularity(history), most_popular)
    pairs["y"] = bought_of(pairs, test, categories.outcomes)
    pairs["is_new"] = pairs["bought_90d"] == 0
    pairs["category"] = pairs["category"].astype("str")
    return {
        name: pairs.sort_values(
            ["row", *by, "category"], ascending=[True, *(False for _ in by), True]
        )
        for name, by in ORDERS.items()
    }


def _bought(test: pd.DataFrame, categories: Categories) -> dict[str, FloatArray]:
    """How many categories each row bought within the horizon (n,): any, and new ones."""
    recent = categories.history[categories.history["bought_90d"] > 0]
    found = _of_rows(categories.outcomes, test)
    known = found.merge(_of_rows(recent, test), on=["row", "category"])
    every, old = (np.bincount(rows["row"], minlength=len(test)) for rows in (found, known))
    return {"any": every.astype(np.float64), "new": (every - old).astype(np.float64)}


def _of_rows(table: pd.DataFrame, test: pd.DataFrame) -> pd.DataFrame:
    """Columns row and category, for the rows of a table that belong to test rows."""
    keys = ["as_of_date", "customer_id"]
    there = table.loc[table["as_of_date"].isin(test["as_of_date"]), [*keys, "category"]]
    there = there.astype({"customer_id": "str", "category": "str"})
    rows = test[keys].assign(row=np.arange(len(test)))
    return there.merge(rows, on=keys)[["row", "category"]]


def _judged(
    lists: Mapping[str, pd.DataFrame],
    total: FloatArray,
    weights: FloatArray,
    dates: "pd.Series[Any]",
) -> dict[str, Any]:
    """One list: the figures of each model, the gains of ours, and ours by date."""
    could = total > 0
    drawn = weights[:, could]
    values = {name: _per_row(table, total, could) for name, table in lists.items()}
    others = [name for name in values if name != OURS]
    return {
        "rows": int(could.sum()),
        "models": {
            name: {metric: _mean(value, drawn) for metric, value in metrics.items()}
            for name, metrics in values.items()
        },
        "gains": {
            name: {
                metric: _mean(value - values[name][metric], drawn)
                for metric, value in values[OURS].items()
            }
            for name in others
        },
        "by_date": {
            str(date)[:10]: {
                metric: float(value[here].mean()) for metric, value in values[OURS].items()
            }
            for date in sorted(dates.unique())
            if (here := (dates == date).to_numpy()[could]).any()
        },
    }


def _per_row(listed: pd.DataFrame, total: FloatArray, could: Any) -> dict[str, FloatArray]:
    """hit_at_3 and AP@3 of each row for which a hit was possible."""
    bought = np.zeros((len(total), LIST_LENGTH))
    bought[listed["row"], listed.groupby("row").cumcount()] = listed["y"]
    bought, total = bought[could], total[could]
    precision = np.cumsum(bought, axis=1) / np.arange(1, LIST_LENGTH + 1)
    return {
        f"hit_at_{LIST_LENGTH}": bought.max(axis=1),
        f"map_at_{LIST_LENGTH}": (precision * bought).sum(axis=1) / np.minimum(total, LIST_LENGTH),
    }


def _mean(values: FloatArray, weights: FloatArray) -> dict[str, float]:
    """Mean of values (n,) with a 95 % interval over the draws (draws, n)."""
    return _over(values, np.ones_like(values), weights)


def _ratio(pairs: pd.DataFrame, rows: int, weights: FloatArray) -> dict[str, float] | None:
    """Bought over expected, summed over pairs, with a 95 % interval over customers."""
    bought, expected = (
        np.bincount(pairs["row"], pairs[name], minlength=rows).astype(np.float64)
        for name in ("y", "probability")
    )
    return _over(bought, expected, weights) if expected.any() else None


def _over(top: FloatArray, bottom: FloatArray, weights: FloatArray) -> dict[str, float]:
    """Sum of `top` over that of `bottom`, with a 95 % interval over the draws.

    Draws in which `bottom` is zero throughout are left out.
    """
    value, drawn = float(top.sum() / bottom.sum()), weights @ bottom
    some = drawn > 0
    draws = (weights[some] @ top) / drawn[some] if some.any() else value
    return {"value": value, **interval_95(np.atleast_1d(draws))}
