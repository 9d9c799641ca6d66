"""Connections to PostgreSQL that were kept, and that the database has ended meanwhile."""

import pytest

from core.errors import StoreError
from serving.store.database import open_store
from serving.store.publishing import publish
from serving.store.reading import one_card
from tests.serving.releases import card_row, write_release

END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


@pytest.fixture(scope="module")
def published(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("r")
    engine = open_store(postgres())
    publish(write_release(folder / "release", [card_row("1")]), engine, keep=2)
    yield engine
    engine.dispose()


def end_connections(engine):
    other = open_store(engine.url.render_as_string(hide_password=False))
    with other.connect() as connection:
        connection.exec_driver_sql(END_ALL)
    other.dispose()


@pytest.mark.slow
def test_one_that_was_not_used_of_late_is_asked_first(published, monkeypatch):
    one_card(published, "1", False)
    end_connections(published)
    monkeypatch.setattr("serving.store.postgresql.TRUSTED", -1.0)
    assert one_card(published, "1", False)[1]["customer_id"] == "1"


def test_one_that_was_used_just_now_fails_once_and_takes_the_others_with_it(published, monkeypatch):
    monkeypatch.setattr("serving.store.postgresql.TRUSTED", 60.0)
    with published.connect(), published.connect():
        pass  # two are kept
    end_connections(published)
    with pytest.raises(StoreError, match="does not work"):
        one_card(published, "1", False)
    assert one_card(published, "1", False)[1]["customer_id"] == "1"
