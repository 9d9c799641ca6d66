"""A folder of files; each table is one file, one folder of parts, or what `source.files` names.

    mydata/orders.csv                 or  orders.xlsx, orders.parquet, orders.jsonl, orders.csv.gz
    mydata/orders/2024.csv, 2025.csv  or  parts of one table, read one after the other
    mydata/customers.csv              any further table of the contract

sources/formats/ makes of each what DuckDB can scan. Columns that hold ids or times are read as
text, so `00123` stays `00123`, and no date of a CSV file is guessed. `source.columns` and
`source.derive` make the contract's columns of them (sources/tables/mapping.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from sources.contract import (
    ABOVE,
    BLANK,
    LEFT_OUT,
    NUMBER,
    PLACE,
    READY,
    TABLES,
    TEXT,
    TIME,
    YESNO,
    Table,
)
from sources.cures import quoted
from sources.formats.delimited import refuse_uneven_rows
from sources.formats.finding import tables_of_folder
from sources.formats.opened import Opened
from sources.formats.opening import Address, opened
from sources.formats.signatures import OF_SUFFIX
from sources.formats.trimming import Trimmed
from sources.notes import NOTES, Note, Said
from sources.params import SourceParams
from sources.tables.cutting import BEYOND_THE_ROW, RawParts, Scan, cut
from sources.tables.expressions import Raw
from sources.tables.mapping import columns_of, joined, kinds_of, mapped, selected, uncalculated
from sources.written.encodings import AUTO, encoding_of


def files(params: SourceParams) -> dict[str, Path]:
    """Every file that is read, by its path inside the folder.

    Raises SourceError when the folder is missing or holds neither orders nor subscriptions, and
    when one table is there twice.
    """
    tables = tables_of_folder(params)
    return {part.file: part.path for parts in tables.values() for part in parts}


def describe(params: SourceParams) -> str:
    """The folder that is read, what `source.files` names in it, and what in it is not UTF-8."""
    files_read = files(params) if params.encoding == AUTO else {}
    found = {
        name: encoding_of(path)
        for name, path in files_read.items()
        if OF_SUFFIX.get(Path(name).suffix.lower()) == "csv"
    }
    other = [f"{name} read as {as_}" for name, as_ in found.items() if as_ not in ("utf-8", None)]
    named = [
        f"{table} from {', '.join(map(str, parts))}"
        for table, parts in tables_of_folder(params).items()
        if table in params.files
    ]
    return "; ".join([f"folder {params.path}", *named, *other])


def load(params: SourceParams) -> dict[str, pd.DataFrame]:
    """Every table of the contract that the folder holds, renamed and derived.

    Raises SourceError for a file that is empty or unreadable, and for an expression that fails.
    """
    return {
        name: _whole(parts, TABLES[name], params)
        for name, parts in tables_of_folder(params).items()
    }


def load_in_parts(params: SourceParams, room: Path) -> dict[str, pd.DataFrame | RawParts]:
    """The same, with large tables in parts below `room`."""
    found: dict[str, pd.DataFrame | RawParts] = {}
    for name, parts in tables_of_folder(params).items():
        whole = partial(_whole, parts, TABLES[name], params)
        openings = [partial(_scan, part, TABLES[name], params) for part in parts]
        paths = [part.path for part in parts]
        found[name] = cut(openings, TABLES[name], paths, room / name, whole)
    return found


def _whole(parts: Sequence[Address], table: Table, params: SourceParams) -> pd.DataFrame:
    return joined([read_address(part, table, params) for part in parts])


@contextmanager
def _scan(address: Address, table: Table, params: SourceParams) -> Iterator[Scan | str]:
    """The rows of a file as DuckDB can select them; or why they have to be seen together."""
    with opened(address, params.encoding) as (connection, found):
        raw = _raw(connection, found, address, table, params)
        chosen = selected(connection, raw, table, params)
        derived = params.derive.get(table.name, {})
        given = [column for column in kinds_of(connection, chosen.sql) if column not in derived]
        attrs = {
            LEFT_OUT: chosen.left_out,
            PLACE: address.name,
            ABOVE: found.trimmed.titles,
            NOTES: _not_rows(raw.name, found.trimmed, 0),
        }
        scan = Scan(connection, chosen.sql, given, attrs)
        is_plain = chosen.is_plain and chosen.loses_none(connection)
        yield scan if is_plain else BEYOND_THE_ROW


def read_address(address: Address, table: Table, params: SourceParams) -> pd.DataFrame:
    """The rows of one table of a file, with what source.columns, derive and filter make of them.

    Raises SourceError for a file that is empty or unreadable, and for an expression that fails.
    """
    with opened(address, params.encoding) as (connection, found):
        raw = _raw(connection, found, address, table, params)
        frame = mapped(connection, raw, table, params)
        frame.attrs[PLACE], frame.attrs[ABOVE] = address.name, found.trimmed.titles
        frame.attrs[NOTES] = _not_rows(raw.name, found.trimmed, int(frame.attrs[BLANK]))
        return frame


def _raw(
    connection: duckdb.DuckDBPyConnection,
    found: Opened,
    address: Address,
    table: Table,
    params: SourceParams,
) -> Raw:
    renames, seen = params.columns.get(table.name, {}), list(found.columns)
    if not {renames.get(column, column) for column in table.required} & set(seen):
        refuse_uneven_rows(found)
    # Ids, texts, times and yes or no: nothing of them is guessed. Numbers neither, but those that
    # an expression may be about to calculate with.
    as_text = columns_of((TEXT, TIME, YESNO), seen, table, params)
    as_text += uncalculated(columns_of((NUMBER,), seen, table, params), table, params)
    if table.name == READY:  # Yes and No are told by the table's own words
        yes_no = _of_yes_and_no(connection, found.relation(as_text))
        as_text += uncalculated(yes_no, table, params)
    name = str(address).rsplit("/", 1)[-1]
    return Raw(_with_text(connection, found.relation(as_text)), seen, name)


def _of_yes_and_no(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    """The columns that DuckDB would make yes or no of."""
    kinds = kinds_of(connection, f"SELECT * FROM {relation}")
    return [name for name, kind in kinds.items() if kind == "BOOLEAN"]


def _not_rows(name: str, trimmed: Trimmed, blank: int) -> tuple[Note, ...]:
    """What is no row of the table and was left out, if anything."""
    counts = {
        "above the header": trimmed.titles,
        "of totals below the table": trimmed.totals,
        "of remarks below the table": trimmed.remarks,
        "that are blank": trimmed.blank + blank,
    }
    if not any(counts.values()):
        return ()
    listed = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return (
        Note(
            "not_rows",
            "advice",
            None,
            sum(counts.values()),
            f"what is no row of the table in {name} is left out: {listed}",
            "look at the end of the file if rows are missing; else nothing needs to be done",
            Said(
                "not_rows",
                file=name,
                titles=trimmed.titles,
                totals=trimmed.totals,
                remarks=trimmed.remarks,
                blank=trimmed.blank + blank,
            ),
        ),
    )


def _with_text(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """The relation with binary columns as text where every cell is: some writers name no type."""
    kinds = kinds_of(connection, f"SELECT * FROM {relation}")
    binary = [quoted(name) for name, kind in kinds.items() if kind == "BLOB"]
    if not binary:
        return relation
    tests = [
        f"coalesce(bool_and(try(decode({c})) IS NOT NULL OR {c} IS NULL), true)" for c in binary
    ]
    is_text = connection.execute(f"SELECT {', '.join(tests)} FROM {relation}").fetchone() or ()
    decoded = [f"decode({c}) AS {c}" for c, yes in zip(binary, is_text, strict=True) if yes]
    return f"(SELECT * REPLACE ({', '.join(decoded)}) FROM {relation})" if decoded else relation
