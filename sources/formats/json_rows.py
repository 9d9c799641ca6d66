"""JSON lines, or one array of objects: each object is a row, as a Parquet file.

An object within a row also gives a column for each plain value in it: `customer.id`, and
`customer.address.city`. It and lists stay JSON text too, from which DuckDB takes parts:
`line_items->>'$[0].sku'`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import duckdb
from duckdb.sqltypes import DuckDBPyType

from core.errors import SourceError
from sources.cures import literal, quoted
from sources.formats.opened import Opened

DATES = ("DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "UUID")
PLAIN = ("BOOLEAN", "BIGINT", "UBIGINT", "HUGEINT", "DOUBLE", "VARCHAR")
DEEPEST = 3  # objects within objects whose values become columns
MAX_OBJECT = 1 << 28  # bytes of one object


def opened_json(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, folder: Path
) -> Opened:
    """The rows as Parquet in `folder`.

    Raises SourceError where the file is no list of objects.
    """
    place, to = literal(path), folder / "rows.parquet"
    options = f"sample_size=-1, maximum_object_size={MAX_OBJECT}"
    try:
        seen = connection.sql(f"SELECT * FROM read_json({place}, {options})")
        found = dict(zip(seen.columns, seen.types, strict=True))
        kinds = {column: str(kind) for column, kind in found.items()}
        types = ", ".join(f"{literal(c)}: {literal(_read_as(k))}" for c, k in kinds.items())
        nested = [quoted(c) for c, k in kinds.items() if _read_as(k) == "JSON"]
        as_text = ", ".join(f"CAST({c} AS VARCHAR) AS {c}" for c in nested)
        replaced = f" REPLACE ({as_text})" if nested else ""
        inside = "".join(f", {part}" for part in _parts(found))
        connection.execute(
            f"COPY (SELECT *{replaced}{inside} FROM "
            f"read_json({place}, columns={{{types}}}, {options})) "
            f"TO {literal(to)} (FORMAT parquet)"
        )
    except duckdb.Error as error:
        why = re.sub(r'^[\w ]+: | in file "[^"]*"', "", str(error).splitlines()[0]).strip()
        raise SourceError(
            f"{name} could not be read as JSON ({why}). It is read where each "
            "line is an object, or where it is one list of objects; export the rows so, or as CSV."
        ) from None
    if list(kinds) == ["json"]:
        raise SourceError(
            f"{name} is JSON, but no list of objects with named fields: export the rows so, or as "
            "CSV."
        )
    return Opened(to, name, "json", "parquet")


def _parts(found: Mapping[str, DuckDBPyType]) -> Iterator[str]:
    """An expression with its name for each plain value within an object, unless the name is taken.

    Names compare as DuckDB's do, without regard to capitals.
    """
    taken = {column.casefold() for column in found}
    for column, kind in found.items():
        for path, inner in _plain_within(kind):
            name = ".".join((column, *path))
            if name.casefold() in taken:
                continue
            taken.add(name.casefold())
            # Its own quotes keep a name with a point in it one name.
            where = "".join('."' + step.replace('"', '\\"') + '"' for step in path)
            value = f"{quoted(column)}->>{literal('$' + where)}"
            yield f"CAST({value} AS {_read_as(inner)}) AS {quoted(name)}"


def _plain_within(kind: DuckDBPyType, depth: int = 1) -> Iterator[tuple[tuple[str, ...], str]]:
    """The way to each plain value within an object, and its type."""
    if kind.id != "struct" or depth > DEEPEST:
        return
    # What a struct holds are pairs of a name and a type; of other types it is something else.
    for name, inner in cast("list[tuple[str, DuckDBPyType]]", kind.children):
        if inner.id == "struct":
            for path, plain in _plain_within(inner, depth + 1):
                yield (name, *path), plain
        elif _read_as(str(inner)) != "JSON":
            yield (name,), str(inner)


def _read_as(kind: str) -> str:
    """Dates stay text, as those of CSV do; what is no plain value stays JSON."""
    if kind in DATES:
        return "VARCHAR"
    return kind if kind in PLAIN else "JSON"
