"""Answers of the accuracy benchmark are judged as the models' own evaluation judges."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from benchmarks.tasks import TASKS, better, weights_of
from benchmarks.verdict import verdict
from models.judging.amounts import captured
from models.judging.when import concordance
from models.probability.metrics import METRICS, customer_weights

ROWS = 300


@pytest.fixture(scope="module")
def test_rows():
    rng = np.random.default_rng(4)
    day = np.floor(rng.exponential(20, ROWS))
    return pd.DataFrame(
        {
            "customer_id": [f"c{number % 200}" for number in range(ROWS)],
            "churned": (day >= 28).astype(float),
            "days_to_next_purchase": np.where(day < 60, day, np.nan),
            "followup_days": 60.0,
            "orders_in_horizon": rng.poisson(2.0, ROWS).astype(float),
            "spend_in_horizon": rng.gamma(2.0, 20.0, ROWS),
        }
    )


@pytest.fixture(scope="module")
def weights(test_rows):
    customers = test_rows["customer_id"]
    return weights_of(customers, customer_weights(customers, 30, 1))


def repeated(rows, weight):
    """The rows as often as their customer was drawn."""
    return rows.loc[rows.index.repeat(weight.astype(int))].reset_index(drop=True)


def test_churn_is_judged_by_the_metrics_of_a_run_on_all_rows_and_on_each_draw(test_rows, weights):
    p = np.random.default_rng(0).random(ROWS).round(1)
    found = TASKS["churn"](test_rows, pd.DataFrame({"churn_risk": p}), weights)
    y = test_rows["churned"].to_numpy()
    for name, draws in found.items():
        assert draws.shape == (31,)
        for number in (0, 7):
            assert draws[number] == pytest.approx(METRICS[name](y, p, weights[number]))


def test_the_order_of_purchases_is_harrells_with_each_customer_as_often_as_drawn(
    test_rows, weights
):
    sooner = np.random.default_rng(1).random(ROWS).round(1)
    found = TASKS["when"](test_rows, pd.DataFrame({"sooner": sooner}), weights)["concordance"]
    asked = test_rows.assign(sooner=sooner)
    for number in (0, 5):
        rows = repeated(asked, weights[number])
        arrays = (rows[n].to_numpy() for n in ("days_to_next_purchase", "followup_days", "sooner"))
        assert found[number] == pytest.approx(concordance(*arrays), abs=1e-6)


def test_the_probability_of_each_day_is_judged_up_to_the_last(test_rows, weights):
    days = test_rows["days_to_next_purchase"].fillna(np.inf).to_numpy()
    ends = (0, 7, 28)
    perfect = pd.DataFrame({f"before_{d}": (days < d).astype(float) for d in ends})
    found = TASKS["when"](test_rows, perfect, weights)
    assert found["integrated_brier"] == pytest.approx(0)
    assert found["brier_7"] == pytest.approx(0)
    assert found["observed_over_expected_28"] == pytest.approx(1)
    half = pd.DataFrame({f"before_{d}": np.full(ROWS, 0.5) for d in ends})
    assert TASKS["when"](test_rows, half, weights)["integrated_brier"] == pytest.approx(0.25)


def test_an_order_that_is_told_counts_for_more_than_that_of_the_last_day(test_rows, weights):
    before = {"before_0": np.zeros(ROWS), "before_28": np.full(ROWS, 0.5)}
    alike = TASKS["when"](test_rows, pd.DataFrame(before), weights)["concordance"]
    assert alike[0] == pytest.approx(0.5)
    sooner = np.random.default_rng(1).random(ROWS)
    told, only = (
        TASKS["when"](test_rows, pd.DataFrame(columns), weights)
        for columns in ({**before, "sooner": sooner}, {"sooner": sooner})
    )
    assert told["concordance"].tolist() == only["concordance"].tolist()


def test_amounts_are_judged_as_in_a_run(test_rows, weights):
    told = np.random.default_rng(2).gamma(2.0, 1.0, ROWS)
    found = TASKS["how_much"](test_rows, pd.DataFrame({"orders": told}), weights)
    actual = test_rows["orders_in_horizon"].to_numpy()
    error = told - actual
    expected = {
        "mean_absolute_error": np.abs(error).mean(),
        "root_mean_squared_error": np.sqrt((error**2).mean()),
        "total_error": told.sum() / actual.sum() - 1,
        "spearman": spearmanr(told, actual).statistic,
        "captured_in_top_decile": captured(told, actual, 0.1),
        "auc": roc_auc_score(actual > 0, told),
    }
    assert {name: draws[0] for name, draws in found.items()} == pytest.approx(
        {f"orders_{name}": value for name, value in expected.items()}
    )
    drawn = repeated(test_rows.assign(told=told), weights[3])
    again = captured(drawn["told"].to_numpy(), drawn["orders_in_horizon"].to_numpy(), 0.1)
    assert found["orders_captured_in_top_decile"][3] == pytest.approx(again)


def test_what_is_the_mean_over_the_rows_that_could_be_hit(test_rows, weights):
    hit = np.where(np.arange(ROWS) % 3 == 0, np.nan, np.arange(ROWS) % 2)
    found = TASKS["what"](test_rows, pd.DataFrame({"new_hit_at_3": hit}), weights)["new_hit_at_3"]
    assert found[0] == pytest.approx(np.nanmean(hit))


@pytest.mark.parametrize(
    ("metric", "low", "high", "told"),
    [
        ("auc", 0.01, 0.02, "+"),
        ("auc", -0.02, -0.01, "-"),
        ("orders_mean_absolute_error", 0.01, 0.02, "-"),
        ("integrated_brier", -0.02, -0.01, "+"),
        ("any_map_at_3", -0.01, 0.02, "="),
    ],
)
def test_a_difference_is_told_from_the_side_of_the_reader(metric, low, high, told):
    assert verdict({"metric": metric, "low": low, "high": high}) == told


def test_ratios_to_what_happened_are_shown_and_not_compared():
    assert better("observed_over_expected") is None
    assert better("orders_total_error") is None
