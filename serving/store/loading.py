"""Loads the cards and timelines of a release folder under a number that nobody reads yet."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, Table

from models.words import RULE, SCORED
from serving.cards.sorting import DESCENDING, RANKED
from serving.store.behind import behind
from serving.store.coding import CardWriter, hash_of, packed_timelines, rows_of
from serving.store.database import writing
from serving.store.layouts import layout_of
from serving.store.list_index import CODES, DAYS, LAST, NEVER, SCHEMA
from serving.store.release_folder import Counts, read_cards, read_timelines
from serving.store.release_schema import ReleaseSchema
from serving.store.shapes import CONSTANT
from serving.store.tables import CARDS, TIMELINES, card_versions, timeline_versions
from serving.store.versions import (
    HASHES,
    Before,
    insert_gone,
    insert_rows,
    read_parts,
    write_part,
)

FROM_COLUMN = {"next_purchase_date": "next_purchase_date_median"}


def risks(connection: Connection, number: int | None) -> pa.Table:
    """`customer_id` and `churn_risk` of everyone whom a model scored in a release."""
    names = ["customer_id", "churn_risk", "status"]
    if number is None:
        return SCHEMA.empty_table().select(names[:2])
    table = read_parts(connection, number, CARDS, names)
    return table.filter(pc.equal(table["status"].cast(pa.string()), SCORED)).select(names[:2])


def load_cards(
    engine: Engine,
    number: int,
    last: int | None,
    folder: Path,
    earlier: pa.Table,
    schema: ReleaseSchema,
) -> Counts:
    """Write the cards of the release, with the change since the `earlier` risks; their counts.

    `last` is the number of the release that was loaded before, whose equal cards are shared. Raises
    ArtifactError for a card that breaks the schema.
    """
    counts, writer = Counts(), None
    with engine.connect() as connection:
        before = Before(connection, CARDS, last)
    with behind() as thread:
        for part, table in enumerate(read_cards(folder)):
            schema.check(table)
            table = _with_change(table, earlier)
            own = table.drop_columns(["customer_id", *set(CONSTANT) & set(table.column_names)])
            if writer is None:
                with writing(engine) as connection:
                    writer = CardWriter(connection, layout_of(own.schema))
                    writer.learn(connection, own)
            plain = [writer.plain(row) for row in rows_of(own)]
            hashes = np.fromiter(map(hash_of, plain), np.int64, len(plain))
            changed = before.changed(table["customer_id"].combine_chunks(), hashes)
            index = index_of(table, hashes)
            counts.add(index)
            cards = _Part(number, CARDS, part, index, changed, _those(plain, changed))
            thread.run(partial(cards.write, engine, card_versions, writer.packed))
    schema.check_once()
    insert_gone(engine, card_versions, number, before.gone())
    return counts


def load_timelines(engine: Engine, number: int, last: int | None, folder: Path) -> None:
    """Write the days with purchases of everyone whose timeline is not that of `last`."""
    with engine.connect() as connection:
        before = Before(connection, TIMELINES, last)
    with behind() as thread:
        for part, (customers, plain) in enumerate(read_timelines(folder)):
            ids = pa.array(customers, pa.string())
            hashes = np.fromiter(map(hash_of, plain), np.int64, len(plain))
            changed = before.changed(ids, hashes)
            rows = pa.table([ids, pa.array(hashes)], schema=HASHES)
            lines = _Part(number, TIMELINES, part, rows, changed, _those(plain, changed))
            thread.run(partial(lines.write, engine, timeline_versions, packed_timelines))
    insert_gone(engine, timeline_versions, number, before.gone())


@dataclass(frozen=True)
class _Part:
    """What one part of a release writes: its rows, and the contents of those that have changed."""

    number: int
    kind: str
    part: int
    rows: pa.Table
    changed: np.ndarray
    contents: list[bytes]

    def write(
        self, engine: Engine, table: Table, pack: Callable[[list[bytes]], list[bytes]]
    ) -> None:
        """Write it in one transaction, compressed by `pack`."""
        who = self.rows["customer_id"].filter(pa.array(self.changed)).to_pylist()
        packed = pack(self.contents)
        versions = list(zip(who, repeat(self.number), packed, strict=False))
        with writing(engine) as connection:
            insert_rows(connection, table, versions)
            write_part(connection, self.number, self.kind, self.part, self.rows)


def index_of(table: pa.Table, hashes: np.ndarray) -> pa.Table:
    """What lists filter and sort by, of rows of cards.parquet."""
    found = {
        "customer_id": table["customer_id"],
        "search": _search(table),
        "content_hash": pa.array(hashes),
        "relationship_declined": _column(table, "relationship_declined", pa.bool_()),
    }
    for name in CODES:
        found[name] = _column(table, name, pa.string()).dictionary_encode()
    for name in DESCENDING:
        found[name] = _numbers(_column(table, name, pa.float64()))
    for name in DAYS:
        days = _column(table, FROM_COLUMN.get(name, name), pa.date32())
        found[name] = pc.fill_null(days, pa.scalar(NEVER, pa.date32()))
    for name in RANKED:
        found[name] = pc.fill_null(_column(table, name, pa.int32()), LAST)
    found["risk_change"] = _numbers(_column(table, "risk_change", pa.float64()))
    found["days_since_contact"] = pc.fill_null(_since_contact(table), LAST)
    found["churn_risk"] = _by_risk(table, found["churn_risk"])
    return pa.table([_one(found[field.name]).cast(field.type) for field in SCHEMA], schema=SCHEMA)


def _with_change(table: pa.Table, earlier: pa.Table) -> pa.Table:
    """The rows with `risk_change`, against the risk that the customer had; unknown where none."""
    now = _column(table, "churn_risk", pa.float64())
    place = pc.index_in(table["customer_id"].combine_chunks(), earlier["customer_id"])
    before = pc.take(earlier["churn_risk"], place)
    return table.append_column("risk_change", pc.subtract(now, before))


def _by_risk(table: pa.Table, risk: pa.ChunkedArray) -> pa.ChunkedArray:
    """What the list is sorted by: the risk, or for a rule, which has none, a value by its rank."""
    if "risk_rank" not in table.column_names:
        return risk
    is_rule = pc.equal(table["status"], RULE)
    by_rank = pc.divide(1.0, table["risk_rank"].cast(pa.float64()))
    return pc.fill_null(pc.if_else(is_rule, by_rank, risk), 0.0)


def _search(table: pa.Table) -> pa.Array:
    names = _column(table, "name", pa.string()).to_pylist()
    pairs = zip(names, table["customer_id"].to_pylist(), strict=True)
    return pa.array([f"{name or ''}\n{who}".casefold() for name, who in pairs], pa.string())


def _column(table: pa.Table, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    """A column of this type; without a value where the release has no such column."""
    if name not in table.column_names:
        return pa.chunked_array([pa.nulls(len(table), kind)])
    return table[name].cast(kind, safe=False)


def _since_contact(table: pa.Table) -> pa.ChunkedArray:
    """Days from the last contact to the as-of date; unknown where none is known."""
    days = [_column(table, name, pa.date32()) for name in ("as_of_date", "last_contact_date")]
    as_of, contact = (column.cast(pa.int32()) for column in days)
    return pc.subtract(as_of, contact)


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    known = pc.fill_null(column, math.nan)
    return pc.if_else(pc.is_nan(known), 0.0, known)


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _those(contents: list[bytes], changed: np.ndarray) -> list[bytes]:
    return [contents[place] for place in np.flatnonzero(changed).tolist()]
