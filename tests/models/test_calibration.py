import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from models.probability.calibration import (
    FLATTEST,
    IDENTITY,
    SMALLEST,
    BetaMap,
    cross_fitted,
    fit_beta_map,
    fold_of,
)

GRID = np.linspace(0.001, 0.999, 200)
PLANTED = BetaMap(a=1.5, b=0.7, c=0.4)


def distorted(rows, seed):
    """Scores, the true probabilities behind them by the planted map, and outcomes."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(1, 1.5, rows)
    true = expit(PLANTED.a * np.log(scores) - PLANTED.b * np.log1p(-scores) + PLANTED.c)
    return scores, true, (rng.random(rows) < true).astype(float)


@given(
    rows=st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60),
    times=st.integers(1, 50),
)
def test_the_map_is_strictly_increasing_whatever_it_was_fitted_on(rows, times):
    scores, outcomes = (np.tile(column, times).astype(float) for column in zip(*rows, strict=True))
    calibrated = fit_beta_map(scores, outcomes)(GRID)
    inside = (calibrated > SMALLEST) & (calibrated < 1 - SMALLEST)
    assert (np.diff(calibrated) >= 0).all()
    assert (np.diff(calibrated[inside]) > 0).all()


def test_outcomes_that_contradict_the_scores_still_give_an_increasing_map():
    scores = np.repeat([0.1, 0.9], 500)
    calibrated = fit_beta_map(scores, 1 - np.round(scores))(GRID)
    assert (np.diff(calibrated) > 0).all()


def test_a_planted_distortion_is_recovered():
    scores, true, outcomes = distorted(60_000, seed=1)
    found = fit_beta_map(scores, outcomes)
    assert found.a == pytest.approx(PLANTED.a, abs=0.08)
    assert found.b == pytest.approx(PLANTED.b, abs=0.08)
    assert found.c == pytest.approx(PLANTED.c, abs=0.15)
    assert np.abs(found(scores) - true).max() < 0.03


def test_no_end_of_a_map_is_nearly_flat_whatever_few_outcomes_say():
    scores = np.r_[np.full(300, 0.05), np.full(60, 0.5), np.full(40, 0.8), np.full(40, 0.99)]
    outcomes = np.r_[np.arange(300) < 6, np.arange(60) < 36, np.arange(40) < 26, np.arange(40) < 24]
    for found in (
        fit_beta_map(scores, outcomes.astype(float)),
        fit_beta_map(1 - scores, 1.0 - outcomes),
    ):
        slopes = sorted((found.a, found.b))
        # The parts themselves stay a little above 0.
        assert slopes[0] == pytest.approx(FLATTEST * slopes[1], rel=1e-2)
        assert slopes[0] >= FLATTEST * slopes[1]


def test_the_totals_are_right_after_calibration():
    scores, _, outcomes = distorted(5_000, seed=2)
    assert abs(scores.mean() - outcomes.mean()) > 0.03
    assert fit_beta_map(scores, outcomes)(scores).mean() == pytest.approx(
        outcomes.mean(), abs=0.002
    )


def test_the_identity_changes_nothing():
    np.testing.assert_allclose(IDENTITY(GRID), GRID, rtol=1e-12)
    assert BetaMap(**IDENTITY.to_dict()) == IDENTITY


def test_certain_scores_and_separable_outcomes_stay_away_from_0_and_1():
    scores = np.r_[np.zeros(50), np.ones(50)]
    calibrated = fit_beta_map(scores, scores)(np.array([0.0, 0.5, 1.0]))
    assert np.isfinite(calibrated).all()
    assert 0 < calibrated.min() < calibrated.max() < 1


def test_no_customer_is_calibrated_by_a_map_that_saw_them():
    scores, _, outcomes = distorted(600, seed=3)
    customers = pd.Series([f"c{number % 200}" for number in range(600)])
    before = cross_fitted(scores, outcomes, customers, folds=4)
    for customer in ("c0", "c7", "c90"):
        own = (customers == customer).to_numpy()
        after = cross_fitted(scores, np.where(own, 1 - outcomes, outcomes), customers, folds=4)
        np.testing.assert_array_equal(after[own], before[own])
        assert (after != before).any()


def test_cross_fitting_leaves_every_fold_out_once():
    scores, _, outcomes = distorted(400, seed=4)
    customers = pd.Series([f"c{number}" for number in range(400)])
    found = cross_fitted(scores, outcomes, customers, folds=3)
    fold = fold_of(customers, 3)
    for number in range(3):
        out = fold == number
        expected = fit_beta_map(scores[~out], outcomes[~out])(scores[out])
        np.testing.assert_array_equal(found[out], expected)


def test_a_customer_is_always_in_the_same_fold():
    customers = pd.Series(["a", "b", "a", "c", "d", "e", "f", "g"])
    fold = fold_of(customers, 3)
    assert fold[0] == fold[2]
    assert fold_of(customers[3:], 3).tolist() == fold[3:].tolist()
    many = fold_of(pd.Series([f"c{number}" for number in range(3000)]), 5)
    assert np.bincount(many).min() > 500


@given(
    st.floats(0.05, 3),
    st.floats(0.05, 3),
    st.floats(-3, 3),
    st.floats(0.02, 0.98),
    st.integers(0, 9),
)
def test_a_shifted_map_has_the_outcomes_level_and_its_own_shape(a, b, c, share, seed):
    scores = np.random.default_rng(seed).uniform(0.001, 0.999, 200)
    outcomes = (np.arange(200) < round(share * 200)).astype(float)
    before = BetaMap(a, b, c)
    after = before.at_level_of(scores, outcomes)
    assert (after.a, after.b) == (a, b)
    assert after(scores).mean() == pytest.approx(outcomes.mean(), abs=1e-6)
    assert before.at_level_of(scores, np.ones(200)) == before
