"""The store's tables, versions and locks, on both databases."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from core.errors import NoReleaseError, StoreError
from serving.cards.sorting import ASCENDING, DESCENDING
from serving.store.database import (
    MIGRATIONS,
    check_version,
    describe,
    open_store,
    publishing,
    upgrade,
    version,
)
from serving.store.reading import current
from serving.store.tables import cards, metadata


def test_the_migrations_make_the_tables_of_this_code(engine):
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        assert {index["name"] for index in found.get_indexes("cards")} == {
            f"ix_cards_{name}" for name in (*ASCENDING, *DESCENDING)
        }
        checks = [check["name"] for check in found.get_check_constraints("current_release")]
        assert checks == ["ck_current_release_one_row"]


def test_the_first_migration_can_be_taken_back(engine):
    upgrade(engine)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.downgrade(config, "base")
    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
    assert version(engine) is None


def test_cards_published_before_the_relationship_are_kept_and_have_none(engine):
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO releases (number, release_id, model_version, as_of_date, info) "
                "VALUES (1, 'r', 'm', '2024-10-27', '{}')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO cards (number, customer_id, search, status, churn_risk, "
                "value_at_risk, expected_value, expected_gain, next_purchase_date, "
                "last_purchase_date) VALUES (1, 'a', 'a', 'scored', 0.5, 0, 0, 0, "
                "'2024-11-01', '2024-10-01')"
            )
        )
    upgrade(engine)
    with engine.connect() as connection:
        (row,) = connection.execute(select(cards)).all()
    assert (row.customer_id, row.churn_risk) == ("a", 0.5)
    assert (row.relationship_level, row.held_by, row.relationship_declined) == (None, None, None)


def test_upgrading_twice_changes_nothing(engine):
    assert version(engine) is None
    upgrade(engine)
    first = version(engine)
    upgrade(engine)
    assert version(engine) == first
    check_version(engine)


def test_a_store_that_newer_code_wrote_is_left_alone(engine):
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (upgrade, check_version):
        with pytest.raises(StoreError, match="newer version of Regulars"):
            act(engine)


def test_only_one_publishes_at_a_time(store_url):
    first, second = open_store(store_url), open_store(store_url)
    refused = pytest.raises(StoreError, match="Another run is publishing")
    with publishing(first), refused, publishing(second):
        pytest.fail("two publish at once")
    with publishing(second):  # and the right is given back
        pass
    first.dispose()
    second.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://root@localhost/shop",
        "oracle://x",
    ],
)
def test_a_url_that_no_store_can_be_kept_at_is_refused(url):
    with pytest.raises(StoreError, match="REGULARS_STORE_URL"):
        open_store(url)


def test_a_database_that_does_not_answer_is_named_without_its_password():
    engine = open_store("postgresql://someone:secret@127.0.0.1:9/shop")
    with pytest.raises(StoreError, match="does not work") as caught:
        version(engine)
    assert "secret" not in str(caught.value)
    assert "127.0.0.1:9/shop" in str(caught.value)
    assert "secret" not in describe(engine)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/store.sqlite3")


@pytest.mark.parametrize("name", ["a b.sqlite3", "a%20b?.db", "Ёлка#1.sqlite3", "mode=ro&x.db"])
def test_a_file_may_have_any_name(tmp_path, name):
    from urllib.parse import quote

    engine = open_store(f"sqlite:///{tmp_path}/{quote(name)}")
    upgrade(engine)
    found = [path.name for path in tmp_path.iterdir() if not path.name.endswith(("-wal", "-shm"))]
    assert len(found) == 1
    engine.dispose()


def test_reading_a_store_that_is_missing_makes_none(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/no/store.sqlite3", create=False)
    check_version(engine)
    assert version(engine) is None
    with pytest.raises(NoReleaseError):
        current(engine)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    file = tmp_path / "store.sqlite3"
    file.write_text("this is no database, but it is long enough to be read as one " * 20)
    with pytest.raises(StoreError, match="not a database"):
        version(open_store(f"sqlite:///{file}"))


def test_a_reader_sees_one_state_from_its_first_read_to_its_last(engine):
    upgrade(engine)
    add = text(
        "INSERT INTO releases (number, release_id, model_version, as_of_date, info) "
        "VALUES (:n, 'r', 'm', '2024-01-01', '{}')"
    )
    count = text("SELECT count(*) FROM releases")
    with engine.connect() as reader:
        assert reader.scalar(count) == 0
        with engine.begin() as writer:
            writer.execute(add, {"n": 1})
        assert reader.scalar(count) == 0
    with engine.connect() as reader:
        assert reader.scalar(count) == 1
