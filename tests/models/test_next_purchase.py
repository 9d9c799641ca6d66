import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy.special import expit

import models.next_purchase.hazard as next_purchase
from core.errors import DataGateError
from models.next_purchase.hazard import (
    NextPurchaseModel,
    fit_next_purchase,
    grid_for,
    refit_next_purchase,
)
from models.params import BandParams, BoosterParams, EnsembleParams, GateParams, ModelParams
from models.trees.inputs import Inputs
from tests.snapshots import category_params

HORIZON = 28
FEATURES = ("rhythm", "noise", "gap_mean")


def params(rounds=300):
    booster = BoosterParams(
        learning_rate=0.1,
        num_leaves=8,
        min_data_in_leaf=50,
        feature_fraction=1.0,
        lambda_l2=1.0,
        max_rounds=rounds,
        early_stopping_rounds=20,
    )
    return ModelParams(
        seed=7,
        threads=1,
        calibration_folds=3,
        bootstrap_draws=10,
        max_reasons=5,
        reasons_share=1.0,
        gates=GateParams(min_customers=1, min_churners=1),
        bands=BandParams(high=0.6, medium=0.3),
        churn=EnsembleParams(
            **booster.model_dump(), members=1, random_members=0, bagging_fraction=1.0
        ),
        next_purchase=booster,
        value=booster,
        next_categories=category_params(),
    )


def waiting(rows, seed, shape, followup=90):
    """Customers whose days to the next purchase are Weibull with a scale they show in `rhythm`."""
    rng = np.random.default_rng(seed)
    scale = np.exp(rng.uniform(np.log(4), np.log(150), rows))
    day = np.floor(scale * rng.weibull(shape, rows))
    followup = np.broadcast_to(np.asarray(followup, float), rows)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(rows)],
            "rhythm": np.log(scale),
            "noise": rng.normal(size=rows),
            "gap_mean": np.where(rng.random(rows) < 0.1, np.nan, scale),
            "days_since_last_purchase": np.floor(rng.exponential(scale)),
            "scale": scale,
            "days_to_next_purchase": np.where(day < followup, day, np.nan),
            "followup_days": followup,
        }
    )


def true_survival(snapshot, grid, shape):
    return np.exp(-((np.array(grid) / snapshot["scale"].to_numpy()[:, None]) ** shape))


@pytest.fixture(scope="module", params=[1.0, 0.7], ids=["exponential", "weibull"])
def shape(request):
    return request.param


@pytest.fixture(scope="module")
def model(shape):
    train, valid = waiting(6_000, 1, shape), waiting(3_000, 2, shape)
    return fit_next_purchase(train, valid, FEATURES, HORIZON, params())


@pytest.fixture(scope="module")
def later():
    return waiting(4_000, 3, shape=1.0)


@pytest.fixture(scope="module")
def small_model():
    train, valid = waiting(1_500, 1, 1.0), waiting(500, 2, 1.0)
    return fit_next_purchase(train, valid, FEATURES, HORIZON, params())


@pytest.mark.slow
def test_known_curves_are_recovered(model, shape):
    unseen = waiting(4_000, 3, shape)
    found, truth = model.survival(unseen), true_survival(unseen, model.grid, shape)
    np.testing.assert_allclose(found.mean(axis=0), truth.mean(axis=0), atol=0.015)
    assert np.abs(found - truth).mean() < 0.025
    for third in np.array_split(np.argsort(unseen["scale"].to_numpy()), 3):
        np.testing.assert_allclose(found[third].mean(axis=0), truth[third].mean(axis=0), atol=0.025)


def test_a_curve_starts_at_one_and_never_rises(model, shape):
    curve = model.survival(waiting(500, 4, shape))
    assert (curve[:, 0] == 1).all()
    assert (np.diff(curve, axis=1) <= 0).all()
    assert (curve > 0).all()


def test_survival_at_the_horizon_is_the_churn_label(model, shape):
    unseen = waiting(8_000, 5, shape)
    churned = ~(unseen["days_to_next_purchase"] < HORIZON)
    at_horizon = model.survival(unseen)[:, model.grid.index(HORIZON)]
    assert at_horizon.mean() == pytest.approx(churned.mean(), abs=0.02)


def test_a_purchase_on_the_as_of_day_itself_is_a_purchase_before_day_one():
    rows = pd.DataFrame({"days_to_next_purchase": [0.0, 1.0, 6.0], "followup_days": 7.0})
    at_risk, bought = next_purchase._at_risk(rows, (0, 1, 7))
    np.testing.assert_array_equal(at_risk, [[True, False], [True, True], [True, True]])
    np.testing.assert_array_equal(bought[:, 0], [True, False, False])
    np.testing.assert_array_equal(bought[1:, 1], [True, True])


def test_an_interval_not_followed_to_its_end_teaches_nothing_even_with_a_purchase_in_it():
    rows = pd.DataFrame({"days_to_next_purchase": [3.0, np.nan, 30.0], "followup_days": 5.0})
    at_risk, bought = next_purchase._at_risk(rows, (0, 1, 7))
    np.testing.assert_array_equal(at_risk, [[True, False]] * 3)
    assert not bought[1:].any()  # day 30 lies beyond the follow-up: not seen


@pytest.mark.slow
def test_censoring_does_not_bend_the_curve():
    rng = np.random.default_rng(6)
    followup = rng.choice([30, 35, 45, 60, 90], 8_000, p=[0.4, 0.2, 0.2, 0.1, 0.1])
    train, valid = waiting(8_000, 1, 1.0, followup), waiting(2_000, 2, 1.0, 45)
    unseen = waiting(4_000, 3, 1.0)
    model = fit_next_purchase(train, valid, FEATURES, HORIZON, params())
    truth = true_survival(unseen, model.grid, 1.0).mean(axis=0)
    np.testing.assert_allclose(model.survival(unseen).mean(axis=0), truth, atol=0.02)

    naive = fit_next_purchase(
        train.assign(followup_days=90.0), valid.assign(followup_days=90.0), FEATURES, 28, params()
    )
    assert naive.survival(unseen).mean(axis=0)[-1] > truth[-1] + 0.08


def followed(days, *counts):
    """Rows followed for so many days, so many of each, who buy every 20 days on average."""
    followup = np.repeat(np.array(days, float), counts)
    wait = np.random.default_rng(1).integers(10, 30, len(followup)).astype(float)
    seen = np.where(wait < followup, wait, np.nan)
    return pd.DataFrame({"followup_days": followup, "days_to_next_purchase": seen})


def test_the_grid_holds_the_horizon_and_ends_where_few_were_followed():
    grid = grid_for(followed([25, 61, 200], 500, 470, 30), 25)
    assert {0, 7, 14, 25, 30, 60} < set(grid)
    assert grid[-1] == 60
    assert grid_for(followed([400], 100), 28)[-1] == 90
    assert grid_for(followed([400], 100), 180)[-1] == 360  # two horizons
    with pytest.raises(DataGateError, match="50 are needed"):
        grid_for(followed([25, 61], 500, 20), 28)


def test_the_grid_lies_where_the_purchases_do():
    """Whatever the follow-up: nine of ten rows are followed for a year, the others for longer."""
    rng = np.random.default_rng(1)
    wait = np.floor(rng.normal(400, 40, 4_000))
    followup = np.where(np.arange(4_000) % 10, 380.0, 800.0)
    rows = pd.DataFrame(
        {
            "followup_days": followup,
            "days_to_next_purchase": np.where(wait < followup, wait, np.nan),
        }
    )
    grid = np.array(grid_for(rows, 365))
    own = grid[(grid > 90) & (grid != 365) & (grid < 730)]
    shares = (wait[:, None] < own).mean(axis=0)
    np.testing.assert_allclose(shares, np.arange(1, 12) / 12, atol=0.06)


def test_a_horizon_nobody_was_followed_for_is_refused_with_the_count():
    rows = waiting(500, 1, 1.0, followup=20)
    with pytest.raises(DataGateError, match=r"0 of 500 training rows were followed for the 28"):
        fit_next_purchase(rows, rows, FEATURES, HORIZON, params())


def test_predictions_are_coherent_with_the_churn_risk(small_model, later):
    risk = np.linspace(0.01, 0.99, len(later))
    rows = later.set_index(np.arange(len(later)) + 100)
    predicted = small_model.predict(rows, risk)
    assert predicted.index.equals(rows.index)
    low, median, high = (predicted[f"next_purchase_days_{n}"] for n in ("low", "median", "high"))
    assert ((low <= median) | median.isna()).all()
    assert ((median < high + 1) | high.isna()).all()
    assert (low.dropna() % 1 == 0).all()
    assert (high.dropna() % 1 == 0).all()
    # The median comes within the horizon exactly when churn is less likely than not.
    np.testing.assert_array_equal(median <= HORIZON, risk <= 0.5)
    by = predicted[[f"purchase_probability_{d}d" for d in (7, 14, 30, 60, 90)]].to_numpy()
    assert (np.diff(by, axis=1) >= 0).all()
    assert (by[:, 1] <= 1 - risk).all()
    assert (by[:, 2] >= 1 - risk).all()


def test_eighty_percent_of_purchases_fall_in_the_interval_with_an_end_and_without(model, shape):
    unseen = waiting(4_000, 8, shape, followup=10_000)
    risk = true_survival(unseen, (HORIZON,), shape)[:, 0]
    predicted = model.predict(unseen, risk)
    time = unseen["days_to_next_purchase"]
    low, high = predicted["next_purchase_days_low"], predicted["next_purchase_days_high"]
    covered = time.between(low, high.fillna(np.inf))
    for some in (high.notna(), high.isna() & low.notna()):
        assert some.sum() > 400
        assert covered[some].mean() == pytest.approx(0.8, abs=0.03)


def test_what_is_scored_is_what_was_taught(small_model, later):
    """Scoring fills its own room; training knows the silence at the start of each interval too."""
    layout = small_model.layout
    row, interval = np.indices((len(later), len(layout.pooled))).reshape(2, -1)
    taught = next_purchase._inputs(later, layout, row, interval)
    score = small_model.booster.predict(taught, raw_score=True) + np.array(layout.pooled)[interval]
    hazard = expit(score).reshape(len(later), -1)
    np.testing.assert_allclose(small_model.survival(later)[:, 1:], np.cumprod(1 - hazard, axis=1))
    names = [*small_model.layout.inputs.features, *next_purchase.INTERVAL_INPUTS]
    used = dict(zip(names, small_model.booster.feature_importance("split"), strict=True))
    assert min(used[name] for name in next_purchase.INTERVAL_INPUTS) > 0


def test_prediction_does_not_depend_on_chunks(small_model, later, monkeypatch):
    whole = small_model.survival(later)
    monkeypatch.setattr(next_purchase, "CHUNK_ROWS", 333)
    np.testing.assert_array_equal(small_model.survival(later), whole)


def test_a_large_training_set_is_sampled_by_whole_rows(monkeypatch):
    monkeypatch.setattr(next_purchase, "MAX_PERSON_PERIODS", 10_000)
    train = waiting(6_000, 1, 1.0)
    layout = next_purchase._layout(train, Inputs(FEATURES), HORIZON, None)
    sampled = next_purchase._person_periods(train, layout, seed=11)
    assert 9_000 < len(sampled.target) < 11_000
    monkeypatch.undo()
    whole = next_purchase._person_periods(train, layout, seed=11)
    assert sampled.target.mean() == pytest.approx(whole.target.mean(), abs=0.01)
    again, counts = np.unique(sampled.inputs[:, 0], return_counts=True)
    full = dict(zip(*np.unique(whole.inputs[:, 0], return_counts=True), strict=True))
    assert all(full[one] == count for one, count in zip(again, counts, strict=True))


def test_a_saved_model_predicts_the_same_numbers(small_model, later, tmp_path):
    small_model.save(tmp_path)
    again = NextPurchaseModel.load(tmp_path)
    assert again.layout == small_model.layout
    assert again.rounds == small_model.rounds
    risk = np.full(len(later), 0.4)
    assert_frame_equal(
        again.predict(later, risk), small_model.predict(later, risk), check_exact=True
    )


def test_the_same_rows_give_the_same_bytes(small_model, tmp_path):
    train, valid = waiting(1_500, 1, 1.0), waiting(500, 2, 1.0)
    small_model.save(tmp_path / "first")
    fit_next_purchase(train, valid, FEATURES, HORIZON, params()).save(tmp_path / "second")
    for name in ("next_purchase.txt", "next_purchase.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_a_refit_keeps_the_number_of_trees_and_follows_the_new_rows(small_model):
    rows = waiting(2_000, 9, 1.0, followup=65)
    again = refit_next_purchase(small_model, rows, params())
    assert again.rounds == small_model.rounds
    assert again.reach_days == 60
    unseen = waiting(2_000, 3, 1.0)
    truth = true_survival(unseen, again.grid, 1.0).mean(axis=0)
    np.testing.assert_allclose(again.survival(unseen).mean(axis=0), truth, atol=0.03)
