"""Extracts: rows of a database as Parquet files, the same bytes whenever the rows are the same.

    extracts/3f2a…/orders/00001.parquet      what was read first
    extracts/3f2a…/orders/00002.parquet      what an incremental reading found beyond it

Every value is kept as text and the rows are sorted. Which kinds of values a column held stands in
each file's metadata: a database may say late, or never (SQLite), what a column holds, and a column
has the type that suits all its files.
"""

import json
import math
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import NoneType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import SourceError
from sources.cures import literal, quoted
from sources.duck import connect

MEMORY = "1GB"  # of DuckDB while it sorts; what is larger goes to disk
GROUP = 20_480  # rows that are compressed together, in memory
TYPES = (
    ({"boolean"}, "BOOLEAN"),
    ({"integer"}, "BIGINT"),
    ({"integer", "number"}, "DOUBLE"),
    ({"date"}, "DATE"),
    ({"date", "time"}, "TIMESTAMP"),
    ({"zoned"}, "TIMESTAMPTZ"),
)
Kinds = dict[str, list[str]]


def write_part(
    columns: list[str],
    portions: Iterable[list[tuple[Any, ...]]],
    path: Path,
    without: str | None = None,
) -> bool:
    """Write rows as one part. Returns whether there were any.

    Each row of `without` (a SELECT over former parts) takes one equal row away: what was fetched
    before is not doubled, and rows that are there twice stay twice. With `without` a part of no
    rows is not written. Raises SourceError where memory or disk do not suffice.
    """
    raw = path.with_suffix(".raw")
    raw.parent.mkdir(parents=True, exist_ok=True)
    kinds: dict[str, set[str]] = {column: set() for column in columns}
    schema = pa.schema([(column, pa.string()) for column in columns])
    with pq.ParquetWriter(raw, schema) as file:
        for rows in portions:
            texts = [
                _texts(values, kinds[column])
                for column, values in zip(columns, zip(*rows, strict=True), strict=True)
            ]
            file.write_table(pa.table([pa.array(t, pa.string()) for t in texts], schema=schema))
    select = f"SELECT * FROM read_parquet({literal(raw)})"
    if without:
        select = f"{select} EXCEPT ALL {without}"
    facts = {
        # Two parts never have the same bytes: that would be one delivery, read twice.
        "part": f"{path.parent.name}/{path.stem}",
        "kinds": json.dumps({column: sorted(kinds[column]) for column in columns}),
    }
    metadata = ", ".join(f"{key}: {literal(value)}" for key, value in facts.items())
    layout = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP}, KV_METADATA {{{metadata}}}"
    with connect(threads=1, memory_limit=MEMORY) as connection:
        connection.execute(f"SET temp_directory = {literal(raw.with_suffix('.tmp'))}")
        try:
            written = connection.execute(
                f"COPY (SELECT * FROM ({select}) ORDER BY ALL) TO {literal(path)} ({layout})"
            ).fetchone()
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise SourceError(
                f"{path} could not be written: {str(error).splitlines()[0]}. Free space on the "
                "disk or memory, and run the same command again."
            ) from None
    raw.unlink()
    some = bool(written and written[0])
    if without and not some:
        path.unlink()
    return some


def kinds_of(parts: list[Path]) -> Kinds:
    """Per column, in its order, the kinds of values that these parts of one table hold."""
    found: dict[str, set[str]] = {}
    for part in parts:
        metadata = pq.read_schema(part).metadata
        for column, kinds in json.loads(metadata[b"kinds"]).items():
            found.setdefault(column, set()).update(kinds)
    return {column: sorted(kinds) for column, kinds in found.items()}


def typed(parts: list[Path], as_text: Iterable[str]) -> str:
    """What DuckDB reads FROM: all rows, every column in its type but for those left as text."""
    stay = set(as_text)
    columns = [
        _as_text(quoted(column))
        if kinds == ["bytes"]
        else quoted(column)
        if column in stay
        else f"CAST({quoted(column)} AS {_type(kinds)}) AS {quoted(column)}"
        for column, kinds in kinds_of(parts).items()
    ]
    return f"(SELECT {', '.join(columns)} FROM {scan(parts)})"


def scan(parts: list[Path]) -> str:
    """What DuckDB reads FROM: all rows of the parts, as text."""
    return f"read_parquet([{', '.join(literal(part) for part in parts)}])"


def _as_text(column: str) -> str:
    """Bytes, kept in hexadecimal, as the text they are where every cell is one."""
    text = f"try(decode(unhex({column})))"
    every = f"bool_and({column} IS NULL OR {text} IS NOT NULL) OVER ()"
    return f"CASE WHEN {every} THEN {text} ELSE {column} END AS {column}"


def _type(kinds: list[str]) -> str:
    return next((name for fits, name in TYPES if kinds and fits.issuperset(kinds)), "VARCHAR")


def _texts(values: tuple[Any, ...], kinds: set[str]) -> list[str | None]:
    """A column's values as text; their kinds are added to `kinds`."""
    types = set(map(type, values)) - {NoneType}
    if types == {str}:  # most columns, at a fifth of the time
        kinds.add("text")
        return list(values)
    cells = [_cell(value) for value in values]
    kinds.update(kind for kind, _ in cells if kind)
    return [text for _, text in cells]


def _cell(value: Any) -> tuple[str | None, str | None]:
    """One value of a driver: its kind and its text. Not a number is missing."""
    match value:
        case None:
            return None, None
        case str():
            return "text", value
        case bool():
            return "boolean", str(value).lower()
        case int():
            return ("integer" if -(2**63) <= value < 2**63 else "number"), str(value)
        case float() | Decimal():
            return _number(value)
        case datetime() if value.tzinfo:
            # Whatever zone the session was in.
            return "zoned", value.astimezone(UTC).isoformat(" ", "microseconds")
        case datetime():
            return "time", value.isoformat(" ", "microseconds")
        case date():
            return "date", value.isoformat()
        case bytes():
            return "bytes", value.hex()
        case dict() | list():
            return "text", json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
        case _:
            return "text", str(value)


def _number(value: float | Decimal) -> tuple[str | None, str | None]:
    if math.isnan(value):
        return None, None
    if math.isfinite(value) and value == int(value):
        return "number", str(int(value))  # an id that arrives as 17850.0 or 17850.00
    return "number", str(value)
