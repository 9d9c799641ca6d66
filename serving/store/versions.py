"""What differs between releases is written, and what no kept release needs is removed.

The newest row of a customer whose number is not above that of a release counts in it, so that a row
which is equal to the one before is not written at all.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, Table, and_, delete, func, insert, select

from serving.store.database import writing
from serving.store.tables import CARDS, VERSIONS, live_cards, release_parts, releases

BATCH = 20_000  # rows of one transaction: others can write in between
HASHES = pa.schema([("customer_id", pa.string()), ("content_hash", pa.int64())])


class Before:
    """Customers and contents of the release that was loaded last, to compare a new one with."""

    def __init__(self, connection: Connection, kind: str, number: int | None) -> None:
        self._hashes = HASHES.empty_table()
        if number is not None:
            self._hashes = read_parts(connection, number, kind, HASHES.names)
        self._ids = self._hashes["customer_id"].combine_chunks()
        self._contents = self._hashes["content_hash"].to_numpy()
        self._seen = np.zeros(len(self._ids), dtype=bool)

    def changed(self, ids: pa.Array, hashes: np.ndarray) -> np.ndarray:
        """Whether each of these customers has another content than before, or had none."""
        if len(self._ids) == 0:
            return np.ones(len(ids), dtype=bool)
        place = pc.fill_null(pc.index_in(ids, self._ids), -1).to_numpy(zero_copy_only=False)
        known = place >= 0
        self._seen[place[known]] = True
        changed: np.ndarray = ~known | (self._contents[place] != hashes)
        return changed

    def gone(self) -> list[str]:
        """Customers that no call of `changed` named."""
        return list(self._ids.filter(pa.array(~self._seen)).to_pylist())


def last_loaded(connection: Connection) -> int | None:
    """The number of the kept release that was loaded last: what a new one is compared with."""
    newest = select(func.max(releases.c.number)).where(releases.c.published_at.is_not(None))
    number: int | None = connection.scalar(newest)
    return number


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert (customer_id, number, content), as fast as the database takes them."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES (?, ?, ?)", list(rows))
        return
    driver: Any = connection.connection
    with driver.cursor() as cursor:
        command = f"COPY {table.name} (customer_id, number, content) FROM STDIN (FORMAT BINARY)"
        with cursor.copy(command) as copy:
            copy.set_types(["varchar", "int4", "bytea"])
            for row in rows:
                copy.write_row(row)


def insert_gone(engine: Engine, table: Table, number: int, gone: Iterable[str]) -> None:
    """Write that the release has nothing of these customers, who had something before."""
    rest = iter(gone)
    while some := list(islice(rest, BATCH)):
        with writing(engine) as connection:
            insert_rows(connection, table, [(customer, number, None) for customer in some])


def write_part(connection: Connection, number: int, kind: str, part: int, rows: pa.Table) -> None:
    """Keep the columns of one part of a release; `rows` has at least one row."""
    ends = pc.min_max(rows["customer_id"]).as_py()
    connection.execute(
        insert(release_parts).values(
            number=number,
            kind=kind,
            part=part,
            first_id=ends["min"],
            last_id=ends["max"],
            content=packed(rows),
        )
    )


def packed(rows: pa.Table) -> bytes:
    """A table as bytes."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, rows.schema, options=options) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue().to_pybytes())


def read_parts(
    connection: Connection, number: int, kind: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """The columns of a release, of all its parts together; without a row where it has none."""
    tables = list(each_part(connection, number, kind, columns))
    return pa.concat_tables(tables) if tables else HASHES.empty_table()


def each_part(
    connection: Connection, number: int, kind: str, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """The same part by part; of columns that are not asked for nothing is unpacked."""
    for content in _contents(connection, number, kind):
        buffer = pa.BufferReader(content)
        names = pa.ipc.open_file(buffer).schema.names
        wanted = [place for place, name in enumerate(names) if columns is None or name in columns]
        options = pa.ipc.IpcReadOptions(included_fields=wanted)
        table = pa.ipc.open_file(buffer, options=options).read_all()
        there = [] if columns is None else [name for name in columns if name in names]
        yield table if columns is None else table.select(there)


def _contents(connection: Connection, number: int, kind: str) -> Iterator[bytes]:
    """The parts of a release as bytes, one in memory at a time."""
    its = (release_parts.c.number == number, release_parts.c.kind == kind)
    parts = select(release_parts.c.part).where(*its).order_by(release_parts.c.part)
    for part in connection.scalars(parts).all():
        query = select(release_parts.c.content).where(*its, release_parts.c.part == part)
        yield connection.scalars(query).one()


def remove_from_parts(
    connection: Connection, number: int, kind: str, customers: Sequence[str]
) -> list[dict[str, Any]]:
    """Write the parts of a release anew without these customers; the rows of CARDS taken out."""
    least, greatest = min(customers, default=""), max(customers, default="")
    its = (release_parts.c.number == number, release_parts.c.kind == kind)
    may_hold = (release_parts.c.first_id <= greatest, release_parts.c.last_id >= least)
    found = connection.execute(select(release_parts).where(*its, *may_hold)).all()
    removed = []
    for row in found:
        table = pa.ipc.open_file(pa.BufferReader(row.content)).read_all()
        is_theirs = pc.is_in(table["customer_id"], pa.array(list(customers), pa.string()))
        theirs = table.filter(is_theirs)
        if len(theirs) == 0:
            continue
        connection.execute(delete(release_parts).where(*its, release_parts.c.part == row.part))
        rest = table.filter(pc.invert(is_theirs))
        if len(rest):
            write_part(connection, number, kind, row.part, rest)
        if kind == CARDS:
            removed += theirs.select(["customer_id", "status", "value_at_risk"]).to_pylist()
    return removed


def hash_of_parts(connection: Connection, number: int) -> str:
    """The sha256 of what lists of a release are made of, under which readers keep it."""
    sha256 = hashlib.sha256()
    for content in _contents(connection, number, CARDS):
        sha256.update(content)
    return sha256.hexdigest()


def remove_release(engine: Engine, number: int) -> None:
    """Remove a release that nobody reads, and the rows that no other release needs.

    Rows are removed some at a time; if this is interrupted, the next call removes the rest.
    """
    for table in VERSIONS:
        _remove_rows(engine, table, number)
    with writing(engine) as connection:
        connection.execute(delete(live_cards).where(live_cards.c.release_number == number))
        for its in (release_parts, releases):
            connection.execute(delete(its).where(its.c.number == number))


def _remove_rows(engine: Engine, table: Table, number: int) -> None:
    """Remove rows of the release, and of removed ones before it, that the next one replaces."""
    with engine.connect() as connection:
        kept = set(
            connection.scalars(
                select(releases.c.number).where(releases.c.published_at.is_not(None))
            )
        )
    before = max((other for other in kept if other < number), default=0)
    after = min((other for other in kept if other > number), default=None)
    newer = table.alias("newer")
    is_replaced = (
        select(newer.c.number)
        .where(
            newer.c.customer_id == table.c.customer_id,
            newer.c.number > table.c.number,
            newer.c.number <= (after or 0),
        )
        .exists()
    )
    wanted = [table.c.number > before, table.c.number <= number]
    if after is not None:
        wanted.append(is_replaced)
    _delete(engine, table, wanted)
    if before == 0 and after is not None:
        # Nothing older is kept, so that nothing has to be said to be gone.
        _delete(engine, table, [table.c.number <= after, table.c.content.is_(None)])


def _delete(engine: Engine, table: Table, wanted: list[Any]) -> None:
    last: tuple[int, str] | None = None
    key = (table.c.number, table.c.customer_id)
    while True:
        further = [] if last is None else [_is_after(table, *last)]
        some = select(*key).where(*wanted, *further).order_by(*key).limit(BATCH)
        with writing(engine) as connection:
            rows = connection.execute(some).all()
            if rows:
                _delete_rows(connection, table, [(who, number) for number, who in rows])
        if len(rows) < BATCH:
            return
        last = (rows[-1].number, rows[-1].customer_id)


def _is_after(table: Table, number: int, customer_id: str) -> Any:
    is_later = and_(table.c.number == number, table.c.customer_id > customer_id)
    return (table.c.number > number) | is_later


def _delete_rows(connection: Connection, table: Table, rows: list[tuple[str, int]]) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    connection.exec_driver_sql(
        f"DELETE FROM {table.name} WHERE customer_id = {mark} AND number = {mark}", rows
    )
