import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from models.probability.metrics import (
    METRICS,
    auc,
    average_precision,
    brier,
    calibration_error,
    customer_weights,
    equal_bins,
    interval,
    lift,
    log_loss,
    observed_over_expected,
    paired_difference,
    top_leavers,
    with_intervals,
)

ORACLES = {
    "auc": (auc, lambda y, p, w: roc_auc_score(y, p, sample_weight=w)),
    "average_precision": (
        average_precision,
        lambda y, p, w: average_precision_score(y, p, sample_weight=w),
    ),
    "log_loss": (log_loss, lambda y, p, w: sklearn_log_loss(y, p, sample_weight=w)),
    "brier": (brier, lambda y, p, w: brier_score_loss(y, p, sample_weight=w)),
}
Y = np.array([1.0, 0.0, 1.0, 0.0])
ONE = np.ones(4)


def draw(seed, rows=300, levels=None):
    """Outcomes, probabilities (rounded to `levels`, so that many are tied) and weights."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.01, 0.99, rows)
    p = p if levels is None else np.ceil(p * levels) / (levels + 1)
    y = (rng.random(rows) < p).astype(float)
    return y, p, rng.integers(0, 4, rows).astype(float)


@pytest.mark.parametrize("levels", [None, 7, 2], ids=["no ties", "many ties", "two scores"])
@pytest.mark.parametrize("name", ORACLES)
def test_a_metric_agrees_with_scikit_learn_whatever_the_weights_and_ties(name, levels):
    ours, oracle = ORACLES[name]
    for seed in range(5):
        y, p, w = draw(seed, levels=levels)
        inside = w > 0
        assert ours(y, p, w) == pytest.approx(oracle(y[inside], p[inside], w[inside]), abs=1e-12)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "calibration_error"])
def test_a_weight_of_two_is_the_row_twice(name):
    y, p, w = draw(1, levels=9)
    times = w.astype(int)
    twice = METRICS[name](np.repeat(y, times), np.repeat(p, times), np.ones(times.sum()))
    assert METRICS[name](y, p, w) == pytest.approx(twice, abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_the_order_of_rows_does_not_matter_even_with_ties(name):
    y, p, w = draw(2, levels=6)
    order = np.random.default_rng(0).permutation(len(y))
    shuffled = METRICS[name](y[order], p[order], w[order])
    assert METRICS[name](y, p, w) == pytest.approx(shuffled, abs=1e-12)


def test_lift_is_the_share_of_leavers_in_the_top_tenth_over_the_share_in_all():
    y = np.r_[np.ones(8), np.zeros(2), np.ones(12), np.zeros(78)]  # 8 of the ten highest left
    p = np.linspace(0.9, 0.1, 100)
    assert lift(y, p, np.ones(100), 0.1) == pytest.approx(0.8 / 0.2)


def test_of_a_tie_at_the_edge_its_share_counts():
    y = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    p = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    assert top_leavers(y, p, np.ones(5), 2) == pytest.approx(1 + 2 / 3)
    assert top_leavers(y, p, np.ones(5), 5) == pytest.approx(3)


def test_observed_over_expected_is_one_when_the_total_is_right():
    assert observed_over_expected(Y, np.full(4, 0.5), ONE) == 1.0
    assert observed_over_expected(Y, np.full(4, 0.25), ONE) == 2.0
    assert observed_over_expected(Y, np.full(4, 0.5), np.array([2.0, 1, 1, 0])) == 1.5


def test_calibration_error_is_the_mean_distance_of_said_and_seen():
    p = np.repeat([0.25, 0.75], 500)
    y = np.r_[np.tile([0, 0, 0, 1], 125), np.tile([0, 1, 1, 1], 125)].astype(float)
    assert calibration_error(y, p, np.ones(1000)) == pytest.approx(0)
    assert calibration_error(y, p + 0.1, np.ones(1000)) == pytest.approx(0.1)


def test_bins_are_equal_in_size_and_ties_stay_together():
    assert np.bincount(equal_bins(np.random.default_rng(0).random(1000), 10)).tolist() == [100] * 10
    tied = equal_bins(np.repeat([0.1, 0.2, 0.9], [30, 50, 20]), 10)
    assert [len(set(part)) for part in np.split(tied, [30, 80])] == [1, 1, 1]


@pytest.mark.parametrize("name", ["auc", "average_precision", "lift_at_10"])
def test_ranking_nobody_who_left_is_undefined_and_not_a_number(name):
    assert np.isnan(METRICS[name](np.zeros(4), np.array([0.1, 0.2, 0.3, 0.4]), ONE))


def test_an_interval_is_taken_over_the_draws_that_hold_both_outcomes():
    """Of two customers one left: half of the draws hold one of them alone."""
    y, p = np.array([1.0, 0.0]), np.array([0.9, 0.1])
    weights = customer_weights(pd.Series(["a", "b"]), 40, 1)
    assert ((weights == 2).any(axis=1)).any()
    assert interval(METRICS["auc"], y, p, weights) == {"value": 1.0, "low": 1.0, "high": 1.0}
    alone = weights[(weights == 2).any(axis=1)]
    assert interval(METRICS["auc"], y, p, alone) is None


def test_a_figure_that_the_rows_do_not_allow_is_none_and_the_others_stand():
    y, p = np.zeros(3), np.zeros(3)
    weights = customer_weights(pd.Series(list("abc")), 10, 1)
    figures = with_intervals(y, {"ours": p}, weights)["ours"]
    absent = {name for name, figure in figures.items() if figure is None}
    assert {"auc", "average_precision", "brier_skill", "observed_over_expected"} <= absent
    assert figures["brier"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert paired_difference(METRICS["auc"], y, p, p, weights) is None


def test_nobody_is_resampled_as_nobody():
    assert customer_weights(pd.Series([], dtype="str"), 5, 1).shape == (5, 0)


def test_customers_are_resampled_and_not_rows():
    customers = pd.Series(["a", "b", "a", "c", "b", "a"])
    weights = customer_weights(customers, draws=200, seed=1)
    assert weights.shape == (200, 6)
    for same in ([0, 2, 5], [1, 4]):
        assert (weights[:, same] == weights[:, same[:1]]).all()
    once = weights[:, [0, 1, 3]]
    assert (once.sum(axis=1) == 3).all()
    assert once.mean() == pytest.approx(1)
    assert (once == 0).any()
    assert (once == 2).any()


def test_the_draws_follow_the_seed_and_not_the_order_of_rows():
    customers = pd.Series([f"c{number}" for number in range(50)])
    weights = customer_weights(customers, 20, seed=1)
    np.testing.assert_array_equal(weights, customer_weights(customers, 20, seed=1))
    assert (weights != customer_weights(customers, 20, seed=2)).any()
    backwards = customer_weights(customers[::-1], 20, seed=1)
    np.testing.assert_array_equal(weights, backwards[:, ::-1])


def test_ten_copies_of_every_row_do_not_make_an_interval_narrower():
    y, p, _ = draw(3, rows=200)
    customers = pd.Series(range(200)).astype(str)
    single = with_intervals(y, {"m": p}, customer_weights(customers, 50, seed=1))["m"]["auc"]
    rows = np.repeat(np.arange(200), 10)
    weights = customer_weights(customers[rows], 50, seed=1)
    tenfold = with_intervals(y[rows], {"m": p[rows]}, weights)["m"]["auc"]
    assert tenfold == pytest.approx(single)
    assert single["low"] < single["value"] < single["high"]


@pytest.mark.slow
def test_a_95_percent_interval_covers_the_truth_about_as_often():
    rng = np.random.default_rng(5)
    covered = 0
    for repeat in range(100):
        y = (rng.random(300) < 0.3).astype(float)
        weights = customer_weights(pd.Series(range(300)), 60, seed=repeat)
        found = with_intervals(y, {"m": np.full(300, 0.3)}, weights)["m"]["brier"]
        covered += found["low"] <= 0.21 <= found["high"]  # 0.3 x 0.7
    assert 87 <= covered <= 100


def test_a_model_gains_nothing_over_itself():
    y, p, _ = draw(4)
    weights = customer_weights(pd.Series(range(len(y))), 30, seed=1)
    assert paired_difference(auc, y, p, p, weights) == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_a_difference_is_paired_so_what_both_share_cancels():
    y, p, _ = draw(5)
    weights = customer_weights(pd.Series(range(len(y))), 100, seed=1)
    slightly_worse = np.clip(p + np.random.default_rng(1).normal(0, 0.05, len(p)), 0.01, 0.99)
    gain = paired_difference(auc, y, p, slightly_worse, weights)
    both = with_intervals(y, {"ours": p, "other": slightly_worse}, weights)
    value = both["ours"]["auc"]["value"] - both["other"]["auc"]["value"]
    assert gain["value"] == pytest.approx(value)
    width = both["ours"]["auc"]["high"] - both["ours"]["auc"]["low"]
    assert gain["high"] - gain["low"] < width / 2
