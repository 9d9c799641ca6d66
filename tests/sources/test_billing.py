"""A company with subscriptions alone: each period that was begun is a payment, and nothing else."""

import pandas as pd
import pytest

from core.errors import TableError
from sources.contract import ORDERS
from sources.kinds.files import load
from sources.subscriptions.billing import billed, with_orders
from sources.tables.check_tables import check_tables
from tests.sources.folders import params

HEADER = "customer_id,subscription_id,started_at,ended_at,amount,period_days,known_at\n"
UNTIL = pd.Timestamp("2017-06-30 10:00")


def subscriptions(*rows):
    columns = HEADER.strip().split(",")
    table = pd.DataFrame([dict(zip(columns, row, strict=False)) for row in rows], columns=columns)
    for column in ("started_at", "ended_at", "known_at"):
        table[column] = pd.to_datetime(table[column], format="ISO8601").astype("datetime64[us]")
    return table.astype({"amount": "float64", "period_days": "float64"})


def paid_on(*row):
    return [str(time) for time in billed(subscriptions(row), UNTIL)["event_time"]]


def test_every_period_is_paid_when_it_begins_until_the_subscription_ends():
    assert paid_on("a", "s", "2017-03-01", "2017-05-15", 10, 30) == [
        "2017-03-01 00:00:00",
        "2017-03-31 00:00:00",
        "2017-04-30 00:00:00",
    ]


def test_a_period_that_begins_as_the_subscription_ends_is_not_paid_and_one_before_it_is():
    assert len(paid_on("a", "s", "2017-03-01", "2017-03-31 00:00:00", 10, 30)) == 1
    assert len(paid_on("a", "s", "2017-03-01", "2017-03-31 00:00:00.000001", 10, 30)) == 2
    assert paid_on("a", "s", "2017-03-01", "2017-03-01", 10, 30) == []


def test_what_still_runs_pays_up_to_the_last_time_that_is_known():
    assert paid_on("a", "s", "2017-06-23 10:00", None, 10, 7)[-1] == "2017-06-30 10:00:00"
    assert len(paid_on("a", "s", "2017-06-23 10:00:00.000001", None, 10, 7)) == 1
    assert len(paid_on("a", "s", "2017-06-23", "2018-01-01", 10, 7)) == 2


@pytest.mark.parametrize("period", [None, 0, -7, 0.4])
def test_without_a_period_that_can_be_it_is_a_month(period):
    assert [t[:10] for t in paid_on("a", "s", "2017-05-10", None, 10, period)] == [
        "2017-05-10",
        "2017-06-09",
    ]


@pytest.mark.parametrize("period", [5_000, 1e9])
def test_a_period_longer_than_the_data_is_paid_once(period):
    assert paid_on("a", "s", "1980-05-10", "1990-01-01", 10, period) == ["1980-05-10 00:00:00"]


def test_a_payment_is_known_when_it_is_made_or_once_its_subscription_is():
    rows = billed(
        subscriptions(("a", "s", "2017-03-01", "2017-05-15", 10, 30, "2017-04-10 12:00")), UNTIL
    )
    assert [str(time) for time in rows["known_at"]] == [
        "2017-04-10 12:00:00",
        "2017-04-10 12:00:00",
        "2017-04-30 00:00:00",
    ]


def test_payments_have_the_columns_and_keys_of_orders():
    rows = billed(
        subscriptions(
            ("a", "s1", "2017-05-10", None, 10, 30),
            ("b", "s2", "2017-05-11", None, None, 30),
            ("b", "s3", "2017-06-29", None, 5.5, 365),
        ),
        UNTIL,
    )
    assert set(rows.columns) <= set(ORDERS.columns) and {*ORDERS.required} <= set(rows.columns)
    assert rows["order_id"].tolist() == ["s1:1", "s1:2", "s2:1", "s2:2", "s3:1"]
    assert rows["customer_id"].tolist() == ["a", "a", "b", "b", "b"]
    assert rows["amount"].fillna(-1).tolist() == [10, 10, -1, -1, 5.5]
    assert not rows.duplicated(list(ORDERS.key)).any()
    alone = billed(subscriptions()[["customer_id", "subscription_id", "started_at"]], UNTIL)
    assert list(alone.columns) == ["customer_id", "order_id", "event_time", "line_id"]


def test_a_folder_of_subscriptions_alone_gets_its_orders_and_says_so(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "subscriptions.csv").write_text(
        HEADER + "001,s1,2017-03-01,2017-05-15,10,30,\n002,s2,2017-03-05,,20,30,\n"
    )
    (folder / "events.csv").write_text("customer_id,event_time,kind\n001,2017-06-04,visit\n")
    of_params = params(folder)
    checked = with_orders(check_tables(load(of_params), of_params))
    assert list(checked) == ["orders", "subscriptions", "events"]
    orders = checked["orders"]
    # Three of 001, and of 002 until the last visit: 03-05, 04-04, 05-04, 06-03.
    assert orders.rows["customer_id"].tolist() == ["001"] * 3 + ["002"] * 4
    assert orders.counts["rows_in"] == orders.counts["kept"] == 7
    assert "one payment for every period (period_days)" in orders.made_of
    assert with_orders(checked) is checked
    assert with_orders({}) == {}


def test_a_row_that_came_late_tells_that_the_data_was_watched_until_then(tmp_path):
    (tmp_path / "subscriptions.csv").write_text(
        HEADER + "001,s1,2017-03-01,,10,30,\n002,s2,2017-03-05,,20,30,2017-04-10\n"
    )
    of_params = params(tmp_path)
    orders = with_orders(check_tables(load(of_params), of_params))["orders"].rows
    assert orders["customer_id"].tolist() == ["001", "001", "002", "002"]


def test_a_half_of_a_day_in_a_period_is_rounded_up_as_the_features_do():
    assert len(paid_on("a", "s", "2017-06-17", None, 10, 6.5)) == 2  # 06-17 and 06-24
    assert len(paid_on("a", "s", "2017-06-28", None, 10, 0.5)) == 3  # each day


def many(start, end, count=60):
    days = pd.date_range(start, end, periods=count)
    return "".join(f"{i:03d},s{i},{day:%Y-%m-%d},,10,30,\n" for i, day in enumerate(days))


def made(folder, **tables):
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    of_params = params(folder)
    return with_orders(check_tables(load(of_params), of_params))["orders"]


@pytest.mark.slow
def test_one_time_far_from_all_others_makes_no_payments(tmp_path):
    text = HEADER + many("2016-01-01", "2017-06-01")
    alone = made(tmp_path, subscriptions=text)
    late = HEADER + many("2016-01-01", "2017-06-01", 59) + "999,s,2016-02-01,2019-01-01,10,30,\n"
    assert "2017-06-01, the last day of subscriptions" in alone.made_of
    assert "2017-06-01, the last day of subscriptions" in made(tmp_path, subscriptions=late).made_of
    filled = {
        "customers": "customer_id,created_at\n001,2019-02-01\n",
        "tickets": "customer_id,ticket_id,opened_at,closed_at\n001,1,2017-02-01,2020-05-01\n",
    }
    again = made(tmp_path, subscriptions=text, **filled)
    assert len(again.rows) == len(alone.rows)


def test_who_pays_nothing_is_counted_and_told(tmp_path):
    rows = "001,s1,2017-03-01,,10,30,\n002,s2,2017-03-05,,,30,\n003,s3,2017-03-05,,0,30,\n"
    found = made(tmp_path, subscriptions=HEADER + rows)
    assert "; 1 customers pay nothing by it" in found.made_of  # 002 pays nobody knows how much


def test_a_period_in_another_unit_is_refused_before_it_fills_the_memory():
    row = ("a", "s", "1970-01-02", None, 10, 1)
    with pytest.raises(TableError, match=r"2,000 of them make .* payments.*period_days in days"):
        billed(subscriptions(*([row] * 2_000)), UNTIL)
