"""Qini and AUTOC against their definitions, written out, and their errors against resampling."""

from itertools import permutations

import numpy as np
import pytest

from actions.effects.targeting import (
    area,
    autoc_weights,
    difference,
    effect_scores,
    qini_weights,
)
from core.errors import TrialError


def drawn(n, seed=0):
    """A trial with unequal propensities, a score that ranks a little, and tied scores."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    propensity = rng.uniform(0.3, 0.8, n)
    treated = rng.random(n) < propensity
    outcome = 2 + x + treated * (0.5 + x) + rng.normal(size=n)
    return np.round(x + rng.normal(size=n)), treated, outcome, propensity


def ranked_by(score, *trial, weights=qini_weights, **asked):
    return area(score, effect_scores(*trial), weights, **asked)


def by_definition(order, effects, power):
    """Mean over the shares k/n of (k/n)^power × (mean effect of the first k - mean of all)."""
    n = len(order)
    toc = [effects[order[:k]].mean() - effects.mean() for k in range(1, n + 1)]
    return np.mean([(k / n) ** power * gap for k, gap in enumerate(toc, start=1)])


@pytest.mark.parametrize(("weights", "power"), [(qini_weights, 1), (autoc_weights, 0)])
def test_the_areas_are_those_of_their_definition_over_every_order_of_equal_scores(weights, power):
    _, treated, outcome, propensity = drawn(7)
    score = np.array([1.0, 3.0, 3.0, 2.0, 3.0, 1.0, 0.0])
    effects = effect_scores(treated, outcome, propensity)
    values = [
        by_definition(list(order), effects, power)
        for order in permutations(range(7))
        if (np.diff(score[list(order)]) <= 0).all()
    ]
    found = area(score, effects, weights).value
    # By rectangles to the right of each share; ours takes the Qini curve by its trapezoids. Both
    # end at 0, so that they are the same.
    assert found == pytest.approx(np.mean(values))


def test_effect_scores_are_the_doubly_robust_ones_one_by_one():
    _, treated, outcome, propensity = drawn(30)
    expected = np.stack([outcome / 2, outcome / 3], axis=1)
    found = effect_scores(treated, outcome, propensity, expected)
    for i in range(30):
        at_0, at_1 = expected[i]
        want = at_1 - at_0
        if treated[i]:
            want += (outcome[i] - at_1) / propensity[i]
        else:
            want -= (outcome[i] - at_0) / (1 - propensity[i])
        assert found[i] == pytest.approx(want)


def test_their_mean_in_a_trial_of_constant_propensity_is_the_difference_of_the_means():
    _, treated, outcome, _ = drawn(50)
    effects = effect_scores(treated, outcome, np.full(50, 0.4))
    assert effects.mean() == pytest.approx(outcome[treated].mean() - outcome[~treated].mean())


@pytest.mark.parametrize("weights", [qini_weights, autoc_weights])
def test_the_standard_error_is_that_of_the_jackknife(weights):
    score, treated, outcome, propensity = drawn(400)
    effects = effect_scores(treated, outcome, propensity)
    kept = ~np.eye(400, dtype=bool)
    left = np.array([area(score[rows], effects[rows], weights).value for rows in kept])
    jackknife = np.sqrt(399 / 400 * np.sum((left - left.mean()) ** 2))
    assert area(score, effects, weights).se == pytest.approx(jackknife, rel=0.005)


def test_rows_of_one_customer_count_as_one():
    score, treated, outcome, propensity = drawn(200)
    twice = [np.repeat(part, 2) for part in (score, treated, outcome, propensity)]
    once = ranked_by(score, treated, outcome, propensity)
    clustered = ranked_by(*twice, cluster=np.repeat(np.arange(200), 2))
    assert clustered.value == pytest.approx(once.value)
    assert clustered.se == pytest.approx(once.se, rel=1e-3)
    assert ranked_by(*twice).se == pytest.approx(once.se / np.sqrt(2), rel=0.01)


def test_a_score_that_is_the_same_for_all_ranks_nobody_and_its_opposite_the_other_way():
    score, treated, outcome, propensity = drawn(1000)
    same = ranked_by(np.ones(1000), treated, outcome, propensity)
    found, opposite = (ranked_by(s, treated, outcome, propensity) for s in (score, -score))
    assert same.value == pytest.approx(0)
    assert same.se < found.se / 20
    assert opposite.value == pytest.approx(-found.value)
    assert opposite.se == pytest.approx(found.se, rel=1e-3)


def test_two_scores_are_compared_on_the_same_customers():
    score, treated, outcome, propensity = drawn(300)
    effects = effect_scores(treated, outcome, propensity)
    nearly = score + np.linspace(0, 1e-3, 300)
    paired = difference((score, nearly), effects, qini_weights)
    one, other = (area(s, effects, qini_weights) for s in (score, nearly))
    assert paired.value == pytest.approx(one.value - other.value)
    assert paired.se < one.se / 4
    assert paired.low < paired.value < paired.high
    assert difference((score, score), effects, qini_weights).se == pytest.approx(0)


def test_a_wider_interval_is_surer():
    given = drawn(100)
    narrow, wide = ranked_by(*given, confidence=0.8), ranked_by(*given, confidence=0.99)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high
    assert narrow.high - narrow.value == pytest.approx(1.2815515 * narrow.se)


def test_a_score_of_other_customers_is_refused():
    with pytest.raises(TrialError, match="99 scores rank 100 customers"):
        area(np.zeros(99), np.zeros(100), qini_weights)
