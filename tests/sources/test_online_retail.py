"""The Online Retail data as docs/your-data.md has it: guests, returns, other column names."""

from pathlib import Path

import pandas as pd
import pytest

from sources.params import SourceParams
from sources.registry import load
from sources.tables.check_tables import check_tables

FILE = (
    Path(__file__).resolve().parents[3]
    / "shared"
    / "data"
    / "online_retail"
    / "online_retail.parquet"
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not FILE.is_file(), reason="../shared/data/online_retail is not beside this repository"
    ),
]


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mydata")
    (folder / "orders.parquet").symlink_to(FILE)
    params = SourceParams(
        kind="files",
        path=str(folder),
        columns={
            "orders": {
                "customer_id": "CustomerID",
                "order_id": "InvoiceNo",
                "event_time": "InvoiceDate",
                "product": "StockCode",
                "quantity": "Quantity",
            }
        },
        derive={"orders": {"amount": "Quantity * UnitPrice"}},
        timezone="Europe/London",
    )
    return check_tables(load(params), params)["orders"]


def test_every_row_is_an_order_line_or_one_of_the_guests(orders):
    assert orders.counts == {
        "rows_in": 541_909,
        "kept": 406_829,
        "quarantined": 0,
        "duplicates": 0,
        "guests": 135_080,
    }
    assert orders.rows["customer_id"].nunique() == 4_372
    assert orders.ignored_columns == ("Description", "UnitPrice", "Country")


def test_returns_are_rows_with_a_negative_amount(orders):
    returned = orders.rows["order_id"].str.startswith("C")
    assert returned.sum() == 8_905
    assert (returned == (orders.rows["quantity"] < 0)).all()
    assert (orders.rows.loc[returned, "amount"] < 0).all()


def test_ids_are_whole_and_times_are_utc(orders):
    assert orders.rows["customer_id"].str.fullmatch(r"\d{5}").all()
    assert orders.rows["event_time"].min() == pd.Timestamp("2010-12-01 08:26")
    # British summer time is an hour ahead.
    summer = orders.rows["event_time"].dt.month.between(4, 9)
    assert orders.rows.loc[summer, "event_time"].dt.hour.min() == 5
