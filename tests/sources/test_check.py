"""Checked tables: nothing is lost, nothing is guessed, and every refusal says what to do."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import TableError
from sources.contract import (
    CONSENTS,
    EVENTS,
    SUBSCRIPTIONS,
    TABLES,
)
from sources.meanings.repeated_cells import CHECK
from sources.tables.check_tables import check_tables
from tests.plugin_slow import examples
from tests.sources.raw_tables import check, good, orders, params, reasons

CELLS = {
    "customer_id": st.sampled_from(["00123", "a", " a ", "", None, 7]),
    "order_id": st.sampled_from(["1", "2", "", None]),
    "event_time": st.sampled_from(
        ["2017-05-01", "2017-05-01T10:00Z", "32.13.2011", "2999-01-01", "", None, "1899-12-31"]
    ),
    "amount": st.sampled_from(["5", "-5.5", "x", "inf", "", None, 3]),
    "line_id": st.sampled_from(["1", "2", None]),
}


NAMED_FIRST = (CHECK, "customer_id")
ONE = {"customer_id": "00123", "order_id": "1", "event_time": "2017-05-01", "amount": "5"}
BLANK = {"customer_id": "", "order_id": "1", "event_time": "", "amount": None}


@pytest.mark.slow
@settings(max_examples=examples(60))
@example(rows=[{**ONE, "line_id": "1"}, {**BLANK, "line_id": None}], with_lines=False, unique=False)
@given(
    rows=st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=30),
    with_lines=st.booleans(),
    unique=st.booleans(),
)
def test_every_row_is_kept_quarantined_a_duplicate_or_a_guest(rows, with_lines, unique):
    raw = pd.DataFrame(rows)
    raw = raw if with_lines else raw.drop(columns="line_id")
    changes = {"drop_repeated_rows": ("orders",)} if unique else {}
    try:
        result = check(raw, **changes)
    except TableError as error:
        assert str(error).startswith("orders: ")
        return
    counts = dict(result.counts)
    assert counts.pop("rows_in") == len(rows) == sum(counts.values())
    assert len(result.rows) == counts["kept"] > 0
    assert len(result.quarantine) == counts["quarantined"]
    assert (result.quarantine["reason"] != "").all()
    assert not result.rows.duplicated(["order_id", "line_id"]).any()
    assert result.rows[["customer_id", "order_id", "event_time"]].notna().all(axis=None)
    guests = [row for row in rows if str(row["customer_id"] or "").strip() == ""]
    # Lines of an order whose first line names who bought are theirs, and that is told.
    theirs = [note.rows for note in result.notes if (note.check, note.column) == NAMED_FIRST]
    assert counts["guests"] == len(guests) - sum(theirs)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("table", [t for t in TABLES.values() if t.name != "orders"])
def test_nothing_is_lost_in_any_other_table(table):
    kinds = {"text": ["a", "b", None], "time": ["2017-05-01", "x", None]}
    kinds |= {"number": ["1", "x", None], "yesno": ["yes", "x", None]}
    cells = {name: kinds[kind] for name, kind in table.columns.items()}
    cells |= {"arm": ["treated", "holdout", None]} if "arm" in cells else {}
    rows = [
        {column: some[(place + number) % 3] for column, some in cells.items()}
        for number in range(3)
        for place in (number, 0, 0)
    ]
    fine = {column: some[0] for column, some in cells.items()}
    result = check(pd.DataFrame([*rows, fine, fine]), table)
    counts = dict(result.counts)
    assert counts.pop("rows_in") == sum(counts.values()) == 11
    assert counts["kept"] > 0
    assert counts["quarantined"] > 0


def test_ids_stay_text_to_the_last_zero():
    raw = orders(("00123", "007", "2017-05-01", 1.0), (" 00124 ", "008", "2017-05-01", 1.0))
    rows = check(raw).rows
    assert rows["customer_id"].tolist() == ["00123", "00124"]
    assert rows["order_id"].tolist() == ["007", "008"]


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("ids", "as_text"),
    [
        (pd.Series([123, 7]), ["123", "7"]),
        (pd.Series([17850.0, 7.0]), ["17850", "7"]),
        (pd.Series([12345678901234567, 7], dtype="Int64"), ["12345678901234567", "7"]),
        (pd.Series(["00123", 7], dtype="object"), ["00123", "7"]),
        (pd.Series(["00123", "x"], dtype="category"), ["00123", "x"]),
        (pd.Series([1.5, 7.0]), ["1.5", "7.0"]),
    ],
)
def test_numeric_ids_become_the_text_a_person_would_write(ids, as_text):
    raw = orders(*good(2)).assign(customer_id=ids)
    assert check(raw).rows["customer_id"].tolist() == as_text


def test_an_id_column_with_gaps_does_not_grow_decimals():
    raw = orders(*good(3)).assign(customer_id=[17850.0, None, 17851.0])
    result = check(raw)
    assert result.rows["customer_id"].tolist() == ["17850", "17851"]
    assert result.counts["guests"] == 1


def test_a_missing_required_column_is_named_with_what_is_there_and_the_nearest():
    raw = orders(*good(1)).rename(columns={"customer_id": "CustomerID"})
    with pytest.raises(TableError) as error:
        check(raw)
    assert str(error.value) == (
        "orders has no column customer_id. It has: CustomerID, order_id, event_time, amount. "
        "Did you mean CustomerID? Write below source in params.yaml: "
        'columns: {orders: {customer_id: "CustomerID"}}.'
    )


def test_a_header_without_rows_is_refused():
    with pytest.raises(TableError, match=r"orders has a header but no rows\. Export it again\."):
        check(orders())


def test_unreadable_dates_below_the_limit_are_set_aside_with_row_and_reason():
    raw = orders(*good(16), ("x", "y", "32.13.2011", 5.0), *good(3, start=20))
    result = check(raw, max_quarantined=0.05)
    assert result.counts["quarantined"] == 1
    assert result.quarantine.loc[0, ["customer_id", "event_time", "reason"]].tolist() == [
        "x",
        "32.13.2011",
        "event_time is not a date",
    ]
    # As a spreadsheet counts: the header is row 1.
    assert result.findings == ('1 rows: event_time is not a date (first: row 18, "32.13.2011").',)


def test_unreadable_dates_above_the_limit_stop_the_run_with_the_cure():
    raw = orders(*good(15), *[(f"x{n}", "y", "13th of May", 5.0) for n in range(5)])
    with pytest.raises(TableError) as error:
        check(raw, max_quarantined=0.2499, columns={"orders": {"event_time": "Invoice Date"}})
    text = str(error.value)
    assert "5 of 20 rows (25.00%) cannot be used" in text
    assert 'event_time is not a date (first: row 17, "13th of May")' in text
    assert 'try_strptime(\\"Invoice Date\\", ' in text  # the user's own column
    assert "source.max_quarantined" in text
    assert check(raw, max_quarantined=0.25).counts["quarantined"] == 5


def test_unreadable_numbers_are_named_with_a_cure_of_their_own():
    with pytest.raises(TableError) as error:
        check(
            orders(("a", "1", "2017-05-01", "5 pieces")),
            max_quarantined=0.1,
            columns={"orders": {"amount": "price"}},
        )
    assert 'amount is not a number (first: row 2, "5 pieces")' in str(error.value)
    assert "regexp_replace(CAST(price AS VARCHAR), " in str(error.value)
    assert "Dates are" not in str(error.value)


def test_a_table_of_nothing_but_bad_rows_stops_whatever_the_limit():
    with pytest.raises(TableError, match="1 of 1 rows"):
        check(orders(("a", "1", "x", 5.0)), max_quarantined=1.0)


@pytest.mark.slow
def test_guests_are_counted_outside_the_limit():
    guests = [(None, f"g{n}", "2017-05-01", 5.0) for n in range(97)]
    bad = [("a", "x", "never", 5.0), ("a", "y", "never", 5.0)]
    raw = orders(*guests, *good(8), *bad)
    result = check(raw, max_quarantined=0.2)
    assert result.counts["guests"] == 97
    assert result.counts["quarantined"] == 2
    with pytest.raises(TableError, match=r"2 of 10 rows \(20.00%\)"):
        check(raw, max_quarantined=0.19)


def test_visits_of_nobody_are_guests_too_and_objections_of_nobody_are_not():
    visit = {"customer_id": None, "event_time": "2017-05-01", "kind": "visit"}
    known = visit | {"customer_id": "a"}
    assert check(pd.DataFrame([visit, visit, known]), EVENTS).counts["guests"] == 2
    consent = {"customer_id": None, "channel": "all", "event_time": "2017-05-01", "granted": "no"}
    result = check(pd.DataFrame([consent, consent | {"customer_id": "a"}]), CONSENTS)
    assert reasons(result) == ["customer_id is missing"]


def test_data_without_a_single_customer_is_refused():
    raw = orders((None, "1", "2017-05-01", 5.0), ("  ", "2", "2017-05-01", 5.0))
    with pytest.raises(TableError, match="none of the 2 rows has a customer_id"):
        check(raw)


def test_future_dates_are_set_aside():
    now = datetime.now(UTC)
    ahead, just = now + timedelta(hours=1), now - timedelta(minutes=1)
    raw = orders(
        ("a", "1", ahead.isoformat(), 5.0),
        ("a", "2", just.isoformat(), 5.0),
        ("a", "3", "2999-01-01", 5.0),
        ("a", "4", "1969-12-31", 5.0),
        ("a", "5", "1970-01-02", 5.0),
        ("a", "6", "1970-01-01 03:00", 5.0),
    )
    result = check(raw)
    assert result.rows["order_id"].tolist() == ["2", "5"]
    assert reasons(result) == [
        "event_time is in the future",
        "event_time is in the future",
        "event_time is before 1970",
        "event_time is 1 January 1970, which systems write where there is no time",
    ]


def test_the_end_of_a_subscription_can_be_settled_before_it_comes():
    rows = [
        {"customer_id": "a", "subscription_id": "s", "started_at": start, "ended_at": end}
        for start, end in (("2017-05-01", "2098-01-01"), ("2999-01-01", "2999-02-01"))
    ]
    result = check(pd.DataFrame(rows), SUBSCRIPTIONS)
    assert result.rows["ended_at"].tolist() == [pd.Timestamp("2098-01-01")]
    assert reasons(result) == ["started_at is in the future"]


def test_all_tables_are_checked_by_their_name():
    raw = {
        "orders": orders(*good(1)),
        "events": pd.DataFrame(
            {"customer_id": ["c0"], "event_time": ["2017-05-01"], "kind": ["visit"]}
        ),
    }
    result = check_tables(raw, params())
    assert {name: table.counts["kept"] for name, table in result.items()} == {
        "orders": 1,
        "events": 1,
    }
