"""Which numbers of orders the current release knows: a told order under one of them is no new one.

Keyed hashes, sorted, in parts: one part is read to look for a number, and nothing of who ordered
is told by it.
"""

import hashlib
from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, insert, select

from serving.store.own_secrets import CUSTOMERS, made_secret, secret
from serving.store.tables import ORDER_IDS, release_parts
from serving.store.versions import packed

PART = 65_536  # numbers
COLUMN = "hash"


def hashes_of(key: bytes, order_ids: Collection[str]) -> np.ndarray:
    """A hash (64 bits) of each number, which nobody without the key can test a guess by."""
    known = hashlib.sha256(key).hexdigest()[:16]
    found: np.ndarray = pd.util.hash_array(np.array(list(order_ids), dtype=object), hash_key=known)
    return found


def key_of_ids(connection: Connection) -> bytes:
    """The key of the hashes; within a transaction of `writing`."""
    return made_secret(connection, CUSTOMERS)


def keep_order_ids(connection: Connection, number: int, hashes: np.ndarray) -> None:
    """Keep the hashes of a release's numbers, which are sorted in place.

    Within a transaction of `writing`.
    """
    ordered = _unique(hashes)
    for part, start in enumerate(range(0, len(ordered), PART)):
        some = ordered[start : start + PART]
        row = {
            "number": number,
            "kind": ORDER_IDS,
            "part": part,
            "first_id": _name(some[0]),
            "last_id": _name(some[-1]),
            "content": packed(pa.table({COLUMN: some})),
        }
        connection.execute(insert(release_parts).values(row))


def known_order_ids(connection: Connection, number: int, order_ids: Collection[str]) -> set[str]:
    """Those of these numbers that the release knows, of whomever."""
    key = secret(connection, CUSTOMERS)
    if key is None or not order_ids:
        return set()
    asked = dict(zip(hashes_of(key, order_ids).tolist(), order_ids, strict=True))
    its = (release_parts.c.number == number, release_parts.c.kind == ORDER_IDS)
    ends = (release_parts.c.part, release_parts.c.first_id, release_parts.c.last_id)
    known = set()
    for part, first, last in connection.execute(select(*ends).where(*its)).all():
        here = [one for one in asked if first <= _name(one) <= last]
        if here:
            wanted = select(release_parts.c.content).where(*its, release_parts.c.part == part)
            buffer = pa.BufferReader(connection.scalars(wanted).one())
            hashes = pa.ipc.open_file(buffer).read_all()[COLUMN].to_numpy()
            there = np.isin(np.array(here, dtype="uint64"), hashes)
            known |= {asked[one] for one, is_there in zip(here, there, strict=True) if is_there}
    return known


def _unique(hashes: np.ndarray) -> np.ndarray:
    """Each of them once, in order; np.unique builds a set first, several times their size."""
    hashes.sort()
    is_first = np.ones(len(hashes), dtype=bool)
    np.not_equal(hashes[1:], hashes[:-1], out=is_first[1:])
    return hashes[is_first]


def _name(value: int) -> str:
    """The hash as text that sorts as the numbers do."""
    return f"{int(value):016x}"
