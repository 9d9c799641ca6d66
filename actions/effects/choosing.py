"""Which learner's effects are used, and whether targeting by them gains anything.

Every learner ranks contacts of customers it has not seen, and the ranking is judged by what
treating those ranked highest brought (AUTOC, actions/effects/targeting.py). The pooled learner is
taken unless another surely ranks better than chance and, paired, better than ours, both with 99 %:
on little data the best of five looks better than it is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from actions.effects.learners import LEARNERS, OURS, Data, LearnerParams, Prior, fit
from actions.effects.randomised import fold_of
from actions.effects.targeting import area, autoc_weights, difference, effect_scores
from core.arrays import FloatArray, IntArray

MOST_ROWS = 40_000  # contacts that learners are compared on
HALVES = 2
SURE = 0.99


@dataclass(frozen=True)
class Choice:
    """The learner that is taken, and how each ranks: AUTOC with interval, and less ours."""

    learner: str
    ranks: dict[str, dict[str, Any]]

    @property
    def gains(self) -> bool:
        """Whether ranking by the learner that is taken surely gains."""
        return bool(self.ranks[self.learner]["low"] > 0)


def choose(data: Data, prior: Prior, params: LearnerParams) -> Choice:
    """Compare all learners on customers that they have not seen."""
    rng = np.random.default_rng(params.seed)
    data = data.rows(np.sort(rng.permutation(len(data))[:MOST_ROWS]))
    half = fold_of(data, HALVES, params.seed)
    expected = np.zeros(len(data)) if data.expected is None else data.expected
    effects = effect_scores(
        data.treated, data.outcome, data.propensity, np.column_stack([expected, expected])
    )
    scores = {name: _held_out(data, half, prior, params, name) for name in LEARNERS}
    ranks: dict[str, dict[str, Any]] = {}
    learner, ahead = OURS, 0.0
    for name, score in scores.items():
        found = area(score, effects, autoc_weights)
        ranks[name] = {"autoc": found.value, "se": found.se, "low": found.low, "high": found.high}
        if name == OURS:
            continue
        more = difference((score, scores[OURS]), effects, autoc_weights, confidence=SURE)
        sure = area(score, effects, autoc_weights, confidence=SURE)
        ranks[name]["beyond_ours"] = {"value": more.value, "low": more.low, "high": more.high}
        if min(more.low, sure.low) > 0 and more.value > ahead:
            learner, ahead = name, more.value
    return Choice(learner, ranks)


def _held_out(
    data: Data, half: IntArray, prior: Prior, params: LearnerParams, name: str
) -> FloatArray:
    """The effect (n,) of each contact's own action, by a fit to the other half."""
    found = np.empty(len(data))
    for one in range(HALVES):
        here = data.rows(half == one)
        fitted = fit(data.rows(half != one), prior, params, name)
        found[half == one] = fitted.own(here.x, here.action)
    return found
