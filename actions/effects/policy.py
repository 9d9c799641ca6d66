"""What targeting brings: treating those whom it helps, beside treating everybody and nobody.

The policy gives each customer the arm whose effect, learned from other customers, is the largest,
and the control where none helps. It is valued by doubly robust scores (Athey and Wager 2021,
Econometrica 89) of customers in turn: each part of them by the policy that the parts before it
teach. Its value is that of the policies of these parts, on average.
"""

from dataclasses import dataclass

import numpy as np

from actions.effects.intervals import Estimate, of_scores
from actions.effects.targeting import Qini, area, qini_weights
from actions.effects.trial import CONTROL, Trial
from actions.effects.uplift import FIRST, Learned, learn, parts
from core.arrays import FloatArray, IntArray

CONFIDENCE = 0.975  # of each gain, so that both intervals together hold at 95 %
FEWEST_TELLING = 10  # customers in each arm with another outcome than the usual one


@dataclass(frozen=True)
class Policy:
    """A targeted policy and its value, in outcome units for each customer.

    `arm` (n,) is the arm it gives to each row, FIRST for rows that it was only learned from.
    `over_all` is the gain over giving everybody that single treated arm over which it gains least.
    A gain is `claimed` where it is shown over that, over treating nobody, and so over the best of
    them. `qini` is that of effects learned from all other folds.
    """

    arm: IntArray
    qini: Qini
    over_all: Estimate
    over_nobody: Estimate
    claimed: bool

    @property
    def share(self) -> float:
        """Share of the rows that it treats, of those that it is valued by."""
        return float((self.arm[self.arm != FIRST] != CONTROL).mean())


def targeting(trial: Trial, seed: int = 0, cost: float = 0.0) -> Policy:
    """Learn, value and judge a targeted policy; `cost` of treating is in outcome units.

    Gains have 97.5 % intervals, so that both hold together at 95 %. A policy that differs from
    treating all, or nobody, by too few customers to be valued is taken for that.
    """
    costs = cost * (np.arange(len(trial.arms)) != CONTROL)
    score, best, scores = _ranked(trial, learn(trial, seed), costs)
    rows = np.arange(len(trial.arm))
    gained = scores[rows, best] - scores[:, CONTROL]
    qini = area(score, gained, qini_weights, trial.cluster)
    part = parts(trial, seed)
    seen = part != FIRST
    judged = trial.only(seen)
    learned = learn(trial, seed, in_turn=True)
    score, best, scores = _ranked(judged, learned.only(seen), costs)
    arm = _large_enough(judged, np.where(score > 0, best, CONTROL))
    chosen = scores[np.arange(len(arm)), arm]
    gains = [
        _gain(chosen - scores[:, one], gained[seen], part[seen], judged.cluster)
        for one in range(len(trial.arms))
    ]
    over_all = min(gains[1:], key=lambda gain: gain.low)
    over_nobody = gains[CONTROL]
    given = np.full(len(rows), FIRST)
    given[seen] = arm
    return Policy(given, qini, over_all, over_nobody, over_all.low > 0 and over_nobody.low > 0)


def _ranked(
    trial: Trial, learned: Learned, costs: FloatArray
) -> tuple[FloatArray, IntArray, FloatArray]:
    """The largest net effect (n,), the arm that has it, and net outcome scores (n, arms)."""
    net = learned.effect - costs
    best = 1 + net[:, 1:].argmax(axis=1)
    scores = outcome_scores(trial, learned.expected) - costs
    return net[np.arange(len(net)), best], best, scores


def _gain(
    scores: FloatArray, gained: FloatArray, part: IntArray, cluster: IntArray | None
) -> Estimate:
    """The mean of scores, which chance moves within each part: between them, policies differ.

    A part whose policy does what it is compared with has scores of 0, though it might as well have
    done the opposite: where others do, it counts with the errors of `gained` (n,), treated less
    control. Else a policy that stops after a bad part would seem sure of it.
    """
    same = np.isin(part, [one for one in np.unique(part) if not scores[part == one].any()])
    if same.all():
        return of_scores(scores, cluster, CONFIDENCE)
    moved = np.where(same, gained, scores)
    means = np.bincount(part, weights=moved) / np.maximum(np.bincount(part), 1)
    away = moved - means[part]
    return of_scores(scores, cluster, CONFIDENCE, scores - away)


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
