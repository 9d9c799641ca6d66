"""What more rows would bring is told by models of fewer customers on the same test rows."""

from dataclasses import replace

import pytest

from features.sample import Sample
from models.judging.learning_curve import PARTS, learning_curve
from models.probability.metrics import METRICS, customer_weights, interval
from models.training.fitting import choose_churn, refit_churn_until
from models.training.until import Until
from tests.snapshots import FEATURES, model_params, simulate, timeline

PLAN, PARAMS = timeline(), model_params()


@pytest.fixture(scope="module")
def until():
    return Until(simulate(400, seed=5), PLAN)


@pytest.fixture(scope="module")
def evaluated(until):
    return refit_churn_until(choose_churn(until, FEATURES, PARAMS), until, PLAN.test[0], PARAMS)


def test_each_point_is_a_model_of_a_part_of_the_customers_on_the_same_rows(until, evaluated):
    sample = Sample(0.999_999)  # of a company that is a little larger
    curve = learning_curve(until, evaluated, sample, PARAMS)
    quarter, half, whole = curve["points"]
    closed = until.closed(PLAN.test[0])
    for point, part in zip((quarter, half), PARTS, strict=True):
        inside = replace(sample, share=sample.share * part).has(closed["customer_id"])
        assert point["rows"] == inside.sum()
        assert point["customers"] == closed.loc[inside, "customer_id"].nunique()
    assert whole["rows"] == len(closed)

    test = until.test
    weights = customer_weights(test["customer_id"], PARAMS.bootstrap_draws, PARAMS.seed)
    left = test["churned"].to_numpy(float)
    told = interval(METRICS["log_loss"], left, evaluated.predict(test), weights)
    assert whole["log_loss"] == told
    assert quarter["log_loss"]["value"] > whole["log_loss"]["value"]
    doubled = curve["last_doubling"]["log_loss"]
    between = whole["log_loss"]["value"] - half["log_loss"]["value"]
    assert doubled["value"] == pytest.approx(between)
    assert doubled["low"] < doubled["value"] < doubled["high"]


def test_parts_below_the_data_gates_are_left_out(until, evaluated):
    curve = learning_curve(until, evaluated, Sample(0.008), PARAMS)
    assert [point["rows"] for point in curve["points"]] == [len(until.closed(PLAN.test[0]))]
    assert curve["last_doubling"] == {}
