"""All who write do it one after the other, and are told in a sentence why they cannot."""

import threading
from contextlib import closing

import pytest
from sqlalchemy import event, func, insert, select, text

from core.errors import StoreError, WriteError
from serving.store import database, sqlite_file
from serving.store.database import open_store, upgrade, writing
from serving.store.tables import releases
from serving.web.problems import as_problem
from tests.serving.release_reports import AS_OF

ROW = {"release_id": "r", "model_version": "m", "as_of_date": AS_OF, "info": {}}


def count(connection):
    return connection.scalar(select(func.count()).select_from(releases))


def test_writers_wait_for_each_other_and_none_reads_what_is_old(engine):
    upgrade(engine)

    def add(times):
        for _ in range(times):
            with writing(engine) as connection:
                there = count(connection)
                connection.execute(insert(releases).values(**ROW | {"release_id": str(there)}))

    writers = [threading.Thread(target=add, args=(10,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with engine.connect() as connection:
        ids = connection.scalars(select(releases.c.release_id)).all()
    assert sorted(map(int, ids)) == list(range(30))


def test_what_fails_in_between_writes_nothing(engine):
    upgrade(engine)
    with pytest.raises(RuntimeError), writing(engine) as connection:
        connection.execute(insert(releases).values(**ROW))
        raise RuntimeError
    with engine.connect() as connection:
        assert count(connection) == 0


@pytest.mark.slow
def test_who_does_not_get_his_turn_is_told_that_others_write(store_url, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    first, second = open_store(store_url), open_store(store_url)
    upgrade(first)
    busy = pytest.raises(WriteError, match="others have been writing")
    with writing(first), busy, writing(second):
        pytest.fail("two write at once")
    first.dispose()
    second.dispose()


def test_a_store_that_does_not_answer_is_no_refused_write():
    engine = open_store("postgresql://someone:secret@127.0.0.1:9/shop")
    with pytest.raises(StoreError, match="does not work") as caught, writing(engine):
        pytest.fail("there is no database")
    assert not isinstance(caught.value, WriteError)


def test_what_was_written_outlives_a_power_cut(tmp_path, monkeypatch, quick_stores_and_servers):
    monkeypatch.setattr(sqlite_file, "USUAL", quick_stores_and_servers)
    with closing(sqlite_file.connect(str(tmp_path / "store"), "make", 1.0)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_full_file_refuses_writes_and_is_read(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/s.sqlite3")
    upgrade(engine)
    with pytest.raises(WriteError, match="disk is full") as caught, writing(engine) as connection:
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        info = {"long": "x" * 100_000}
        connection.execute(insert(releases).values(**ROW | {"info": info}))
    assert (as_problem(caught.value).name, as_problem(caught.value).status) == (
        "writes-refused",
        503,
    )
    with engine.connect() as connection:
        assert count(connection) == 0


def test_a_file_that_may_only_be_read_refuses_writes_and_is_read(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/s.sqlite3")
    upgrade(engine)

    def read_only(connection, _record):
        connection.execute("PRAGMA query_only = ON").close()

    event.listen(engine, "connect", read_only)
    with pytest.raises(WriteError, match="may only be read"), writing(engine) as connection:
        connection.execute(insert(releases).values(**ROW))
    with engine.connect() as connection:
        assert count(connection) == 0
