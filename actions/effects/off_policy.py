"""What a policy would have brought, told by rows in which others chose, with known chances.

    ips     outcomes of rows in which both chose the same, by 1 / P(what was chosen)   (Horvitz and
            Thompson 1952): right on average, and wide where chances are small
    snips   the same, divided by the sum of these weights (Hájek 1971; Swaminathan and Joachims
            2015): a little off in small samples, much narrower, and never outside the outcomes
    dr      what was expected of the policy's choices, plus weighted errors of it (Robins, Rotnitzky
            and Zhao 1994; Dudík, Langford and Li 2011): the narrowest where expectations are good

`effective` is how many rows with equal weights would be as informative (Kish 1965). Where it is
small, little is known whatever the interval says.
"""

from dataclasses import dataclass

import numpy as np

from actions.effects.intervals import Estimate, of_scores
from actions.effects.trial import Trial
from core.arrays import FloatArray
from core.errors import TrialError

FEWEST_EFFECTIVE = 30.0  # rows of equal weight below which an estimate is not to be relied on


@dataclass(frozen=True)
class Value:
    """The mean outcome under a policy, told in three ways; `effective` rows are behind it."""

    ips: Estimate
    snips: Estimate
    dr: Estimate | None
    effective: float

    @property
    def is_reliable(self) -> bool:
        """Whether enough rows chose as the policy does."""
        return self.effective >= FEWEST_EFFECTIVE


def value(
    trial: Trial,
    policy: FloatArray,
    expected: FloatArray | None = None,
    confidence: float = 0.95,
) -> Value:
    """The value of a policy, told by a trial with propensities (or arms of constant shares).

    `policy` (n, arms) is the probability with which the policy gives each arm to each row, or
    (n,) the arm itself. `expected` (n, arms), for `dr`, is the outcome expected of each arm,
    learned from other rows. Neither may have been learned from these rows' own outcomes. Raises
    TrialError for other shapes, and where no row is in an arm that the policy gives.
    """
    wanted = _probabilities(trial, policy)
    rows = np.arange(len(trial.arm))
    weight = wanted[rows, trial.arm] / trial.probability[rows, trial.arm]
    if not weight.any():
        raise TrialError(
            "No row is in the arm that the policy gives it: its value cannot be told from these. "
            "Draw some customers into the arms that it would give."
        )
    ips = of_scores(weight * trial.outcome, trial.cluster, confidence)
    mean = float(np.sum(weight * trial.outcome) / weight.sum())
    away = weight * (trial.outcome - mean) / weight.mean()
    snips = of_scores(mean + away, trial.cluster, confidence)
    dr = None
    if expected is not None:
        if expected.shape != wanted.shape:
            raise TrialError(
                f"Expected outcomes have the shape {expected.shape}, not {wanted.shape}: one for "
                "each row and arm."
            )
        left = trial.outcome - expected[rows, trial.arm]
        scores = np.sum(wanted * expected, axis=1) + weight * left
        dr = of_scores(scores, trial.cluster, confidence)
    return Value(ips, snips, dr, float(weight.sum() ** 2 / np.sum(weight**2)))


def _probabilities(trial: Trial, policy: FloatArray) -> FloatArray:
    shape = (len(trial.arm), len(trial.arms))
    if policy.shape == shape[:1]:
        return np.asarray(policy[:, None] == np.arange(shape[1]), dtype=np.float64)
    if policy.shape != shape or not np.allclose(policy.sum(axis=1), 1) or policy.min() < 0:
        raise TrialError(
            f"A policy is an arm for each row {shape[:1]}, or probabilities of arms {shape} that "
            f"sum to 1, not an array of the shape {policy.shape}."
        )
    return policy
