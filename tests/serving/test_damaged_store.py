"""What is damaged within the store is noticed where it is read: no wrong card, list or model."""

import pytest
from sqlalchemy import select, update

from core.errors import StoreError
from serving.cards.query import AtRiskQuery
from serving.store.coding import read_row, read_timeline
from serving.store.database import open_store, writing
from serving.store.listing import at_risk
from serving.store.many import every_card
from serving.store.publishing import publish
from serving.store.reading import one_card
from serving.store.tables import CARDS, card_versions, release_parts, timeline_versions
from tests.serving.releases import card_row, write_release


@pytest.fixture
def store(tmp_path):
    """A store of customers whom no other test has: processes keep lists under a hash."""
    engine = open_store(f"sqlite:///{tmp_path}/s.sqlite3")
    rows = [card_row(f"damaged {tmp_path} {number}") for number in range(20)]
    publish(write_release(tmp_path / "release", rows), engine, keep=2)
    yield engine, rows[3]["customer_id"]
    engine.dispose()


def harm(engine, table, *its, place=0.5):
    """Flip one bit of a content, so far from its beginning."""
    with writing(engine) as connection:
        content = bytearray(connection.scalar(select(table.c.content).where(*its)))
        content[int(len(content) * place)] ^= 4
        connection.execute(update(table).where(*its).values(content=bytes(content)))


@pytest.mark.slow
@pytest.mark.parametrize("place", [0.1, 0.5, 0.99])
def test_a_card_that_is_damaged_is_not_read(store, place):
    engine, who = store
    harm(engine, card_versions, card_versions.c.customer_id == who, place=place)
    with pytest.raises(StoreError, match="damaged"):
        one_card(engine, who, False)
    with pytest.raises(StoreError, match="damaged"):
        list(every_card(engine)[1])


@pytest.mark.slow
def test_no_bit_of_a_card_can_be_flipped_to_another_card(store):
    """Each one is noticed, or is one of the few that say nothing of the content."""
    engine, who = store
    its = card_versions.c.customer_id == who
    with engine.connect() as connection:
        whole = connection.scalar(select(card_versions.c.content).where(its))
        card, unnoticed = read_row(connection, whole), 0
        for bit in range(len(whole) * 8):
            harmed = bytearray(whole)
            harmed[bit // 8] ^= 1 << bit % 8
            try:
                assert read_row(connection, bytes(harmed)) == card
                unnoticed += 1
            except StoreError:
                continue
    assert unnoticed < 30


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("place", [0.2, 0.6])
def test_columns_of_lists_that_are_damaged_are_not_read(store, place):
    engine, _ = store
    harm(engine, release_parts, release_parts.c.kind == CARDS, place=place)
    with pytest.raises(StoreError, match="are damaged in the store"):
        at_risk(engine, AtRiskQuery())


@pytest.mark.slow
def test_days_with_purchases_that_are_damaged_are_not_read(store):
    engine, who = store
    its = timeline_versions.c.customer_id == who
    with engine.connect() as connection:
        assert read_timeline(
            connection, connection.scalar(select(timeline_versions.c.content).where(its))
        )
    harm(engine, timeline_versions, its)
    with pytest.raises(StoreError, match="damaged"):
        one_card(engine, who, True)
