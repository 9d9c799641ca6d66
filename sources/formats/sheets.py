"""Sheets of Excel and OpenDocument, by python-calamine: the table of a sheet as a Parquet file.

A column of numbers stays numbers (an id 123.0 is 123), one of dates stays dates, and any other is
text: `00123` stays `00123`. What a formula last showed is read; macros are not run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    XmlError,
    ZipError,
)

from core.errors import SourceError
from sources.formats.opened import Opened
from sources.formats.signatures import is_locked
from sources.formats.trimming import Trimmed, rows_below, titles_above
from sources.formats.unpacking import refuse_bomb

EXACT_IN_FLOATS = 2**53
Cells = list[list[Any]]


def sheet_names(path: Path, name: str) -> list[str]:
    """The sheets of a workbook, empty ones among them. Raises as `opened_sheet`."""
    with _workbook(path, name) as workbook:
        return [s.name for s in workbook.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]


def sheets(path: Path, name: str) -> list[str]:
    """The sheets of a workbook that have cells, by name. Raises as `opened_sheet`.

    Of one sheet alone it is seen when it is opened: to look for cells is to read all of them.
    """
    found = sheet_names(path, name)
    if len(found) > 1:
        with _workbook(path, name) as workbook:
            found = [sheet for sheet in found if workbook.get_sheet_by_name(sheet).height > 0]
    if not found:
        raise _no_cells(name)
    return found


def _no_cells(name: str) -> SourceError:
    return SourceError(
        f"{name} holds no cells, only pictures, charts or empty sheets: export the table itself "
        "as CSV or .xlsx."
    )


def opened_sheet(path: Path, sheet: str, name: str, folder: Path) -> Opened:
    """A sheet as Parquet in `folder`.

    Raises SourceError for a workbook with a password or that is broken, and for a sheet that is not
    there, has no table, or names two columns alike.
    """
    with _workbook(path, name) as workbook:
        rows: Cells = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
    if not rows:
        raise _no_cells(name)
    written = [[_text(cell) for cell in row] for row in rows]
    titles = titles_above(written)
    header = written[titles]
    width = max((place for place, cell in enumerate(header, start=1) if cell), default=0)
    columns = [cell or f"column{place}" for place, cell in enumerate(header[:width], start=1)]
    _refuse_columns(columns, name)
    below = rows_below([row[:width] for row in written[titles + 1 :]], width)
    end = len(rows) - below.below
    table = pa.table(
        {
            column: _column(
                [row[place] for row in rows[titles + 1 : end]],
                [row[place] for row in written[titles + 1 : end]],
            )
            for place, column in enumerate(columns)
        }
    )
    to = folder / "sheet.parquet"
    pq.write_table(table, to)
    trimmed = Trimmed(titles, below.totals, below.remarks, below.blank)
    return Opened(to, name, "excel", "parquet", trimmed=trimmed)


@contextmanager
def _workbook(path: Path, name: str) -> Iterator[CalamineWorkbook]:
    refuse_bomb(path, name)
    try:
        if is_locked(path):
            raise PasswordError
        workbook = CalamineWorkbook.from_path(str(path))
    except PasswordError:
        raise SourceError(
            f"{name} is locked with a password: open it in Excel, take the password off (File, "
            "Info, Protect Workbook) and save it, or save the sheet as CSV UTF-8."
        ) from None
    except (CalamineError, ZipError, XmlError, OSError, ValueError) as error:
        raise SourceError(
            f"{name} could not be read as a workbook ({' '.join(str(error).split())}): save it in "
            "Excel as .xlsx or as CSV UTF-8."
        ) from None
    try:
        yield workbook
    except (CalamineError, ZipError, XmlError) as error:
        raise SourceError(
            f"{name} is broken inside ({' '.join(str(error).split())}): copy it again, or save it "
            "in Excel anew."
        ) from None
    finally:
        workbook.close()


def _refuse_columns(columns: list[str], name: str) -> None:
    if not columns:
        raise SourceError(f"{name} holds no table: there is no row of column names.")
    by_name: dict[str, int] = {}
    for column in columns:
        by_name[column] = by_name.get(column, 0) + 1
    twice = [column for column, count in by_name.items() if count > 1]
    if twice:
        raise SourceError(
            f"{name} has {by_name[twice[0]]} columns called {twice[0]}: give each a name of its "
            "own in the sheet."
        )


def _column(cells: list[Any], written: list[str]) -> pa.Array:
    """The cells in the type that all of them have; where they differ, as text."""
    kinds = {type(cell) for cell, text in zip(cells, written, strict=True) if text}
    if kinds and kinds <= {int, float}:
        numbers = [cell if text else None for cell, text in zip(cells, written, strict=True)]
        if all(n is None or (n == int(n) and abs(n) < EXACT_IN_FLOATS) for n in numbers):
            return pa.array([None if n is None else int(n) for n in numbers], pa.int64())
        return pa.array([None if n is None else float(n) for n in numbers], pa.float64())
    if kinds == {date}:
        dates = [cell if text else None for cell, text in zip(cells, written, strict=True)]
        return pa.array(dates, pa.date32())
    if kinds == {date, datetime} or kinds == {datetime}:  # a time at midnight comes as a date
        return pa.array(
            [_moment(c) if text else None for c, text in zip(cells, written, strict=True)],
            pa.timestamp("us"),
        )
    return pa.array([text or None for text in written], pa.string())


def _moment(cell: date) -> datetime:
    return cell if isinstance(cell, datetime) else datetime.combine(cell, time())


def _text(cell: Any) -> str:
    """A cell as text, as CSV would have it."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell == int(cell) and abs(cell) < EXACT_IN_FLOATS else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell).strip()
