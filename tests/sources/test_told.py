"""What the CRM told the service, beside the rows of the company's own files."""

from dataclasses import replace

import pandas as pd
import pytest

from sources.params import SourceParams
from sources.tables.check_tables import check_tables
from sources.tables.told import with_told

PARAMS = SourceParams(kind="files")
LAST = "2026-02-10"  # the company's last order
ORDERS = pd.DataFrame(
    {
        "customer_id": ["a", "b", "a"],
        "order_id": ["1", "2", "3"],
        "event_time": ["2026-01-01", "2026-01-20", LAST],
        "amount": ["5", "6", "7"],
    }
)
CONTACTS = pd.DataFrame(
    {
        "customer_id": ["a", "b"],
        "contact_id": ["own-1", "own-2"],
        "event_time": ["2026-02-01", "2026-02-02"],
        "action_id": ["mail", "mail"],
        "channel": ["email", "email"],
        "arm": ["treated", "treated"],
        "responded": [None, "no"],
        "responded_at": [None, "2026-02-03"],
    }
)


def at(time, day="2026-02"):
    """`05 10:00` of February, as the store tells times."""
    date, _, clock = time.partition(" ")
    return f"{day}-{date}T{clock or '00:00'}:00.000000+00:00"


def contact(contact_id="c-1", when="05 09:00", known="05 10:00", **changes):
    row = {
        "customer_id": "a",
        "contact_id": contact_id,
        "event_time": at(when),
        "action_id": "mail",
        "channel": "email",
        "arm": "treated",
        "known_at": at(known),
    }
    return row | changes


def consent(granted, when="05 09:00", known="05 10:00", **changes):
    row = {"customer_id": "a", "channel": "email", "event_time": at(when), "known_at": at(known)}
    return row | {"granted": granted} | changes


def ticket(known="05 10:00", **changes):
    row = {"customer_id": "b", "ticket_id": "t-1", "opened_at": at("05 09:00")}
    return row | {"kind": "complaint", "known_at": at(known)} | changes


def answer(contact_id, customer="a", when="06 09:00", known="06 10:00", responded=True):
    row = {"customer_id": customer, "contact_id": contact_id, "responded": responded}
    return row | {"responded_at": at(when), "known_at": at(known)}


def merged(own=None, **told):
    return with_told(check_tables({"orders": ORDERS, **(own or {})}, PARAMS), told, PARAMS)


def rows(found, table):
    frame = found.tables[table].rows
    frame = frame.astype(object).where(frame.notna(), None)
    return frame.to_dict("records")


def test_a_table_that_the_source_lacks_is_made_of_what_was_told():
    found = merged(contacts=[contact()], tickets=[ticket()])
    assert found.only_told == ("contacts", "tickets")
    (row,) = rows(found, "contacts")
    assert row["event_time"] == pd.Timestamp("2026-02-05 09:00")
    assert row["known_at"] == pd.Timestamp("2026-02-05 10:00")
    assert "orders" in found.tables and not found.waiting and not found.unusable


def test_told_rows_stand_behind_the_companys_own_and_a_row_of_both_counts_once():
    repeated = contact("own-1", when="01 00:00")
    found = merged({"contacts": CONTACTS}, contacts=[repeated, contact("c-1"), contact("c-1")])
    assert found.only_told == ()
    assert [row["contact_id"] for row in rows(found, "contacts")] == ["own-1", "own-2", "c-1"]
    assert rows(found, "contacts")[0]["known_at"] is None  # the company's own row, as it was
    counts = found.tables["contacts"].counts
    assert (counts["rows_in"], counts["kept"], counts["duplicates"]) == (5, 3, 2)
    kept, lost = counts["kept"], counts["quarantined"] + counts["duplicates"] + counts["guests"]
    assert counts["rows_in"] == kept + lost


def test_an_answer_fills_the_contact_it_belongs_to_wherever_that_came_from():
    answers = [answer("own-1"), answer("c-1"), answer("own-2", "b"), answer("nobody's")]
    found = merged({"contacts": CONTACTS}, contacts=[contact("c-1")], responses=answers)
    by_id = {row["contact_id"]: row for row in rows(found, "contacts")}
    assert by_id["own-1"]["responded"] is True
    assert by_id["own-1"]["responded_at"] == pd.Timestamp("2026-02-06 09:00")
    assert by_id["c-1"]["responded"] is True
    # What the company's own file says stays.
    assert by_id["own-2"]["responded"] is False
    assert by_id["own-2"]["responded_at"] == pd.Timestamp("2026-02-03")
    assert found.waiting == {"responses": 1}


def test_the_answer_of_another_customer_is_none():
    found = merged({"contacts": CONTACTS}, responses=[answer("own-1", "b")])
    assert rows(found, "contacts")[0]["responded"] is None
    assert found.waiting == {"responses": 1}


@pytest.mark.slow
def test_what_is_told_days_later_is_known_only_then():
    late = answer("own-1", when="03 09:00", known="08 10:00")
    found = merged({"contacts": CONTACTS}, responses=[late])
    assert rows(found, "contacts")[0]["responded_at"] == pd.Timestamp("2026-02-08 10:00")
    told = [ticket(), ticket("09 12:00", closed_at=at("06 12:00"), csat=4.0)]
    (row,) = rows(merged(tickets=told), "tickets")
    assert row["known_at"] == pd.Timestamp("2026-02-05 10:00")
    assert (row["closed_at"], row["csat"]) == (pd.Timestamp("2026-02-09 12:00"), 4.0)


def test_a_row_that_contradicts_an_earlier_one_is_set_aside():
    found = merged(contacts=[contact(), contact(known="06 10:00", channel="phone")])
    assert [row["channel"] for row in rows(found, "contacts")] == ["email"]
    (reason,) = found.tables["contacts"].quarantine["reason"]
    assert reason.startswith("a row known earlier has the same contact_id")


def test_what_is_newer_than_the_data_waits_so_that_the_orders_do_not_seem_to_have_ended():
    there = contact("there", when="10 23:59", known="12 00:00")
    found = merged(contacts=[there, contact("newer", when="11 00:00", known="12 00:00")])
    assert [row["contact_id"] for row in rows(found, "contacts")] == ["there"]
    assert found.waiting == {"contacts": 1}
    assert merged(contacts=[contact("newer", when="20 00:00")]).tables.keys() == {"orders"}


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("told", "granted", "waiting"),
    [
        ([consent(False, "20 00:00")], [False], {}),
        ([consent(True, "20 00:00")], [], {"consents": 1}),
        ([consent(False, "20 00:00"), consent(True, "21 00:00")], [], {"consents": 2}),
        ([consent(True, "20 00:00"), consent(False, "21 00:00")], [False], {"consents": 1}),
    ],
)
def test_a_no_that_is_newer_than_the_data_counts_at_once(told, granted, waiting):
    found = merged(consents=told)
    assert found.waiting == waiting
    words = rows(found, "consents") if "consents" in found.tables else []
    assert [row["granted"] for row in words] == granted
    assert all(row["event_time"] == pd.Timestamp(f"{LAST} 23:59:59") for row in words)
    assert all(row["known_at"] == pd.Timestamp(f"{LAST} 23:59:59") for row in words)


def test_the_same_word_in_both_counts_once_whichever_columns_the_file_has():
    own = pd.DataFrame(
        {
            "customer_id": ["a"],
            "channel": ["email"],
            "event_time": ["2026-02-05 09:00"],
            "granted": ["no"],
        }
    )
    told = [consent(False), consent(False, purpose="marketing")]
    found = merged({"consents": own}, consents=told)
    assert [row["purpose"] for row in rows(found, "consents")] == [None, "marketing"]


@pytest.mark.slow
def test_what_cannot_be_used_stops_nothing_and_is_shown():
    damaged = contact(customer_id="1.7E+15")
    found = merged(contacts=[damaged])
    assert "contacts" not in found.tables
    assert "customer_id" in found.unusable["contacts"]["reason"][0]
    found = merged({"contacts": CONTACTS}, contacts=[damaged])
    assert len(found.tables["contacts"].rows) == 2
    assert found.tables["contacts"].counts["quarantined"] == 1
    assert len(found.tables["contacts"].quarantine) == 1


def test_nothing_told_changes_nothing():
    checked = check_tables({"orders": ORDERS, "contacts": CONTACTS}, PARAMS)
    assert with_told(checked, {}, PARAMS).tables == checked


def order(order_id="4", when="05 09:00", known="05 10:00", **changes):
    row = {"customer_id": "b", "order_id": order_id, "event_time": at(when), "amount": 8.0}
    return row | {"known_at": at(known), "is_event": True} | changes


def bought(found):
    return [(row["order_id"], row["amount"]) for row in rows(found, "orders")]


OWN = [("1", 5.0), ("2", 6.0), ("3", 7.0)]


def test_an_order_that_was_told_counts_once_beside_the_companys_own():
    own = order("2", event_time=at("20 00:00", "2026-01"))
    found = merged(orders=[order(), own])
    assert bought(found) == [*OWN, ("4", 8.0)]
    assert "known_at" not in found.tables["orders"].rows  # as the company's own
    counts = found.tables["orders"].counts
    assert (counts["rows_in"], counts["kept"], counts["duplicates"]) == (5, 4, 1)


def test_equal_lines_of_one_request_are_two_lines_and_told_again_the_same_two():
    again = [order(known="06 10:00"), order(known="06 10:00"), order(known="06 10:00", amount=-8.0)]
    found = merged(orders=[order(), order(), *again])
    assert bought(found) == [*OWN, ("4", 8.0), ("4", 8.0), ("4", -8.0)]  # and what was sent back


def test_orders_that_are_newer_than_the_export_wait_for_it():
    found = merged(orders=[order(when="11 00:00")])
    assert bought(found) == OWN
    assert found.waiting == {"orders": 1}


def test_orders_of_who_has_subscriptions_alone_are_set_aside():
    checked = check_tables({"orders": ORDERS}, PARAMS)
    derived = {"orders": replace(checked["orders"], made_of="one payment a month")}
    found = with_told(derived, {"orders": [order()]}, PARAMS)
    assert bought(found) == OWN
    assert "payments made of subscriptions" in found.unusable["orders"]["reason"][0]


def test_a_visit_that_was_told_is_a_row_of_events():
    visit = {"customer_id": "a", "event_time": at("05 09:00"), "kind": "visit"}
    visit |= {"known_at": at("05 10:00"), "is_event": True}
    found = merged(events=[visit, visit | {"known_at": at("06 10:00")}])
    (row,) = rows(found, "events")
    assert (row["kind"], row.get("known_at")) == ("visit", None)
