"""Where nothing is to be found, nothing is found: the test of every test that says otherwise."""

import numpy as np
import pytest

from models.churn.fitting import fit_churn, refit_churn
from models.judging.churn import evaluate_churn
from models.judging.verdict import ranks
from models.simple.rules import Logistic
from tests.snapshots import FEATURES, HORIZON, ensemble_params, model_params, simulate

pytestmark = pytest.mark.slow  # `make test` runs it


SEEDS = range(20)
PARAMS = model_params(
    bootstrap_draws=40, churn=ensemble_params(max_rounds=25, early_stopping_rounds=5)
)
RULE_INPUTS = {
    "recency_rule": ["days_since_last_purchase"],
    "own_rhythm_rule": ["silence_over_gap_mean"],
}


def shuffled(rows, seed):
    """Labels dealt anew among the customers of each as-of date."""
    rng = np.random.default_rng(seed)
    dealt = rows.groupby("as_of_date")["churned"].transform(rng.permutation)
    return rows.assign(churned=dealt)


def judge(rows, features=FEATURES, leaks=()):
    """Choose, refit on what had closed, judge on the test dates: as the pipeline does.

    `leaks` are splits that everything is also, wrongly, trained and stopped on.
    """
    train, valid, closed, test = (
        rows[rows["split"].isin(names)]
        for names in (
            ("train", *leaks),
            ("validation", *leaks),
            ("train", "unused", "validation", *leaks),
            ("test",),
        )
    )
    chosen = fit_churn(train, valid, features, PARAMS)
    model = refit_churn(closed, chosen, chosen.calibration, PARAMS)
    rules = {
        name: Logistic.fit(train[inputs], train["churned"].to_numpy()).predict(test[inputs])
        for name, inputs in RULE_INPUTS.items()
    }
    return evaluate_churn(test, {"ours": model.predict(test), **rules}, HORIZON, PARAMS)


@pytest.fixture(scope="module")
def rows():
    return simulate(customers=2_000, seed=6)


@pytest.fixture(scope="module")
def judged(rows):
    return [judge(shuffled(rows, seed)) for seed in SEEDS]


def areas(judged):
    return np.array([one["models"]["ours"]["auc"]["value"] for one in judged])


def test_with_shuffled_labels_the_mean_auc_is_a_half(judged):
    found = areas(judged)
    assert found.mean() == pytest.approx(0.5, abs=0.01)
    # A half on average is worth nothing if 20 seeds could not tell 0.49 from 0.51.
    assert 0 < found.std(ddof=1) / np.sqrt(len(found)) < 0.005


def test_with_shuffled_labels_the_grade_is_c(judged):
    grades = [one["grade"] for one in judged]
    assert "A" not in grades
    # By its own definition a 95 % interval lies above 0 in one of 40 worlds without anything.
    assert grades.count("C") >= len(SEEDS) - 2
    gains = np.array([one["gains"][one["best_rule"]]["auc"]["value"] for one in judged])
    least = gains.mean() - 2 * gains.std(ddof=1) / np.sqrt(len(gains))
    assert ranks({"value": gains.mean(), "low": least}) == "not_shown"


def test_with_the_labels_as_they_are_there_is_something_to_find(rows):
    assert judge(rows)["models"]["ours"]["auc"]["low"] > 0.75


def test_a_label_that_leaks_into_a_feature_is_seen(rows):
    leaking = shuffled(rows, 0)
    noise = np.random.default_rng(0).normal(0, 1, len(leaking))
    leaking["leak"] = leaking["churned"].fillna(0) + noise  # faint, as leaks are
    found = judge(leaking, [*FEATURES, "leak"])
    assert found["models"]["ours"]["auc"]["value"] > 0.6
    assert found["verdict"]["ranks"] == "clearly_better"


def test_a_model_trained_on_its_own_test_rows_is_seen(rows):
    found = [judge(shuffled(rows, seed), leaks=("test",)) for seed in range(2)]
    assert areas(found).min() > 0.55
