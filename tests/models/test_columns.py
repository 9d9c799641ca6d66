"""The regressions on a table's columns: an optimum, exact contributions, and the right column."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.simple.columns import (
    BASE,
    RIDGE_OF_LOGS,
    ColumnRegression,
    TableBaselines,
    fit_columns,
    fit_logs,
    fit_table_baselines,
)
from models.trees.inputs import learn_inputs

RNG = np.random.default_rng(8)
N = 400
PLAN = RNG.choice(["a", "b=c", "d"], N)
X = RNG.normal(size=N)
ROWS = pd.DataFrame(
    {
        "customer_id": [f"c{number}" for number in range(N)],
        "as_of_date": pd.Timestamp("2024-01-01"),
        "column_x": np.where(RNG.random(N) < 0.1, np.nan, X),
        "column_x=": RNG.normal(size=N),  # a name as an input of another column might have
        "column_plan": pd.array(np.where(RNG.random(N) < 0.05, None, PLAN), "str"),
        "churned": (RNG.random(N) < expit(1.2 * X + (PLAN == "a"))).astype(float),
    }
)
FEATURES = ["column_x", "column_x=", "column_plan"]


@pytest.fixture(scope="module")
def fitted():
    return fit_columns(ROWS, FEATURES)


def test_it_is_the_ridge_regression_that_scikit_learn_finds(fitted):
    z = fitted._moved(fitted.inputs.matrix(ROWS)) / np.array(fitted.coefficient)
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(z, ROWS["churned"])
    assert np.allclose(peer.coef_[0], fitted.coefficient, atol=1e-5)
    assert abs(peer.intercept_[0] - fitted.level) < 1e-5


def test_contributions_sum_to_the_log_odds_and_name_columns_whatever_they_are_called(fitted):
    moved = fitted.contributions(ROWS)
    assert set(moved.columns) == {BASE, *FEATURES}
    assert np.allclose(moved.sum(axis=1), fitted.log_odds(ROWS))
    assert max(fitted.importance, key=fitted.importance.get) == "column_x"


def test_an_unseen_text_and_an_unknown_number_have_a_risk(fitted):
    odd = ROWS.head(3).assign(column_plan="new", column_x=np.nan)
    assert np.isfinite(fitted.log_odds(odd)).all()


def test_it_is_read_back_as_it_was_saved(fitted):
    again = ColumnRegression.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert again == fitted
    assert (again.predict(ROWS) == fitted.predict(ROWS)).all()


def test_on_logarithms_it_is_shrunken_further_and_as_steep_below_zero_as_above():
    refunds = np.sinh(2.0 * X)
    rows = ROWS.assign(column_x=np.where(ROWS["column_x"].isna(), np.nan, refunds))
    made = fit_logs(rows, learn_inputs(rows, FEATURES))
    z = made._moved(made.inputs.matrix(rows)) / np.array(made.coefficient)
    peer = LogisticRegression(C=1 / RIDGE_OF_LOGS, tol=1e-10, max_iter=5000)
    peer.fit(z, rows["churned"])
    assert np.allclose(peer.coef_[0], made.coefficient, atol=1e-5)
    two = rows.head(2).assign(column_x=[made.mean[0], -40.0])
    further = np.diff(made.log_odds(two.assign(**{"column_x=": 0.0, "column_plan": "a"})))
    slope = made.coefficient[0] / made.scale[0]
    log_of_mean = np.sign(made.mean[0]) * np.log1p(abs(made.mean[0]))
    assert further[0] == pytest.approx(slope * (-np.log1p(40.0) - log_of_mean))


def test_a_column_that_varies_with_nobody_and_a_whole_that_separates_have_a_fit():
    same = ROWS.assign(column_x=1.0, column_plan="a")
    assert np.isfinite(fit_columns(same, FEATURES).log_odds(same)).all()
    apart = ROWS.assign(column_x=ROWS["churned"] * 9.0)
    assert np.isfinite(fit_columns(apart, FEATURES).log_odds(apart)).all()


def test_the_best_single_column_is_the_one_that_was_planted(tmp_path):
    baselines = fit_table_baselines(ROWS, FEATURES)
    assert baselines.best == "column_x"
    baselines.save(tmp_path)
    again = TableBaselines.load(tmp_path)
    pd.testing.assert_frame_equal(again.predict(ROWS), baselines.predict(ROWS))
    assert set(again.predict(ROWS)) == {"single_column", "logistic_columns"}
