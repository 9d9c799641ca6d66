"""What customers did, in the store: the rows of the current release that live features need.

A part holds the rows of some customers, in the order of their ids, so that those of one customer
are read without those of all. They are kept of the current release alone: others are read as they
were published.
"""

import datetime as dt
from bisect import bisect_left
from collections.abc import Collection
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, Engine, delete, or_, select

from core.files import HISTORIES
from core.rows import batches
from serving.store.database import writing
from serving.store.kept_out import who_is_out
from serving.store.order_ids import hashes_of, keep_order_ids, key_of_ids
from serving.store.tables import CONTACT_DETAILS, HISTORY, ORDER_IDS, release_parts
from serving.store.versions import write_part
from sources.contract import ORDERS, TABLES

UNTIL = "history_until"  # of a release: the day of its newest order; null where it has no histories
IS_OF_ALL = "history_of_all"  # of a release: whoever has no history in it was not known to it
PART = 8_192  # rows
_KIND = release_parts.c.kind
# What is kept of the current release alone.
_IS_OF_HISTORIES = or_(_KIND.startswith(HISTORY), _KIND.in_((ORDER_IDS, CONTACT_DETAILS)))
AT_ONCE = 32  # parts of one transaction: others can write in between


def load_histories(engine: Engine, number: int, folder: Path) -> tuple[str | None, set[str]]:
    """Keep the histories of a release folder under a release's number.

    Returns the day they reach to (None where the folder has none), and who was left out of them
    because they are kept out of releases.
    """
    until: dt.date | None = None
    left_out: set[str] = set()
    order_ids: list[np.ndarray] = []
    with writing(engine) as connection:
        key = key_of_ids(connection)
        its = (_IS_OF_HISTORIES, release_parts.c.number == number)
        connection.execute(delete(release_parts).where(*its))
    for file in sorted((folder / HISTORIES).glob("*.parquet")):
        time = TABLES[file.stem].time
        parts = enumerate(batches(file, PART))
        while some := list(islice(parts, AT_ONCE)):
            with writing(engine) as connection:
                # Asked each time: somebody may be erased while this is being loaded.
                is_out = who_is_out(connection)
                for part, rows in some:
                    if file.stem == ORDERS.name:
                        newest = pc.max(rows[time]).as_py().date()
                        until = newest if until is None else max(until, newest)
                        order_ids.append(hashes_of(key, pc.unique(rows["order_id"]).to_pylist()))
                    if is_out is not None:
                        ids = pc.unique(rows["customer_id"]).to_pylist()
                        out = [who for who in ids if is_out(who)]
                        left_out.update(out)
                        theirs = pc.is_in(rows["customer_id"], pa.array(out, pa.string()))
                        rows = rows.filter(pc.invert(theirs))
                    if len(rows):
                        write_part(connection, number, HISTORY + file.stem, part, rows)
    if order_ids:
        with writing(engine) as connection:
            hashes = np.concatenate(order_ids)
            order_ids.clear()
            keep_order_ids(connection, number, hashes)
    return (None if until is None else until.isoformat()), left_out


def drop_histories(engine: Engine, current: int) -> None:
    """Keep those of the current release alone."""
    with writing(engine) as connection:
        others = (_IS_OF_HISTORIES, release_parts.c.number != current)
        connection.execute(delete(release_parts).where(*others))


def histories_of(
    connection: Connection, number: int, customers: Collection[str]
) -> dict[str, pa.Table]:
    """The rows of these customers by table; a table in which they have none is left out."""
    asked = sorted(set(customers))
    columns = (
        release_parts.c.kind,
        release_parts.c.part,
        release_parts.c.first_id,
        release_parts.c.last_id,
    )
    wanted: dict[str, list[int]] = {}
    if not asked:
        return {}
    may_hold = (release_parts.c.first_id <= asked[-1], release_parts.c.last_id >= asked[0])
    for row in connection.execute(select(*columns).where(*_of(number), *may_hold)):
        place = bisect_left(asked, row.first_id)
        if place < len(asked) and asked[place] <= row.last_id:
            wanted.setdefault(row.kind, []).append(row.part)
    found, ids = {}, pa.array(asked, pa.string())
    for kind, parts in wanted.items():
        tables = []
        for part in sorted(parts):
            its = (*_of(number), release_parts.c.kind == kind, release_parts.c.part == part)
            content = connection.scalar(select(release_parts.c.content).where(*its))
            if content is not None:  # taken out by an erasure meanwhile
                table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
                tables.append(table.filter(pc.is_in(table["customer_id"], ids)))
        rows = pa.concat_tables(tables) if tables else None
        if rows is not None and len(rows):
            found[kind.removeprefix(HISTORY)] = rows
    return found


def tables_of(connection: Connection, number: int) -> frozenset[str]:
    """The tables of which a release has histories, whosoever they are of."""
    kinds = connection.scalars(select(_KIND).where(*_of(number)).distinct())
    return frozenset(kind.removeprefix(HISTORY) for kind in kinds)


def _of(number: int) -> tuple[ColumnElement[bool], ...]:
    return (release_parts.c.number == number, release_parts.c.kind.startswith(HISTORY))
