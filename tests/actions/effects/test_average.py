"""Average effects against closed forms, and adjusted ones against regressions written out."""

import numpy as np
import pytest
from scipy import stats

from actions.effects.average import adjusted, difference, returns
from actions.effects.intervals import Estimate, Rates, Skewed, p_value
from actions.effects.trial import Trial
from core.errors import TrialError


def trial(outcome, arm, covariates=None, **more):
    covariates = np.zeros((len(arm), 0)) if covariates is None else covariates
    names = tuple(f"x{i}" for i in range(covariates.shape[1]))
    arms = tuple(f"arm {i}" for i in range(max(arm) + 1))
    return Trial(np.asarray(arm), arms, np.asarray(outcome, float), covariates, names, **more)


def drawn(n=400, share=0.3, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    arm = (rng.random(n) < share).astype(np.int64)
    return trial(x[:, 0] * (1 + arm) + 0.5 * arm + rng.normal(size=n), arm, x)


def test_the_difference_has_the_standard_error_and_degrees_of_freedom_of_welch():
    one = drawn(60)
    found = difference(one)
    a, b = one.outcome[one.treated], one.outcome[~one.treated]
    welch = stats.ttest_ind(a, b, equal_var=False)
    assert found.effect == pytest.approx(a.mean() - b.mean())
    assert found.se == pytest.approx(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)))
    low, high = welch.confidence_interval()
    # Skewness moves both ends of the interval a little; here there is next to none.
    assert (found.low, found.high) == (pytest.approx(low, abs=0.05), pytest.approx(high, abs=0.05))
    unskewed = Skewed(found.effect, found.se, 0.0, welch.df)
    assert unskewed.bounds(0.05) == (pytest.approx(low), pytest.approx(high))
    assert p_value(unskewed) == pytest.approx(welch.pvalue, rel=1e-3)


def test_rates_have_newcombes_interval_also_where_nothing_happened_in_an_arm():
    # Newcombe 1998, table II, method 10: 56/70 less 48/80, and 10/10 less 0/20.
    low, high = Rates((56, 48), (70, 80)).bounds(0.05)
    assert (low, high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
    low, high = Rates((10, 0), (10, 20)).bounds(0.05)
    assert (low, high) == (pytest.approx(0.6791, abs=5e-5), 1)
    none = difference(trial(np.zeros(200), [0, 1] * 100))
    assert none.effect == 0
    assert (none.low, none.high) == (
        pytest.approx(-0.037, abs=5e-4),
        pytest.approx(0.037, abs=5e-4),
    )


def test_two_valued_outcomes_of_any_size_are_rates():
    arm = np.arange(100) % 2
    bought = (np.arange(100) % 7 == 0).astype(float)
    one, hundred = difference(trial(bought, arm)), difference(trial(5 + 100 * bought, arm))
    assert hundred.effect == pytest.approx(100 * one.effect)
    assert hundred.low == pytest.approx(100 * one.low)
    assert hundred.p == one.p


def test_a_skewed_estimate_reaches_further_to_the_side_of_its_tail():
    found = Skewed(1.0, 0.1, 0.4, np.inf)
    low, high = found.bounds(0.05)
    assert high - 1 > 1 - low
    # Hall's transformation, solved here by its own polynomial: g(T) at the ends are the quantiles.
    for end, quantile in ((low, 1.959964), (high, -1.959964)):
        t = (1.0 - end) / 0.1
        g = t + 0.4 * t**2 / 3 + 0.4**2 * t**3 / 27 + 0.4 / 6
        assert g == pytest.approx(quantile, abs=1e-5)


def test_a_small_arm_without_the_largest_purchases_does_not_look_surer_than_it_is():
    money = np.r_[np.zeros(900), np.full(90, 10.0), np.full(10, 2000.0)]
    arm = np.ones(1000, dtype=np.int64)
    arm[:45] = arm[900:905] = 0  # 50 customers who bought little
    own = np.std(money[arm == 0], ddof=1) / np.sqrt(50)
    assert difference(trial(money, arm)).se > np.hypot(own, money[arm == 1].std() / np.sqrt(950))
    assert difference(trial(money, arm)).high - difference(trial(money, arm)).low > 100


def test_adjusting_is_the_regression_with_a_slope_of_its_own_in_each_arm():
    one = drawn()
    found = adjusted(one, expected=one.covariates)
    centred = one.covariates - one.covariates.mean(axis=0)
    t = one.treated.astype(float)
    design = np.column_stack([np.ones(400), t, centred, centred * t[:, None]])
    coefficients, *_ = np.linalg.lstsq(design, one.outcome, rcond=None)
    assert found.effect == pytest.approx(coefficients[1])
    residual = one.outcome - design @ coefficients
    bread = np.linalg.inv(design.T @ design)
    robust = bread @ (design.T * residual**2) @ design @ bread
    slopes = coefficients[4:] @ np.cov(centred.T) @ coefficients[4:] / 400  # of the mean of x
    assert found.se == pytest.approx(np.sqrt(robust[1, 1] + slopes), rel=0.03)
    assert found.high - found.low < 0.8 * (difference(one).high - difference(one).low)


def test_predictions_of_other_customers_adjust_as_well_as_the_best_covariate():
    one = drawn(800)
    known, own = adjusted(one, expected=one.covariates), adjusted(one)
    assert own.se == pytest.approx(known.se, rel=0.1)
    assert own == adjusted(one)


def test_with_few_buyers_nothing_is_adjusted():
    one = drawn(100)
    few = trial((np.arange(100) < 8).astype(float), one.arm, one.covariates)
    assert adjusted(few) == difference(few)


def test_rows_of_one_customer_count_as_one():
    one = drawn()
    twice = trial(
        np.repeat(one.outcome, 2), np.repeat(one.arm, 2), cluster=np.repeat(np.arange(400), 2)
    )
    once = difference(trial(one.outcome, one.arm))
    assert difference(twice).se == pytest.approx(once.se)
    assert difference(twice).low == pytest.approx(once.low, rel=1e-3)


def test_propensities_of_their_own_are_weighed_and_constant_ones_change_nothing():
    rng = np.random.default_rng(3)
    chance = np.where(np.arange(4000) < 2000, 0.2, 0.8)
    arm = (rng.random(4000) < chance).astype(np.int64)
    outcome = 10 * (chance > 0.5) + 1.0 * arm + rng.normal(size=4000)
    known = np.column_stack([1 - chance, chance])
    found = difference(trial(outcome, arm, propensity=known))
    assert found.low < 1 < found.high < 3
    assert difference(trial(outcome, arm)).low > 5  # what not weighing would say
    same = np.tile([0.4, 0.6], (4000, 1))
    assert difference(trial(outcome, arm, propensity=same)).effect == pytest.approx(
        difference(trial(outcome, arm)).effect
    )


def test_an_arm_of_one_customer_cannot_be_compared():
    with pytest.raises(TrialError, match="arm 1 has 1 customer"):
        difference(trial(np.arange(5.0), [0, 0, 0, 0, 1]))


def test_a_return_is_the_margin_less_what_was_spent():
    found = returns(Estimate(10.0, 2.0, 6.0, 14.0, 0.01), 0.25, 2.0)
    assert (found.margin.effect, found.net.effect) == (2.5, 0.5)
    assert (found.net.low, found.net.high) == (-0.5, 1.5)
    assert found.per_cost.effect == 1.25
    assert returns(Estimate(10.0, 2.0, 6.0, 14.0, 0.01), 0.25, 0.0).per_cost is None
    with pytest.raises(TrialError, match="margin rate"):
        returns(Estimate(10.0, 2.0, 6.0, 14.0, 0.01), 1.5, 0.0)
