"""What would have been expected of each contact's outcome, learned from other customers.

The R-learner subtracts it (Nie & Wager 2021, Biometrika 108(2)): what is left over varies less, and
as arms were randomised an error in it widens intervals but moves no effect.
"""

import lightgbm as lgb
import numpy as np

from actions.effects.randomised import Data, IntArray
from core.arrays import FloatArray

ROUNDS = 60
CELLS = 8  # quantile classes of the expected outcome, and as many of the stake
PRIOR_ROWS = 30.0  # rows of the overall variance that each class begins with
LEAST_VARIANCE = 0.02  # of the overall one
SETTINGS = {
    "objective": "regression",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "min_data_in_leaf": 50,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def boost(inputs: FloatArray, target: FloatArray, seed: int, threads: int) -> lgb.Booster:
    """A small booster of `target` (n,) on `inputs` (n, k), whose last column is the action."""
    rows = lgb.Dataset(
        inputs,
        label=target,
        categorical_feature=[inputs.shape[1] - 1],
        params={**SETTINGS, "min_data_per_group": 50},
        free_raw_data=True,
    )
    leaf = {"min_data_in_leaf": max(5, min(50, len(target) // 20))}
    settings = {**SETTINGS, **leaf, "seed": seed, "num_threads": threads}
    return lgb.train(settings, rows, num_boost_round=ROUNDS)


def inputs_of(data: Data) -> FloatArray:
    """Traits, stake, what was expected, and last the action: inputs of a booster (n, columns)."""
    extra = [] if data.expected is None else [data.expected]
    return np.column_stack([data.x, data.stakes, *extra, data.action])


def expected_outcome(data: Data, fold: IntArray, seed: int, threads: int) -> FloatArray:
    """The outcome (n,) per unit of stake that customers of other folds lead one to expect."""
    inputs, target = inputs_of(data), data.outcome / data.stakes
    expected = np.empty(len(data))
    for one in np.unique(fold):
        out = fold == one
        model = boost(inputs[~out], target[~out], seed, threads)
        expected[out] = model.predict(inputs[out], num_threads=threads)
    return expected


def variance_of(residual: FloatArray, expected: FloatArray, stake: FloatArray) -> FloatArray:
    """The variance (n,) of residuals, by classes of what was expected and of the stake.

    A customer who hardly ever leaves shows a harmful action much more clearly than one of whom
    nobody knows: rows are weighted by 1 / variance. Where every outcome is as expected, as where
    nobody left, it is what one other outcome in n would make it, and not nothing.
    """
    cell = _class(expected) * CELLS + _class(stake)
    squared = residual**2
    count = np.bincount(cell, minlength=CELLS**2)
    total = np.bincount(cell, weights=squared, minlength=CELLS**2)
    overall = max(float(squared.mean()), 1 / len(squared))
    floor = LEAST_VARIANCE * overall
    each = np.maximum((total + PRIOR_ROWS * overall) / (count + PRIOR_ROWS), floor)
    return np.asarray(each[cell], np.float64)


def _class(values: FloatArray) -> IntArray:
    edges = np.unique(np.quantile(values, np.linspace(0, 1, CELLS + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right").astype(np.int64)
