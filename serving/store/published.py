"""Which release is meant, and what it says of itself: parsed once in each process.

What was parsed is kept under the sha256 of its text, so that whatever changes it (the report of the
monitor, which comes later; an erasure; another store) is seen by the next reader.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.errors import NoReleaseError
from serving.cards.release import Release
from serving.store.errors import ReleaseNotFoundError
from serving.store.memory import Kept
from serving.store.tables import current_release, releases
from serving.store.visible import sees, visible_owners

NOTHING = (
    "No release was published yet: run `make run` (with the same REGULARS_STORE_URL, if it is set)."
)
# Made once: to put a query together takes longer than SQLite takes to answer it.
_POINTER = select(current_release.c.number).scalar_subquery()
_RELEASES_NEWEST_FIRST = (
    select(
        releases.c.number,
        releases.c.published_at,
        releases.c.info_sha256,
        _POINTER.label("current"),
    )
    .where(releases.c.published_at.is_not(None))
    .order_by(releases.c.number.desc())
    .limit(1)
)
CURRENT = _RELEASES_NEWEST_FIRST.where(releases.c.number == _POINTER)
OF_ID = _RELEASES_NEWEST_FIRST.where(releases.c.release_id == bindparam("release"))
_INFOS: Kept[Mapping[str, Any]] = Kept(32)
_RELEASES: Kept[Release] = Kept(64)


@dataclass(frozen=True)
class Found:
    """A kept release: its number, its facts, and where its info is kept parsed."""

    number: int
    release: Release
    info_sha256: str | None

    def part(self, connection: Connection, name: str) -> Any:
        """A further part of what the release says of itself; None where it has no such part."""
        return _info(connection, self.number, self.info_sha256).get(name)


def find_release(connection: Connection, release: str | None = None) -> Found:
    """The release of this id; without one the current one.

    Raises NoReleaseError before the first release was published, and ReleaseNotFoundError for an
    id of which no release is kept.
    """
    query = CURRENT if release is None else OF_ID
    return found_in(connection, connection.execute(query, {"release": release}).first(), release)


def found_in(connection: Connection, row: Any, release: str | None) -> Found:
    """The release of a row of CURRENT, or of OF_ID for an id; raises as `find_release`."""
    if row is not None:
        # What can change while the info stays is part of the key.
        key = (row.info_sha256, row.number, row.published_at, row.number == row.current)
        if row.info_sha256 is None:
            return Found(row.number, _seen(connection, _parsed(connection, row)), None)
        parsed = _RELEASES.get(key, lambda: _parsed(connection, row))
        return Found(row.number, _seen(connection, parsed), row.info_sha256)
    if release is None or connection.scalar(select(current_release.c.number)) is None:
        raise NoReleaseError(NOTHING)
    raise ReleaseNotFoundError(
        f"No release {release!r} is kept here: the id is misspelt, or newer releases have taken "
        "its place (REGULARS_KEEP_RELEASES says how many are kept)."
    )


def write_info(connection: Connection, number: int, info: Mapping[str, Any]) -> None:
    """Keep what a release says of itself; the only place that writes it."""
    text = json.dumps(info, sort_keys=True)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    changed = update(releases).where(releases.c.number == number)
    connection.execute(changed.values(info=dict(info), info_sha256=sha256))


def _seen(connection: Connection, release: Release) -> Release:
    """The release as this reader sees it: without the owners of customers that are not theirs."""
    if visible_owners(connection) is None:
        return release
    owners = [owner for owner in release.owners if sees(connection, owner)]
    return release.model_copy(update={"owners": owners})


def _parsed(connection: Connection, row: Any) -> Release:
    facts = _info(connection, row.number, row.info_sha256)
    times = {"published_at": row.published_at.replace(tzinfo=dt.UTC)}
    return Release.model_validate({**facts, **times, "is_current": row.number == row.current})


def _info(connection: Connection, number: int, sha256: str | None) -> Mapping[str, Any]:
    def read() -> Mapping[str, Any]:
        query = select(releases.c.info).where(releases.c.number == number)
        return connection.scalar(query) or {}

    return read() if sha256 is None else _INFOS.get(sha256, read)
