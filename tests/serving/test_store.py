"""The store's tables, versions and locks, on both databases."""

import json

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from core.errors import NoReleaseError, StoreError
from serving.cards.card import (
    ScoreCard,
)
from serving.cards.query import AtRiskQuery
from serving.store.database import (
    MIGRATIONS,
    check_version,
    describe,
    open_store,
    publishing,
    upgrade,
    version,
)
from serving.store.errors import CustomerNotFoundError
from serving.store.listing import at_risk
from serving.store.publishing import publish
from serving.store.reading import current, one_card
from serving.store.tables import metadata
from tests.serving.releases import card_row, write_release

CARD = {
    "customer_id": "a",
    "name": None,
    "owner": None,
    "release_id": "r",
    "status": "scored",
    "as_of_date": "2024-10-27",
    "data_until": "2024-10-26",
    "expires_at": "2024-11-10",
    "horizon_days": 30,
    "value_horizon_days": 90,
    "churn_definition": "lapse",
    "model_version": "m",
    "churn_risk": 0.5,
    "risk_band": "high",
    "risk_rank": 1,
    "risk_change": None,
    "purchase_probability": {"30": 0.5},
    "next_purchase_date": None,
    "last_purchase_date": "2024-10-01",
    **dict.fromkeys(("expected_orders", "expected_spend", "value_if_stays", "value_if_lapses")),
    **dict.fromkeys(("expected_value", "value_at_risk", "rfm_segment", "abc_class")),
    **dict.fromkeys(("lifecycle_stage", "rank_in_stage", "intended_action", "arm", "withheld")),
    "reasons": [],
}
INFO = {
    **{name: CARD[name] for name in ("as_of_date", "data_until", "expires_at", "horizon_days")},
    **{name: CARD[name] for name in ("value_horizon_days", "churn_definition", "model_version")},
    "source": "files",
    "source_kind": "files",
    "customers": {"scored": 2},
    "intended_actions": [],
    "owners": [],
    "has_money": True,
    "total_value_at_risk": 10.0,
    "gate": None,
    "plan": dict.fromkeys(("epoch", "cost", "expected_gain", "budget"))
    | dict.fromkeys(("customers", "contacts", "withheld"), 0),
}


def test_the_migrations_make_the_tables_of_this_code(engine):
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        for name in ("card_versions", "timeline_versions"):
            assert [index["name"] for index in found.get_indexes(name)] == [f"ix_{name}_number"]
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


def older_release(connection, number, risk, customers):
    """A release as code wrote it that kept each card as JSON; `info` is that of a published one."""
    info = {**INFO, "release_id": f"r{number}"}
    connection.execute(
        text(
            "INSERT INTO releases (release_id, model_version, as_of_date, published_at, info) "
            "VALUES (:id, 'm', '2024-10-27', '2024-10-28 00:00:00', :info)"
        ),
        {"id": f"r{number}", "info": json.dumps(info)},
    )
    for who in customers:
        card = CARD | {"customer_id": who, "churn_risk": risk, "release_id": f"r{number}"}
        row = {"number": number, "who": who, "text": who, "risk": risk, "card": json.dumps(card)}
        connection.execute(
            text(
                "INSERT INTO cards (number, customer_id, search, status, risk_band, churn_risk, "
                "value_at_risk, expected_value, expected_gain, next_purchase_date, "
                "last_purchase_date) VALUES (:number, :who, :text, 'scored', 'high', :risk, 5, 0, "
                "0, '2024-11-01', '2024-10-01')"
            ),
            row,
        )
        add = "INSERT INTO card_texts (number, customer_id, card) VALUES (:number, :who, :card)"
        connection.execute(text(add), row)
        connection.execute(
            text("INSERT INTO timelines VALUES (:number, :who, :days)"),
            row | {"days": '[["2024-09-01", 1, 20.5], ["2024-10-01", 2, null]]'},
        )


@pytest.mark.slow
def test_releases_of_older_code_are_kept_and_read_as_before(engine, tmp_path):
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        older_release(connection, 1, 0.25, ["a", "b"])
        older_release(connection, 2, 0.75, ["a"])
        connection.execute(text("INSERT INTO current_release VALUES (1, 2, '2024-10-28 00:00:00')"))
    upgrade(engine)
    for release, risk, customers in (("r1", 0.25, ["a", "b"]), ("r2", 0.75, ["a"])):
        page = at_risk(engine, AtRiskQuery(risk_band=["high"]), release)
        assert [card["customer_id"] for card in page.cards] == customers
        assert (page.total, page.total_value_at_risk) == (len(customers), 5.0 * len(customers))
        card = ScoreCard.model_validate(one_card(engine, "a", True, release)[1])
        assert (card.churn_risk, card.release_id, card.held_by) == (risk, release, None)
        assert [(str(p.day), p.orders, p.amount) for p in card.purchases] == [
            ("2024-09-01", 1, 20.5),
            ("2024-10-01", 2, None),
        ]
    with pytest.raises(CustomerNotFoundError):
        one_card(engine, "b", with_purchases=False)
    done = publish(write_release(tmp_path / "new", [card_row("a")]), engine, keep=2)
    assert done.removed == ("r1",)
    assert one_card(engine, "a", False, "r2")[1]["churn_risk"] == 0.75


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


@pytest.mark.slow
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
