"""Who is in no release: the erased for good, and who objects to profiling until they agree again.

The store knows them by a keyed hash of their id: enough to recognise them in what is published or
read, and nothing of them.
"""

import datetime as dt
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq
from sqlalchemy import Connection, Engine, delete, insert, inspect, select

from core.clock import utc_now
from core.files import AGREEMENTS
from serving.store.database import version
from serving.store.own_secrets import CUSTOMERS, hashed_id, made_secret, secret
from serving.store.people_tables import kept_out
from serving.store.removal import Removed, ids_of, remove_customers, remove_from

Why = Literal["erased", "objects"]


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


def let_in(connection: Connection, customer_id: str) -> None:
    """The customer no longer objects: the next release may hold them. An erasure stands."""
    key = secret(connection, CUSTOMERS)
    if key is not None:
        its = kept_out.c.id_hash == hashed_id(key, customer_id)
        connection.execute(delete(kept_out).where(its, kept_out.c.why == "objects"))


def let_in_who_agrees(connection: Connection, folder: Path) -> None:
    """Let in whoever agreed to profiling, by the release in `folder`, after they objected here."""
    file, key = folder / AGREEMENTS, secret(connection, CUSTOMERS)
    query = select(kept_out.c.id_hash, kept_out.c.since).where(kept_out.c.why == "objects")
    objected = {row.id_hash: row.since for row in connection.execute(query)}
    if not objected or key is None or not file.exists():
        return
    table = pq.read_table(file, columns=["customer_id", "agreed_at"])
    for customer_id, agreed_at in zip(*table.to_pydict().values(), strict=True):
        since = objected.get(hashed_id(key, customer_id))
        if since is not None and agreed_at > since:
            let_in(connection, customer_id)


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


def who_is_out(connection: Connection, *reasons: Why) -> Callable[[str], bool] | None:
    """Tells of an id whether it is kept out, for these reasons or any; None where nobody is."""
    query = select(kept_out.c.id_hash)
    if reasons:
        query = query.where(kept_out.c.why.in_(reasons))
    hashes, key = list(connection.scalars(query)), secret(connection, CUSTOMERS)
    return None if key is None else teller(key, hashes)


def teller(key: bytes, hashes: Collection[str]) -> Callable[[str], bool] | None:
    """Tells of an id whether it is one of those that were hashed; None where there are none."""
    known = frozenset(hashes)
    return (lambda customer_id: hashed_id(key, customer_id) in known) if known else None


def erased(engine: Engine) -> tuple[str, list[str]]:
    """The key (hex) and the hashes that tell who was erased; "" and [] where nobody was."""
    if version(engine) is None:
        return "", []
    with engine.connect() as connection:
        if not inspect(connection).has_table(kept_out.name):
            return "", []  # a store of older code, which publishing brings up to date
        query = select(kept_out.c.id_hash).where(kept_out.c.why == "erased")
        hashes = sorted(connection.scalars(query))
        return (made_secret(connection, CUSTOMERS).hex() if hashes else ""), hashes
