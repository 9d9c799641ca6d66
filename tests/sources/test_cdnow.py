"""CDNOW, read from the file that another package happens to ship."""

import pandas as pd
import pytest

from sources.contract import ORDERS
from sources.kinds.cdnow import describe
from sources.params import SourceParams
from sources.registry import fingerprint, load
from sources.tables.check import check_table

PARAMS = SourceParams(kind="cdnow")


@pytest.fixture(scope="module")
def checked():
    return check_table(load(PARAMS)["orders"], ORDERS, PARAMS)


@pytest.mark.slow
def test_every_purchase_and_customer_is_there(checked):
    rows = checked.rows
    assert len(rows) == rows["order_id"].nunique() == 69_659
    assert rows["customer_id"].nunique() == 23_570
    assert checked.counts["quarantined"] == checked.counts["guests"] == 0


def test_ids_keep_their_zeros_and_dates_their_day(checked):
    first = checked.rows.iloc[0]
    assert first["customer_id"] == "00001"
    assert first["event_time"] == pd.Timestamp("1997-01-01")
    assert first["amount"] == 11.77
    assert checked.rows["event_time"].max() == pd.Timestamp("1998-06-30")
    assert (checked.rows["customer_id"].str.len() == 5).all()


def test_free_disks_are_orders_that_cost_nothing(checked):
    assert (checked.rows["amount"] == 0).sum() == 80
    assert (checked.rows["amount"] < 0).sum() == 0


def test_the_fingerprint_has_the_one_file():
    content = fingerprint(PARAMS)
    assert list(content["files"]) == ["CDNOW_master"]
    assert content["description"] == describe(PARAMS)
    assert describe(PARAMS).startswith("CDNOW from lifetimes ")
