"""Whoever is erased or objects is in no kept release, in none to come, in no byte of the store."""

import datetime as dt
import json
import sqlite3
from contextlib import closing
from urllib.parse import quote

import pandas as pd
import pytest
from sqlalchemy import JSON, Boolean, Date, DateTime, String, event, insert, select, text
from sqlalchemy.exc import DBAPIError

from core.files import AGREEMENTS, MANIFEST, hashes, read_json, write_json
from serving.cards.query import AtRiskQuery
from serving.people.audit import verify
from serving.people.keys import create_key
from serving.store.database import open_store, writing
from serving.store.kept_out import keep_out, let_in
from serving.store.listing import at_risk
from serving.store.page_tables import tasks
from serving.store.people_tables import audit_log
from serving.store.publishing import publish
from serving.store.reading import current, one_card
from serving.store.removal import OF_RELEASES
from serving.store.tables import metadata
from serving.work.erasure import erase
from serving.work.kinds import Consent
from serving.work.outcomes import tell
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.guarded import bearer
from tests.serving.releases import card_row, gone_row, write_release

WHO, MAIL = "zoë/4711-Q", "zoe.4711@shop.example"
OTHERS = [f"other-{n}" for n in range(6)]
# Columns that nobody writes in words of their own: codes, hashes, ids, names of colleagues.
NO_FREE_TEXT = {
    *("action_id", "assignee", "kind", "level", "owner", "state", "value", "why_not"),
    *("about", "at", "body_sha256", "id_hash", "info_sha256", "key_id", "password_hash", "sha256"),
    *("company", "customer_id", "idempotency_key", "model_version", "release_id", "session_id"),
    *("added_by", "approved_by", "caller", "changed_by", "done_by", "dropped_by", "ended_by"),
    *("made_by", "owners", "role", "scopes", "who", "withdrawn_by", "table_name", "why"),
    *("tasks.reason", "audit_log.what", "task_changes.what", "outcome_requests.answer"),
    *("api_keys.name", "codings.name", "secrets.name", "users.name"),
    "live_manifests.files",
    "outcomes.row",  # cells of the column contract
    "releases.info",  # figures; the test of the overview has its names
    *("saved_views.name", "saved_views.query"),  # tests/serving/test_views.py
}


def rows(**changes):
    """A few customers, and one whose id and e-mail are found wherever they stand."""
    zoe = card_row(WHO, name=MAIL, owner="zoë's owner", value_at_risk=77.0, **changes)
    return [zoe, *(card_row(who, owner="anna") for who in OTHERS), gone_row("gone-1")]


@pytest.fixture
def folders(tmp_path):
    """Three releases of the same customers, of different content."""
    return [
        write_release(tmp_path / f"r{n}", rows(churn_risk=0.5 + n / 10), model_version=f"m{n}")
        for n in range(3)
    ]


def forms_of(text):
    """How a text may stand in a file: plain, within JSON, folded, in an address."""
    plain = {text, text.casefold(), quote(text, safe=""), json.dumps(text)[1:-1]}
    return [form.encode() for form in plain]


def found_in(folder):
    """The files below a folder that hold the id or the e-mail."""
    wanted = forms_of(WHO) + forms_of(MAIL)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in wanted)]


@pytest.mark.slow
def test_an_erased_customer_is_in_no_release_and_no_byte_of_the_store(tmp_path, folders):
    (tmp_path / "store").mkdir()
    engine = open_store(f"sqlite:///{tmp_path}/store/store.sqlite3")
    for folder in folders[:2]:
        publish(folder, engine, keep=5)
    kept = current(engine)
    with Running(engine) as service:
        outcome = {
            "kind": "complaint",
            "customer_id": WHO,
            "ticket_id": f"t-{WHO}",
            "opened_at": "2024-10-28T10:00:00Z",
        }
        told = service.get(
            "/v1/outcomes",
            "POST",
            json.dumps(outcome),
            Content_Type="application/json",
            Idempotency_Key="call-4711-Q",
        )
        assert told.status == 201, told.text
        assert found_in(tmp_path / "store")
        receipt = service.get(f"/v1/customers/{quote(WHO, safe='')}", "DELETE").json()
        problem(service.get(f"/v1/customers/{quote(WHO, safe='')}"), "customer-not-found")
        again = service.get(f"/v1/customers/{quote(WHO, safe='')}", "DELETE").json()
        refused = service.get(
            "/v1/outcomes",
            "POST",
            json.dumps(outcome),
            Content_Type="application/json",
            Idempotency_Key="another",
        )
        problem(refused, "customer-not-found")
    assert (receipt["releases"], receipt["cards"], receipt["other_rows"]) == (2, 2, 1)
    assert receipt["is_overwritten"]
    assert (again["cards"], again["other_rows"]) == (0, 0)
    after = current(engine)
    assert after.customers["scored"] == kept.customers["scored"] - 1
    assert after.total_value_at_risk == pytest.approx(kept.total_value_at_risk - 77.0)
    assert at_risk(engine, AtRiskQuery()).total == len(OTHERS)
    # A folder from before the erasure brings nothing back, whether it is new or known already.
    for folder in (folders[2], folders[0]):
        publish(folder, engine, keep=5)
        assert {card["customer_id"] for card in at_risk(engine, AtRiskQuery()).cards} == set(OTHERS)
        assert current(engine).customers["scored"] == len(OTHERS)
    with engine.connect() as connection:
        entries = connection.execute(select(audit_log)).all()
    assert [(entry.who, entry.what) for entry in entries] == [("this machine", "erased")] * 2
    assert entries[0].number == receipt["receipt"]
    assert verify(engine).number == 2
    engine.dispose()


@pytest.mark.slow
def test_after_an_erasure_no_file_of_the_store_holds_the_id_or_the_mail(tmp_path, folders):
    (tmp_path / "store").mkdir()
    engine = open_store(f"sqlite:///{tmp_path}/store/store.sqlite3")
    # Many builds of SQLite leave the bytes of deleted rows where they were.
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA secure_delete=OFF").close())
    for folder in folders:
        publish(folder, engine, keep=2)  # the first one is let go: its bytes may be left too
    with closing(sqlite3.connect(tmp_path / "store" / "store.sqlite3")) as idle:
        idle.execute("SELECT count(*) FROM releases").fetchone()  # the log is kept for it
        assert found_in(tmp_path / "store")
        assert erase(engine, WHO, "test").is_overwritten
        assert found_in(tmp_path / "store") == []
    engine.dispose()


def is_free(column):
    named = {column.name, f"{column.table.name}.{column.name}"}
    return isinstance(column.type, String | JSON) and not named & NO_FREE_TEXT


def filled(column, words):
    """A value for a column of a row that colleagues wrote about somebody else."""
    if is_free(column):
        return {"note": words} if isinstance(column.type, JSON) else words
    time = dt.datetime.fromisoformat("2024-10-28T10:00")
    kinds = ((Boolean, False), (DateTime, time), (Date, time.date()))
    fits = [value for kind, value in kinds if isinstance(column.type, kind)]
    return (fits or ["other-1" if isinstance(column.type, String) else 1])[0]


@pytest.mark.slow
def test_no_text_that_colleagues_wrote_about_others_names_an_erased_customer(engine, folders):
    publish(folders[0], engine, keep=5)
    link = f"/customers/{quote(WHO, safe='')}?language=en"
    words = f"As {WHO.upper()} ({MAIL}) says, {link}; not x{WHO}, {WHO}2"
    left = f"As […] ([…]) says, /customers/[…]?language=en; not x{WHO}, {WHO}2"
    written = [
        table
        for table in metadata.sorted_tables
        if table not in OF_RELEASES and any(map(is_free, table.c))
    ]
    assert tasks in written
    with writing(engine) as connection:
        for table in written:
            row = {column.name: filled(column, words) for column in table.c}
            connection.execute(insert(table).values(row))
    assert erase(engine, WHO, "test").other_rows == len(written)
    with engine.connect() as connection:
        for table in written:
            row = connection.execute(select(table)).one()._mapping
            assert dict(row) == {c.name: filled(c, left) for c in table.c}, table.name


@pytest.mark.slow
def test_whoever_objects_is_out_of_every_release_at_once_until_they_agree(tmp_path, folders):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    for folder in folders[:2]:
        publish(folder, engine, keep=5)

    def tell(service, key, granted, time):
        consent = {
            "kind": "consent",
            "customer_id": WHO,
            "channel": "all",
            "purpose": "profiling",
            "granted": granted,
            "event_time": f"2024-10-28T{time}Z",
        }
        sent = {"Content_Type": "application/json", "Idempotency_Key": key}
        assert service.get("/v1/outcomes", "POST", json.dumps(consent), **sent).status == 201

    address = f"/v1/customers/{quote(WHO, safe='')}"
    with Running(engine) as service:
        assert service.get(address).status == 200
        tell(service, "1", False, "12:00:00")
        assert service.get(address).status == 404
        assert MAIL not in service.get("/v1/at-risk/export").text
        publish(folders[2], engine, keep=5)
        assert service.get(address).status == 404
        tell(service, "2", True, "11:00:00")  # told later, and older than the objection
        publish(folders[0], engine, keep=5)
        assert service.get(address).status == 404
        tell(service, "3", True, "13:00:00")
        publish(write_release(tmp_path / "new", rows(), model_version="m9"), engine, keep=5)
        assert service.get(address).status == 200
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("agreed_at", "is_in"), [("11:59:59", False), ("12:00:00", False), ("12:00:01", True)]
)
def test_a_newer_agreement_of_the_source_lets_in_who_objected_here(
    tmp_path, folders, agreed_at, is_in
):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    publish(folders[0], engine, keep=5)
    for hour in (11, 12):  # the second objection counts
        objection = Consent(
            kind="consent",
            customer_id=WHO,
            channel="all",
            purpose="profiling",
            granted=False,
            event_time=dt.datetime(2024, 10, 28, hour, tzinfo=dt.UTC),
        )
        tell(engine, [objection], key=f"{hour}", caller="test")
    folder = write_release(tmp_path / "new", rows(), model_version="m9")
    agreed = {"customer_id": [WHO], "agreed_at": [pd.Timestamp(f"2024-10-28T{agreed_at}")]}
    pd.DataFrame(agreed).to_parquet(folder / AGREEMENTS, index=False)
    manifest = read_json(folder / MANIFEST)
    write_json(folder / MANIFEST, manifest | {"files": hashes(folder)})
    publish(folder, engine, keep=5)
    scored = current(engine).customers["scored"]
    assert scored == len(OTHERS) + is_in
    engine.dispose()


@pytest.mark.slow
def test_agreeing_again_undoes_no_erasure(engine, folders):
    publish(folders[0], engine, keep=5)
    with writing(engine) as connection:
        keep_out(connection, WHO, "erased")
        keep_out(connection, WHO, "objects")
        let_in(connection, WHO)
    publish(folders[1], engine, keep=5)
    assert current(engine).customers["scored"] == len(OTHERS)


@pytest.mark.slow
def test_a_key_for_some_owners_erases_nobody_else(tmp_path, folders):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    publish(folders[0], engine, keep=5)
    _, anna = create_key(engine, "anna", ["customers:erase"], ["anna"])
    with Running(engine) as service:
        for who in (WHO, "nobody"):
            address = f"/v1/customers/{quote(who, safe='')}"
            problem(service.get(address, "DELETE", **bearer(anna)), "customer-not-found")
        assert one_card(engine, WHO, False)
        assert service.get("/v1/customers/other-1", "DELETE", **bearer(anna)).json()["cards"] == 1
    engine.dispose()


@pytest.mark.slow
def test_a_store_that_cannot_be_rewritten_now_says_so_and_has_erased_all_the_same(
    tmp_path, folders
):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    publish(folders[0], engine, keep=2)
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=10").close())
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM card_versions").fetchone()
        assert not erase(engine, WHO, "test").is_overwritten
    assert current(engine).customers["scored"] == len(OTHERS)
    assert erase(engine, WHO, "test").is_overwritten
    engine.dispose()


def test_an_error_of_the_database_tells_no_id(engine):
    with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
        connection.execute(text("SELECT nothing FROM nowhere WHERE id = :id"), {"id": WHO})
    assert WHO not in str(caught.value)
