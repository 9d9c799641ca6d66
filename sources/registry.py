"""The sources by name; each is a module with `files`, `describe` and `load`."""

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Protocol

import pandas as pd

from core.errors import SourceError
from core.files import project_root
from sources.kinds import cdnow, complete_journey, files, simulator, table
from sources.kinds.sql import source as sql
from sources.known_days import calendar_file
from sources.params import SourceParams
from sources.tables.cutting import RawParts


class Source(Protocol):
    """What a source module offers."""

    def files(self, _params: SourceParams, /) -> dict[str, Path]: ...
    def describe(self, _params: SourceParams, /) -> str: ...
    def load(self, params: SourceParams, /) -> dict[str, pd.DataFrame]: ...


class LargeSource(Protocol):
    """What the module of a source offers besides, whose tables may not fit into memory."""

    def load_in_parts(
        self, params: SourceParams, room: Path, /
    ) -> dict[str, pd.DataFrame | RawParts]: ...


SOURCES: dict[str, Source] = {
    "complete_journey": complete_journey,
    "cdnow": cdnow,
    "files": files,
    "simulator": simulator,
    "sql": sql,
    "table": table,
}
LARGE: dict[str, LargeSource] = {"files": files, "simulator": simulator, "sql": sql}


def fingerprint(params: SourceParams) -> dict[str, object]:
    """What the source holds now: the company, a description, and the sha256 of every file it reads.

    Raises SourceError when two files have the same content: one delivery would count twice.
    """
    source = SOURCES[params.kind]
    sums = {name: _sha256(path) for name, path in sorted(source.files(params).items())}
    calendar = calendar_file(params)
    by_content: dict[str, list[str]] = defaultdict(list)
    for name, digest in sums.items():
        by_content[digest].append(name)
    for names in by_content.values():
        if len(names) > 1:
            raise SourceError(
                f"{' and '.join(names)} have the same content: the same file delivered twice would "
                "count every purchase twice. Remove one of them."
            )
    return {
        "kind": params.kind,
        "company": company(params),
        "description": source.describe(params),
        "files": sums | ({} if calendar is None else {str(params.calendar): _sha256(calendar)}),
    }


def company(params: SourceParams) -> str:
    """Whose data it is: unchanged while the data grows, different where another source is named.

    Taken from `source`, not from the customers: two companies may both number theirs from 1. A
    folder is the same however it is written; of a database's options a hash is told, as they may
    name more than is for everybody's eyes.
    """
    if params.kind == "simulator":
        simulated = params.simulator
        return (
            f"simulator {simulated.world}, {simulated.customers} customers, seed {simulated.seed}"
        )
    if params.kind == "sql":
        from sources.kinds.sql import local

        if place := local.place_of(params):
            return f"sql {_written(place)}"
        from sources.kinds.sql import (
            database,  # as in sources/kinds/sql/source.py: SQLAlchemy is slow to import
        )

        address = database.address_of(params.path)
        options = json.dumps(sorted(address.normalized_query.items()))
        also = f", options {hashlib.sha256(options.encode()).hexdigest()[:8]}"
        return f"sql {database.shown(address)}{also if address.query else ''}"
    if params.kind == "files":
        return f"files {_written(Path(params.path or ''))}"
    if params.kind == "table":
        return f"table {_written(Path(params.path or ''))}"
    return params.kind


def _written(path: Path) -> Path:
    """A folder or file, the same however it is written."""
    place, here = path.expanduser().resolve(), project_root()
    return place.relative_to(here) if place.is_relative_to(here) else place


def load(params: SourceParams) -> dict[str, pd.DataFrame]:
    """The raw tables of the configured source, columns named as the contract names them."""
    return SOURCES[params.kind].load(params)


def load_in_parts(params: SourceParams, room: Path) -> dict[str, pd.DataFrame | RawParts]:
    """The same, with large tables in parts below the folder `room`, if the source can cut them."""
    source = LARGE.get(params.kind)
    return {**load(params)} if source is None else source.load_in_parts(params, room)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
