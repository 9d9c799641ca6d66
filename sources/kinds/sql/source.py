"""The source `sql`: tables or queries of any database that SQLAlchemy reaches, or over files.

Stage `source` reads the database and writes what it read below `extracts/`; stage `ingest` reads
only that, so that both see the same rows. With `source.incremental` only
rows known since the last reading are fetched.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from core.clock import utc_now
from core.errors import SourceError
from sources.contract import LEFT_OUT, TABLES, TEXT
from sources.cures import literal, quoted
from sources.duck import connect
from sources.kinds.sql import local
from sources.kinds.sql.extracts import kinds_of, scan, typed, write_part
from sources.params import SourceParams
from sources.tables.cutting import BEYOND_THE_ROW, RawParts, Scan, cut
from sources.tables.expressions import Raw
from sources.tables.mapping import columns_of, mapped, selected
from sources.tables.mapping import kinds_of as select_kinds

if TYPE_CHECKING:
    from sqlalchemy import Connection

EXTRACTS = Path("extracts")
SORTABLE: dict[str, Callable[[str], date | str]] = {
    "date": date.fromisoformat,
    "time": datetime.fromisoformat,
    "zoned": datetime.fromisoformat,
    "text": str,
}
ISO = re.compile(r"0000-00-00([ T]00:00(:00(\.0+)?)?Z?)?")  # each digit as 0


def files(params: SourceParams) -> dict[str, Path]:
    """Read the database, and name every file with what was read by its path in the extract.

    Raises SourceError when the database cannot be read or has no orders.
    """
    folder = _folder(params)
    _extract(params, folder)
    return {
        part.relative_to(folder).as_posix(): part for part in sorted(folder.glob("*/*.parquet"))
    }


def describe(params: SourceParams) -> str:
    """The database, without credentials; with `source.incremental` what is read whole, and why."""
    folder = _folder(params)
    from sources.kinds.sql import database

    if place := local.place_of(params):
        return f"{'folder' if place.is_dir() else 'DuckDB file'} {params.path}, by queries"
    text = f"database {database.shown(database.address_of(params.path))}"
    if not params.incremental:
        return text
    reasons = {name: _why_whole(name, _parts(folder, name), params) for name in _tables(folder)}
    new = [name for name, reason in reasons.items() if not reason]
    whole = [f"{name} ({reason})" for name, reason in reasons.items() if reason]
    return (
        f"{text}; read by known_at: {', '.join(new) or 'nothing'}; "
        f"read whole: {', '.join(whole) or 'nothing'}"
    )


def load(params: SourceParams) -> dict[str, pd.DataFrame]:
    """The tables as the last extract has them, renamed and derived; without one it is made.

    Raises SourceError for an expression that fails.
    """
    return {name: _whole(name, parts, params) for name, parts in _extracted(params).items()}


def load_in_parts(params: SourceParams, room: Path) -> dict[str, pd.DataFrame | RawParts]:
    """The same, with large tables in parts below `room`."""
    found: dict[str, pd.DataFrame | RawParts] = {}
    for name, parts in _extracted(params).items():
        whole = partial(_whole, name, parts, params)
        scan = partial(_scan, name, parts, params)
        found[name] = cut([scan], TABLES[name], parts, room / name, whole)
    return found


def _extracted(params: SourceParams) -> dict[str, list[Path]]:
    folder = _folder(params)
    if not folder.is_dir():
        _extract(params, folder)
    return {name: _parts(folder, name) for name in _tables(folder)}


def _whole(name: str, parts: list[Path], params: SourceParams) -> pd.DataFrame:
    with connect() as connection:
        return mapped(connection, _raw(name, parts, params), TABLES[name], params)


@contextmanager
def _scan(name: str, parts: list[Path], params: SourceParams) -> Iterator[Scan | str]:
    """The rows as DuckDB can select them; or why they have to be seen together."""
    with connect() as connection:
        chosen = selected(connection, _raw(name, parts, params), TABLES[name], params)
        derived = params.derive.get(name, {})
        given = [c for c in select_kinds(connection, chosen.sql) if c not in derived]
        scan = Scan(connection, chosen.sql, given, {LEFT_OUT: chosen.left_out})
        if ["bytes"] in kinds_of(parts).values():
            yield "a column of bytes is text where all of them are"
        else:
            is_plain = chosen.is_plain and chosen.loses_none(connection)
            yield scan if is_plain else BEYOND_THE_ROW


def _raw(name: str, parts: list[Path], params: SourceParams) -> Raw:
    columns = list(kinds_of(parts))
    return Raw(typed(parts, columns_of([TEXT], columns, TABLES[name], params)), columns, name)


def _folder(params: SourceParams) -> Path:
    """The extract of this database and these queries, whether or not it was made yet."""
    try:
        from sources.kinds.sql import database
    except ModuleNotFoundError as error:
        raise SourceError(
            f"source.kind in params.yaml is sql, and {error.name} is not installed. "
            "Run `make run`, which installs what the pipeline needs."
        ) from None
    if local.place_of(params) is None:
        database.address_of(params.path)
    asked = json.dumps([params.path, params.queries], sort_keys=True)
    return EXTRACTS / hashlib.sha256(asked.encode()).hexdigest()[:12]


def _tables(folder: Path) -> list[str]:
    return [name for name in TABLES if (folder / name).is_dir()]


def _parts(folder: Path, name: str) -> list[Path]:
    return sorted((folder / name).glob("*.parquet"))


def _extract(params: SourceParams, folder: Path) -> None:
    """Read every table; the former extract stays until all of the new one is there."""
    from sources.kinds.sql import database

    new, old = (folder.with_name(f".{folder.name}.{state}") for state in ("new", "old"))
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    try:
        if place := local.place_of(params):
            with local.queried(place, params) as queried:
                for name, (columns, portions) in queried.items():
                    write_part(columns, portions, new / name / "00001.parquet")
            _replace(folder, new, old)
            return
        with database.connected(database.address_of(params.path)) as connection:
            for name, query in database.queries_of(connection, params.queries).items():
                held = _parts(folder, name)
                if not (
                    params.incremental and _append(connection, query, held, new / name, params)
                ):
                    with closing(database.Rows(connection, name, query)) as rows:
                        write_part(rows.columns, rows.portions(), new / name / "00001.parquet")
        _replace(folder, new, old)
    finally:
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)


def _replace(folder: Path, new: Path, old: Path) -> None:
    if folder.exists():
        folder.rename(old)
    new.rename(folder)


def _append(
    connection: "Connection", query: str, held: list[Path], new: Path, params: SourceParams
) -> bool:
    """Fetch only rows known since the newest that is held. Returns whether that was possible.

    Rows known at that very moment are fetched again, and the held ones among them taken away. So
    are rows without `known_at`: nothing says when they came.
    """
    from sources.kinds.sql import database

    name = new.name
    if not held or _why_whole(name, held, params):
        return False
    column = _known_at(name, params)
    newest = _newest(held, column)
    if newest is None:
        return False
    (kind,) = kinds_of(held)[column]
    since = (column, SORTABLE[kind](newest))
    with closing(database.Rows(connection, name, query, since)) as rows:
        if rows.columns != list(kinds_of(held)):
            return False
        new.mkdir(parents=True)
        for part in held:
            _link(part, new / part.name)
        again = f"{quoted(column)} >= {literal(newest)} OR {quoted(column)} IS NULL"
        write_part(
            rows.columns,
            rows.portions(),
            new / f"{len(held) + 1:05}.parquet",
            without=f"SELECT * FROM {scan(held)} WHERE {again}",
        )
    if _why_whole(name, _parts(new.parent, name), params):  # the new rows write it differently
        shutil.rmtree(new)
        return False
    return True


def _known_at(name: str, params: SourceParams) -> str:
    """The database's own name of the table's `known_at`."""
    return params.columns.get(name, {}).get("known_at", "known_at")


def _why_whole(name: str, parts: list[Path], params: SourceParams) -> str | None:
    """Why newer rows of a table cannot be asked for; None where they can."""
    column, kinds = _known_at(name, params), kinds_of(parts)
    if "known_at" in params.derive.get(name, {}):
        return "known_at is computed by source.derive"
    if column not in kinds:
        return f"no column {column}"
    if len(kinds[column]) != 1 or kinds[column][0] not in SORTABLE:
        return f"{column} is not always a date" if kinds[column] else f"{column} is empty"
    if kinds[column] == ["text"]:
        # Text sorts as time does only if all of it is ISO and of one form.
        forms = _column(parts, f"DISTINCT regexp_replace({quoted(column)}, '[0-9]', '0', 'g')")
        if len(forms) != 1 or not ISO.fullmatch(forms[0]):
            return f"{column} is text that is not always a date of one form"
    return None


def _newest(parts: list[Path], column: str) -> str | None:
    """The newest time, as text. A time to come is a mistake: it would hide all until then."""
    tomorrow = (utc_now() + timedelta(days=2)).date().isoformat()
    found = _column(parts, f"max({quoted(column)}) FILTER ({quoted(column)} < '{tomorrow}')")
    return found[0] if found else None


def _column(parts: list[Path], select: str) -> list[Any]:
    """What an expression makes of the parts; missing values left out."""
    with connect() as connection:
        found = connection.execute(f"SELECT {select} FROM {scan(parts)}").fetchall()
    return [value for (value,) in found if value is not None]


def _link(held: Path, new: Path) -> None:
    try:
        os.link(held, new)
    except OSError:  # a file system without hard links
        shutil.copyfile(held, new)
