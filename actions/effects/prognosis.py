"""What the outcome of each row would have been expected to be, told by rows of other customers.

Two predictions, of a ridge regression and of boosted trees, both cross-fitted over folds of
customers and blind to arms. They only ever adjust: wrong ones widen an interval and move no effect.
"""

import lightgbm as lgb
import numpy as np

from actions.effects.trial import Trial
from core.arrays import FloatArray, IntArray

FOLDS = 5
FEWEST_FOR_RIDGE = 60  # rows; with fewer, predictions are worth less than what they cost
FEWEST_FOR_TREES = 600
MOST_LEARNED = 200_000  # rows that a fit learns from, drawn at random: more adjust no better
PENALTIES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)
ROUNDS = 100
TREES = {
    "objective": "regression",
    "learning_rate": 0.06,
    "num_leaves": 8,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def prognosis(trial: Trial, seed: int = 0) -> FloatArray:
    """Expected outcomes (n, 0 to 2), none where there are no covariates or too few rows."""
    n, columns = trial.covariates.shape
    if columns == 0 or n < FEWEST_FOR_RIDGE:
        return np.zeros((n, 0))
    rest = trial.outcome - arm_means(trial)
    fold = folds(n, trial.cluster, FOLDS, seed)
    design = ranked(trial.covariates)
    found = [np.empty(n)]
    if n >= FEWEST_FOR_TREES:
        found.append(np.empty(n))
    for one in range(FOLDS):
        out = fold == one
        learned = some_of(np.flatnonzero(~out), MOST_LEARNED, seed)
        found[0][out] = ridge(design[learned], rest[learned])(design[out])
        if len(found) > 1:
            fitted = boosted(trial.covariates[learned], rest[learned], seed)
            found[1][out] = fitted.predict(trial.covariates[out], num_threads=1)
    return np.stack(found, axis=1)


def arm_means(trial: Trial) -> FloatArray:
    """The mean outcome (n,) of each row's own arm."""
    sums = np.bincount(trial.arm, weights=trial.outcome, minlength=len(trial.arms))
    return np.asarray((sums / np.maximum(trial.counts, 1))[trial.arm])


def folds(n: int, cluster: IntArray | None, count: int, seed: int) -> IntArray:
    """The fold (n,) of each row; rows of a cluster are in one fold."""
    rng = np.random.default_rng(seed)
    if cluster is None:
        return rng.permutation(n) % count
    codes, place = np.unique(cluster, return_inverse=True)
    return np.asarray((rng.permutation(len(codes)) % count)[place])


def some_of(rows: IntArray, most: int, seed: int) -> IntArray:
    """These rows, or so many of them drawn at random."""
    if len(rows) <= most:
        return rows
    return np.random.default_rng(seed).choice(rows, most, replace=False)


def ranked(covariates: FloatArray) -> FloatArray:
    """Covariates beside their ranks, each with mean 0 and variance 1: (n, k) to (n, up to 2k).

    Ranks of a column with two values say nothing more, and are left out.
    """
    parts = [covariates]
    for column in covariates.T:
        values, place = np.unique(column, return_inverse=True)
        if len(values) > 2:
            shares = np.cumsum(np.bincount(place)) / len(column)
            parts.append(shares[place][:, None])
    design = np.hstack(parts)
    design = design - design.mean(axis=0)
    spread = design.std(axis=0)
    return np.asarray(design / np.where(spread > 0, spread, 1.0))


class Ridge:
    """A ridge regression whose penalty was chosen by generalised cross-validation."""

    def __init__(self, coefficients: FloatArray, centre: FloatArray, mean: float) -> None:
        self.coefficients, self.centre, self.mean = coefficients, centre, mean

    def __call__(self, design: FloatArray) -> FloatArray:
        """Predictions (n,)."""
        return self.mean + (design - self.centre) @ self.coefficients


def ridge(design: FloatArray, target: FloatArray, weight: FloatArray | None = None) -> Ridge:
    """Fit by generalised cross-validation (Golub, Heath and Wahba 1979), (n, k) and (n,)."""
    weight = np.ones(len(target)) if weight is None else weight / weight.mean()
    n = len(target)
    centre = np.average(design, axis=0, weights=weight)
    mean = float(np.average(target, weights=weight))
    x, y = design - centre, target - mean
    moment = (x * weight[:, None]).T
    values, vectors = np.linalg.eigh(moment @ x)
    values = np.maximum(values, 0.0)
    turned = vectors.T @ (moment @ y)
    total = float(np.sum(weight * y**2))
    best, chosen = np.inf, np.zeros(len(values))
    for penalty in (*PENALTIES, np.inf):
        shrunk = turned / (values + penalty)
        left = total - 2 * float(shrunk @ turned) + float(np.sum(values * shrunk**2))
        used = 1 + float(np.sum(values / (values + penalty)))
        score = left / max(n - used, 1.0) ** 2
        if score < best:
            best, chosen = score, shrunk
    return Ridge(vectors @ chosen, centre, mean)


def boosted(
    inputs: FloatArray, target: FloatArray, seed: int, weight: FloatArray | None = None
) -> lgb.Booster:
    """Boosted trees of `target` (n,), of few leaves each."""
    leaf = {"min_data_in_leaf": max(20, min(200, len(target) // 50))}
    rows = lgb.Dataset(inputs, label=target, weight=weight, params={**TREES, **leaf})
    return lgb.train({**TREES, **leaf, "seed": seed}, rows, num_boost_round=ROUNDS)
