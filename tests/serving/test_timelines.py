"""What is known of a customer beside the card: from histories, and from what was told since."""

import datetime as dt
import json

import pytest
from sqlalchemy import select

from serving.people.keys import create_key
from serving.store.publishing import publish
from serving.store.tables import CONTACT_DETAILS, release_parts
from serving.store.versions import read_parts
from serving.work.erasure import erase
from serving.work.kinds import Complaint, Consent, Contact, Response
from serving.work.outcomes import tell
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.customer_tables import BARE, EMAIL, KNOWN, LAST, PHONE, at, release_of, tables
from tests.serving.guarded import bearer
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row, write_release


def told_of(service, who=KNOWN, **query):
    more = "".join(f"&{name}={value}" for name, value in query.items())
    answer = service.get(f"/v1/customers/{who}/timeline?language=en{more}")
    assert answer.status == 200, answer.text
    return answer.json()


def kept_details(store):
    """The phone of everybody in the store, of whichever release."""
    kind = release_parts.c.kind == CONTACT_DETAILS
    with store.connect() as connection:
        numbers = connection.scalars(select(release_parts.c.number).where(kind).distinct()).all()
        parts = [read_parts(connection, number, CONTACT_DETAILS) for number in numbers]
    return {row["customer_id"]: row["phone"] for part in parts for row in part.to_pylist()}


def utc(time):
    return time.replace(tzinfo=dt.UTC)


@pytest.mark.slow
def test_spend_by_month_counts_refunds_and_the_months_without_any(asked):
    months = told_of(asked)["months"]
    assert [(one["month"], one["orders"], one["amount"]) for one in months] == [
        ("2024-08-01", 1, 60.0),
        ("2024-09-01", 1, 20.0),
        ("2024-10-01", 0, -45.0),
    ]


@pytest.mark.slow
def test_events_are_counted_by_month_and_kind(asked):
    events = [tuple(one.values()) for one in told_of(asked)["events"]]
    assert events == [
        ("2024-08-01", "visit", 2),
        ("2024-09-01", "email_open", 1),
        ("2024-09-01", "visit", 1),
    ]


@pytest.mark.slow
def test_open_tickets_come_first_and_then_the_newest(asked):
    tickets = told_of(asked)["tickets"]
    found = [(one["ticket_id"], one["is_open"], one["is_complaint"]) for one in tickets]
    assert found == [("t2", True, True), ("t3", False, True), ("t1", False, False)]
    assert [one["csat"] for one in tickets] == [None, 1.0, 4.0]


@pytest.mark.slow
def test_answers_and_contacts_come_newest_first(asked):
    told = told_of(asked)
    assert [one["score"] for one in told["answers"]] == [2.0, 3.0, 9.0]
    found = [(one["contact_id"], one["arm"], one["responded"]) for one in told["contacts"]]
    assert found == [("c2", "holdout", None), ("c1", "treated", True)]
    assert told["contacts"][0]["action"] == "Check-in e-mail"


@pytest.mark.slow
def test_of_consents_the_newest_answer_on_each_channel_is_told(asked):
    found = [(c["channel"], c["purpose"], c["granted"]) for c in told_of(asked)["consents"]]
    assert found == [("email", None, False), ("phone", "marketing", True)]


@pytest.mark.slow
def test_contacts_that_were_held_back_count_against_the_limit_as_in_the_plan(asked):
    assert told_of(asked)["contact_pressure"] == {
        "counted_as_of": AS_OF.isoformat(),
        "days": 30,
        "contacts": 1,
        "most": 2,
        "quiet_days": 7,
        "quiet_until": (AS_OF + dt.timedelta(days=2)).isoformat(),
    }


@pytest.mark.slow
def test_what_was_told_since_is_there_at_once_and_marked(asked, store):
    def of(kind, **cells):
        return kind(kind=kind.__name__.lower(), customer_id=KNOWN, **cells)

    made = {"event_time": utc(at(2)), "action_id": "check_in_email", "channel": "email"}
    told = [
        of(Contact, contact_id="c3", **made),
        of(Response, contact_id="c2", responded_at=utc(at(3))),
        of(Consent, channel="phone", event_time=utc(at(3)), granted=False, purpose="marketing"),
        of(Complaint, ticket_id="t2", opened_at=utc(at(-100)), closed_at=utc(at(1))),
    ]
    tell(store, told, "k", "key crm")
    found = told_of(asked)
    contacts = [(one["contact_id"], one["is_new"], one["responded"]) for one in found["contacts"]]
    assert contacts == [("c3", True, None), ("c2", False, True), ("c1", False, True)]
    phone = next(one for one in found["consents"] if one["channel"] == "phone")
    assert (phone["granted"], phone["is_new"]) == (False, True)
    assert not any(one["is_open"] for one in found["tickets"])
    pressure = found["contact_pressure"]
    assert (pressure["contacts"], pressure["most"]) == (2, 2)
    assert pressure["counted_as_of"] == (AS_OF + dt.timedelta(days=3)).isoformat()
    assert pressure["quiet_until"] == (AS_OF + dt.timedelta(days=9)).isoformat()


@pytest.mark.slow
def test_a_table_without_rows_of_the_customer_is_empty_and_one_that_is_not_there_is_null(
    engine, tmp_path
):
    few = {name: rows for name, rows in tables().items() if name not in ("tickets", "consents")}
    publish(release_of(tmp_path / "few", histories=few), engine, keep=1)
    with Running(engine) as service:
        told = told_of(service, BARE)
    assert told["has_history"]
    assert (told["tickets"], told["consents"]) == (None, None)
    assert (told["contacts"], told["answers"], told["events"]) == ([], [], [])
    assert [one["amount"] for one in told["months"]] == [5.0, 0.0]


def test_a_release_without_histories_tells_months_without_refunds_and_says_so(service):
    told = told_of(service, "00001")
    assert not told["has_history"] and not told["has_refunds"]
    assert told["months"][-1]["month"] == "2024-10-01"
    assert sum(one["amount"] for one in told["months"]) == 61.5
    assert told["events"] is told["tickets"] is told["contacts"] is None


@pytest.mark.slow
def test_phone_and_email_are_told_on_the_timeline_of_the_customer_alone(asked):
    told = told_of(asked)
    assert (told["phone"], told["email"]) == (PHONE, EMAIL)
    assert told_of(asked, BARE)["phone"] is None
    elsewhere = (
        f"/v1/customers/{KNOWN}?purchases=true",
        f"/v1/customers/{KNOWN}/explain",
        f"/v1/customers/{KNOWN}/history",
        "/v1/at-risk?limit=1000",
        "/v1/at-risk/export?format=ndjson",
        "/v1/at-risk?format=excel",
        "/v1/releases/current",
        "/",
    )
    for target in elsewhere:
        answer = asked.get(target)
        assert answer.status == 200
        assert EMAIL not in answer.text and PHONE not in answer.text, target


@pytest.mark.slow
def test_phone_and_email_go_with_the_customer_and_with_the_release(asked, store, tmp_path):
    assert kept_details(store) == {KNOWN: PHONE, LAST: "0"}
    erase(store, KNOWN, "command")
    problem(asked.get(f"/v1/customers/{KNOWN}/timeline"), "customer-not-found")
    assert kept_details(store) == {LAST: "0"}
    assert told_of(asked, LAST)["phone"] == "0"
    publish(write_release(tmp_path / "next", [card_row(LAST)]), store, keep=3)
    assert told_of(asked, LAST)["phone"] is None
    assert kept_details(store) == {}


@pytest.mark.slow
def test_who_does_not_see_a_customer_is_told_nothing(engine, tmp_path):
    rows = [card_row(KNOWN, owner="anna"), card_row(LAST, owner="boris")]
    publish(release_of(tmp_path / "owned", rows), engine, keep=1)
    key = create_key(engine, "a", ["cards:read"], owners=["boris"])[1]
    with Running(engine) as service:
        for end in ("timeline", "history", "overrides"):
            answer = service.get(f"/v1/customers/{KNOWN}/{end}", **bearer(key))
            problem(answer, "customer-not-found")
            assert EMAIL not in answer.text
            assert service.get(f"/v1/customers/{LAST}/{end}", **bearer(key)).status == 200


@pytest.mark.slow
def test_the_risk_over_releases_marks_where_another_model_began(engine, tmp_path):
    for number, (risk, model) in enumerate(((0.2, "a"), (0.2, "a"), (0.5, "b"), (None, "b"))):
        row = card_row("1", churn_risk=risk, model_version=model)
        if risk is None:
            row |= {"status": "already_churned", "risk_rank": None, "risk_band": None}
        day = AS_OF + dt.timedelta(days=14 * number)
        made = write_release(
            tmp_path / str(number),
            [row, card_row("2", model_version=model)],
            as_of=day,
            release_id=f"r{number}",
        )
        publish(made, engine, keep=9)
    with Running(engine) as service:
        told = service.get("/v1/customers/1/history").json()["risk_history"]
        found = [(one["release_id"], one["churn_risk"], one["is_new_model"]) for one in told]
        assert found == [
            ("r0", 0.2, False),
            ("r1", 0.2, False),
            ("r2", 0.5, True),
            ("r3", None, False),
        ]
        earlier = service.get("/v1/customers/1/history?release=r1").json()["risk_history"]
        assert earlier == told[:2]
        assert json.loads(service.get("/v1/customers/1/timeline").body)["risk_history"] == told
