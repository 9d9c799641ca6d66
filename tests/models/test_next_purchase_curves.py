"""What is read from a curve of the next purchase: tilts, quantiles, intervals, days beyond it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.probability.curves import CLIP, days_until, probability_by, tilt, whole_days

HORIZON = 28
GRID = (0, 1, 7, 14, 28, 30, 60, 90)


@given(
    hazards=st.lists(
        st.lists(st.floats(0, 1), min_size=len(GRID) - 1, max_size=len(GRID) - 1),
        min_size=1,
        max_size=4,
    ),
    risk=st.floats(0, 1),
    share=st.floats(0.01, 0.99),
)
def test_a_tilted_curve_is_monotone_and_passes_through_the_churn_risk(hazards, risk, share):
    survival = np.cumprod(np.column_stack([np.ones(len(hazards)), 1 - np.array(hazards)]), axis=1)
    tilted = tilt(survival, GRID, np.full(len(survival), risk), HORIZON)
    at_horizon = tilted[:, GRID.index(HORIZON)]
    np.testing.assert_allclose(at_horizon, np.clip(risk, CLIP, 1 - CLIP), rtol=0, atol=1e-9)
    assert (tilted[:, 0] == 1).all()
    assert (np.diff(tilted, axis=1) <= 0).all()
    assert ((tilted > 0) & (tilted <= 1)).all()
    days = days_until(tilted, GRID, share)
    assert ((days >= 0) & (days <= 90) | (np.isnan(days) & (tilted[:, -1] > 1 - share))).all()


def test_a_tilt_to_its_own_value_changes_nothing():
    survival = np.array([[1.0, 0.9, 0.6, 0.5, 0.3, 0.28, 0.1, 0.05]])
    np.testing.assert_allclose(tilt(survival, GRID, [0.3], HORIZON), survival, rtol=1e-12)


def test_between_grid_days_the_hazard_is_constant():
    survival = np.exp(-0.02 * np.array([GRID, GRID]))
    for share in (0.1, 0.5, 0.8):
        days = days_until(survival, GRID, share)
        np.testing.assert_allclose(days, -np.log(1 - share) / 0.02, rtol=1e-12)
    assert np.isnan(days_until(survival, GRID, 0.9)).all()  # 115 days, beyond the curve


def test_a_quantile_reached_on_a_grid_day_is_that_day():
    survival = np.array([[1.0, 0.9, 0.9, 0.5, 0.5, 0.5, 0.5, 0.1]])
    assert days_until(survival, GRID, 0.1) == pytest.approx(1)
    assert days_until(survival, GRID, 0.5) == pytest.approx(14)
    assert days_until(survival, GRID, 0.9) == pytest.approx(90)


def test_the_interval_told_takes_of_each_two_days_the_one_nearer_to_ten_percent_outside():
    days = np.arange(91)
    survival = np.exp(-np.outer([0.02, 0.02, 0.04, 0.3, 3.0, 0.2], days))
    first, last = whole_days(survival, days, 0.1, 0.1)
    for row, one in enumerate(survival):
        before = np.abs(1 - one - 0.1)  # of each midnight: the probability before it
        assert before[int(first[row])] == pytest.approx(before.min())
        if one[-1] > 0.1:
            assert np.isnan(last[row])
        else:
            assert np.abs(one - 0.1)[int(last[row]) + 1] == pytest.approx(np.abs(one - 0.1).min())
            assert last[row] >= first[row]


def test_the_interval_told_reads_the_curve_between_grid_days():
    daily = np.arange(91)
    fine = np.exp(-np.outer([0.05, 0.1, 0.4], daily))
    coarse = fine[:, list(GRID)]
    for one, other in zip(
        whole_days(fine, daily, 0.1, 0.1), whole_days(coarse, GRID, 0.1, 0.1), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_probability_beyond_the_curve_is_unknown():
    survival = np.array([[1.0, 0.7, 0.4]])
    assert probability_by(survival, (0, 7, 28), 7) == pytest.approx(0.3)
    assert np.isnan(probability_by(survival, (0, 7, 28), 60)).all()
