"""Values told for longer than any outcome has closed."""

from dataclasses import replace

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from models.value.fitting import fit_value, refit_value
from models.value.leavers import Horizons
from models.value.model import ValueModel
from tests.models.amounts_of import (
    FEATURES,
    MONEY,
    customers,
    params,
)


@pytest.fixture(scope="module")
def train():
    return customers(6_000, seed=1)


@pytest.fixture(scope="module")
def valid():
    return customers(3_000, seed=2)


@pytest.fixture(scope="module")
def test():
    return customers(5_000, seed=3)


def carried_on(train, valid, told):
    """Learned from customers of whom a third, for all that is known, fell silent half-way."""
    silent = np.random.default_rng(8).random(len(train)) < 1 / 3
    train = train.assign(recency=train["recency"].where(~silent, train["recency"] / 2))
    horizons = Horizons(28, 84, told_days=told)
    return fit_value(train, valid, FEATURES, horizons, params(), train["true_risk"].to_numpy())


@pytest.mark.slow
def test_values_beyond_what_closed_are_carried_on_by_the_rhythm_and_marked(
    train, valid, test, tmp_path
):
    longer = carried_on(train, valid, 365)
    risk = test["true_risk"].to_numpy()
    as_learned = replace(longer, horizons=Horizons(28, 84, told_days=84))
    known, told = as_learned.predict(test, risk), longer.predict(test, risk)
    factor = told["value_extrapolation"]
    rhythm = longer.rhythm.expected(test, 365) / longer.rhythm.expected(test, 84)
    np.testing.assert_allclose(factor, rhythm)
    assert factor.between(1, 365 / 84).all() and factor.nunique() > 20
    np.testing.assert_allclose(told["value_if_stays"], factor * known["value_if_stays"])
    # After the horizon a lapsed customer brings as much a day as in the days learned.
    share = (known["value_if_lapses"] / known["value_if_stays"]) * (365 - 28) / (84 - 28) * 84 / 365
    np.testing.assert_allclose(told["value_if_lapses"], share * told["value_if_stays"])
    assert_frame_equal(longer.learned().predict(test, risk)[MONEY], known[MONEY])
    start = longer.rhythm.expected(test, 84)
    far = longer.parts["far_orders"].predict(longer.inputs.matrix(test), 1, start)
    np.testing.assert_allclose(
        told["expected_orders_in_value_horizon"],
        np.maximum(factor * far, told["expected_orders"]),
    )
    near = ["expected_orders", "expected_spend"]
    assert_frame_equal(told[near], known[near])
    assert "value_extrapolation" not in known
    longer.save(tmp_path)
    again = ValueModel.load(tmp_path)
    assert_frame_equal(again.predict(test, risk), told, check_exact=True)
    refitted = refit_value(longer, valid, params())
    assert refitted.horizons == longer.horizons
    assert not refitted.predict(test, risk)["value_extrapolation"].equals(factor)


def test_who_is_surely_gone_is_carried_on_by_nothing(train, valid):
    longer = carried_on(train, valid, 3_650)
    gone = valid.head(1).assign(frequency=5_000.0, recency=1.0, T=3_000.0)
    assert longer.rhythm.expected(gone, 84)[0] == 0
    assert longer.predict(gone, np.array([0.99]))["value_extrapolation"].tolist() == [1.0]


@pytest.mark.slow
def test_of_a_lapse_that_only_the_horizon_was_learned_of_half_the_rate_is_carried_on(train, valid):
    longer = fit_value(train, valid, FEATURES, Horizons(28, 28, told_days=280), params())
    told = longer.predict(valid, np.full(len(valid), 0.5))
    back = longer.rhythm.p_back(valid, np.full(len(valid), 0.5), 28, 280)
    np.testing.assert_allclose(told["value_if_lapses"], 0.45 * back * told["value_if_stays"])
    assert longer.learned().predict(valid, np.zeros(len(valid)))["value_if_lapses"].eq(0).all()
