"""Files of a release, and rows of the store, damaged one at a time: each has to be noticed."""

import hashlib
import logging
import random
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, select, update

from benchmarks.faults.killing import ended_with
from benchmarks.faults.stores import KEPT
from core.errors import RegularsError
from serving.live.process import LiveModels
from serving.store import listing
from serving.store.coding import read_timeline
from serving.store.database import open_store, writing
from serving.store.live_files import live_files
from serving.store.many import every_card
from serving.store.memory import Kept
from serving.store.publishing import publish
from serving.store.reading import current
from serving.store.tables import CARDS, card_versions, release_parts, timeline_versions

KINDS = (card_versions, release_parts, live_files, timeline_versions)


def harm(whole: bytes, draw: random.Random) -> tuple[bytes, str]:
    """The bytes cut short, or with one bit flipped; and which of both."""
    place = draw.randrange(len(whole))
    if draw.random() < 0.5:
        return whole[:place], "cut"
    flipped = bytes([whole[place] ^ (1 << draw.randrange(8))])
    return whole[:place] + flipped + whole[place + 1 :], "bit"


def damages(
    url: str, folders: tuple[Path, Path], number: int, draw: random.Random
) -> dict[str, Any]:
    """Truncate a file or flip one bit of it, try to publish, and put it right again."""
    engine = open_store(url)
    publish(folders[0], engine, KEPT)
    before = current(engine)
    folder = folders[1]
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    found, unnoticed = Counter[str](), Counter[str]()
    for turn in range(number):
        path = files[turn % len(files)]
        whole = path.read_bytes()
        harmed, how = harm(whole, draw)
        path.write_bytes(harmed)
        try:
            publish(folder, engine, KEPT)
            found["accepted"] += 1
            unnoticed[f"{path.name}: {how}"] += 1
            publish(folders[0], engine, KEPT)
        except RegularsError:
            found["refused"] += 1
        except Exception as error:  # noqa: BLE001 (what it may be is what is measured)
            found["crashed"] += 1
            unnoticed[f"{path.name}: {type(error).__name__}"] += 1
        finally:
            path.write_bytes(whole)
        found["seen"] += current(engine).release_id != before.release_id
    return {
        "what": "damage",
        "store": engine.dialect.name,
        "damaged": number,
        "refused": found["refused"],
        "accepted": found["accepted"],
        "crashed": found["crashed"],
        "seen_by_readers": found["seen"],
        "which": dict(unnoticed),
    }


def rows_damaged(url: str, folder: Path, number: int, draw: random.Random) -> dict[str, Any]:
    """Damage a card, a timeline, the columns of lists, or a file of the models in the store.

    Each is cut, or has one bit flipped, in a row of the database; a process that starts then reads
    all of it. The store has to be empty before: all its rows are then of the release that is read.
    """
    engine = open_store(url)
    publish(folder, engine, KEPT)
    found, unnoticed = Counter[str](), Counter[str]()
    whole = ended_with(lambda: _read_whole(url))
    for turn in range(number):
        table = KINDS[turn % len(KINDS)]
        with engine.connect() as connection:
            rows = connection.execute(_rows_of(table)).all()
        *key, content = draw.choice(rows)
        its = [column == value for column, value in zip(table.primary_key, key, strict=True)]
        harmed, how = harm(bytes(content), draw)
        _write(engine, table, its, harmed)
        said = ended_with(lambda: _read_whole(url))
        if said == whole:  # such as the bit that says whether there is a checksum
            said = "without effect"
        elif said not in ("refused", "crashed"):
            said = "accepted"
        _write(engine, table, its, content)
        found[said] += 1
        if said != "refused":
            unnoticed[f"{table.name}: {how}, {said}"] += 1
    return {
        "what": "damage in the store",
        "store": engine.dialect.name,
        "damaged": number,
        "refused": found["refused"],
        "without_effect": found["without effect"],
        "accepted": found["accepted"],
        "crashed": found["crashed"],
        "which": dict(unnoticed),
    }


def _rows_of(table: Table) -> Any:
    """The key and the content of every row that holds one."""
    query = select(*table.primary_key, table.c.content).where(table.c.content.is_not(None))
    if "kind" in table.c:  # what lists are made of
        return query.where(table.c.kind == CARDS)
    return query


def _write(engine: Engine, table: Table, its: list[Any], content: bytes) -> None:
    with writing(engine) as connection:
        connection.execute(update(table).where(*its).values(content=content))


def _read_whole(url: str) -> str:
    """Read every card by the columns of lists, all timelines, and the models, as a service does.

    Returns the sha256 of all of it.
    """
    logging.disable()  # that models are refused is what is looked for
    listing._INDEXES = Kept(2)  # as in a process that starts; the parent may have read them
    engine = open_store(url)
    _, batches = every_card(engine)
    sha256 = hashlib.sha256()
    for batch in batches:
        sha256.update(repr(batch).encode())
    with engine.connect() as connection:
        for content in connection.scalars(select(timeline_versions.c.content)):
            sha256.update(repr(read_timeline(connection, content)).encode())
    LiveModels(engine, _untried).scorer()
    return sha256.hexdigest()


def _untried(_: Path) -> None:
    """Files that fit their hashes were tried before."""
