"""A folder of CSV or Parquet files; each table is one file or one folder of parts.

    mydata/orders.csv                 or  orders.parquet
    mydata/orders/2024.csv, 2025.csv  or  parts of one table, read one after the other
    mydata/customers.csv              any further table of the contract

DuckDB reads them: columns that hold ids or times are read as text, so `00123` stays `00123`, and no
date of a CSV file is guessed. `source.columns` and `source.derive` make the contract's columns of
them (sources/tables/mapping.py).
"""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd

from core.errors import SourceError
from sources.contract import ENOUGH, NUMBER, TABLES, TEXT, TIME, YESNO, Table
from sources.cures import literal, quoted
from sources.duck import connect
from sources.params import SourceParams
from sources.tables.expressions import Raw
from sources.tables.mapping import columns_of, joined, mapped, uncalculated
from sources.written.encodings import AUTO, encoding_of, mended

SUFFIXES = (".csv", ".parquet")
TYPES = "auto_type_candidates=['BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR']"


def files(params: SourceParams) -> dict[str, Path]:
    """Every file that is read, by its path inside the folder.

    Raises SourceError when the folder is missing or holds neither orders nor subscriptions, and
    when one table is there twice.
    """
    folder = _folder(params)
    found = {
        path.relative_to(folder).as_posix(): path
        for name in TABLES
        for path in _parts(folder, name)
    }
    if not any(_parts(folder, name) for name in ENOUGH):
        there = ", ".join(sorted(p.name for p in folder.iterdir())) or "nothing"
        raise SourceError(
            f"{folder} holds no orders.csv or orders.parquet (it holds: {there}). "
            "Name the file of purchases orders.csv or orders.parquet, or put its parts into "
            "a folder orders/. Subscriptions alone will do: subscriptions.csv or .parquet."
            f"{_of_sheets(folder)}"
        )
    return found


def _of_sheets(folder: Path) -> str:
    sheets = [p.name for p in folder.iterdir() if p.suffix.lower() in (".xlsx", ".xls", ".ods")]
    if not sheets:
        return ""
    return f" Save each sheet of {sheets[0]} that is a table as CSV UTF-8 (Save as, in Excel)."


def describe(params: SourceParams) -> str:
    """The folder that is read, and what in it is not UTF-8."""
    files_read = files(params) if params.encoding == AUTO else {}
    found = {name: encoding_of(path) for name, path in files_read.items() if name.endswith(".csv")}
    other = [f"{name} read as {as_}" for name, as_ in found.items() if as_ not in ("utf-8", None)]
    return "; ".join([f"folder {params.path}", *other])


def load(params: SourceParams) -> dict[str, pd.DataFrame]:
    """Every table of the contract that the folder holds, renamed and derived.

    Raises SourceError for a file that is empty or unreadable, and for an expression that fails.
    """
    folder = _folder(params)
    files(params)
    return {
        table.name: joined([_read(part, table, params) for part in parts])
        for table in TABLES.values()
        if (parts := _parts(folder, table.name))
    }


def _folder(params: SourceParams) -> Path:
    if not params.path:
        raise SourceError(
            "source.path is empty in params.yaml: name the folder that holds orders.csv or "
            "orders.parquet."
        )
    folder = Path(params.path).expanduser()
    if not folder.is_dir():
        raise SourceError(
            f"source.path in params.yaml names {folder}, which is not a folder. "
            "Paths are relative to the project's folder."
        )
    return folder


def _parts(folder: Path, name: str) -> list[Path]:
    single = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    inside = (folder / name).iterdir() if (folder / name).is_dir() else iter(())
    parts = [p for p in (*single, *inside) if p.is_file() and p.suffix.lower() in SUFFIXES]
    if len(parts) > 1 and any(p in single for p in parts):
        there = ", ".join(p.relative_to(folder).as_posix() for p in sorted(parts))
        raise SourceError(
            f"{folder} holds the table {name} more than once: {there}. Read together they would "
            f"count twice. Keep one, or put the parts of one table into the folder {name}/."
        )
    return sorted(parts)


def _read(path: Path, table: Table, params: SourceParams) -> pd.DataFrame:
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes). Export it again, with a header row.")
    renames = params.columns.get(table.name, {})
    with TemporaryDirectory() as folder, connect() as connection:
        place = _readable(connection, path, Path(folder), params.encoding)
        seen = _columns(connection, place)
        if not {renames.get(column, column) for column in table.required} & set(seen):
            _refuse_uneven_rows(place, path)
        # Ids, texts, times and yes or no: nothing of them is guessed. Numbers neither, but those
        # that an expression may be about to calculate with.
        as_text = columns_of((TEXT, TIME, YESNO), seen, table, params)
        as_text += uncalculated(columns_of((NUMBER,), seen, table, params), table, params)
        raw = Raw(_with_text(connection, _scan(place, as_text)), seen, path.name)
        return mapped(connection, raw, table, params)


def _readable(
    connection: duckdb.DuckDBPyConnection, path: Path, folder: Path, encoding: str
) -> Path:
    """The file itself, or a copy in UTF-8 with one kind of line ends."""
    if path.suffix.lower() != ".csv":
        return path
    if encoding != AUTO or encoding_of(path) != "utf-8":
        return mended(path, folder, encoding)
    try:
        _columns(connection, path)
    except SourceError:
        return mended(path, folder)
    return path


def _refuse_uneven_rows(place: Path, path: Path) -> None:
    """One row with too many or too few cells, and DuckDB finds other columns than the header's."""
    if path.suffix.lower() != ".csv":
        return
    with place.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        delimiter = max(",;\t|", key=header.count)
        cells = header.count(delimiter) + 1
        for number, row in enumerate(csv.reader(file, delimiter=delimiter), start=2):
            if row and len(row) != cells:
                raise SourceError(
                    f"{path}: row {number} has {len(row)} cells and the header has {cells} "
                    f"({header.strip()}). Mend the row; a file that ends in the middle of a row "
                    "was not copied whole."
                )


def _columns(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    try:
        return [str(c) for c in connection.sql(f"SELECT * FROM {_scan(path, [])} LIMIT 0").columns]
    except duckdb.Error as error:
        raise SourceError(
            f"{path} could not be read: {str(error).splitlines()[0]} "
            "Save it as UTF-8 CSV with a header row, or as Parquet."
        ) from None


def _with_text(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """The relation with binary columns as text where every cell is: some writers name no type."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    binary = [quoted(name) for name, kind, *_ in described if kind == "BLOB"]
    if not binary:
        return relation
    tests = [
        f"coalesce(bool_and(try(decode({c})) IS NOT NULL OR {c} IS NULL), true)" for c in binary
    ]
    is_text = connection.execute(f"SELECT {', '.join(tests)} FROM {relation}").fetchone() or ()
    decoded = [f"decode({c}) AS {c}" for c, yes in zip(binary, is_text, strict=True) if yes]
    return f"(SELECT * REPLACE ({', '.join(decoded)}) FROM {relation})" if decoded else relation


def _scan(path: Path, as_text: list[str]) -> str:
    place = literal(path)
    if path.suffix.lower() == ".parquet":
        return f"read_parquet({place})"
    # sample_size=-1 reads the whole file before deciding on types: a late odd value is not an error
    # but makes the column text, and the check then names the rows.
    # Dates stay text: which of 3/4/2017 is the month is for source.derive to say.
    columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in as_text)
    types = f", types={{{columns}}}" if columns else ""
    return f"read_csv({place}, header=true, sample_size=-1, {TYPES}{types})"
