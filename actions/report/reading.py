"""Reads the columns of a test from any file that Regulars reads: CSV, Parquet, Excel."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from core.errors import SourceError, did_you_mean
from sources.cures import quoted
from sources.formats.opened import Opened
from sources.formats.opening import MARK, Address, opened
from sources.meanings.column_names import meant_columns
from sources.tables.mapping import frame_of

MAX_NAMED = 30  # columns that a message lists


@dataclass(frozen=True)
class Asked:
    """What the command was asked: the file and its columns by name, as their owner spells them."""

    file: str
    treatment: str
    outcome: str
    customer: str | None = None
    covariates: tuple[str, ...] = ()
    assigned_at: str | None = None
    measured_at: str | None = None
    control: str | None = None
    shares: tuple[float, ...] | None = None
    success: str | None = None
    numbers: str | None = None
    cost: float = 0.0
    seed: int = 0

    @property
    def as_text(self) -> list[str]:
        """Columns of names and times, of which no type is guessed."""
        named = (self.treatment, self.customer, self.assigned_at, self.measured_at)
        return [name for name in named if name is not None]

    @property
    def columns(self) -> list[str]:
        """Every column that is read, each once."""
        return list(dict.fromkeys([*self.as_text, self.outcome, *self.covariates]))


@dataclass(frozen=True)
class Rows:
    """The asked columns (n,) under the names that were asked for.

    `repeats` is a column that seems to say who the customer is and has values in several rows,
    where the command names none; else None.
    """

    columns: pd.DataFrame
    repeats: str | None = None


def read(asked: Asked) -> Rows:
    """Read the asked columns.

    Raises SourceError for a file that is not there or cannot be read, and for a column it lacks.
    """
    path, *inner = asked.file.split(MARK)
    file = Path(path).expanduser()
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is not there"
        raise SourceError(
            f"{file} {what}: name one file that holds a row for each customer of the test."
        )
    with opened(Address(file.parent, file.name, tuple(inner))) as (connection, table):
        found = {name: _found(name, table.columns, asked.file) for name in asked.columns}
        relation = table.relation([found[name] for name in asked.as_text])
        chosen = ", ".join(quoted(column) for column in dict.fromkeys(found.values()))
        try:
            rows = frame_of(connection, f"SELECT {chosen} FROM {relation}")
            repeats = None if asked.customer else _repeated(connection, table)
        except duckdb.Error as error:
            raise SourceError(
                f"{asked.file} could not be read: {str(error).splitlines()[0]}"
            ) from None
    if rows.empty:
        raise SourceError(f"{asked.file} has no rows below its header: nothing was measured yet.")
    return Rows(pd.DataFrame({name: rows[found[name]] for name in asked.columns}), repeats)


def _repeated(connection: duckdb.DuckDBPyConnection, table: Opened) -> str | None:
    """The likeliest column of customers, where some of its values are in several rows."""
    meant = meant_columns("customer_id", "orders", table.columns, by_words=False)
    meant = meant or [name for name in table.columns if _plain(name) == "id"]
    if not meant:
        return None
    name = quoted(meant[0])
    query = f"SELECT count({name}), count(DISTINCT {name}) FROM {table.relation(meant[:1])}"
    rows, distinct = connection.execute(query).fetchone() or (0, 0)
    return meant[0] if distinct < rows else None


def _found(name: str, columns: Sequence[str], file: str) -> str:
    """The column meant by a name: itself, or the only one that differs in capitals and spaces."""
    if name in columns:
        return name
    alike = [column for column in columns if _plain(column) == _plain(name)]
    if len(alike) == 1:
        return alike[0]
    listed = ", ".join(columns[:MAX_NAMED])
    more = f" and {len(columns) - MAX_NAMED} more" if len(columns) > MAX_NAMED else ""
    raise SourceError(
        f"{file} has no column {name}.{did_you_mean(name, columns)} It has: {listed}{more}."
    )


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
