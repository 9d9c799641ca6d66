"""Numbers of orders that a release knows are kept once each, and found wherever they lie."""

import datetime as dt

import pytest
from sqlalchemy import insert, select

from serving.store import order_ids
from serving.store.database import upgrade, writing
from serving.store.order_ids import hashes_of, keep_order_ids, key_of_ids, known_order_ids
from serving.store.tables import release_parts, releases


@pytest.mark.parametrize("rows", [1, 7, 65_536])
def test_each_number_is_kept_once_and_found(engine, monkeypatch, rows):
    monkeypatch.setattr(order_ids, "PART", rows)
    numbers = [f"order {number % 20}" for number in range(50)]  # most of them more than once
    upgrade(engine)
    with writing(engine) as connection:
        its = {"release_id": "r", "model_version": "m", "as_of_date": dt.date(2024, 1, 1)}
        connection.execute(insert(releases).values(number=1, info={}, **its))
        keep_order_ids(connection, 1, hashes_of(key_of_ids(connection), numbers))
        kept = connection.scalars(select(release_parts.c.part)).all()
        assert len(kept) == -(-20 // rows)
        assert known_order_ids(connection, 1, [*numbers, "order 20"]) == set(numbers)
        assert known_order_ids(connection, 2, numbers) == set()
