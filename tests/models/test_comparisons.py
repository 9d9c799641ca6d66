"""What values are compared with, which direction they argue for, and which of them are twins."""

import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from models.churn.comparisons import Comparisons, Evidence, differ, own_past
from models.churn.shown import FEATURES_SHOWN, PAYMENTS, plain_meaning
from models.churn.twins import Twins, learn_twins, merge
from models.churn.typical import MIN_ALIKE, learn_comparisons
from serving.wording.sentences import written


def customers(number=3000, seed=4):
    """Those with long gaps buy less; who has few stores leaves, whatever the gap."""
    rng = np.random.default_rng(seed)
    gap = rng.choice([4.0, 8.0, 16.0, 32.0, np.nan], number)
    stores = rng.integers(1, 6, number).astype(float)
    region = np.where(rng.random(number) < 0.5, "north", "south")
    left = rng.random(number) < np.where(stores < 3, 0.6, 0.2)
    return pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(number)],
            "gap_mean": gap,
            "orders_90d": np.round(90 / np.nan_to_num(gap, nan=90.0)),
            "stores_90d": stores,
            "noise": rng.normal(size=number),
            "attribute_region": pd.array(region, "str"),
            "churned": left.astype(float),
        }
    )


NAMES = ["orders_90d", "stores_90d", "noise", "attribute_region"]


@pytest.fixture(scope="module")
def rows():
    return customers()


@pytest.fixture(scope="module")
def learned(rows):
    return learn_comparisons(rows, NAMES, {}, "lapse")


def test_those_alike_have_about_the_same_usual_gap_and_those_without_one_are_alike(learned):
    first = pd.DataFrame(
        {"gap_mean": [3.0, 16.0, np.nan], "orders_90d": [0.0, 0.0, 0.0]}, index=[7, 8, 9]
    )
    compared = learned.of("orders_90d", first, learned.classes(first))
    assert list(compared.alike.values) == [22.0, 6.0, 1.0]
    assert set(compared.everybody.values) == {6.0}
    assert compared.alike.argues(1).all() and not compared.alike.argues(-1).any()


def test_too_few_customers_alike_say_nothing(rows):
    few = rows[rows["gap_mean"] != 32.0]
    rare = rows[(rows["gap_mean"] == 32.0) & (rows["churned"] == 0)].head(MIN_ALIKE - 1)
    one_more = rows[(rows["gap_mean"] == 32.0) & (rows["churned"] == 0)].head(MIN_ALIKE)
    # Rows of one customer at several dates are one customer.
    again = pd.concat([few, rare, rare])
    said = {
        len(part): learn_comparisons(part, ["orders_90d"], {}, "lapse").alike["orders_90d"]
        for part in (again, pd.concat([few, one_more]))
    }
    assert [values[-2] for values in said.values()] == [None, 3.0]


def test_the_data_says_what_has_no_plain_meaning(learned, rows):
    assert set(learned.meanings) == {"orders_90d"}
    assert set(learned.evidence) == {"stores_90d", "noise", "attribute_region"}
    some = pd.DataFrame({"stores_90d": [1.0, 2.0, 3.0, 5.0, np.nan]})
    assert list(learned.evidence["stores_90d"].of(some["stores_90d"])) == [1, 1, -1, -1, 0]
    assert not np.any(learned.evidence["attribute_region"].of(rows["attribute_region"].head(9)))


@pytest.mark.parametrize(("number", "sign"), [(9, 0), (10, 1)])
def test_of_few_customers_with_a_value_nothing_is_said(rows, number, sign):
    told = rows.assign(code=np.where(np.arange(len(rows)) < number, "rare", "usual"))
    told.loc[told["code"] == "rare", "churned"] = 1.0
    signs = learn_comparisons(told, ["code"], {}, "lapse").evidence["code"].signs
    assert signs.get("rare", 0) == sign


def test_what_the_usual_gap_explains_is_no_evidence(rows):
    """Leaving goes with the gap alone; who has few purchases has a long one."""
    rng = np.random.default_rng(1)
    by_gap = (rng.random(len(rows)) < rows["gap_mean"].fillna(40.0) / 50).astype(float)
    told = rows.assign(churned=by_gap, code=rows["orders_90d"])
    signs = learn_comparisons(told, ["code"], {}, "lapse").evidence["code"].signs
    assert not any(signs)
    alone = told.drop(columns="gap_mean")
    assert any(learn_comparisons(alone, ["code"], {}, "lapse").evidence["code"].signs)


def test_where_no_outcome_is_known_there_is_no_evidence(rows):
    unknown = learn_comparisons(rows.assign(churned=np.nan), NAMES, {}, "lapse")
    assert unknown.evidence == {} and unknown.typical["stores_90d"] == 3.0
    compared = unknown.of("stores_90d", rows.head(5), unknown.classes(rows.head(5)))
    assert list(compared.everybody.argues(1)) == list(compared.everybody.argues(-1))


def test_of_a_subscription_the_data_says_what_its_payments_mean():
    payments = {name for group in PAYMENTS for name in FEATURES_SHOWN[group]}
    assert not any(plain_meaning(name, "cancellation") for name in payments)
    assert plain_meaning("orders_90d", "lapse") == plain_meaning("visits_30d", "cancellation") == -1


@pytest.mark.parametrize(
    ("unit", "feature", "one", "other", "apart"),
    [
        ("days", "gap_last", 5.6, 6.3, False),
        ("days", "gap_last", 4.2, 4.7, True),
        ("orders", "orders_30d", 10.0, 10.9, False),
        ("orders", "orders_30d", 0.0, 1.0, True),
        ("share", "weekend_share", 0.1, 0.108, False),
        ("share", "weekend_share", 0.104, 0.12, True),
        ("log ratio", "orders_change_30d", -2.0, -1.0, False),
        ("log ratio", "orders_change_30d", math.log(2), 0.5, True),
        (None, "own_x", 3.0, math.nan, False),
    ],
)
def test_values_differ_only_where_they_also_read_differently(unit, feature, one, other, apart):
    assert differ(unit, np.array([one]), np.array([other])) == [apart]
    if apart:
        texts = {written(value, "quantity", "en", feature=feature) for value in (one, other)}
        assert len(texts) == 2


def test_the_own_past_is_the_time_before_the_window():
    rows = pd.DataFrame(
        {
            "tenure_days": [90.0, 59.0, 90.0, 90.0],
            "gap_mean": [8.0, 8.0, 40.0, np.nan],
            "orders_total": [10.0, 10.0, 3.0, 1.0],
            "orders_30d": [2.0, 2.0, 0.0, 0.0],
            "amount_total": [100.0, 100.0, 30.0, 5.0],
            "amount_30d": [10.0, 10.0, 0.0, 0.0],
            "visits_30d": [1.0, 1.0, 1.0, 0.0],
            "visits_90d": [7.0, 7.0, 2.0, 0.0],
            "days_since_last_purchase": [9.0, 9.0, 9.0, 9.0],
        }
    )
    nothing = [math.nan] * 3
    np.testing.assert_array_equal(own_past("orders_30d", rows), [4.0, *nothing])
    np.testing.assert_array_equal(own_past("amount_30d", rows), [45.0, *nothing])
    np.testing.assert_array_equal(own_past("visits_30d", rows), [3.0, *nothing])
    silence = own_past("days_since_last_purchase", rows)
    np.testing.assert_array_equal(silence, rows["gap_mean"])
    assert own_past("orders_total", rows) is None
    assert own_past("orders_30d", rows.drop(columns="gap_mean")) is None


def test_comparisons_are_the_same_after_json(learned):
    assert Comparisons.from_dict(asdict(learned)) == learned
    assert isinstance(learned.evidence["noise"], Evidence)


def test_features_that_order_customers_alike_are_twins_and_so_are_those_zero_together():
    rng = np.random.default_rng(3)
    orders = np.where(rng.random(500) < 0.4, 0.0, rng.integers(1, 9, 500))
    rows = pd.DataFrame(
        {
            "orders": orders,
            "lines": orders * 3.0 + 0.01 * rng.random(500),
            "amount": np.where(orders > 0, rng.gamma(1, 30, 500), 0.0),
            "always": 0.0,
            "other": rng.normal(size=500),
        }
    )
    twins = learn_twins(rows, list(rows))
    assert twins.near == [["orders", "lines"]]
    assert twins.zero == [["orders", "amount"]]
    assert learn_twins(rows.head(20), list(rows)) == Twins()


def test_reasons_that_say_the_same_are_one_and_their_sum_stays():
    names = ["orders", "lines", "amount", "other"]
    twins = Twins([["orders", "lines"]], [["orders", "amount"]]).matrices(names)
    told = np.array([[0, 1, 2, 3], [0, 1, 2, 3], [3, 2, 3, -1]])
    zero = np.array([[True, False, True, False], [False] * 4, [False] * 4])
    given = np.array([[0.9, -0.5, 0.4, 0.1], [0.9, -0.5, 0.4, 0.1], [0.9, 0.8, -0.3, 0.2]])
    sums, into = merge(told, zero, given, twins)
    np.testing.assert_allclose(sums.sum(axis=1), given.sum(axis=1))
    np.testing.assert_allclose(
        sums, [[0.8, 0, 0, 0.1], [0.4, 0, 0.4, 0.1], [0.6, 0.8, 0, 0.2]], atol=1e-12
    )
    assert into.tolist() == [[0, 0, 0, 3], [0, 0, 2, 3], [0, 1, 0, 3]]
