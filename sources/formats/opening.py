"""Opens one table of one file, whatever the file is, for the time of reading it.

    orders.csv                          a file that holds one table
    book.xlsx#Sheet1                    a sheet
    archive.zip#2024/orders.csv.gz      a member of a zip, unpacked
    archive.zip#book.xlsx#Sheet1        a sheet of a workbook in a zip

Such addresses stand in `source.files`, relative to `source.path`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from core.errors import SourceError, did_you_mean
from sources.contract import TABLES
from sources.duck import connect
from sources.formats.delimited import opened_csv, with_columns
from sources.formats.json_rows import opened_json
from sources.formats.opened import Opened
from sources.formats.sheets import opened_sheet, sheet_names, sheets
from sources.formats.signatures import OF_SUFFIX, format_of, stem
from sources.formats.unpacking import gunzipped, member, members
from sources.written.encodings import AUTO

MARK = "#"  # between a file and what is inside it
DEEPEST = 4  # files within files
MAX_NAMED = 8  # tables that a message lists


@dataclass(frozen=True)
class Address:
    """One table: the file below `folder` that holds it, and the way to it inside the file."""

    folder: Path
    file: str
    inner: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / self.file

    def __str__(self) -> str:
        return MARK.join((self.file, *self.inner))

    @property
    def name(self) -> str:
        """What messages call it."""
        return MARK.join((str(self.path), *self.inner))


def tables_in(address: Address, folder: Path | None = None) -> list[Address]:
    """The tables at an address: itself, or each sheet and member below it.

    Raises SourceError for what is no table.
    """
    if folder is None:
        with TemporaryDirectory() as temporary:
            return tables_in(address, Path(temporary))
    path, format_ = _unpacked(address, folder)
    if format_ == "excel" and not _is_sheet(address, path):
        return [_inside(address, sheet) for sheet in sheets(path, address.name)]
    if format_ == "zip":
        inside = [name for name in members(path, address.name) if _may_be_table(name)]
        if not inside:
            raise SourceError(
                f"{address.name} holds no table: it has none of {', '.join(OF_SUFFIX)} inside."
            )
        if len(address.inner) >= DEEPEST:
            raise SourceError(f"{address.name} is packed too often: unpack it yourself.")
        return [table for name in inside for table in tables_in(_inside(address, name))]
    return [address]


@contextmanager
def opened(
    address: Address, encoding: str = AUTO
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Opened]]:
    """A DuckDB that can scan the table, while the block runs; copies are deleted after it.

    Raises SourceError for what cannot be read, for a file of several tables, and where the file
    changes meanwhile.
    """
    before = _state(address)
    with TemporaryDirectory() as temporary, connect() as connection:
        folder = Path(temporary)
        address = _only(address, folder)
        path, format_ = _unpacked(address, folder)
        if format_ == "excel":
            found = opened_sheet(path, address.inner[-1], address.name, folder)
        elif format_ == "json":
            found = opened_json(connection, path, address.name, folder)
        elif format_ == "parquet":
            found = Opened(path, address.name, "parquet", "parquet")
        else:
            found = opened_csv(connection, path, address.name, folder, encoding)
        yield connection, found if found.columns else with_columns(connection, found)
        if _state(address) != before:
            raise SourceError(
                f"{address.name} changed while it was read: run again once it is written whole."
            )


def _only(address: Address, folder: Path) -> Address:
    """The table at an address that has one; a workbook with one sheet is that sheet."""
    tables = tables_in(address, folder)
    if len(tables) == 1:
        return tables[0]
    inside = [MARK.join(table.inner) for table in tables]
    more = len(inside) - MAX_NAMED
    listed = ", ".join(inside[:MAX_NAMED]) + (f" and {more:,} more" if more > 0 else "")
    name = stem(address.file) if stem(address.file) in TABLES else "orders"
    raise SourceError(
        f"{address.name} holds {len(tables)} tables: {listed}. Say below source in params.yaml "
        f'which of them counts, files: {{{name}: "{tables[0]}"}}, or, if all are parts of one '
        f'table, files: {{{name}: "{address}{MARK}*"}}.'
    )


def _unpacked(address: Address, folder: Path) -> tuple[Path, str]:
    """The file in which the table lies, unpacked as far as the address goes, and what it is."""
    path, name = address.path, str(address.path)
    steps = list(address.inner)
    while True:
        format_ = format_of(path, name)
        if format_ == "gz":
            path = gunzipped(path, folder, name)
            name = name.removesuffix(".gz").removesuffix(".GZ")
        elif format_ == "zip" and steps:
            inner = steps.pop(0)
            known = members(path, name)
            if inner not in known:
                raise _not_inside(inner, name, known)
            path = member(path, inner, folder, f"{name}{MARK}{inner}")
            name = f"{name}{MARK}{inner}"
        elif format_ == "excel" and steps:
            (sheet,) = steps[:1]
            known = sheet_names(path, name)
            if sheet not in known:
                raise _not_inside(sheet, name, known)
            return path, format_
        elif steps:
            raise SourceError(
                f"{address.name}: {name} is one table, with nothing called {steps[0]} inside."
            )
        else:
            return path, format_


def _is_sheet(address: Address, path: Path) -> bool:
    return bool(address.inner) and address.inner[-1] in sheet_names(path, address.name)


def _not_inside(inner: str, name: str, known: list[str]) -> SourceError:
    return SourceError(
        f"{name} has no {inner} inside.{did_you_mean(inner, known)} It has: {', '.join(known)}."
    )


def _inside(address: Address, name: str) -> Address:
    return Address(address.folder, address.file, (*address.inner, name))


def _may_be_table(name: str) -> bool:
    return Path(name).suffix.lower() in OF_SUFFIX


def _state(address: Address) -> tuple[int, int]:
    found = address.path.stat()
    return found.st_size, found.st_mtime_ns
