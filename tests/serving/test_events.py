"""What customers did, told as it happens: kept once, durably, and read back by the next run."""

import json

import pytest
from sqlalchemy import select

from serving.people.keys import create_key
from serving.store.publishing import publish
from serving.store.work_tables import outcomes
from serving.work.erasure import erase
from serving.work.outcomes import read_told
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.releases import card_row, write_release

SENT = "2026-02-03T01:00:00+03:00"  # the second of February in UTC
ORDER = {"order_id": "A-1", "event_time": SENT, "amount": 24.5, "category": "tea"}
VISIT = {"event_time": SENT, "kind": "visit"}


def bought(customer="00001", *orders, **tables):
    own = ORDER if customer == "00001" else ORDER | {"order_id": f"A-{customer}"}
    return {"customer_id": customer, "orders": list(orders or [own]), **tables}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    rows = [card_row("00001", owner="Anna"), card_row("00002", owner="Boris")]
    return write_release(tmp_path_factory.mktemp("r") / "release", rows)


@pytest.fixture
def published(engine, release):
    publish(release, engine, keep=2)
    return engine


@pytest.fixture
def asked(published):
    with Running(published) as running:
        yield running


def post(service, *customers, key="k-1", **headers):
    body = customers[0] if isinstance(customers[0], bytes) else {"customers": customers}
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content_Type": "application/json", **({"Idempotency_Key": key} if key else {})}
    return service.get("/v1/events", "POST", body, **named | headers)


def kept(engine):
    with engine.connect() as connection:
        found = connection.execute(select(outcomes).order_by(outcomes.c.number))
        return [(row.customer_id, row.table_name, str(row.event_day)) for row in found]


@pytest.mark.slow
def test_rows_are_kept_once_and_read_back_by_table(asked, published):
    answer = post(asked, bought("00001", ORDER, ORDER, events=[VISIT]), bought("new"))
    assert answer.status == 201, answer.text
    assert answer.json()["events"] == 4
    again = post(asked, bought("00001", ORDER, ORDER, events=[VISIT]), bought("new"))
    assert again.json() == answer.json()
    problem(post(asked, bought("new")), "idempotency-key-reused")
    day = "2026-02-02"
    assert kept(published) == [
        *[("00001", "orders", day)] * 2,
        ("00001", "events", day),
        ("new", "orders", day),
    ]
    told = read_told(published, {"company": "anyone"})
    assert told.watermark == answer.json()["request"]
    order = told.rows["orders"][0]
    assert order.pop("is_event") and order.pop("known_at")
    utc = "2026-02-02T22:00:00.000000+00:00"
    assert order == ORDER | {"customer_id": "00001", "event_time": utc}
    assert len(told.rows["orders"]) == 3 and len(told.rows["events"]) == 1


@pytest.mark.slow
def test_who_was_erased_or_objects_is_refused_and_an_erasure_takes_the_rows(asked, published):
    assert post(asked, bought("00001"), bought("00002")).status == 201
    receipt = erase(published, "00001", "somebody")
    assert receipt.other_rows == 1
    assert [who for who, *_ in kept(published)] == ["00002"]
    objection = {"kind": "consent", "customer_id": "00002", "channel": "all", "granted": False}
    objection |= {"purpose": "profiling", "event_time": SENT}
    sent = {"Content_Type": "application/json", "Idempotency_Key": "o"}
    told = asked.get("/v1/outcomes", "POST", json.dumps(objection), **sent)
    assert told.status == 201
    for number, who in enumerate(("00001", "00002")):
        content = problem(post(asked, bought(who), key=f"n{number}"), "customer-not-found")
        assert "Nothing was kept" in content["detail"]
    assert [table for _, table, _ in kept(published)] == ["orders", "consents"]


@pytest.mark.slow
def test_a_key_tells_of_the_customers_of_its_own_list_alone(asked, published):
    _, key = create_key(published, "shop", ["events:write"], owners=["Anna"])
    _, reader = create_key(published, "reader", ["cards:read"])
    named = {"Authorization": f"Bearer {key}"}
    problem(post(asked, bought("00001"), bought("00002"), **named), "customer-not-found")
    problem(post(asked, bought("new"), **named), "customer-not-found")
    assert kept(published) == []
    assert post(asked, bought("00001"), **named).status == 201
    named = {"Authorization": f"Bearer {reader}"}
    assert post(asked, bought("00001"), **named).status == 403


WRONG = {
    "nobody": {"customers": []},
    "nothing": {"customers": [{"customer_id": "1"}]},
    "no order": {"customers": [{"customer_id": "1", "orders": [], "events": []}]},
    "a currency": {"customers": [bought("1", ORDER | {"currency": "USD"})]},
    "a contact": {"customers": [bought("1", contacts=[])]},
    "attributes": {"customers": [bought("1", customers={"attributes": {}})]},
    "no offset": {"customers": [bought("1", ORDER | {"event_time": "2026-02-03T01:00:00"})]},
    "the future": {"customers": [bought("1", ORDER | {"event_time": "2999-01-01T00:00:00Z"})]},
    "no id": {"customers": [{"orders": [ORDER]}]},
}


def test_what_is_no_event_is_refused_as_a_whole(asked, published):
    for body in WRONG.values():
        problem(post(asked, json.dumps(body).encode()), "invalid-parameters")
    problem(post(asked, bought(), key=None), "bad-request")
    line = ORDER | {"line_id": "1"}
    problem(post(asked, bought("1", line, line)), "invalid-history")
    assert kept(published) == []
