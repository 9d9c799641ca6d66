"""What each arm adds for whom, learned from other customers of the same trial.

For each treated arm beside the control: what is left of the outcome after `prognosis` is, on
average, the effect times what is left of the treatment (the R-learner: Robinson 1988; Nie and Wager
2021, Biometrika 108). The effect is the average one plus what a ridge regression and boosted trees
find beyond it, each counted only as far as it foretells rows that it has not seen (stacking by
non-negative least squares: Breiman 1996). Where nothing foretells anything, all effects are the
average, and nothing is left to target by.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from actions.effects.prognosis import (
    FEWEST_FOR_TREES,
    FOLDS,
    MOST_LEARNED,
    arm_means,
    boosted,
    folds,
    prognosis,
    ranked,
    ridge,
    some_of,
)
from actions.effects.trial import CONTROL, Trial
from core.arrays import BoolArray, FloatArray, IntArray

CUT = 5.0  # standard deviations beyond which what is left of an outcome is cut, to learn from
STACKED = 3  # folds within which learners foretell rows that they have not seen
PARTS = 5  # of the customers, each judged by what the parts before it teach
FIRST = -1
FEWEST = 100  # rows of the two arms, to learn more than the average from

Predict = Callable[[IntArray], FloatArray]  # rows of the trial to values


@dataclass(frozen=True)
class Learned:
    """Of each row, told by customers of other folds.

    `effect` (n, arms): what each arm adds to the control, 0 in the control's own column.
    `expected` (n, arms): the outcome in each arm.
    """

    effect: FloatArray
    expected: FloatArray

    def only(self, rows: BoolArray) -> "Learned":
        """Of some rows."""
        return Learned(self.effect[rows], self.expected[rows])


def learn(trial: Trial, seed: int = 0, in_turn: bool = False) -> Learned:
    """Cross-fitted effects and expected outcomes; the same trial and seed give the same.

    `in_turn` learns those of each part of the customers from the parts before it alone: NaN for the
    first part. What is valued so has an honest error also where nothing is there to be found
    (Luedtke and van der Laan 2016, Annals of Statistics 44): no part is both learned from and
    judged by another that was learned from it.
    """
    n, arms = len(trial.arm), len(trial.arms)
    effect, beyond = np.zeros((n, arms)), np.zeros((n, arms))
    known = prognosis(trial, seed)
    means = arm_means(trial)
    expected = _combined(known, trial.outcome - means)
    design = ranked(trial.covariates)
    fold = parts(trial, seed) if in_turn else folds(n, trial.cluster, FOLDS, seed + 1)
    effect[fold == FIRST] = beyond[fold == FIRST] = np.nan
    for one in np.unique(fold[fold != FIRST]):
        unseen = np.flatnonzero(fold == one)
        for arm in range(1, arms):
            learned = fold < one if in_turn else fold != one
            pair = learned & ((trial.arm == arm) | (trial.arm == CONTROL))
            rows = some_of(np.flatnonzero(pair), MOST_LEARNED, seed)
            if len(np.unique(trial.arm[rows])) < 2:
                continue
            average, predict = _of_pair(trial, arm, rows, expected, design, seed)
            beyond[unseen, arm] = predict(unseen)
            effect[unseen, arm] = average + beyond[unseen, arm]
    mean = np.array([trial.outcome[trial.arm == arm].mean() for arm in range(arms)])
    mixed = np.sum(trial.probability * beyond, axis=1, keepdims=True)
    return Learned(effect, mean + expected[:, None] + beyond - mixed)


def parts(trial: Trial, seed: int) -> IntArray:
    """The part (n,) of each row: FIRST, which is only learned from, then 1 and up."""
    part = folds(len(trial.arm), trial.cluster, PARTS, seed + 3)
    return np.where(part == 0, FIRST, part)


def _combined(known: FloatArray, rest: FloatArray) -> FloatArray:
    """One prediction of `rest` (n,) out of those known (n, k)."""
    if known.shape[1] == 0:
        return np.zeros(len(rest))
    solved, *_ = np.linalg.lstsq(known, rest, rcond=None)
    return np.asarray(known @ solved)


def _of_pair(
    trial: Trial, arm: int, rows: IntArray, expected: FloatArray, design: FloatArray, seed: int
) -> tuple[float, Predict]:
    """The average effect of an arm in these rows, and what is beyond it for any row."""
    is_treated = trial.arm[rows] == arm
    chance = trial.probability[rows][:, [CONTROL, arm]]
    share = chance[:, 1] / chance.sum(axis=1)
    inverse = np.where(is_treated, 1 / share, 1 / (1 - share))
    rest = trial.outcome[rows] - expected[rows]
    of_treated = float(np.average(rest[is_treated], weights=inverse[is_treated]))
    of_control = float(np.average(rest[~is_treated], weights=inverse[~is_treated]))
    average = of_treated - of_control
    if trial.covariates.shape[1] == 0 or len(rows) < FEWEST:
        return average, lambda asked: np.zeros(len(asked))
    left = rest - (of_control + share * average)
    limit = CUT * float(left.std())
    pushed = is_treated - share
    target = np.clip(left, -limit, limit) / pushed - average
    weight = pushed**2
    learners = [_by_ridge(design), *([_by_trees(trial, seed)] * (len(rows) >= FEWEST_FOR_TREES))]
    cluster = None if trial.cluster is None else trial.cluster[rows]
    inner = folds(len(rows), cluster, STACKED, seed + 2)
    foretold = np.zeros((len(rows), len(learners)))
    for one in range(STACKED):
        out = inner == one
        for place, learner in enumerate(learners):
            fitted = learner(rows[~out], target[~out], weight[~out])
            foretold[out, place] = fitted(rows[out])
    root = np.sqrt(weight)
    shares, _ = nnls(foretold * root[:, None], (target - target.mean()) * root)
    counted = [
        (part, learner(rows, target, weight))
        for part, learner in zip(shares.tolist(), learners, strict=True)
        if part > 0
    ]

    def predict(asked: IntArray) -> FloatArray:
        return np.asarray(
            sum((part * fitted(asked) for part, fitted in counted), np.zeros(len(asked)))
        )

    return average, predict


Learner = Callable[[IntArray, FloatArray, FloatArray], Predict]


def _by_ridge(design: FloatArray) -> Learner:
    def fit(rows: IntArray, target: FloatArray, weight: FloatArray) -> Predict:
        fitted = ridge(design[rows], target, weight)
        return lambda asked: fitted(design[asked]) - fitted.mean

    return fit


def _by_trees(trial: Trial, seed: int) -> Learner:
    def fit(rows: IntArray, target: FloatArray, weight: FloatArray) -> Predict:
        mean = float(np.average(target, weights=weight))
        fitted = boosted(trial.covariates[rows], target - mean, seed, weight)
        return lambda asked: np.asarray(fitted.predict(trial.covariates[asked], num_threads=1))

    return fit
