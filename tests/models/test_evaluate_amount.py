import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from models.judging.amounts import amount_rules, captured, evaluate_amount
from models.simple.rules import fit_baselines
from tests.snapshots import HORIZON, simulate


@pytest.fixture(scope="module")
def baselines():
    rows = simulate(customers=200)
    return fit_baselines(rows[rows["split"] == "train"], HORIZON)


def test_amounts_are_judged_by_error_total_and_order():
    actual = np.array([0.0, 10, 20, 30])
    predicted = np.array([5.0, 5, 25, 37])
    found = evaluate_amount(actual, {"ours": predicted, "last_period": None})
    assert found["rows"] == 4
    assert found["actual_mean"] == 15
    assert "last_period" not in found
    assert found["absent"] == {
        "last_period": "the history is too short for a window of that length"
    }
    assert found["ours"] == {
        "mean_absolute_error": pytest.approx((5 + 5 + 5 + 7) / 4),
        "root_mean_squared_error": pytest.approx(np.sqrt((25 + 25 + 25 + 49) / 4)),
        "total_error": pytest.approx(72 / 60 - 1),
        "spearman": pytest.approx(spearmanr(predicted, actual).statistic),
        "captured_in_top_decile": pytest.approx(0.4 * 30 / 60),  # a tenth of four rows
    }


def test_where_nothing_was_brought_there_is_no_share_of_it_and_no_warning():
    found = evaluate_amount(np.zeros(4), {"ours": np.array([1.0, 0, 2, 0])})
    assert found["ours"]["total_error"] is None
    assert found["ours"]["captured_in_top_decile"] is None
    assert found["ours"]["mean_absolute_error"] == 0.75
    json.dumps(found, allow_nan=False)


def test_rows_with_an_unknown_amount_judge_nobody():
    actual, predicted = np.array([np.nan, 10.0, 20.0]), np.array([99.0, 10.0, 20.0])
    found = evaluate_amount(actual, {"ours": predicted})
    assert (found["rows"], found["actual_mean"]) == (2, 15.0)
    assert found["ours"]["mean_absolute_error"] == 0.0
    nothing = evaluate_amount(actual[:1], {"ours": predicted[:1]})
    assert nothing == {
        "rows": 0,
        "actual_mean": None,
        "absent": {"ours": "no row has a known amount"},
    }


def test_one_amount_for_everybody_orders_nobody():
    found = evaluate_amount(np.array([0.0, 10, 20]), {"ours": np.full(3, 10.0)})
    assert found["ours"]["spearman"] == 0.0


@pytest.mark.slow
def test_the_rules_beside_amounts_are_those_that_are_used_elsewhere(baselines):
    rows = simulate(customers=200)
    test = rows[rows["split"] == "test"]
    rules = amount_rules(test, baselines, 28)
    np.testing.assert_allclose(rules["orders"]["last_period"], test["orders_30d"] * 28 / 30)
    np.testing.assert_allclose(rules["spend"]["last_period"], test["amount_30d"] * 28 / 30)
    assert (rules["orders"]["bg_nbd"] >= 0).all()
    assert rules["spend"]["bg_nbd_gamma_gamma"] is not None
    so_far = test["amount_total"] / test["tenure_days"].clip(lower=1)
    np.testing.assert_allclose(rules["spend"]["average_formula"], so_far * 28)
    money = ["amount_30d", "amount_90d", "amount_total", "amount_mean", "monetary_value"]
    without = amount_rules(test.drop(columns=money), baselines, 28)["spend"]
    assert without == {"last_period": None, "bg_nbd_gamma_gamma": None}


def test_what_the_best_tenth_brings_counts_ties_by_their_share():
    actual = np.array([10.0, 0, 4, 6] + [0.0] * 16)
    sure = np.r_[9.0, 8.0, np.zeros(18)]
    assert captured(sure, actual, 0.1) == 0.5
    tied = np.r_[9.0, np.full(19, 1.0)]
    assert captured(tied, actual, 0.1) == pytest.approx((10 + 10 / 19) / 20)
    assert np.isnan(captured(sure, np.zeros(20), 0.1))
