"""The user's own folder of CSV or Parquet files, one table a file (or a folder of parts).

    mydata/orders.csv                 or  orders.parquet
    mydata/orders/2024.csv, 2025.csv  or  parts of one table, read one after the other
    mydata/customers.csv              any further table of the contract

DuckDB reads them: columns that hold ids or times are read as text, so `00123` stays `00123`, and no
date of a CSV file is guessed.
`source.columns` renames; `source.derive` computes columns by DuckDB SQL expressions over the file's
own column names.
"""

import csv
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import duckdb
import pandas as pd
from pandas.api.types import is_float_dtype

from sources.check import texts
from sources.errors import SourceError
from sources.params import SourceParams
from sources.tables import NUMBER, TABLES, TEXT, Table

SUFFIXES = (".csv", ".parquet")
UNREADABLE = (duckdb.ConversionException, duckdb.InvalidInputException)
TYPES = "auto_type_candidates=['BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR']"


def files(params: SourceParams) -> dict[str, Path]:
    """Every file that is read, by its path inside the folder.

    Raises SourceError when the folder or its orders are missing, and when one table is there twice.
    """
    folder = _folder(params)
    found = {
        path.relative_to(folder).as_posix(): path
        for name in TABLES
        for path in _parts(folder, name)
    }
    if not any(path == "orders" or path.startswith(("orders.", "orders/")) for path in found):
        there = ", ".join(sorted(p.name for p in folder.iterdir())) or "nothing"
        raise SourceError(
            f"{folder} holds no orders.csv or orders.parquet (it holds: {there}). "
            "Name the file of purchases orders.csv or orders.parquet, or put its parts into "
            "a folder orders/."
        )
    return found


def describe(params: SourceParams) -> str:
    """The folder that is read."""
    return f"folder {params.path}"


def load(params: SourceParams) -> dict[str, pd.DataFrame]:
    """Every table of the contract that the folder holds, renamed and derived.

    Raises SourceError for a file that is empty or unreadable, and for an expression that fails.
    """
    folder = _folder(params)
    files(params)
    return {
        table.name: pd.concat([_read(part, table, params) for part in parts], ignore_index=True)
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
    derive = params.derive.get(table.name, {})
    _refuse_unknown_targets({**renames, **derive}, table)
    with duckdb.connect() as connection:
        seen = _columns(connection, path)
        if not {renames.get(column, column) for column in table.required} & set(seen):
            _refuse_uneven_rows(path)
        _refuse_missing_columns(renames, seen, path, table)
        as_text = [column for column in seen if _is_text(column, renames, table)]
        relation = _scan(path, as_text)
        computed = [f"({expression}) AS {_name(target)}" for target, expression in derive.items()]
        # DuckDB's names know no case: `quantity: Quantity` leaves no second column behind.
        used = {name.lower() for name in (*renames, *renames.values(), *derive)}
        rest = [column for column in seen if column.lower() not in used]
        renamed = [f"{_name(source)} AS {_name(target)}" for target, source in renames.items()]
        select = ", ".join([*renamed, *computed, *(_name(c) for c in rest)])
        try:
            frame = connection.sql(f"SELECT {select} FROM {relation}").df()
        except duckdb.Error as error:
            _refuse_header_only(connection, path)
            where, hint = f"{path.name} could not be read: ", ""
            if derive:
                where = f"{path.name} could not be read with source.derive.{table.name}: "
                if isinstance(error, UNREADABLE):
                    hint = " Functions that start with try_ set aside the rows they cannot read."
            raise SourceError(
                f"{where}{str(error).splitlines()[0]} Columns: {', '.join(seen)}.{hint}"
            ) from None
    # Part by part: what is 17850.0 in a part with gaps is 17850 in one without.
    for column in frame.columns:
        if table.columns.get(column) == TEXT and is_float_dtype(frame[column]):
            frame[column] = texts(frame[column])
    return frame


def _refuse_header_only(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    if connection.sql(f"SELECT * FROM {_scan(path, [])} LIMIT 1").fetchone() is None:
        raise SourceError(f"{path} has a header but no rows. Export it again.") from None


def _refuse_uneven_rows(path: Path) -> None:
    """One row with too many or too few cells, and DuckDB finds other columns than the header's."""
    if path.suffix.lower() != ".csv":
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
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


def _scan(path: Path, as_text: list[str]) -> str:
    place = "'" + str(path).replace("'", "''") + "'"
    if path.suffix.lower() == ".parquet":
        return f"read_parquet({place})"
    # sample_size=-1 reads the whole file before deciding on types: a late odd value is not an error
    # but makes the column text, and the check then names the rows.
    # Dates stay text: which of 3/4/2017 is the month is for source.derive to say.
    quoted = ", ".join("'" + c.replace("'", "''") + "': 'VARCHAR'" for c in as_text)
    types = f", types={{{quoted}}}" if quoted else ""
    return f"read_csv({place}, header=true, sample_size=-1, {TYPES}{types})"


def _is_text(column: str, renames: Mapping[str, str], table: Table) -> bool:
    """Whether a file's column ends up as an id, a text or a time of the contract."""
    targets = [target for target, source in renames.items() if source == column] or [column]
    return any(table.columns.get(target, NUMBER) != NUMBER for target in targets)


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _refuse_unknown_targets(targets: Mapping[str, str], table: Table) -> None:
    for target in targets:
        if target not in table.columns and not table.open_ended:
            near = get_close_matches(target, table.columns, 1)
            hint = f"; nearest: {near[0]}" if near else ""
            raise SourceError(
                f"params.yaml maps a column to {table.name}.{target}, which the contract does not "
                f"have{hint}. It has: {', '.join(table.columns)}."
            )


def _refuse_missing_columns(
    renames: Mapping[str, str], seen: list[str], path: Path, table: Table
) -> None:
    for target, source in renames.items():
        if source not in seen:
            near = get_close_matches(source, seen, 1, cutoff=0.4)
            hint = f" Nearest: {near[0]}." if near else ""
            raise SourceError(
                f"{path.name}: source.columns.{table.name}.{target} names the column {source}, "
                f"which is not there. Columns: {', '.join(seen)}.{hint}"
            )
