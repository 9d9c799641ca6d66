"""Cuts a large raw table into parts on disk, so that its check holds one of them at a time.

Rows with one key (of lines: those of one order) come into one part, by a hash of its text; rows
without a key come anywhere. What a check of one part cannot know, check_tables.py finds out of all
parts together.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from core.room import check_room
from sources.contract import ABOVE, LEFT_OUT, PLACE, TEXT, Table
from sources.cures import literal, quoted
from sources.duck import connect
from sources.meanings.ids import INVISIBLE, SPACES
from sources.notes import NOTES
from sources.tables.mapping import frame_of, ids_as_text, kinds_of

LARGE = 1_500_000  # rows: a table of fewer is checked whole
PART = 1_000_000
LEAST_BYTES = 16 * 1024**2  # of files: in less no large table fits, and nobody has to count
LOOSER = 4  # raw parts and checked ones together took 2.6 times the file; some are written anew
WHY_WHOLE = "why_whole"  # of a raw table's attributes
BEYOND_THE_ROW = "source.filter or source.derive looks beyond the row, or at texts it cannot read"
PLACE_OF, ROW = "_regulars_part", "_regulars_row"  # columns that no export has
# A column of ids of these types is read by looking at all of them.
UNSURE = ("FLOAT", "DOUBLE", "DECIMAL", "HUGEINT", "UHUGEINT")
# What two spellings of one id may differ in (sources/meanings/ids.py makes them one): spaces, what
# cannot be seen, letters in two halves, zeros behind a point.
UNSEEN = re.sub(  # DuckDB writes characters by their numbers in another way
    r"\\u(\w{4})", r"\\x{\1}", rf"[\s\x1c-\x1f]|{SPACES.pattern}|{INVISIBLE.pattern}"
)
ZEROS = r"[.,]0+$"


@dataclass(frozen=True)
class Scan:
    """Rows that DuckDB can select, and what is known of them besides: the attributes of a frame.

    `given` are the columns that no expression made: a row with none of them is no row.
    """

    connection: duckdb.DuckDBPyConnection
    sql: str
    given: Sequence[str]
    attrs: dict[str, Any] = field(default_factory=dict)


# Opens what is read, one file or extract; tells why where the rows have to be seen together.
Opening = Callable[[], AbstractContextManager[Scan | str]]


class _WholeError(Exception):
    """Why a table has to be seen whole."""


@dataclass(frozen=True)
class RawParts:
    """A raw table in parts. `whole` reads all of it into memory instead; `rows` counts its rows."""

    folder: Path
    table: Table
    number: int
    rows: int
    attrs: dict[str, Any]
    whole: Callable[[], pd.DataFrame]
    _begins: tuple[int, ...]  # the number of the first row of each scan

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """The parts; the index is the number of each row in the table, from 0 on."""
        for number in range(self.number):
            with connect() as connection:
                scans = [
                    self._read(connection, at, number, begin)
                    for at, begin in enumerate(self._begins)
                ]
            read = [one for one in scans if one is not None]
            if not read:  # few keys make few parts
                continue
            part = pd.concat(read)
            part.attrs[ABOVE], part.attrs[PLACE] = self.attrs[ABOVE], self.attrs[PLACE]
            yield part

    def _read(
        self, connection: duckdb.DuckDBPyConnection, at: int, number: int, begin: int
    ) -> pd.DataFrame | None:
        files = sorted((self.folder / str(at) / f"{PLACE_OF}={number}").glob("*.parquet"))
        if not files:
            return None
        listed = ", ".join(map(literal, files))
        relation = f"read_parquet([{listed}], hive_partitioning=false)"
        frame = frame_of(connection, f"SELECT * FROM {relation} ORDER BY {ROW}")
        index = frame.pop(ROW).to_numpy() + begin
        return ids_as_text(frame, self.table).set_index(pd.Index(index))


def cut(
    openings: Sequence[Opening],
    table: Table,
    files: Sequence[Path],
    folder: Path,
    whole: Callable[[], pd.DataFrame],
) -> RawParts | pd.DataFrame:
    """A large table in parts below `folder`; a small one, or one to be seen whole, in memory.

    Why a large one has to be seen whole stands in its attribute WHY_WHOLE. `files` are those that
    it is read from. Raises EnvironmentProblem where the temporary folder has no room for the parts.
    """
    size = sum(file.stat().st_size for file in files)
    if size < LEAST_BYTES:
        return whole()
    try:
        counts = [_count(opening, table) for opening in openings]
        if (rows := sum(counts)) < LARGE:
            return whole()
        check_room("ingest", LOOSER * size)
        number = -(-rows // PART)
        attrs = [
            _written(opening, table, folder / str(at), number)
            for at, opening in enumerate(openings)
        ]
    except (_WholeError, duckdb.Error) as error:  # of the latter the whole says more, if it fails
        frame = whole()
        if len(frame) >= LARGE:
            frame.attrs[WHY_WHOLE] = str(error).splitlines()[0]
        return frame
    begins = tuple(sum(counts[:at]) for at in range(len(counts)))
    return RawParts(folder, table, number, rows, _together(attrs), whole, begins)


def _count(opening: Opening, table: Table) -> int:
    with opening() as scan:
        if isinstance(scan, str):
            raise _WholeError(scan)
        kinds = kinds_of(scan.connection, scan.sql)
        if table.key[0] not in kinds:
            raise _WholeError(f"there is no column {table.key[0]}")
        if taken := {PLACE_OF, ROW} & {column.lower() for column in kinds}:
            raise _WholeError(f"a column is called {min(taken)}")
        texts = [c for c, kind in table.columns.items() if kind == TEXT and c in kinds]
        if unsure := [column for column in texts if kinds[column].startswith(UNSURE)]:
            raise _WholeError(f"{unsure[0]} is a number that may have decimals")
        found = scan.connection.execute(f"SELECT count(*) FROM ({scan.sql})").fetchone()
        return int(found[0]) if found else 0


def _written(opening: Opening, table: Table, folder: Path, number: int) -> dict[str, Any]:
    """Write the parts; what is known of the rows."""
    folder.mkdir(parents=True)
    with opening() as scan:
        if isinstance(scan, str):
            raise _WholeError(scan)
        key = f"nfc_normalize(CAST({quoted(table.key[0])} AS VARCHAR))"
        key = f"regexp_replace({key}, {literal(UNSEEN)}, '', 'g')"
        key = f"nullif(regexp_replace({key}, {literal(ZEROS)}, ''), '')"
        part = f"hash(coalesce({key}, CAST({ROW} AS VARCHAR))) % {number}"
        numbered = f"SELECT *, row_number() OVER () - 1 AS {ROW} FROM ({scan.sql})"
        scan.connection.execute(
            f"COPY (SELECT *, {part} AS {PLACE_OF} FROM ({numbered})) TO {literal(folder)} "
            f"(FORMAT parquet, PARTITION_BY ({PLACE_OF}))"
        )
        # What is not a number is an empty cell to pandas.
        cells = [f"CAST({quoted(column)} AS VARCHAR)" for column in scan.given]
        blank = " AND ".join(f"coalesce({cell} = 'nan', true)" for cell in cells) or "false"
        parts = f"read_parquet({literal(folder / '*' / '*.parquet')}, hive_partitioning=false)"
        if scan.connection.execute(f"SELECT 1 FROM {parts} WHERE {blank} LIMIT 1").fetchone():
            raise _WholeError("some of them hold nothing")
        return scan.attrs


def _together(attrs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The attributes of the whole table, as those of frames that are put together."""
    return {
        LEFT_OUT: sum(one.get(LEFT_OUT, 0) for one in attrs),
        ABOVE: attrs[0].get(ABOVE, 0) if len(attrs) == 1 else 0,
        PLACE: attrs[0].get(PLACE, ""),
        NOTES: tuple(note for one in attrs for note in one.get(NOTES, ())),
    }
