"""A service that only reads, and stores that take no writes: reads go on, writes are refused."""

import os
import re
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import func, select

from core.errors import ReadOnlyError, StoreError, WriteError
from serving.people.keys import create_key
from serving.people.scopes import SCOPES, WRITES
from serving.store import sqlite_file
from serving.store.database import open_store, publishing, upgrade, writing
from serving.store.people_tables import audit_log
from serving.store.publishing import publish
from serving.store.read_only import only_reads
from tests.serving.conftest import Running
from tests.serving.guarded import add_users, bearer, guarded_routes
from tests.serving.test_sessions import cookie_of, sign_in

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
READS = (
    "/v1/customers/00001",
    "/v1/at-risk",
    "/v1/at-risk?q=0",
    "/v1/at-risk/export",
    "/",
    "/ready",
)
OUTCOME = (
    b'{"kind": "consent", "customer_id": "00001", "channel": "email", "granted": true,'
    b' "event_time": "2026-11-01T00:00:00Z"}'
)
JSON = {"Content_Type": "application/json"}


@contextmanager
def without_room(size=4096):
    """No file of this process grows beyond so many bytes: to SQLite, a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def folder(tmp_path, release):
    """The folder of a store with a release, a key and a user; nobody has it open."""
    engine = open_store(url_of(tmp_path / "store"))
    publish(release, engine, keep=2)
    add_users(engine, {"anna": ("lead", None)}, PASSWORD)
    reader = ["cards:read", "figures:read"]
    for name, scopes in (("key", [*reader, "outcomes:write"]), ("reader", reader), ("all", SCOPES)):
        (tmp_path / name).write_text(create_key(engine, name, scopes)[1])
    engine.dispose()
    return tmp_path / "store"


def url_of(folder):
    return f"sqlite:///{folder}/s.sqlite3"


def entries(engine):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(audit_log))


def key_of(folder, name="key"):
    return bearer((folder.parent / name).read_text())


def reads(service, **who):
    return {target: service.get(target, **who).status for target in READS}


def look_up(service, **who):
    body = b'{"customer_ids": ["00001"]}'
    return service.get("/v1/scores:lookup", "POST", body, **who, **JSON).json()


def tell(service, key="k", **who):
    return service.get("/v1/outcomes", "POST", OUTCOME, Idempotency_Key=key, **who, **JSON)


def all_fine(found):
    return set(found.values()) == {200}


@pytest.mark.slow
def test_a_service_set_to_read_only_writes_nothing_and_says_so(folder):
    files = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    engine = open_store(url_of(folder), create=False, read_only=True)
    who = key_of(folder)
    with Running(engine, read_only=True) as service:
        assert all_fine(reads(service, **who))
        assert look_up(service, **who)["customers"][0]["status"] == "found"
        assert service.get("/ready").json()["read_only"] is True
        refused = tell(service, **who)
        assert (refused.status, refused.headers["allow"]) == (405, "")
        assert refused.json()["type"] == "urn:regulars:problem:read-only"
        assert "write to the store that it copies" in refused.json()["detail"]
        form = service.get("/sign-in?language=ru").text
        assert "основном сервере" in form and "<button" not in form
        refused = sign_in(service, "anna")
        assert refused.status == 405 and "Nothing can be changed here" in refused.text
    with pytest.raises(ReadOnlyError), writing(engine):
        pytest.fail("it writes")
    engine.dispose()
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == files


@pytest.mark.slow
def test_whatever_writes_is_refused_before_it_is_read_for_want_of_the_right_or_of_writing(
    folder, tmp_path
):
    routes = [(method, path) for method, path, scope in guarded_routes(tmp_path) if scope in WRITES]
    assert ("POST", "/customers/{customer_id}/overrides") in routes
    engine = open_store(url_of(folder), create=False, read_only=True)
    with Running(engine, read_only=True) as service:
        for method, path in routes:
            target = re.sub(r"{\w+}", "1", path)
            for who, status in ((key_of(folder, "all"), 405), (key_of(folder, "reader"), 403)):
                answer = service.get(target, method, b"{", **who, **JSON)
                assert answer.status == status, (method, path, answer.text)
    engine.dispose()


@pytest.mark.slow
def test_a_session_of_the_main_installation_is_served_by_a_copy_without_its_button(folder):
    engine = open_store(url_of(folder), create=False)
    with Running(engine) as service:
        mine = cookie_of(sign_in(service, "anna"))
        assert 'action="/sign-out"' in service.get("/", **mine).text
    engine.dispose()
    copy = open_store(url_of(folder), create=False, read_only=True)
    with Running(copy, read_only=True) as service:
        page = service.get("/", **mine)
        assert page.status == 200 and "sign-out" not in page.text
    copy.dispose()


@pytest.mark.slow
def test_a_copy_sees_what_is_published_meanwhile(folder, tmp_path):
    copy = open_store(url_of(folder), create=False, read_only=True)
    before = entries(copy)
    primary = open_store(url_of(folder))
    with primary.connect() as held:  # the log stays for as long as somebody reads
        held.execute(select(1))
        create_key(primary, "another", ["cards:read"])
        assert entries(copy) == before + 1
    primary.dispose()
    assert entries(copy) == before + 1
    assert only_reads(copy)
    copy.dispose()


@pytest.mark.slow
def test_what_was_read_while_somebody_wrote_does_not_count(folder):
    copy = open_store(url_of(folder), create=False, read_only=True)
    primary = open_store(url_of(folder))
    with pytest.raises(StoreError, match="written while it was read"), copy.connect() as reading:
        reading.execute(select(audit_log.c.number)).all()
        create_key(primary, "another", ["cards:read"])
    assert entries(copy) == entries(primary)
    copy.dispose()
    primary.dispose()


@pytest.mark.slow
def test_a_copy_with_a_log_that_cannot_be_read_is_refused_in_a_sentence(folder, tmp_path):
    primary = open_store(url_of(folder))
    copied = tmp_path / "copied"
    copied.mkdir()
    with primary.connect() as held:
        held.execute(select(1))
        create_key(primary, "another", ["cards:read"])
        for end in ("", "-wal"):
            (copied / f"s.sqlite3{end}").write_bytes((folder / f"s.sqlite3{end}").read_bytes())
    primary.dispose()
    copy = open_store(url_of(copied), create=False, read_only=True)
    with pytest.raises(StoreError, match="copied with its log"):
        entries(copy)
    copy.dispose()


@pytest.mark.slow
def test_reads_go_on_where_the_disk_is_full_and_writes_are_back_with_room(folder, monkeypatch):
    monkeypatch.setattr(sqlite_file, "LOOKED_AGAIN", 0.0)
    engine = open_store(url_of(folder), create=False)
    who = key_of(folder)
    with Running(engine) as service:
        mine = cookie_of(sign_in(service, "anna"))
        assert tell(service, "first", **who).status == 201
        with without_room():
            assert all_fine(reads(service, **who)) and all_fine(reads(service, **mine))
            assert look_up(service, **who)["customers"][0]["status"] == "found"
            refused = tell(service, **who)
            assert refused.status == 503 and "disk is full" in refused.json()["detail"]
            assert refused.json()["type"] == "urn:regulars:problem:writes-refused"
            page = sign_in(service, "anna")
            assert page.status == 503 and "nothing can be saved now" in page.text
        assert tell(service, **who).status == 201
    engine.dispose()


@pytest.mark.slow
def test_a_process_that_starts_on_a_full_disk_reads_and_writes_once_there_is_room(folder):
    who = key_of(folder)
    with without_room():
        engine = open_store(url_of(folder), create=False)
        with Running(engine) as service:
            assert all_fine(reads(service, **who))
            assert service.get("/ready").json()["read_only"] is True
            refused = tell(service, **who)
            assert refused.status == 503 and "disk is full" in refused.json()["detail"]
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            assert tell(service, **who).status == 201
            assert service.get("/ready").json()["read_only"] is False
    engine.dispose()


def test_publishing_onto_a_full_disk_is_refused_in_a_sentence(tmp_path, release):
    engine = open_store(url_of(tmp_path))
    upgrade(engine)
    with without_room(), pytest.raises(WriteError, match="disk is full"):
        publish(release, engine, keep=2)
    engine.dispose()


@pytest.fixture
def mounted_read_only(folder):
    """The folder of the store on a mount that may only be read, for whomever."""
    bound = ["mount", "--bind", str(folder), str(folder)]
    done = subprocess.run(bound, capture_output=True, text=True, check=False)
    if os.geteuid() != 0 or done.returncode:
        pytest.skip("needs the right to mount")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_folder_mounted_read_only_is_read_with_and_without_the_setting(mounted_read_only):
    who = key_of(mounted_read_only)
    for read_only, status in ((False, 503), (True, 405)):
        engine = open_store(url_of(mounted_read_only), create=False, read_only=read_only)
        with Running(engine, read_only=read_only) as service:
            assert all_fine(reads(service, **who))
            refused = tell(service, **who)
            assert refused.status == status and "read" in refused.json()["detail"]
        engine.dispose()
    engine = open_store(url_of(mounted_read_only))
    with pytest.raises(WriteError, match="may only be read"), publishing(engine):
        pytest.fail("it publishes")
    engine.dispose()


READ_AS_SOMEBODY = """
import os, sys
from core.errors import WriteError
from serving.store.database import open_store, writing
from serving.store.read_only import only_reads
from serving.store.reading import current
if os.geteuid() == 0:
    os.setgid(65534), os.setuid(65534)
engine = open_store(sys.argv[1], create=False)
print(current(engine).release_id, only_reads(engine))
try:
    with writing(engine):
        pass
except WriteError as error:
    print("may only be read" in str(error))
"""


@pytest.mark.slow
def test_a_folder_without_the_right_to_write_is_read(folder):
    """By somebody who has no rights beyond those of the files."""
    # Another run of the tests takes the rights on pytest's own folder away from everybody else.
    with TemporaryDirectory(prefix="read-only-") as somewhere:
        open_to_read = shutil.copytree(folder, Path(somewhere) / "store")
        (open_to_read / "s.sqlite3").chmod(0o444)
        open_to_read.chmod(0o555)
        Path(somewhere).chmod(0o755)
        said = subprocess.run(
            [sys.executable, "-c", READ_AS_SOMEBODY, url_of(open_to_read)],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        open_to_read.chmod(0o755)
    assert said.stdout.split()[1:] == ["True", "True"], said.stderr
