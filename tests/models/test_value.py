import json

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from core.errors import ArtifactError, DataGateError
from models.value.amounts import LEVEL_LIMITS
from models.value.fitting import fit_value, refit_value
from models.value.leavers import Horizons, usual_share
from models.value.model import ValueModel
from tests.models.amounts_of import (
    FEATURES,
    HORIZONS,
    LAPSE_SHARE,
    MONEY,
    ORDERS,
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


@pytest.fixture(scope="module")
def model(train, valid):
    return fit_value(train, valid, FEATURES, HORIZONS, params(), train["true_risk"].to_numpy())


def lapse_share(model, rows):
    """Of the value in total: what the rows bring if they leave, of what they bring if they stay."""
    found = model.predict(rows, rows["true_risk"].to_numpy())
    return found["value_if_lapses"].sum() / found["value_if_stays"].sum()


@pytest.mark.slow
def test_planted_orders_and_money_are_found(model, test):
    found = model.predict(test, test["true_risk"].to_numpy())
    lapses = LAPSE_SHARE * test["true_stays"]
    for name, truth in {
        "expected_orders": test["true_orders"],
        "expected_orders_in_value_horizon": test["true_far"],
        "expected_spend": test["true_spend"],
        "value_if_stays": test["true_stays"],
        "value_if_lapses": lapses,
        "expected_value": (1 - test["true_risk"]) * test["true_stays"] + test["true_risk"] * lapses,
        "value_at_risk": test["true_risk"] * (test["true_stays"] - lapses),
    }.items():
        assert found[name].sum() == pytest.approx(truth.sum(), rel=0.03), name
        assert np.corrcoef(found[name], truth)[0, 1] > 0.95, name
    assert lapse_share(model, test) == pytest.approx(LAPSE_SHARE, abs=0.02)


def test_totals_equal_what_then_happened(model, test):
    found = model.predict(test, test["true_risk"].to_numpy())
    for name, outcome in (
        ("expected_orders", "orders_in_horizon"),
        ("expected_orders_in_value_horizon", "orders_in_value_horizon"),
        ("expected_spend", "spend_in_horizon"),
        ("expected_value", "value"),
    ):
        assert found[name].sum() == pytest.approx(test[outcome].sum(), rel=0.04), name


def test_the_figures_of_a_card_are_one_story(model, test):
    risk = np.random.default_rng(5).random(len(test))
    found = model.predict(test, risk)
    stays, lapses = found["value_if_stays"], found["value_if_lapses"]
    np.testing.assert_allclose(found["expected_value"], (1 - risk) * stays + risk * lapses)
    np.testing.assert_allclose(found["value_at_risk"], risk * (stays - lapses))
    np.testing.assert_allclose(found["expected_value"] + found["value_at_risk"], stays)
    assert (found["value_at_risk"] >= 0).all()
    assert (found >= 0).all(axis=None)
    certain = model.predict(test, np.ones(len(test)))
    assert (certain[["expected_orders", "expected_spend"]] == 0).all(axis=None)
    staying = model.predict(test, np.zeros(len(test)))
    assert (staying["expected_orders"] >= 1).all()
    np.testing.assert_array_equal(staying["expected_value"], staying["value_if_stays"])


def test_rows_keep_their_index(model, test):
    rows = test.iloc[100:200]
    assert model.predict(rows, np.full(100, 0.5)).index.equals(rows.index)


def test_over_the_churn_horizon_itself_a_lapsed_customer_brings_nothing(train, valid, test):
    same = Horizons(28, 28)
    rows = [part.assign(value=part["spend_in_horizon"]) for part in (train, valid)]
    model = fit_value(*rows, FEATURES, same, params())
    assert set(model.parts) == {"orders", "spend"}
    found = model.predict(test, test["true_risk"].to_numpy())
    assert (found["value_if_lapses"] == 0).all()
    np.testing.assert_allclose(found["expected_value"], found["expected_spend"])


@pytest.mark.slow
def test_without_amounts_money_is_absent_and_not_zero(train, valid, test):
    bare = [part.drop(columns=["spend_in_horizon", "value"]) for part in (train, valid)]
    model = fit_value(*bare, FEATURES, HORIZONS, params())
    found = model.predict(test, test["true_risk"].to_numpy())
    assert list(found) == ORDERS
    assert refit_value(model, bare[1], params()).parts.keys() == {"orders", "far_orders"}


@pytest.mark.slow
def test_the_level_follows_a_shop_that_changed_since_training(train):
    grown = fit_value(train, customers(3_000, 2, level=1.15), FEATURES, HORIZONS, params())
    later = customers(5_000, seed=3, level=1.15)
    found = grown.predict(later, later["true_risk"].to_numpy())
    assert found["expected_spend"].sum() == pytest.approx(later["true_spend"].sum(), rel=0.05)
    assert found["value_if_stays"].sum() == pytest.approx(later["true_stays"].sum(), rel=0.05)
    exploded = fit_value(train, customers(3_000, 2, level=3.0), FEATURES, HORIZONS, params())
    assert exploded.parts["spend"].level == LEVEL_LIMITS[1]


@pytest.mark.slow
def test_refunds_come_off_the_total_though_the_trees_never_see_them(train, valid, test):
    def refunded(part):
        back = np.random.default_rng(len(part)).random(len(part)) < 0.1
        # Each tenth staying customer gets back twice what they paid.
        net = part["spend_in_horizon"].where(~back, -part["spend_in_horizon"])
        return part.assign(spend_in_horizon=net)

    model = fit_value(refunded(train), refunded(valid), FEATURES, HORIZONS, params())
    found = model.predict(test, test["true_risk"].to_numpy())["expected_spend"]
    assert found.sum() == pytest.approx(refunded(test)["spend_in_horizon"].sum(), rel=0.05)
    assert (found >= 0).all()


def test_where_no_value_window_closed_in_validation_the_spend_model_stands_in(train, valid, test):
    open_still = valid.assign(value=np.nan, value_known=False)
    model = fit_value(train, open_still, FEATURES, HORIZONS, params())
    assert model.parts["value"].rounds == model.parts["spend"].rounds
    assert model.parts["value"].level == model.parts["spend"].level
    found = model.predict(test, test["true_risk"].to_numpy())
    assert found["value_if_stays"].sum() == pytest.approx(test["true_stays"].sum(), rel=0.05)


def test_without_leavers_or_their_risk_the_share_is_as_usual(model, train, valid):
    usual = usual_share(HORIZONS, HORIZONS.value_days)
    staying = train[train["churned"] == 0]
    for rows, risk in ((staying, staying["true_risk"].to_numpy()), (train, None)):
        again = refit_value(model, rows, params(), risk)
        assert set(again.shares) == {"far_orders", "value"}
        assert set(again.shares.values()) == {usual}


def test_one_order_each_is_learned_as_one(train, valid):
    once = [part.assign(orders_in_horizon=1 - part["churned"]) for part in (train, valid)]
    model = fit_value(*once, FEATURES, HORIZONS, params())
    found = model.predict(valid, np.zeros(len(valid)))["expected_orders"]
    np.testing.assert_allclose(found, 1, atol=1e-3)


def test_when_nobody_stayed_the_fit_is_refused_with_the_reason(train, valid):
    with pytest.raises(
        DataGateError, match=r"of 6,000 rows up to 2024-06-01 none is of a customer"
    ):
        fit_value(train.assign(churned=1.0), valid, FEATURES, HORIZONS, params())
    with pytest.raises(DataGateError, match=r"`orders_in_value_horizon` is known. Shorten"):
        fit_value(train.assign(value_known=False), valid, FEATURES, HORIZONS, params())


def test_a_saved_model_predicts_the_same_numbers(model, test, tmp_path):
    model.save(tmp_path)
    again = ValueModel.load(tmp_path)
    risk = test["true_risk"].to_numpy()
    assert_frame_equal(again.predict(test, risk), model.predict(test, risk), check_exact=True)
    assert again.horizons == model.horizons
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "value.json",
        "value_far_orders.txt",
        "value_orders.txt",
        "value_spend.txt",
        "value_value.txt",
    ]


def test_models_of_an_earlier_version_are_refused_with_the_cure(model, tmp_path):
    model.save(tmp_path)
    content = json.loads((tmp_path / "value.json").read_text())
    del content["shares"]
    (tmp_path / "value.json").write_text(json.dumps(content))
    with pytest.raises(ArtifactError, match=r"earlier version.*replace_champion: always"):
        ValueModel.load(tmp_path)


@pytest.mark.slow
def test_the_same_rows_give_the_same_bytes(model, train, valid, tmp_path):
    model.save(tmp_path / "first")
    again = fit_value(train, valid, FEATURES, HORIZONS, params(), train["true_risk"].to_numpy())
    again.save(tmp_path / "second")
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes(), path.name


def test_a_refit_keeps_rounds_and_takes_the_level_of_the_latest_dates(model, train, valid):
    rows = pd.concat([train, valid], ignore_index=True)
    again = refit_value(model, rows, params(), rows["true_risk"].to_numpy())
    for name, part in model.parts.items():
        assert again.parts[name].rounds == part.rounds
    stays = rows[rows["churned"] == 0]
    told = again.if_stays(stays)["orders"]
    assert told.sum() == pytest.approx(stays["orders_in_horizon"].sum(), rel=0.01)
    assert lapse_share(again, valid) == pytest.approx(LAPSE_SHARE, abs=0.02)


def test_money_columns_come_in_the_order_of_the_card(model, test):
    found = model.predict(test, test["true_risk"].to_numpy())
    assert list(found) == [*ORDERS, *MONEY]


def test_there_are_no_fewer_orders_over_the_longer_time(train, valid, test):
    """The two are learned apart, and may disagree: here all orders fell into the first days."""
    none = [part.assign(orders_in_value_horizon=0.0) for part in (train, valid)]
    model = fit_value(*none, FEATURES, HORIZONS, params())
    stays, leaves = (model.predict(test, np.full(len(test), risk)) for risk in (0.0, 1.0))
    np.testing.assert_array_equal(
        stays["expected_orders_in_value_horizon"], stays["expected_orders"]
    )
    assert (leaves["expected_orders"] == 0).all()


def test_who_stays_buys_no_faster_after_the_horizon_than_within_it(train, valid, test):
    many = [part.assign(orders_in_value_horizon=99.0) for part in (train, valid)]
    found = fit_value(*many, FEATURES, HORIZONS, params()).predict(test, np.zeros(len(test)))
    np.testing.assert_allclose(
        found["expected_orders_in_value_horizon"], found["expected_orders"] * 84 / 28
    )
