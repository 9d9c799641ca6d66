"""Who is in no release: the erased for good, and who objects to profiling until they agree again.

The store knows them by a keyed hash of their id: enough to recognise them in what is published or
read, and nothing of them. It knows too of whom the current release lacks the history: who was out
and agreed again since. They may buy, and nobody can say how they bought before.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, delete, func, insert, select

from core.clock import utc_now
from serving.store.answers import AT_ONCE, Answer, agreed_in, objected_in, told_answers
from serving.store.database import version
from serving.store.own_secrets import CUSTOMERS, hashed_id, made_secret, secret
from serving.store.people_tables import kept_out
from serving.store.removal import Removed, ids_of, remove_customers, remove_from

Why = Literal["erased", "objects", "objects in the source"]
IN_SOURCE = "objects in the source"
OBJECTS = ("objects", IN_SOURCE)
NO_HISTORY = "no history"  # not out


def keep_out(
    connection: Connection, customer_id: str, why: Why, since: dt.datetime | None = None
) -> Removed:
    """Take a customer out of every kept release, and keep them out of those to come.

    Within a transaction of `writing`. Whoever objects is let in again by `let_in` and by agreements
    that are newer than `since` (UTC; now where it is not given).
    """
    hashed = hashed_id(made_secret(connection, CUSTOMERS), customer_id)
    its = (kept_out.c.id_hash == hashed, kept_out.c.why == why)
    connection.execute(delete(kept_out).where(*its))
    row = {"id_hash": hashed, "why": why, "since": since or utc_now()}
    connection.execute(insert(kept_out).values(row))
    return remove_customers(connection, [customer_id])


def let_in(connection: Connection, customer_id: str, agreed_at: dt.datetime | None = None) -> None:
    """The customer agreed at a time (UTC; now where it is not given): older objections are void.

    The next release may hold them; the current one lacks their history. An erasure stands.
    """
    key = secret(connection, CUSTOMERS)
    if key is None:
        return
    hashed = hashed_id(key, customer_id)
    its = [kept_out.c.id_hash == hashed, kept_out.c.why.in_(OBJECTS)]
    if agreed_at is not None:
        its.append(kept_out.c.since < agreed_at)
    if connection.execute(delete(kept_out).where(*its)).rowcount:
        _mark(connection, [hashed])


def heed_answers(connection: Connection, folder: Path, until: dt.date | None) -> None:
    """Heed who objects to profiling, and who agreed since, by the release in `folder`.

    Of all answers, told here or in the source, the newest counts. An objection of the source that
    this release no longer has is void up to `until`, the last day that it knows; None, of a release
    that is brought back: it knows nothing new. To be called before the release is loaded, within a
    transaction of `writing`.
    """
    _let_in_who_agrees(connection, folder)
    query = select(kept_out.c.id_hash, kept_out.c.since).where(kept_out.c.why == IN_SOURCE)
    before = {row.id_hash: row.since for row in connection.execute(query)}
    objected = objected_in(folder)
    if not objected and not before:
        return
    key = made_secret(connection, CUSTOMERS)
    told = told_answers(connection, sorted(objected))
    hashes = {
        hashed_id(key, who): (who, since)
        for who, since in objected.items()
        if max(told.get(who, Answer(since, True)), Answer(since, True)).objects
    }
    gone: set[str] = set()
    if until is not None:
        end = dt.datetime.combine(until + dt.timedelta(days=1), dt.time.min)
        gone = {h for h, since in before.items() if h not in hashes and since < end}
    changed = [h for h, (_, since) in hashes.items() if before.get(h) != since]
    _delete(connection, IN_SOURCE, [*gone, *changed])
    rows = [{"id_hash": h, "why": IN_SOURCE, "since": hashes[h][1]} for h in changed]
    if rows:
        connection.execute(insert(kept_out), rows)
    _mark(connection, gone)
    remove_customers(connection, sorted(hashes[h][0] for h in changed if h not in before))


def _let_in_who_agrees(connection: Connection, folder: Path) -> None:
    key = secret(connection, CUSTOMERS)
    oldest = func.min(kept_out.c.since).label("oldest")
    query = select(kept_out.c.id_hash, oldest).where(kept_out.c.why.in_(OBJECTS))
    rows = connection.execute(query.group_by(kept_out.c.id_hash))
    objected = {row.id_hash: row.oldest for row in rows}
    if not objected or key is None:
        return
    for customer_id, agreed_at in agreed_in(folder).items():
        since = objected.get(hashed_id(key, customer_id))
        if since is not None and agreed_at > since:
            let_in(connection, customer_id, agreed_at)


def mark_without_history(connection: Connection, folder: Path, left_out: Collection[str]) -> None:
    """Keep of whom the release in `folder`, current from now on, lacks the history in the store.

    `left_out`: of whom it was not loaded, as they were out then. Within the transaction that makes
    the release current.
    """
    connection.execute(delete(kept_out).where(kept_out.c.why == NO_HISTORY))
    some = {*left_out, *objected_in(folder)}
    some -= out_among(connection, some)  # `let_in` marks these
    if some:
        key = made_secret(connection, CUSTOMERS)
        _mark(connection, [hashed_id(key, who) for who in some])


def without_history(connection: Connection, customers: Collection[str]) -> set[str]:
    """Those of these customers whose history the release had, or knew of, and the store has not."""
    return _among(connection, customers, [NO_HISTORY])


def out_among(connection: Connection, customers: Collection[str], *reasons: Why) -> set[str]:
    """Those of these customers who are kept out, for these reasons or any."""
    return _among(connection, customers, reasons or get_args(Why))


def _among(connection: Connection, customers: Collection[str], why: Collection[str]) -> set[str]:
    key = secret(connection, CUSTOMERS)
    if key is None:
        return set()
    hashed = {hashed_id(key, who): who for who in customers}
    listed, found = sorted(hashed), set()
    for start in range(0, len(listed), AT_ONCE):
        its = (kept_out.c.id_hash.in_(listed[start : start + AT_ONCE]), kept_out.c.why.in_(why))
        found |= {hashed[one] for one in connection.scalars(select(kept_out.c.id_hash).where(*its))}
    return found


def _mark(connection: Connection, hashes: Iterable[str]) -> None:
    listed = sorted(set(hashes))
    _delete(connection, NO_HISTORY, listed)
    rows = [{"id_hash": h, "why": NO_HISTORY, "since": utc_now()} for h in listed]
    if rows:
        connection.execute(insert(kept_out), rows)


def _delete(connection: Connection, why: str, hashes: Collection[str]) -> None:
    listed = sorted(hashes)
    for start in range(0, len(listed), AT_ONCE):
        some = listed[start : start + AT_ONCE]
        connection.execute(
            delete(kept_out).where(kept_out.c.why == why, kept_out.c.id_hash.in_(some))
        )


def leave_out(connection: Connection, number: int) -> int:
    """Remove from a release those who are kept out; it may have been made before they were.

    Returns how many cards were removed. Within a transaction of `writing`, before anybody reads it.
    """
    is_out = who_is_out(connection)
    if is_out is None:
        return 0
    return remove_from(
        connection, number, [who for who in ids_of(connection, number) if is_out(who)]
    )


def who_is_out(connection: Connection) -> Callable[[str], bool] | None:
    """Tells of any id whether it is kept out; None where nobody is."""
    query = select(kept_out.c.id_hash).where(kept_out.c.why.in_(get_args(Why)))
    hashes, key = list(connection.scalars(query)), secret(connection, CUSTOMERS)
    return None if key is None else teller(key, hashes)


def without_those_out(connection: Connection, rows: pa.Table) -> pa.Table:
    """The rows of a table by customer_id without those of customers who are kept out."""
    is_out = who_is_out(connection)
    if is_out is None:
        return rows
    out = [who for who in rows["customer_id"].unique().to_pylist() if is_out(who)]
    return rows.filter(pc.invert(pc.is_in(rows["customer_id"], pa.array(out, pa.string()))))


def teller(key: bytes, hashes: Collection[str]) -> Callable[[str], bool] | None:
    """Tells of an id whether it is one of those that were hashed; None where there are none."""
    known = frozenset(hashes)
    return (lambda customer_id: hashed_id(key, customer_id) in known) if known else None


def erased(engine: Engine) -> tuple[str, list[str]]:
    """The key (hex) and the hashes that tell who was erased; "" and [] where nobody was."""
    if version(engine) is None:
        return "", []
    with engine.connect() as connection:
        query = select(kept_out.c.id_hash).where(kept_out.c.why == "erased")
        hashes = sorted(connection.scalars(query))
        return (made_secret(connection, CUSTOMERS).hex() if hashes else ""), hashes
