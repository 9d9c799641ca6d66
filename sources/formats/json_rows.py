"""JSON lines, or one array of objects: each object is a row, as a Parquet file.

What is nested in a row stays JSON text, from which DuckDB takes parts: `line_items->>'$[0].sku'`.
"""

import re
from pathlib import Path

import duckdb

from core.errors import SourceError
from sources.cures import literal, quoted
from sources.formats.opened import Opened

DATES = ("DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "UUID")
PLAIN = ("BOOLEAN", "BIGINT", "UBIGINT", "HUGEINT", "DOUBLE", "VARCHAR")
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
        found = connection.execute(
            f"DESCRIBE SELECT * FROM read_json({place}, {options})"
        ).fetchall()
        kinds = {str(column): str(kind) for column, kind, *_ in found}
        types = ", ".join(f"{literal(c)}: {literal(_read_as(k))}" for c, k in kinds.items())
        nested = [quoted(c) for c, k in kinds.items() if _read_as(k) == "JSON"]
        as_text = ", ".join(f"CAST({c} AS VARCHAR) AS {c}" for c in nested)
        replaced = f" REPLACE ({as_text})" if nested else ""
        connection.execute(
            f"COPY (SELECT *{replaced} FROM read_json({place}, columns={{{types}}}, {options})) "
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


def _read_as(kind: str) -> str:
    """Dates stay text, as those of CSV do; what is no plain value stays JSON."""
    if kind in DATES:
        return "VARCHAR"
    return kind if kind in PLAIN else "JSON"
