"""CSV of any separator and encoding, with titles above and totals below the table.

A file that is UTF-8 and nothing but a table is scanned where it lies. Of any other a corrected copy
is made: UTF-8, one kind of line ends, the table alone.
"""

import csv
from collections import Counter
from dataclasses import replace
from io import StringIO
from pathlib import Path

import duckdb

from core.errors import SourceError
from sources.formats.opened import Opened
from sources.formats.trimming import LOOKED_AT, NOTHING, Row, Trimmed, rows_below, titles_above
from sources.written.encodings import AUTO, encoding_of, mended

SEPARATORS = ",;\t|"
HEAD, TAIL = 256_000, 64_000  # bytes from which the form of a file is told


def opened_csv(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, folder: Path, encoding: str
) -> Opened:
    """The file itself, or a corrected copy in `folder`.

    Raises SourceError where it cannot be read as CSV, and for a row of another length.
    """
    found = encoding_of(path) if encoding == AUTO else encoding
    place = path if found == "utf-8" else mended(path, folder, encoding, name)
    head = _head(place)
    separator, rows, lines = _rows(head)
    if not head.strip():
        raise SourceError(f"{name} is blank at its beginning. Export it again, with a header row.")
    titles = titles_above(rows)
    width = len(rows[titles]) if rows else 0
    below = rows_below(_tail(place, separator), width) if separator else NOTHING
    trimmed = Trimmed(titles, below.totals, below.remarks, below.blank)
    if trimmed != NOTHING:
        place = _cut(mended(place, folder, "utf-8", name), lines[titles], below.below)
    opened = Opened(place, name, "csv", "csv", found, separator, trimmed)
    try:
        return with_columns(connection, opened)
    except SourceError:
        if place != path:
            raise
        corrected = mended(path, folder, AUTO, name)
        return with_columns(connection, replace(opened, place=corrected))


def with_columns(connection: duckdb.DuckDBPyConnection, opened: Opened) -> Opened:
    """The same with the columns that DuckDB finds. Raises SourceError where it can read nothing."""
    try:
        found = connection.sql(f"SELECT * FROM {opened.relation([])} LIMIT 0")
        return replace(opened, columns=tuple(str(column) for column in found.columns))
    except duckdb.Error as error:
        if opened.scanned == "csv":
            refuse_uneven_rows(opened)
        raise SourceError(
            f"{opened.name} could not be read: {str(error).splitlines()[0]} "
            "Save it as UTF-8 CSV with a header row, or as Parquet."
        ) from None


def refuse_uneven_rows(opened: Opened) -> None:
    """One row with too many or too few cells, and DuckDB finds other columns than the header's."""
    if opened.scanned != "csv":
        return
    with opened.place.open(encoding="utf-8-sig", newline="") as file:
        header = next((line for line in file if line.strip()), "")
        delimiter = opened.separator or max(SEPARATORS, key=header.count)
        cells = len(next(csv.reader([header], delimiter=delimiter), []))
        first = 2 + opened.trimmed.titles
        for number, row in enumerate(csv.reader(file, delimiter=delimiter), start=first):
            if row and len(row) != cells:
                raise SourceError(
                    f"{opened.name}: row {number} has {len(row)} cells and the header has {cells} "
                    f"({header.strip()}). Mend the row; a file that ends in the middle of a row "
                    "was not copied whole."
                )


def _head(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(HEAD)
    if len(start) == HEAD:  # the last line may be cut
        start = start[: start.rfind(b"\n") + 1] or start
    return start.decode("utf-8-sig", errors="replace")


def _rows(head: str) -> tuple[str | None, list[list[str]], list[int]]:
    """The separator, the first rows, and how many lines stand before each."""
    best: tuple[tuple[int, int], str | None, list[list[str]], list[int]] | None = None
    for separator in SEPARATORS:
        rows, lines = _parsed(head, separator)
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if widths:
            width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
            if best is None or (count, width) > best[0]:
                best = ((count, width), separator, rows, lines)
    if best is None:
        return None, *_parsed(head, ",")
    return best[1:]


def _parsed(head: str, separator: str) -> tuple[list[list[str]], list[int]]:
    rows: list[list[str]] = []
    lines = [0]
    reader = csv.reader(StringIO(head, newline=""), delimiter=separator)
    try:
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
            if len(rows) >= LOOKED_AT:
                break
    except csv.Error:  # a cell longer than the limit of the module: no table by this separator
        return rows, lines
    return rows, lines


def _tail(path: Path, separator: str | None) -> list[Row]:
    """The last rows, each of one line; none from a line on that may be part of a longer cell."""
    with path.open("rb") as file:
        file.seek(0, 2)
        size = file.tell()
        file.seek(max(0, size - TAIL))
        text = file.read().decode("utf-8", errors="replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")[1:]
    rows: list[Row] = []
    for line in reversed(lines):
        if line.count('"') % 2:
            break
        rows.append(next(csv.reader([line], delimiter=separator or ","), []))
    return rows[::-1]


def _cut(copy: Path, above: int, below: int) -> Path:
    """The copy without its first and last lines."""
    lines = copy.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    text = "\n".join(lines[above : len(lines) - below]) + "\n"
    copy.write_text(text, encoding="utf-8", newline="\n")
    return copy
