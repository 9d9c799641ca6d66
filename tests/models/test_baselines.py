import json

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from core.errors import DataGateError
from models.simple.rules import (
    BASELINES,
    PRIOR_GAPS,
    fit_baselines,
    last_period,
    smoothed_gap,
)

HORIZON = 28


def buyers(rows, seed, dates=("2024-05-01", "2024-06-01")):
    """Poisson buyers with own rates who may drop out; a year of history before each date."""
    rng = np.random.default_rng(seed)
    snapshots = []
    for date in dates:
        rate = rng.gamma(1.5, 0.05, rows)
        dropout = rng.beta(1.0, 8.0, rows)
        t = rng.integers(120, 365, rows).astype(float)
        clock, alive = np.zeros(rows), np.ones(rows, bool)
        last, bought = np.zeros(rows), np.zeros(rows)
        recent, later = np.zeros(rows), np.zeros(rows)
        while alive.any():
            clock += np.where(alive, rng.exponential(1 / rate), 0.0)
            alive &= clock < t + HORIZON
            past = alive & (clock < t)
            bought[past] += 1
            last[past] = clock[past]
            recent[past & (clock >= t - 90)] += 1
            later[alive & ~past] += 1
            alive &= rng.random(rows) >= dropout
        snapshot = pd.DataFrame(
            {
                "customer_id": [f"c{i}" for i in range(rows)],
                "as_of_date": pd.Timestamp(date),
                "days_since_last_purchase": np.floor(t - last),
                "tenure_days": t,
                "orders_total": bought + 1,
                "orders_30d": np.ceil(recent / 3),
                "orders_90d": recent,
                "orders_180d": recent + 1,
                "gap_mean": np.where(bought > 0, last / np.maximum(bought, 1), np.nan),
                "amount_90d": 20 * recent + rng.normal(0, 5, rows),
                "amount_total": 20 * (bought + 1),
                "frequency": bought,
                "recency": np.floor(last),
                "T": t,
                "churned": (later == 0).astype(float),
                # The day itself is not needed here: bought in the first half, or not seen.
                "days_to_next_purchase": np.where(later > 0, HORIZON / 2.0, np.nan),
                "followup_days": float(HORIZON),
            }
        )
        snapshots.append(snapshot)
    return pd.concat(snapshots, ignore_index=True)


@pytest.fixture(scope="module")
def train():
    return buyers(4_000, seed=1)


@pytest.fixture(scope="module")
def test():
    return buyers(8_000, seed=2, dates=("2024-08-01",))


@pytest.fixture(scope="module")
def baselines(train):
    return fit_baselines(train, HORIZON)


def test_each_baseline_predicts_a_calibrated_probability(baselines, test):
    predicted = baselines.predict(test)
    assert list(predicted) == list(BASELINES)
    assert predicted.index.equals(test.index)
    for name in BASELINES:
        assert predicted[name].between(0, 1).all()
        assert predicted[name].mean() == pytest.approx(test["churned"].mean(), abs=0.02), name
        top = predicted[name].rank(pct=True) > 0.8
        assert predicted[name][top].mean() == pytest.approx(test["churned"][top].mean(), abs=0.05)


def test_on_buyers_who_drop_out_the_model_that_generated_them_ranks_best(baselines, test):
    predicted = baselines.predict(test)
    auc = {name: roc_auc_score(test["churned"], predicted[name]) for name in BASELINES}
    assert max(auc, key=auc.get) == "bg_nbd"
    assert auc["rfm_logistic"] > max(auc[name] for name in ("recency_rule", "own_rhythm_rule"))


def test_the_recency_rule_only_ever_rises_with_silence(baselines, test):
    silence = np.arange(400.0)
    rows = test.iloc[np.zeros(400, int)].assign(days_since_last_purchase=silence)
    risk = baselines.predict(rows)["recency_rule"].to_numpy()
    assert (np.diff(risk) > 0).all()
    other = baselines.predict(rows.assign(orders_total=50.0, gap_mean=3.0, amount_total=0.0))
    np.testing.assert_array_equal(other["recency_rule"], risk)


def test_the_same_silence_is_worse_for_whoever_buys_more_often(baselines, test):
    rows = test.iloc[[0, 0]].assign(
        days_since_last_purchase=30.0, orders_total=20.0, gap_mean=[5.0, 40.0]
    )
    often, seldom = baselines.predict(rows)["own_rhythm_rule"]
    assert often > seldom


def test_few_gaps_are_drawn_to_the_population_and_many_are_not():
    rows = pd.DataFrame(
        {"orders_total": [1.0, 5.0, 3.0, 1001.0], "gap_mean": [np.nan, np.nan, 10.0, 10.0]}
    )
    once, one_day, two, many = smoothed_gap(rows, 40.0)
    assert once == 40.0
    assert one_day == pytest.approx(40.0)
    assert two == pytest.approx((2 * 10 + PRIOR_GAPS * 40) / (2 + PRIOR_GAPS))
    assert many == pytest.approx(10, abs=0.1)


@pytest.mark.slow
def test_bg_nbd_is_fitted_on_the_last_training_date_alone(train, baselines):
    last = train[train["as_of_date"] == train["as_of_date"].max()]
    assert fit_baselines(last, HORIZON).orders.bg_nbd == baselines.orders.bg_nbd
    assert (
        fit_baselines(train.iloc[: len(train) // 2], HORIZON).orders.bg_nbd
        != baselines.orders.bg_nbd
    )


@pytest.mark.slow
def test_rows_without_an_outcome_teach_the_rules_nothing(train, baselines):
    unknown = train.assign(churned=np.nan, as_of_date=pd.Timestamp("2024-01-01"), gap_mean=1.0)
    both = fit_baselines(pd.concat([unknown, train], ignore_index=True), HORIZON)
    assert both.logistics == baselines.logistics
    assert both.population_gap == baselines.population_gap


def test_an_undefined_amount_counts_as_the_mean(baselines, test):
    row = test.iloc[[0]]
    rfm = baselines.logistics["rfm_logistic"]
    mean = np.expm1(rfm.mean["amount_90d"])
    pair = pd.concat([row.assign(amount_90d=np.nan), row.assign(amount_90d=mean)])
    undefined, average = baselines.predict(pair)["rfm_logistic"]
    assert undefined == pytest.approx(average, rel=1e-12)


@pytest.mark.slow
def test_without_amounts_the_rfm_regression_uses_recency_and_frequency(train, test):
    bare = fit_baselines(train.drop(columns=["amount_90d", "amount_total"]), HORIZON)
    used = set(bare.logistics["rfm_logistic"].coefficient)
    assert used == {"days_since_last_purchase", "orders_total", "orders_90d"}
    assert bare.predict(test)["rfm_logistic"].notna().all()


def test_coefficients_saved_as_json_predict_the_same_numbers(baselines, test, tmp_path):
    baselines.save(tmp_path)
    again = type(baselines).load(tmp_path)
    assert again == baselines
    assert_frame_equal(again.predict(test), baselines.predict(test), check_exact=True)
    saved = json.loads((tmp_path / "baselines.json").read_text())["logistics"]["recency_rule"]
    name = "days_since_last_purchase"
    by_hand = expit(
        saved["intercept"]
        + saved["coefficient"][name]
        * (np.log1p(test[name]) - saved["mean"][name])
        / saved["scale"][name]
    )
    np.testing.assert_allclose(again.predict(test)["recency_rule"], by_hand, rtol=1e-7)


@pytest.mark.slow
def test_the_same_rows_give_the_same_bytes(train, tmp_path):
    for folder in ("first", "second"):
        fit_baselines(train, HORIZON).save(tmp_path / folder)
    first, second = (tmp_path / name / "baselines.json" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_of_one_outcome_alone_no_regression_is_learned_and_the_rhythm_is(train, outcome):
    made = fit_baselines(train.assign(churned=outcome), HORIZON)
    assert made.logistics == {}
    assert made.orders == fit_baselines(train, HORIZON).orders


def test_without_a_known_outcome_there_is_no_baseline(train):
    with pytest.raises(DataGateError, match="No training row has a known outcome"):
        fit_baselines(train.assign(churned=np.nan), HORIZON)


def test_the_next_purchase_is_due_when_the_own_gap_is_over(baselines, test):
    rows = test.iloc[[0, 0, 0]].assign(
        days_since_last_purchase=[4.0, 30.0, 0.0],
        orders_total=[100_001.0, 100_001.0, 1.0],
        gap_mean=[10.0, 10.0, np.nan],
    )
    due, late, once = baselines.days_to_next_purchase(rows)
    assert due == pytest.approx(6, abs=0.01)
    assert late == 0
    assert once == pytest.approx(baselines.population_gap)


def test_expected_orders_count_every_order_of_an_expected_purchase_day(train, baselines, test):
    days = baselines.orders.bg_nbd.expected_purchases(
        HORIZON, *test[["frequency", "recency", "T"]].to_numpy().T
    )
    np.testing.assert_allclose(baselines.expected_orders(test, HORIZON), days, rtol=1e-7)
    twice = fit_baselines(train.assign(orders_total=2 * train["orders_total"]), HORIZON)
    np.testing.assert_allclose(twice.expected_orders(test, HORIZON), 2 * days, rtol=1e-7)


def test_the_last_period_is_the_nearest_window_scaled_to_the_horizon(test):
    np.testing.assert_allclose(last_period(test, "orders", 28), test["orders_30d"] * 28 / 30)
    np.testing.assert_allclose(last_period(test, "orders", 100), test["orders_90d"] * 100 / 90)
    np.testing.assert_allclose(last_period(test, "amount", 28), test["amount_90d"] * 28 / 90)
    assert last_period(test.drop(columns="amount_90d"), "amount", 28) is None
