"""What a CRM tells is kept once, durably, through every publish, and read back."""

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import func, select

from core.errors import NoReleaseError
from serving.store.database import MIGRATIONS, open_store, upgrade
from serving.store.errors import CustomerNotFoundError, IdempotencyKeyReusedError
from serving.store.publishing import publish
from serving.store.visible import only_of
from serving.store.work_tables import outcomes
from serving.work.kinds import Complaint, Consent, Contact
from serving.work.outcomes import read_told, tell
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.releases import card_row, company, write_release

SENT = "2026-02-03T10:00:00+03:00"
CONTACT = {
    "kind": "contact",
    "customer_id": "00001",
    "contact_id": "c-1",
    "event_time": SENT,
    "action_id": "check_in_email",
    "channel": "email",
}
CONSENT = {
    "kind": "consent",
    "customer_id": "00002",
    "channel": "email",
    "granted": False,
    "event_time": SENT,
}
COMPLAINT = {"kind": "complaint", "customer_id": "00003", "ticket_id": "t-1", "opened_at": SENT}
ELSEWHERE = {"kind": "purchase_elsewhere", "customer_id": "4", "event_time": SENT, "amount": 30.5}
ANSWER = {
    "kind": "response",
    "customer_id": "00001",
    "contact_id": "c-1",
    "responded_at": "2026-02-04T00:00:00Z",
}
ALL = [CONTACT, CONSENT, COMPLAINT, ELSEWHERE, ANSWER]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return write_release(tmp_path_factory.mktemp("r") / "release", [card_row("00001")])


@pytest.fixture
def published(engine, release):
    publish(release, engine, keep=2)
    return engine


@pytest.fixture
def asked(published):
    with Running(published) as running:
        yield running


def post(service, content, key="k-1", **headers):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    named = {"Content_Type": "application/json", **({"Idempotency_Key": key} if key else {})}
    return service.get("/v1/outcomes", "POST", body, **named | headers)


def count(engine):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(outcomes))


@pytest.mark.slow
def test_what_was_told_is_read_back_by_table_with_the_time_it_came(asked, published):
    answer = post(asked, ALL)
    assert answer.status == 201, answer.text
    assert answer.json()["outcomes"] == len(ALL)
    told = read_told(published, {"company": "anyone"})
    assert told.watermark == answer.json()["request"]
    received = {row.pop("known_at") for rows in told.rows.values() for row in rows}
    assert [time.replace("+00:00", "Z") for time in received] == [answer.json()["received_at"]]
    utc = "2026-02-03T07:00:00.000000+00:00"
    contact = {name: cell for name, cell in CONTACT.items() if name != "kind"}
    consent = {name: cell for name, cell in CONSENT.items() if name != "kind"}
    assert told.rows == {
        "contacts": [contact | {"event_time": utc, "arm": "treated"}],
        "consents": [consent | {"event_time": utc}],
        "tickets": [
            {"customer_id": "00003", "ticket_id": "t-1", "opened_at": utc, "kind": "complaint"}
        ],
        "events": [
            {"customer_id": "4", "event_time": utc, "kind": "purchase_elsewhere", "value": 30.5}
        ],
        "responses": [
            {
                "customer_id": "00001",
                "contact_id": "c-1",
                "responded": True,
                "responded_at": "2026-02-04T00:00:00.000000+00:00",
            }
        ],
    }


CHANCES = {
    "propensity": 0.0,
    "action_propensity": 0.98,
    "contact_propensity": 0.0,
    "persistent_control": True,
    "is_exploration": False,
}


@pytest.mark.slow
def test_a_contact_says_by_which_chance_it_was_made_or_withheld(asked, published):
    assert post(asked, CONTACT | CHANCES | {"arm": "holdout"}).status == 201
    (row,) = read_told(published, {"company": "anyone"}).rows["contacts"]
    assert {name: row[name] for name in CHANCES} == CHANCES


@pytest.mark.slow
def test_the_same_key_with_the_same_outcomes_is_answered_alike_and_told_once(asked, published):
    first = post(asked, [CONTACT, CONSENT])
    turned = [dict(reversed(one.items())) for one in (CONTACT, CONSENT)]
    again = post(asked, json.dumps(turned, indent=2).encode())
    assert (again.status, again.body) == (first.status, first.body)
    assert count(published) == 2
    content = problem(post(asked, [CONTACT]), "idempotency-key-reused")
    assert "k-1" in content["detail"]
    assert post(asked, CONTACT, key="k-2").json()["request"] > first.json()["request"]
    assert count(published) == 3


@pytest.mark.slow
def test_at_once_under_one_key_is_told_once(published):
    told = [Contact.model_validate_json(json.dumps(CONTACT))]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tell(published, told, "k", "crm"), range(16)))
    assert len({answer.request for answer in answers}) == 1
    assert count(published) == 1


@pytest.mark.slow
def test_publishing_keeps_what_was_told(published, tmp_path):
    tell(published, [Consent.model_validate_json(json.dumps(CONSENT))], "k", "crm")
    for number in range(3):
        rows = company(3, seed=number)
        publish(write_release(tmp_path / f"r{number}", rows), published, keep=2)
    assert read_told(published, {}).rows["consents"][0]["customer_id"] == "00002"


@pytest.mark.slow
def test_customers_of_another_company_are_not_ours(engine, tmp_path):
    source = {"description": "files x", "files": {}, "company": "files x"}
    publish(write_release(tmp_path / "x", [card_row("1")], source=source), engine, keep=2)
    tell(engine, [Complaint.model_validate_json(json.dumps(COMPLAINT))], "k", "crm")
    assert list(read_told(engine, {"company": "files x"}).rows) == ["tickets"]
    other = read_told(engine, {"company": "files y"})
    assert (other.rows, other.others) == ({}, 1)


def test_without_a_store_nothing_was_told_and_without_a_release_nothing_can_be(engine, tmp_path):
    nowhere = open_store(f"sqlite:///{tmp_path}/none.sqlite3", create=False)
    assert read_told(nowhere, {}).rows == {}
    upgrade(engine)
    for store in (nowhere, engine):
        with pytest.raises(NoReleaseError):
            tell(store, [Contact.model_validate_json(json.dumps(CONTACT))], "k", "crm")


def test_a_store_of_older_code_was_told_nothing(engine):
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    assert read_told(engine, {}).rows == {}


@pytest.mark.slow
def test_each_caller_has_keys_of_its_own(published):
    told = [Contact.model_validate_json(json.dumps(CONTACT))]
    requests = {tell(published, told, "k", who).request for who in ("crm", "shop", "crm")}
    assert len(requests) == 2


@pytest.mark.slow
def test_who_sees_some_customers_tells_of_these_alone(engine, tmp_path):
    rows = [card_row("00001", owner="Anna"), card_row("00002", owner="Boris")]
    publish(write_release(tmp_path / "r", rows), engine, keep=2)
    annas = only_of(engine, ["Anna"])
    ours = Contact.model_validate_json(json.dumps(CONTACT))
    other = Consent.model_validate_json(json.dumps(CONSENT))
    with pytest.raises(CustomerNotFoundError, match="'00002'"):
        tell(annas, [ours, other], "k", "crm")
    assert count(engine) == 0
    tell(annas, [ours], "k", "crm")
    assert count(engine) == 1


@pytest.mark.slow
def test_a_reused_key_keeps_what_it_came_with(published):
    first = Consent.model_validate_json(json.dumps(CONSENT))
    tell(published, [first], "k", "crm")
    with pytest.raises(IdempotencyKeyReusedError):
        tell(published, [first.model_copy(update={"granted": True})], "k", "crm")
    assert [row["granted"] for row in read_told(published, {}).rows["consents"]] == [False]


WRONG = {
    "an unknown field": CONTACT | {"colour": "red"},
    "an unknown kind": CONTACT | {"kind": "wish"},
    "no kind": {name: cell for name, cell in CONTACT.items() if name != "kind"},
    "a missing field": {"kind": "complaint", "customer_id": "1", "ticket_id": "t"},
    "a number for a text": CONTACT | {"customer_id": 17},
    "a text for a yes": CONSENT | {"granted": "no"},
    "a time without offset": CONTACT | {"event_time": "2026-02-03T10:00:00"},
    "a time as a number": CONTACT | {"event_time": 1_770_000_000},
    "the future": CONTACT | {"event_time": "2999-01-01T00:00:00Z"},
    "the epoch": CONTACT | {"event_time": "1970-01-01T00:00:00Z"},
    "an empty id": CONTACT | {"customer_id": ""},
    "a blank at the end": CONTACT | {"customer_id": "1 "},
    "a NUL": CONTACT | {"customer_id": "a\x00b"},
    "a line break": CONTACT | {"channel": "em\nail"},
    "a long id": CONTACT | {"contact_id": "x" * 501},
    "an unknown arm": CONTACT | {"arm": "control"},
    "a contact made without a chance": CONTACT | {"arm": "treated", "propensity": 0},
    "more than certain": CONTACT | {"action_propensity": 1.5},
    "a negative cost": CONTACT | {"cost": -1},
    "an answer without its time": CONTACT | {"responded": True},
    "a grade of an open ticket": COMPLAINT | {"csat": 4},
    "no outcome": [],
    "a list in a list": [[CONTACT]],
    "too many": [CONTACT] * 10_001,
    "NaN": json.dumps(CONTACT | {"cost": float("nan")}).encode(),
    "1e999": json.dumps(CONTACT | {"cost": 0}).replace("0}", "1e999}").encode(),
    "a lone surrogate": json.dumps(CONTACT | {"customer_id": "\ud800"}).encode(),
    "bytes that are no text": b'{"kind": "\xff"}',
    "deep nesting": b"[" * 200_000,
    "half a body": json.dumps(CONTACT).encode()[:-4],
    "nothing": b"",
}


@pytest.mark.slow
@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_what_cannot_be_used_is_refused_as_a_whole(wrong_asked, content):
    body = [CONTACT, content] if isinstance(content, dict) else content
    answer = post(wrong_asked, body)
    problem(answer, "invalid-parameters")


@pytest.fixture(scope="module")
def wrong_asked(new_store_url, release):
    engine = open_store(new_store_url("sqlite"))
    publish(release, engine, keep=2)
    with Running(engine) as running:
        yield running
    assert count(engine) == 0
    engine.dispose()


def test_what_is_no_request_of_this_address_is_refused(wrong_asked):
    problem(post(wrong_asked, CONTACT, key=None), "bad-request")
    for key in ("", "x" * 201, "a\tb"):
        problem(post(wrong_asked, CONTACT, key=key or " "), "bad-request")
    problem(post(wrong_asked, CONTACT, Content_Type="text/plain"), "unsupported-media-type")
    problem(post(wrong_asked, b" " * 10_000_000), "body-too-large")
    content = wrong_asked.get("/v1/outcomes")
    problem(content, "method-not-allowed")
    assert content.headers["allow"] == "POST"
    answer = wrong_asked.get("/v1/outcomes?x=1", "POST", b"{}", Content_Type="application/json")
    problem(answer, "invalid-parameters")


@pytest.mark.slow
def test_a_clock_ahead_of_ours_by_a_little_tells_of_now(asked, published):
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)).isoformat()
    assert post(asked, CONTACT | {"event_time": soon}).status == 201
    (row,) = read_told(published, {}).rows["contacts"]
    assert row["event_time"] == row["known_at"]


def test_an_objection_is_told_in_any_spelling_of_its_purpose():
    base = CONSENT | {"channel": "all", "purpose": "Профилирование"}
    assert Consent.model_validate_json(json.dumps(base)).is_on_profiling
    assert Consent.model_validate_json(json.dumps(base | {"granted": True})).is_on_profiling
    assert not Consent.model_validate_json(json.dumps(CONSENT)).is_on_profiling


def test_a_word_on_all_channels_may_be_told_and_is_no_objection():
    told = Consent.model_validate_json(json.dumps(CONSENT | {"channel": "all", "granted": False}))
    assert told.channel == "all" and not told.is_on_profiling
