"""Log-ins and keys that failed stand in the audit log, which they cannot fill."""

import time
from collections import Counter

import pytest
from sqlalchemy import select

from serving.people import failures
from serving.people.audit import verify
from serving.people.failures import MOST, OTHERS, write_failures
from serving.people.keys import create_key, revoke_key
from serving.people.throttle import FREE
from serving.store.database import open_store, upgrade
from serving.store.people_tables import audit_log
from tests.serving.conftest import Running
from tests.serving.guarded import add_users, bearer
from tests.serving.test_sessions import PASSWORD, sign_in


@pytest.fixture
def engine(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    upgrade(engine)
    add_users(engine, {"anna": ("viewer", None)}, PASSWORD)
    yield engine
    engine.dispose()


def refusals(engine):
    with engine.connect() as connection:
        its = audit_log.c.what == "was refused"
        query = select(audit_log.c.who, audit_log.c.about).where(its).order_by(audit_log.c.number)
        return [tuple(row) for row in connection.execute(query)]


def until_noted(engine, count):
    until = time.monotonic() + 20
    while sum(map(times_of, refusals(engine))) < count:
        assert time.monotonic() < until, refusals(engine)
        time.sleep(0.01)
    return refusals(engine)


def times_of(entry):
    said = entry[1].rpartition(", ")[2]
    return 1 if said == "once" else int(said.removesuffix(" times"))


@pytest.mark.slow
def test_every_kind_of_refusal_is_noted_without_a_secret(engine, monkeypatch):
    monkeypatch.setattr(failures, "EVERY", 0.05)
    key, text = create_key(engine, "crm", ["cards:read"])
    old, old_text = create_key(engine, "old", ["cards:read"])
    revoke_key(engine, old.key_id)
    with Running(engine) as service:
        for sent in (old_text, text[:-1] + "x", "regulars_00000000_hunter2", "hunter2"):
            assert service.get("/v1/at-risk", **bearer(sent)).status == 401
        assert sign_in(service, "hunter2", "hunter2").status == 401  # a password typed as a name
        for _ in range(FREE):
            assert sign_in(service, "anna", "hunter2").status == 401
        assert sign_in(service, "anna", "hunter2").status == 429
        assert service.get("/v1/at-risk").status == 401  # nobody, who tried nothing
        entries = until_noted(engine, 4 + 1 + FREE + 1)
    assert sum(map(times_of, entries)) == 4 + 1 + FREE + 1
    assert {who for who, _ in entries} == {"address 127.0.0.1"}
    assert {about.rpartition(", ")[0] for _, about in entries} == {
        f"key {old.key_id}, which was revoked",
        f"key {key.key_id} with a wrong secret",
        "an unknown key",
        "an unknown user with a wrong password",
        "user anna with a wrong password",
        "user anna too soon",
    }
    assert "hunter2" not in str(entries)
    verify(engine)


@pytest.mark.slow
def test_a_hundred_failures_in_a_minute_are_one_entry_now_and_one_later(engine):
    with Running(engine) as service:
        service.get("/v1/at-risk", **bearer("regulars_00000000_x"))
        until_noted(engine, 1)
        for _ in range(100):
            assert service.get("/v1/at-risk", **bearer("regulars_00000000_x")).status == 401
        assert refusals(engine) == [("address 127.0.0.1", "an unknown key, once")]


def test_many_addresses_are_counted_in_one_entry(engine):
    counts = Counter({(f"address {n}", "an unknown key"): n for n in range(1, 101)})
    write_failures(engine, counts)
    entries = refusals(engine)
    assert len(entries) == MOST + 1
    assert entries[0] == ("address 100", "an unknown key, 100 times")
    assert entries[-1][0] == OTHERS[0]
    assert sum(map(times_of, entries)) == counts.total()
