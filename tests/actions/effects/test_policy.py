"""Targeting: found where effects differ, and nothing claimed where they do not."""

import numpy as np
import pytest

from actions.effects.policy import outcome_scores, targeting
from actions.effects.trial import Trial
from actions.effects.uplift import learn


def trial(effects, n=500, seed=0, arms=2, noise=1.0):
    """Arms of equal chance; `effects(x)` (n, arms) is added to what x says."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    arm = rng.integers(0, arms, n)
    outcome = x[:, 0] + effects(x)[np.arange(n), arm] + noise * rng.normal(size=n)
    return Trial(arm, tuple("abc"[:arms]), outcome, x, ("x", "y", "z"))


def crossing(x):
    return np.column_stack([np.zeros(len(x)), 1.2 * x[:, 1]])


def same(x):
    return np.column_stack([np.zeros(len(x)), np.full(len(x), 0.5)])


def nothing(x):
    return np.zeros((len(x), 3))


def test_effects_of_other_signs_are_found_though_their_average_is_nothing():
    found = targeting(trial(crossing))
    assert found.claimed
    assert found.over_all.low > 0
    assert found.over_nobody.low > 0
    assert 0.35 < found.share < 0.65
    # Treating the half whom it helps gains 1.2 E[max(y, 0)] over either extreme.
    assert found.over_nobody.low < 1.2 * 0.399 < found.over_nobody.high
    assert found.qini.low > 0


def test_an_effect_that_is_the_same_for_all_is_no_gain_from_targeting():
    found = targeting(trial(same))
    assert not found.claimed
    assert found.over_nobody.low > 0
    assert (found.over_all.effect, found.share) == (0, 1)


def test_where_nothing_differs_nothing_is_claimed():
    assert not any(targeting(trial(nothing, 300, seed)).claimed for seed in range(10))


def test_a_cost_of_treating_leaves_only_those_whom_it_helps_more():
    free, dear = (targeting(trial(crossing), cost=cost) for cost in (0.0, 1.0))
    assert 0 < dear.share < free.share
    assert dear.over_nobody.effect < free.over_nobody.effect


def test_of_several_arms_each_customer_gets_the_best_and_the_best_single_arm_is_compared():
    def opposite(x):
        return np.column_stack([np.zeros(len(x)), 1 + x[:, 1], 1 - x[:, 1]])

    found = targeting(trial(opposite, 590, arms=3, noise=0.5))
    assert found.claimed
    assert set(np.unique(found.arm)) >= {1, 2}
    # At most 1 + |y| less 1 of either arm, on average 0.8; the first policies know less.
    assert 0.4 < found.over_all.effect < 0.8


def test_learning_never_sees_the_rows_it_tells_about():
    one = trial(crossing)
    effect = learn(one).effect
    moved = one.outcome.copy()
    moved[7] += 3.0
    other = Trial(one.arm, one.arms, moved, one.covariates, one.names)
    shifted = np.abs(learn(other).effect - effect)[:, 1]
    # What is subtracted may have been learned from it; of the effect only that tiny part moves.
    assert shifted[7] < 0.02 < shifted.max()


def test_outcome_scores_are_the_doubly_robust_ones_one_by_one():
    one = trial(crossing, 50)
    expected = np.column_stack([one.outcome / 2, one.outcome / 3])
    scores = outcome_scores(one, expected)
    for i in range(50):
        for arm in (0, 1):
            want = expected[i, arm]
            if one.arm[i] == arm:
                want += (one.outcome[i] - want) / one.probability[i, arm]
            assert scores[i, arm] == pytest.approx(want)


@pytest.mark.slow
def test_rows_of_one_customer_are_one_and_repeating_them_makes_nothing_surer():
    one = trial(crossing, 200)
    rows = np.repeat(np.arange(200), 4)
    four = Trial(
        one.arm[rows], one.arms, one.outcome[rows], one.covariates[rows], one.names, cluster=rows
    )
    assert targeting(four).over_nobody.se > 0.7 * targeting(one).over_nobody.se


def test_the_same_trial_gives_the_same_policy():
    assert targeting(trial(crossing, 590)).over_all == targeting(trial(crossing, 590)).over_all
