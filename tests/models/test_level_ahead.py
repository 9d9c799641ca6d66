"""What the level of business of the days ahead does to risk, curve, orders and money."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from features.timeline import date_of
from models.bundle import Bundle
from models.calendar.model import Calendar
from models.probability.calibration import BetaMap
from models.value.ahead import LevelsAhead, at_levels, levels_ahead, rough_level
from models.value.leavers import Horizons
from models.value.targets import FAR
from tests.snapshots import HORIZON, VALUE_HORIZON, simulate, timeline, trained

pytestmark = pytest.mark.xdist_group("trained")


def flat(level, days=1_000):
    """A calendar with one level around the dates of the simulated snapshots."""
    return Calendar(timeline().score - days, timeline().score, (level,) * 2 * days)


@cache
def rows():
    found = simulate()
    at_score = found["as_of_date"] == pd.Timestamp(date_of(timeline().score))
    return found[at_score].reset_index(drop=True)


@cache
def served():
    return trained().served


def churn(level):
    model = served().churn
    return model.with_calendar((flat(level), HORIZON))


def test_hazards_are_multiplied_by_the_level():
    usual, more = churn(1.0).raw(rows()), churn(1.5).raw(rows())
    np.testing.assert_allclose(more, usual**1.5, rtol=1e-9)
    np.testing.assert_allclose(usual, served().churn.with_calendar(None).raw(rows()), rtol=1e-9)


def test_explanations_stay_sums_and_only_their_base_moves():
    model = churn(0.7)
    told = model.contributions(rows())
    np.testing.assert_allclose(told.sum(axis=1), logit(model.raw(rows())), atol=1e-6)
    usual = model.with_calendar(None).contributions(rows())
    np.testing.assert_array_equal(told[:, :-1], usual[:, :-1])


def test_a_risk_at_the_level_of_recent_rows_is_right_in_total_at_any_level():
    recent = simulate().query("outcome_known").reset_index(drop=True)
    for level in (0.8, 1.3):
        model = churn(level).at_level_of(recent)
        assert model.predict(recent).mean() == pytest.approx(recent["churned"].mean(), abs=1e-6)


def test_a_map_of_quiet_weeks_does_not_say_what_the_busiest_are_like(tmp_path):
    """What it learned at one level is brought to another as hazards are, not by its own slopes."""
    steep = replace(churn(1.0), calibration=BetaMap(1.4, 2.7, -3.0), by_value=None, mapped_at=0.5)
    quiet = steep.with_calendar((flat(0.5), HORIZON))
    np.testing.assert_allclose(
        quiet.predict(rows()), quiet.calibration(quiet.raw(rows())), rtol=1e-4
    )
    busy = steep.with_calendar((flat(2.0), HORIZON)).predict(rows())
    told = quiet.predict(rows())
    more = told**1.5  # as hazards are, and beyond that as odds: who is gone comes at no level
    np.testing.assert_allclose(busy, more / (more + (1 - more) * 4 / 1.5), rtol=1e-3)
    usual = steep.with_calendar((flat(0.6), HORIZON)).predict(rows())
    np.testing.assert_allclose(usual, told**1.2, rtol=1e-3)
    steep.save(tmp_path)
    assert type(steep).load(tmp_path).mapped_at == 0.5
    assert steep.mapped_on(rows()).mapped_at == 1.0


def test_the_curve_falls_faster_where_more_is_bought():
    model = served().trees.when
    curves = [
        replace(model, layout=replace(model.layout, calendar=flat(level))).survival(rows())
        for level in (0.6, 1.0, 1.6)
    ]
    assert (np.diff(np.stack(curves), axis=0)[:, :, 1:] < 0).all()
    plain = replace(model, layout=replace(model.layout, calendar=None)).survival(rows())
    np.testing.assert_allclose(curves[1], plain, rtol=1e-9)


def test_who_stays_buys_once_whatever_the_level_and_more_in_proportion():
    levels = LevelsAhead(np.array([1.5, 0.5]), np.array([2.0, 1.0]), np.array([1.8, 0.8]))
    near = {
        "orders": np.array([1.0, 1.0]),  # above the one that everybody has
        "spend": np.array([20.0, 20.0]),
        "value": np.array([50.0, 50.0]),
    }
    found = at_levels(near, levels, least=1.0)
    np.testing.assert_allclose(found["orders"], [1.5, 0.5])
    np.testing.assert_allclose(found["spend"], [25.0, 15.0])
    np.testing.assert_allclose(found["value"], [25.0 + 60.0, 15.0 + 30.0])
    spent = at_levels(near, levels, least=0.0)  # a subscriber may buy nothing
    np.testing.assert_allclose(spent["spend"], [30.0, 10.0])


def test_a_level_is_rough_before_there_is_any_model():
    known = pd.DataFrame({"orders_in_horizon": [0.0, 1.0, 3.0, np.nan]})
    levels = LevelsAhead(*(np.full(4, level) for level in (1.5, 2.0, 1.8)))

    def rough(name, horizons):
        return rough_level(name, known, levels, horizons)[0]

    assert rough("orders", Horizons(30, 100)) == 1.5
    assert rough("spend", Horizons(30, 100)) == pytest.approx(1.25)
    for name in ("value", FAR):
        assert rough(name, Horizons(30, 100)) == pytest.approx(0.3 * 1.25 + 0.7 * 2)
    assert rough(FAR, Horizons(30, 100, told_days=300)) == 1.8


def test_without_a_calendar_the_level_is_the_usual():
    assert levels_ahead(None, rows(), HORIZON, VALUE_HORIZON).whole.tolist() == [1.0] * len(rows())


def test_expected_orders_follow_the_level():
    model = served().trees.value
    risk = served().churn.predict(rows())
    usual, more = (
        replace(model, calendar=flat(level)).predict(rows(), risk) for level in (1.0, 1.4)
    )
    plain = replace(model, calendar=None).predict(rows(), risk)
    pd.testing.assert_frame_equal(usual, plain)
    assert (more["expected_orders"] > usual["expected_orders"]).all()
    assert (more["value_if_stays"] > usual["value_if_stays"]).all()
    for told in (usual, more):  # the parts still make the whole
        whole = (1 - risk) * told["value_if_stays"] + risk * told["value_if_lapses"]
        np.testing.assert_allclose(told["expected_value"], whole, rtol=1e-9)


@pytest.mark.slow
def test_models_know_their_calendar_after_saving(tmp_path):
    bundle = served()
    calendar = flat(1.2)
    layout = replace(bundle.trees.when.layout, calendar=calendar)
    trees = replace(
        bundle.trees,
        when=replace(bundle.trees.when, layout=layout),
        value=replace(bundle.trees.value, calendar=calendar),
    )
    known = replace(bundle, churn=churn(1.2), trees=trees)
    known.save(tmp_path)
    again = Bundle.load(tmp_path)
    risk = known.churn.predict(rows())
    np.testing.assert_array_equal(again.churn.predict(rows()), risk)
    np.testing.assert_array_equal(
        again.next_purchase.survival(rows()), known.next_purchase.survival(rows())
    )
    pd.testing.assert_frame_equal(
        again.value.predict(rows(), risk), known.value.predict(rows(), risk)
    )
