"""Customers leave the releases that are kept, at once and in all of them."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, or_, select
from sqlalchemy.exc import DBAPIError

from models.words import LISTED
from serving.store.published import write_info
from serving.store.tables import (
    CARDS,
    CONTACT_DETAILS,
    HISTORY,
    INDEX,
    MISSED,
    OVERVIEW,
    TIMELINES,
    VERSIONS,
    live_cards,
    metadata,
    release_parts,
    releases,
)
from serving.store.versions import each_part, hash_of_parts, remove_from_parts

OF_RELEASES = (*VERSIONS, release_parts, live_cards)  # whoever is not in these is in no release
AT_ONCE = 500  # ids in one statement


@dataclass(frozen=True)
class Removed:
    """What was removed: cards, and from how many releases."""

    releases: int
    cards: int


def remove_customers(connection: Connection, customer_ids: Collection[str]) -> Removed:
    """Remove customers from every release that is kept; totals of a release count them no more.

    A release that is being loaded is left to its publisher, which calls `leave_out` at its end.
    """
    kept = select(releases.c.number).where(releases.c.published_at.is_not(None))
    numbers = connection.scalars(kept).all()
    removed = [_remove(connection, number, customer_ids) for number in numbers]
    for some in _batches(customer_ids):  # also of a release that is being removed
        connection.execute(delete(live_cards).where(live_cards.c.customer_id.in_(some)))
    return Removed(sum(1 for number in removed if number), sum(removed))


def _remove(connection: Connection, number: int, customer_ids: Collection[str]) -> int:
    """Remove customers from one release; returns how many cards there were.

    Whoever is removed is in no other release either, so that their cards are removed for good.
    """
    gone: list[Any] = []
    live: set[str] = set()
    further = _further_kinds(connection, number)
    for some in _batches(customer_ids):
        for kind in (CARDS, TIMELINES, *further):
            gone += remove_from_parts(connection, number, kind, some)
        for table in VERSIONS:
            connection.execute(delete(table).where(table.c.customer_id.in_(some)))
        theirs = (live_cards.c.release_number == number, live_cards.c.customer_id.in_(some))
        live.update(connection.scalars(select(live_cards.c.customer_id).where(*theirs)))
        connection.execute(delete(live_cards).where(*theirs))
    if gone:
        _count_down(connection, number, gone)
    _unname(connection, number, customer_ids)
    return len(live | {row["customer_id"] for row in gone})


def _count_down(connection: Connection, number: int, gone: Iterable[Any]) -> None:
    its = select(releases.c.info).where(releases.c.number == number)
    info: dict[str, Any] = dict(connection.scalar(its) or {})
    if "customers" not in info:
        return  # it is being loaded, and says nothing of itself yet
    left = Counter(info["customers"])
    left.subtract(row["status"] for row in gone)
    info["customers"] = {status: count for status, count in left.items() if count > 0}
    if info.get("total_value_at_risk") is not None:
        listed = [row["value_at_risk"] for row in gone if row["status"] in LISTED]
        info["total_value_at_risk"] = max(info["total_value_at_risk"] - sum(listed), 0.0)
    info[INDEX] = hash_of_parts(connection, number)
    write_info(connection, number, info)


def _unname(connection: Connection, number: int, customer_ids: Collection[str]) -> None:
    """Take customers out of the lists of the overview; its sums and counts stay as they were."""
    info = connection.scalar(select(releases.c.info).where(releases.c.number == number)) or {}
    movers = (info.get(OVERVIEW) or {}).get("movers")
    if movers is None:
        return
    out = set(customer_ids)
    kept = [one for one in movers["customers"] if one["customer_id"] not in out]
    if len(kept) < len(movers["customers"]):
        overview = {**info[OVERVIEW], "movers": {**movers, "customers": kept}}
        write_info(connection, number, {**info, OVERVIEW: overview})


def ids_of(connection: Connection, number: int) -> list[str]:
    """The customers of a release and of all it keeps, and those who are gone by what it says."""
    ids: set[str] = set()
    for kind in (CARDS, *_further_kinds(connection, number)):
        for rows in each_part(connection, number, kind, ["customer_id"]):
            ids.update(rows["customer_id"].unique().to_pylist())
    for table in VERSIONS:
        is_gone = (table.c.number == number, table.c.content.is_(None))
        ids.update(connection.scalars(select(table.c.customer_id).where(*is_gone)))
    return sorted(ids)


def _further_kinds(connection: Connection, number: int) -> Sequence[str]:
    """The kinds of parts, besides cards and timelines, that hold rows of customers."""
    kind = release_parts.c.kind
    is_of_customers = or_(kind.startswith(HISTORY), kind.in_([CONTACT_DETAILS, MISSED]))
    query = select(kind).where(release_parts.c.number == number, is_of_customers)
    return connection.scalars(query.distinct()).all()


def remove_from(connection: Connection, number: int, customer_ids: Collection[str]) -> int:
    """Remove customers from this release; returns how many cards there were."""
    return _remove(connection, number, customer_ids)


def overwrite_removed(engine: Engine) -> bool:
    """Write the store anew, so that no byte of what was removed is left in its files.

    With SQLite the file is rewritten and the write-ahead log emptied; PostgreSQL gives its pages
    free to be written over, and its own write-ahead log and backups keep what they hold until they
    are recycled. False where that cannot be done now: somebody writes or reads for long, or the
    disk has no room for a second copy. What was removed is out of sight all the same.
    """
    try:
        if engine.dialect.name == "sqlite":
            return _rewritten(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in metadata.sorted_tables:
                if "customer_id" in table.c or table in OF_RELEASES:
                    connection.exec_driver_sql(f"VACUUM {table.name}")
    except (DBAPIError, sqlite3.Error):
        return False
    return True


def _rewritten(engine: Engine) -> bool:
    """SQLite's file and log without a trace, if no reader holds the log."""
    pooled = engine.raw_connection()
    try:
        raw: Any = pooled.driver_connection
        raw.execute("VACUUM").close()
        (is_held, *_) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not is_held
    finally:
        pooled.close()


def _batches(ids: Collection[str]) -> Iterator[list[str]]:
    listed = list(ids)
    for start in range(0, len(listed), AT_ONCE):
        yield listed[start : start + AT_ONCE]
