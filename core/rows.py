"""The rows of a table, one part after the other, wherever they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Rows:
    """A table whose rows with one key (of lines: those of one order) lie in one of its parts.

    What adds up is made of one part after the other, and never holds the table. `columns` are their
    names, in order.
    """

    columns: tuple[str, ...]
    _frame: pd.DataFrame | None = None
    _path: Path | None = None
    _groups: tuple[tuple[int, ...], ...] = ()
    _count: int = 0

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Rows":
        """A table in memory, all of it in one part."""
        return cls(tuple(map(str, frame.columns)), frame, _count=len(frame))

    @classmethod
    def in_file(cls, path: Path, is_in_parts: bool) -> "Rows":
        """A Parquet file; in parts where each group of its rows is one, else all in one part."""
        with pq.ParquetFile(path) as file:
            groups, columns = range(file.num_row_groups), file.schema_arrow.names
            count = file.metadata.num_rows
        parts = tuple((one,) for one in groups) if is_in_parts else (tuple(groups),)
        return cls(tuple(columns), None, path, parts, count)

    def __len__(self) -> int:
        """How many rows there are."""
        return self._count

    def __contains__(self, column: str) -> bool:
        """Whether the table has a column."""
        return column in self.columns

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """These columns (all, if none are named) of one part after the other; at least one part."""
        names = list(self.columns if columns is None else columns)
        if self._frame is not None or self._path is None:
            yield pd.DataFrame() if self._frame is None else self._frame[names]
            return
        with pq.ParquetFile(self._path) as file:
            for groups in self._groups or ((),):
                yield file.read_row_groups(list(groups), columns=names).to_pandas()


def batches(path: Path, rows: int) -> Iterator[pa.Table]:
    """The rows of a Parquet file, so many at a time, without the metadata of who wrote it.

    Without `pre_buffer`, with which Arrow keeps what it has read of the file until the last batch.
    """
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(rows):
            yield pa.table(batch).replace_schema_metadata(None)


def without_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table and their types, and nothing of its rows.

    No row of it is held: `head(0)` is a view, which keeps every text of the table in memory.
    """
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in frame.dtypes.items()})
