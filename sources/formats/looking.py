"""A first look at files: which tables they hold, with which columns and cells, before any params.

look(Path("exports"))    orders_export_1.csv      15 columns, 300 rows, utf-8, ","
                         book.xlsx#2023           6 columns, 9,000 rows
                         scan.pdf                 refused: a PDF, and no table
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from core.errors import SourceError
from sources.formats.opening import Address, opened, tables_in
from sources.formats.signatures import OF_SUFFIX
from sources.formats.trimming import NOTHING, Trimmed
from sources.written.encodings import AUTO

ENDS, BETWEEN = 150, 200  # sampled rows from the head and from the tail; spread between them
MAX_FILES = 300  # of a folder that are looked at
NEVER_TABLES = (".pdf", ".html", ".htm", ".doc", ".docx", ".png", ".jpg", ".jpeg", ".gif", ".rar")


@dataclass(frozen=True)
class Looked:
    """One table, or one file that cannot be read, with the reason in `refusal`.

    `address` is what `source.files` calls it. `sample` holds cells as text, rows of the head, of
    the tail and between them in their order. `title_lines` above the header are skipped.
    """

    address: str
    columns: tuple[str, ...] = ()
    sample: pd.DataFrame = field(default_factory=pd.DataFrame)
    rows: int = 0
    format: str = ""
    encoding: str | None = None
    separator: str | None = None
    trimmed: Trimmed = NOTHING
    refusal: str = ""

    @property
    def title_lines(self) -> int:
        """Rows above the header, which are skipped."""
        return self.trimmed.titles


def look(path: Path, encoding: str = AUTO) -> list[Looked]:
    """Every table of a file, or of the files below a folder, by address.

    Addresses are relative to the folder, or to the folder that the file is in. What cannot be read
    is among them, with its refusal. Raises SourceError where `path` is not there.
    """
    if not path.exists():
        raise SourceError(f"{path} is not there.")
    folder = path if path.is_dir() else path.parent
    files = candidates(path) if path.is_dir() else [path.name]
    found = [looked for file in files[:MAX_FILES] for looked in _of_file(folder, file, encoding)]
    if len(files) > MAX_FILES:
        found.append(
            Looked(
                files[MAX_FILES],
                refusal=f"{path} holds {len(files):,} files that may be tables, and only the first "
                f"{MAX_FILES} were looked at: name a smaller folder or one file.",
            )
        )
    return found


def candidates(folder: Path) -> list[str]:
    """The files below a folder that may hold tables, by their path in it."""
    wanted = (*OF_SUFFIX, *NEVER_TABLES)
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in found
        if path.suffix.lower() in wanted
        and not any(part.startswith((".", "~$", "__MACOSX")) for part in path.parts)
    )


def _of_file(folder: Path, file: str, encoding: str) -> Iterator[Looked]:
    try:
        tables = tables_in(Address(folder, file))
    except SourceError as error:
        yield Looked(file, refusal=str(error))
        return
    for address in tables:
        try:
            yield _of_table(address, encoding)
        except SourceError as error:
            yield Looked(str(address), refusal=str(error))


def _of_table(address: Address, encoding: str) -> Looked:
    with opened(address, encoding) as (connection, table):
        columns = table.columns
        relation = table.relation(list(columns))
        try:
            rows, sample = _sampled(connection, relation)
        except duckdb.Error as error:
            raise SourceError(
                f"{address.name} could not be read: {str(error).splitlines()[0]}"
            ) from None
        return Looked(
            str(address),
            columns,
            sample,
            rows,
            table.format,
            table.encoding,
            table.separator,
            table.trimmed,
        )


def _sampled(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[int, pd.DataFrame]:
    (rows,) = connection.execute(f"SELECT count(*) FROM {relation}").fetchone() or (0,)
    step = max(1, (rows - 2 * ENDS) // BETWEEN)
    chosen = f"place <= {ENDS} OR place > {rows - ENDS} OR place % {step} = 0"
    numbered = f"SELECT *, row_number() OVER () AS place FROM {relation} AS t"
    sample = connection.sql(
        f"SELECT COLUMNS(* EXCLUDE (place))::VARCHAR FROM ({numbered}) WHERE {chosen} "
        "ORDER BY place"
    ).df()
    return int(rows), sample
