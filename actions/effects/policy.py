"""What targeting brings: treating those whom it helps, beside treating everybody and nobody.

The policy gives each customer the arm whose effect, learned from other customers, is the largest,
and the control where none helps. It is valued by doubly robust scores of customers whom it was not
learned from (cross-fitted: Athey and Wager 2021, Econometrica 89; Chernozhukov et al. 2018).
"""

from dataclasses import dataclass

import numpy as np

from actions.effects.intervals import Estimate, Skewed, estimate
from actions.effects.targeting import Qini, area, qini_weights
from actions.effects.trial import CONTROL, Trial, cluster_sums
from actions.effects.uplift import Learned, learn
from core.arrays import FloatArray, IntArray

CONFIDENCE = 0.975  # of each gain, so that both intervals together hold at 95 %
FEWEST_TELLING = 10  # customers in each arm with another outcome than the usual one


@dataclass(frozen=True)
class Policy:
    """A targeted policy and its value, in outcome units for each customer.

    `arm` (n,) is the arm it gives to each row, `best` the one arm that is best for all. `over_all`
    is the gain over giving everybody that single treated arm over which it gains least. A gain is
    `claimed` where it is shown over that, over treating nobody, and so over the best of them.
    """

    arm: IntArray
    qini: Qini
    over_all: Estimate
    over_nobody: Estimate
    claimed: bool

    @property
    def share(self) -> float:
        """Share of the rows that it treats."""
        return float((self.arm != CONTROL).mean())


def targeting(
    trial: Trial, seed: int = 0, cost: float = 0.0, learned: Learned | None = None
) -> Policy:
    """Learn, value and judge a targeted policy; `cost` of treating is in outcome units.

    Gains have 97.5 % intervals, so that both hold together at 95 %. A policy that differs from
    treating all, or nobody, by too few customers to be valued is taken for that.
    """
    learned = learn(trial, seed) if learned is None else learned
    net = learned.effect - cost * (np.arange(len(trial.arms)) != CONTROL)
    scores = outcome_scores(trial, learned.expected)
    scores[:, 1:] -= cost
    best = 1 + net[:, 1:].argmax(axis=1)
    rows = np.arange(len(trial.arm))
    arm = np.where(net[rows, best] > 0, best, CONTROL)
    arm = _large_enough(trial, arm)
    gains = [_gain(trial, scores[rows, arm] - scores[:, one]) for one in range(len(trial.arms))]
    over_all = min(gains[1:], key=lambda gain: gain.low)
    found = area(
        net[rows, best], scores[rows, best] - scores[:, CONTROL], qini_weights, trial.cluster
    )
    over_nobody = gains[CONTROL]
    claimed = over_all.low > 0 and over_nobody.low > 0
    return Policy(arm, found, over_all, over_nobody, claimed)


def outcome_scores(trial: Trial, expected: FloatArray) -> FloatArray:
    """Scores (n, arms) whose mean over any rows estimates their mean outcome in each arm (AIPW)."""
    rows = np.arange(len(trial.arm))
    scores = expected.copy()
    left = trial.outcome - expected[rows, trial.arm]
    scores[rows, trial.arm] += left / trial.probability[rows, trial.arm]
    return scores


def _large_enough(trial: Trial, arm: IntArray) -> IntArray:
    """The policy, with an arm that hardly anybody gets given up for the most common one."""
    usual, counts = np.unique(arm, return_counts=True)
    most = int(usual[counts.argmax()])
    values, times = np.unique(trial.outcome, return_counts=True)
    telling = trial.outcome != values[times.argmax()]
    kept = arm.copy()
    for one in usual.tolist():
        region = (arm == one) & telling
        compared = {one, most} if one != most else set()
        if any((region & (trial.arm == other)).sum() < FEWEST_TELLING for other in compared):
            kept[arm == one] = most
    return kept


def _gain(trial: Trial, scores: FloatArray) -> Estimate:
    """The mean of scores with its interval, corrected for skewness."""
    n = len(scores)
    mean = float(scores.mean())
    sums = cluster_sums((scores - mean) / n, trial.cluster)
    units = len(sums)
    second = float(np.sum(sums**2)) * units / max(units - 1, 1)
    interval = Skewed.of(mean, second, float(np.sum(sums**3)), units - 1)
    return estimate(interval, mean, interval.se, CONFIDENCE)
