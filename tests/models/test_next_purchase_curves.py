"""What is read from a curve of the next purchase: tilts, quantiles, intervals, days beyond it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.probability.curves import (
    CLIP,
    at_days,
    days_until,
    interval,
    probability_by,
    survival_at,
    tilt,
)

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


def content(survival, days, first, last):
    """The probability inside, with all that lies beyond the curve where the interval is open."""
    after = np.where(np.isnan(last), 0.0, survival_at(survival, days, np.nan_to_num(last) + 1))
    return survival_at(survival, days, first) - after


@given(rates=st.lists(st.floats(0.002, 0.15), min_size=1, max_size=5))
def test_an_interval_holds_eighty_percent_whether_it_has_an_end_or_not(rates):
    """Within half of the probability of a day: 0.15 a day is the most of any."""
    daily = np.arange(91)
    survival = np.exp(-np.outer(rates, daily))
    first, last = interval(survival, daily, 0.8)
    assert (np.isnan(last) == (survival[:, -1] > 0.2)).all()
    told = ~np.isnan(first)
    assert (told == (survival[:, -1] <= 0.8)).all()
    held = content(survival, daily, first, last)[told]
    np.testing.assert_allclose(held, 0.8, atol=0.075)
    assert (last[~np.isnan(last)] >= first[~np.isnan(last)]).all()


def test_what_lies_beyond_the_curve_is_after_the_interval_up_to_a_fifth():
    days = np.arange(401)
    near = np.interp(days, [0, 100, 300, 400], [1.0, 1.0, 0.15, 0.15])
    far = np.interp(days, [0, 100, 300, 400], [1.0, 1.0, 0.25, 0.25])
    soon = np.interp(days, [0, 100, 300, 400], [1.0, 1.0, 0.0001, 0.0001])
    first, last = interval(np.array([near, far, soon]), days, 0.8)
    # 85 % over 200 days: 5 % before, and 15 % are beyond. 100 %: a tenth on either side.
    np.testing.assert_allclose(first, [112, 153, 120], atol=1)
    np.testing.assert_allclose(last, [299, np.nan, 279], atol=1)


def test_a_purchase_of_the_day_itself_is_inside_and_more_lies_after():
    today = np.r_[1.0, 0.7 * np.exp(-0.05 * np.arange(90))]
    first, last = interval(today[None], np.arange(91), 0.8)
    assert first[0] == 0
    assert 1 - today[int(last[0]) + 1] == pytest.approx(0.8, abs=0.01)
    lump = np.r_[1.0, 0.05, 0.04, np.full(88, 0.03)]
    assert [day[0] for day in interval(lump[None], np.arange(91), 0.8)] == [0, 0]


def test_the_interval_told_reads_the_curve_between_grid_days():
    daily = np.arange(91)
    fine = np.exp(-np.outer([0.05, 0.1, 0.4], daily))
    coarse = fine[:, list(GRID)]
    for one, other in zip(interval(fine, daily, 0.8), interval(coarse, GRID, 0.8), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(at_days(coarse, GRID, daily), fine, rtol=1e-12)
    np.testing.assert_array_equal(at_days(coarse, GRID, GRID), coarse)


def test_a_probability_beyond_the_curve_is_unknown():
    survival = np.array([[1.0, 0.7, 0.4]])
    assert probability_by(survival, (0, 7, 28), 7) == pytest.approx(0.3)
    assert np.isnan(probability_by(survival, (0, 7, 28), 60)).all()
