"""Findings about tables beside orders: their ids, periods, delays and columns."""

import pandas as pd
import pytest

from features.usability.contract import contract_findings
from features.usability.forms import FORMS, in_one_form
from features.usability.times import lateness
from tests.features.findings import events, of_customers, of_times, of_values, tickets
from tests.features.usable import (
    CUSTOMERS,
    DAYS,
    START,
    checked,
    orders,
    seen,
)

HOUR = pd.Timedelta(hours=1)


def test_a_column_with_one_value_is_told_unless_it_needs_no_other():
    rows = orders().assign(store="main", category=None, currency="EUR")
    found = of_values(orders=rows, tickets=tickets(kind="complaint"))
    constant = [(f["table"], f["column"]) for f in found.findings]
    assert constant == [("orders", "store"), ("tickets", "kind")]
    rows.loc[0, "store"] = "side"
    assert "constant_column" not in of_values(orders=rows).checks()


@pytest.mark.slow
@pytest.mark.parametrize(("strangers", "is_told"), [(5, False), (6, True)])
def test_a_table_whose_customers_never_ordered(strangers, is_told):
    ids = [f"c{one + 1}" for one in range(10 - strangers)] + [f"x{one}" for one in range(strangers)]
    found = of_customers(events=events(customers=ids))
    assert ("not_in_orders" in found.checks()) == is_told


@pytest.mark.slow
@pytest.mark.parametrize("form", ["00{}", "{}.0", " {}", "0{}"])
def test_ids_in_another_form_than_in_orders_are_told(form):
    rows = orders().assign(customer_id=lambda t: t["customer_id"].str[1:])
    ids = [str(one + 1) for one in range(CUSTOMERS)]
    assert of_customers(orders=rows, events=events(customers=ids)).checks() == set()
    changed = events(customers=[form.format(one) for one in ids])
    found = of_customers(orders=rows, events=changed).of("id_forms")
    assert found["table"] == "events"
    assert f"({form.format(1)} here, 1 there)" in found["meaning"]


@pytest.mark.slow
def test_ids_of_orders_in_two_forms_are_told():
    rows = orders()
    rows.loc[0, "customer_id"] = "C1"
    found = of_customers(orders=rows).of("id_forms")
    assert found["table"] == "orders"
    assert "C1" in found["meaning"] and "c1" in found["meaning"]
    many = orders(customers=300, each=2)
    many.loc[0, "customer_id"] = "C1"
    assert "id_forms" not in of_customers(orders=many).checks()  # two of 301 may be chance


def test_what_ids_have_in_common_but_for_their_form():
    given = pd.Series(["00123", "123", "123.0", "C-00123", "c123", "0", "000", "100", "a b"])
    expected = ["123", "123", "123", "c123", "c123", "0", "0", "100", "ab"]
    assert in_one_form(given, FORMS).tolist() == expected


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (28, DAYS - 1 - 28, None),
        (29, DAYS - 1, "begins on 2023-04-04, orders on 2023-03-06"),
        (29, DAYS - 1 - 29, "begins on"),
    ],
)
def test_a_table_that_covers_another_period_than_orders_is_told(first, last, told):
    found = of_times(events=events(first, last))
    assert ("other_period" in found.checks()) == (told is not None)
    if told:
        assert told in found.of("other_period")["meaning"].replace("Begins", "begins")


def test_sparse_tables_that_end_early_are_told_and_dead_feeds_only_once():
    early = tickets(opened_at=[START + pd.Timedelta(days=one * 9) for one in range(30)])
    assert "ends on 2023-11-22" in of_times(tickets=early).of("other_period")["meaning"]
    dense = pd.concat([events(last=200)] * 20)
    assert "other_period" not in of_times(events=dense).checks()


@pytest.mark.parametrize(("late", "is_told"), [(20, False), (21, True)])
def test_late_rows_are_told_with_how_late_they_are(late, is_told):
    rows = orders()
    delay = pd.Series([pd.Timedelta(days=3 if one < late else 0) for one in range(len(rows))])
    found = of_times(orders=rows.assign(known_at=rows["event_time"] + delay))
    assert ("late_rows" in found.checks()) == is_told
    if is_told:
        assert "half of them after 3.0 days" in found.of("late_rows")["meaning"]


def test_known_later_the_same_day_is_not_late():
    rows = orders().assign(known_at=lambda t: t["event_time"] + HOUR)
    assert lateness("orders", checked(orders=rows)["orders"])["share"] == 0
    assert lateness("orders", checked(orders=orders())["orders"]) is None


def test_rows_known_before_they_happened_are_told():
    rows = orders().assign(known_at=lambda t: t["event_time"])
    assert "known_too_early" not in of_times(orders=rows).checks()
    rows.loc[0, "known_at"] -= HOUR
    assert of_times(orders=rows).of("known_too_early")["rows"] == 1


def test_what_ended_before_it_began_is_told():
    table = tickets(closed_at=lambda: None)
    table["closed_at"] = table["opened_at"]
    table.loc[4, "closed_at"] = None
    assert "reversed_times" not in of_times(tickets=table).checks()
    table.loc[3, "closed_at"] -= HOUR
    found = of_times(tickets=table).of("reversed_times")
    assert (found["rows"], found["table"], found["column"]) == (1, "tickets", "closed_at")


def test_what_the_check_of_the_contract_did_is_told():
    rows = orders()
    rows.loc[0, "amount"] = None
    tables = checked(orders=rows)
    assert not any(
        one["table"] == "orders"
        for one in seen(contract_findings(checked(orders=orders()))).findings
    )
    one = tables["orders"]
    one.counts.update(quarantined=2, duplicates=3)
    tables["orders"] = type(one)(one.rows, one.counts, ("Country",), ("2 rows: …",))
    found = seen(contract_findings(tables))
    assert found.of("quarantined")["rows"] == 2
    assert found.of("duplicates")["rows"] == 3
    assert found.of("unknown_column")["column"] == "Country"
    assert (found.of("empty_cells")["column"], found.of("empty_cells")["rows"]) == ("amount", 1)
    missing = [f["table"] for f in found.findings if f["check"] == "missing_table"]
    assert "consents" in missing
