"""Overrides: beside what the model says, with a reason, until a day; logged, and to be ended."""

import datetime as dt
import json

import pytest
from sqlalchemy import select, update

from serving.people.keys import create_key
from serving.store.errors import DoNotContactError
from serving.store.page_tables import overrides
from serving.store.people_tables import audit_log
from serving.store.publishing import publish
from serving.work.erasure import erase
from serving.work.overrides import not_to_be_contacted, overrides_of
from serving.work.task_rules import Asked
from serving.work.task_writing import Moved
from serving.work.tasks import move
from tests.each import check_each
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.guarded import bearer
from tests.serving.releases import card_row, write_release
from tests.serving.working import NOW, clock  # noqa: F401

TODAY = NOW.date()
PATH = "/v1/customers/1/overrides"


def day(days):
    return (TODAY + dt.timedelta(days=days)).isoformat()


HOLIDAY = {"kind": "not_leaving", "reason": " On holiday ", "expires_on": day(30)}


@pytest.fixture
def store(engine, tmp_path, clock):  # noqa: F811
    rows = [card_row("1", owner="anna"), card_row("2", owner="boris")]
    publish(write_release(tmp_path / "r", rows), engine, keep=2)
    return engine


@pytest.fixture
def asked(store):
    with Running(store) as running:
        yield running


def post(service, content, path=PATH, **headers):
    named = {"Content_Type": "application/json", **headers}
    return service.get(path, "POST", json.dumps(content).encode(), **named)


def held(store, *customers):
    with store.connect() as connection:
        return overrides_of(connection, customers)


@pytest.mark.slow
def test_an_override_stands_beside_the_card_and_changes_nothing_of_it(asked):
    before = asked.get("/v1/customers/1").json()
    made = post(asked, HOLIDAY)
    assert made.status == 201
    told = made.json()
    assert (told["kind"], told["reason"], told["is_active"]) == ("not_leaving", "On holiday", True)
    assert told["made_by"] == "this machine"
    assert asked.get(PATH).json() == {"customer_id": "1", "overrides": [told]}
    assert asked.get("/v1/customers/1/timeline").json()["overrides"] == [told]
    assert asked.get("/v1/customers/1").json() == before


@pytest.mark.slow
def test_it_is_ended_by_hand_once_and_stays_in_the_history(asked, store):
    number = post(asked, HOLIDAY).json()["number"]
    ended = asked.get(f"{PATH}/{number}/end", "POST")
    assert ended.status == 200
    assert not ended.json()["is_active"] and ended.json()["ended_by"] == "this machine"
    assert asked.get(f"{PATH}/{number}/end", "POST").json() == ended.json()
    assert asked.get(PATH).json()["overrides"] == [ended.json()]
    assert held(store, "1", "2") == {}
    with store.connect() as connection:
        entries = connection.execute(select(audit_log.c.what, audit_log.c.about)).all()
    assert [entry.what for entry in entries] == [
        f"made override {number}: not_leaving",
        f"ended override {number}: not_leaving",
    ]
    assert all(entry.about.startswith("customer ") for entry in entries)
    assert '"1"' not in str([entry.about for entry in entries])


@pytest.mark.slow
def test_another_one_of_the_same_kind_takes_its_place_and_others_stand_beside_it(asked, store):
    post(asked, HOLIDAY)
    post(asked, {"kind": "level", "level": "partnership", "reason": "a", "expires_on": day(365)})
    post(asked, {**HOLIDAY, "reason": "Back later"})
    found = held(store, "1")["1"]
    assert [(one.kind, one.level, one.reason) for one in found] == [
        ("level", "partnership", "a"),
        ("not_leaving", None, "Back later"),
    ]
    told = asked.get(PATH).json()["overrides"]
    assert [one["is_active"] for one in told] == [True, True, False]


@pytest.mark.slow
def test_a_customer_never_leaves_and_stays_at_once(asked, store):
    for kind, before in (("leaving", "not_leaving"), ("not_leaving", "leaving")):
        post(asked, {**HOLIDAY, "kind": before})
        post(asked, {**HOLIDAY, "kind": kind})
        assert [one.kind for one in held(store, "1")["1"]] == [kind]
    (*_, ended, _first) = asked.get(PATH).json()["overrides"]
    assert ended["ended_by"] == "this machine"


@pytest.mark.slow
def test_it_holds_up_to_its_last_day_and_no_longer(asked, store):
    number = post(asked, {**HOLIDAY, "expires_on": day(0)}).json()["number"]
    assert held(store, "1")["1"][0].number == number
    with store.begin() as connection:
        yesterday = TODAY - dt.timedelta(days=1)
        connection.execute(update(overrides).values(expires_on=yesterday))
    assert held(store, "1") == {}
    (told,) = asked.get(PATH).json()["overrides"]
    assert not told["is_active"] and told["ended_at"] is None


def test_only_the_one_against_contacts_forbids_a_contact(asked, store):
    post(asked, HOLIDAY)
    assert not_to_be_contacted(held(store, "1")["1"]) is None
    post(asked, {**HOLIDAY, "kind": "no_contact", "reason": "In mourning"})
    assert not_to_be_contacted(held(store, "1")["1"]).reason == "In mourning"


@pytest.mark.slow
def test_while_nobody_is_to_contact_a_customer_nobody_can_have_done_it(asked, store):
    def done():
        (result,) = move(store, "user anna", [Asked("done", "1", 0)])
        return result

    number = post(asked, {**HOLIDAY, "kind": "no_contact", "reason": "In mourning"}).json()[
        "number"
    ]
    assert isinstance(done().error, DoNotContactError)
    assert "up to" in str(done().error)
    asked.get(f"{PATH}/{number}/end", "POST")
    assert isinstance(done(), Moved)


@pytest.mark.slow
def test_what_is_not_complete_is_refused_with_what_is_wrong(asked, store):
    def refused(content, name):
        told = problem(post(asked, content), "invalid-parameters")
        assert any(name in error["parameter"] + error["problem"] for error in told["errors"])

    check_each(
        [
            ({**HOLIDAY, "reason": "  "}, "reason"),
            ({**HOLIDAY, "reason": "x" * 1_001}, "reason"),
            ({"kind": "leaving", "expires_on": day(3)}, "reason"),
            ({**HOLIDAY, "expires_on": day(-1)}, "expires_on"),
            ({**HOLIDAY, "expires_on": day(366)}, "expires_on"),
            ({**HOLIDAY, "kind": "gone"}, "kind"),
            ({**HOLIDAY, "kind": "level"}, "level"),
            ({**HOLIDAY, "level": "basic"}, "level"),
        ],
        refused,
    )
    assert held(store, "1") == {}


@pytest.mark.slow
def test_a_customer_or_override_that_is_not_there_is_not_found(asked):
    problem(post(asked, HOLIDAY, "/v1/customers/3/overrides"), "customer-not-found")
    problem(asked.get("/v1/customers/3/overrides"), "customer-not-found")
    number = post(asked, HOLIDAY).json()["number"]
    problem(asked.get(f"/v1/customers/2/overrides/{number}/end", "POST"), "override-not-found")


@pytest.mark.slow
def test_only_who_works_with_a_customer_may_say_so(store):
    reads = create_key(store, "r", ["cards:read"])[1]
    writes = create_key(store, "w", ["cards:read", "work:write"], owners=["boris"])[1]
    with Running(store) as service:
        problem(post(service, HOLIDAY, **bearer(reads)), "not-allowed")
        problem(post(service, HOLIDAY, **bearer(writes)), "customer-not-found")
        assert post(service, HOLIDAY, "/v1/customers/2/overrides", **bearer(writes)).status == 201
        problem(service.get(f"{PATH}/1/end", "POST", **bearer(writes)), "customer-not-found")


@pytest.mark.slow
def test_other_methods_at_its_address_erase_nobody(asked):
    answer = asked.get(PATH, "DELETE")
    assert problem(answer, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert asked.get("/v1/customers/1").status == 200


@pytest.mark.slow
def test_it_goes_with_the_customer(asked, store):
    post(asked, HOLIDAY)
    erase(store, "1", "command")
    with store.connect() as connection:
        assert connection.execute(select(overrides)).all() == []
