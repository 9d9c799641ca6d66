"""Snapshots as a run wrote them, read back."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.arrays import IntArray
from features.sample import EVERYBODY, Sample, rows_of
from features.timeline import date_of
from sources.cures import literal
from sources.duck import connect


def read_snapshots(
    folder: Path, sample: Sample = EVERYBODY, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """All snapshots of the customers of a sample, sorted by as_of_date and customer_id.

    With `columns` those of them that there are: a few columns of all dates fit in memory where
    whole rows do not.
    """
    frames: list[pd.DataFrame] = [
        sample.read(path, columns=_there(path, columns)).to_pandas() for path in _files(folder)
    ]
    return pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)


def read_places(folder: Path, sample: Sample, places: IntArray) -> pd.DataFrame:
    """Rows of `read_snapshots` by their places (n,), in this order: one file is read at a time."""
    order = np.argsort(places, kind="stable")
    ascending, frames, start = places[order], [], 0
    for path in _files(folder):
        rows = sample.read(path)
        first, last = np.searchsorted(ascending, [start, start + rows.num_rows])
        frames.append(rows.take(pa.array(ascending[first:last] - start)).to_pandas())
        start += rows.num_rows
    found: pd.DataFrame = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
    return found.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)


PART_CUSTOMERS = 100_000  # whose whole rows are in memory at a time


@dataclass(frozen=True)
class Customers:
    """A range of customers: from the id `first` on, up to the id `until` and without it."""

    first: str | None = None
    until: str | None = None

    def read(self, path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Their rows of a Parquet file; with `columns` those of them that there are.

        Where the file is sorted by customer_id, little else of it is read.
        """
        bounds = [("customer_id", ">=", self.first), ("customer_id", "<", self.until)]
        filters = [one for one in bounds if one[2] is not None] or None
        return pd.read_parquet(path, columns=_there(path, columns), filters=filters)

    def read_all(self, paths: Sequence[Path], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Their rows of several files of one table, in the order of the files."""
        frames = [self.read(path, columns) for path in paths]
        return pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Their rows of a table that is sorted by customer_id."""
        return rows.iloc[self.places(rows["customer_id"].array)].reset_index(drop=True)

    def places(self, ids: Sequence[str]) -> slice:
        """Where they stand among ids that are sorted."""
        start = 0 if self.first is None else bisect_left(ids, self.first)
        end = len(ids) if self.until is None else bisect_left(ids, self.until)
        return slice(start, end)


ALL_CUSTOMERS = Customers()


def read_snapshot(
    folder: Path,
    as_of: int,
    customers: Customers = ALL_CUSTOMERS,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The snapshot of one as-of day, sorted by customer_id: of a range of customers, or of all.

    With `columns` those of them that there are.
    """
    return customers.read_all(_of_day(folder, as_of), columns)


def rows_wanted(folder: Path, wanted: pd.DataFrame) -> pd.DataFrame:
    """The rows of all snapshots that `wanted` names by customer_id and as_of_date.

    Sorted by as_of_date and customer_id; nothing else is held in memory.
    """
    duck = connect()
    duck.register("wanted", wanted)
    files = ", ".join(literal(path) for path in _files(folder))
    rows: pd.DataFrame = duck.execute(
        f"FROM read_parquet([{files}]) SEMI JOIN wanted USING (customer_id, as_of_date) "
        "ORDER BY as_of_date, customer_id"
    ).df()
    return rows


def snapshot_columns(folder: Path, as_of: int) -> list[str]:
    """The columns of the snapshot of one as-of day."""
    return list(pq.read_schema(_of_day(folder, as_of)[0]).names)


def customer_parts(folder: Path, as_of: int) -> list[Customers]:
    """Ranges that together hold all customers, each about PART_CUSTOMERS of the as-of day."""
    ids = pa.concat_tables(
        pq.read_table(path, columns=["customer_id"]) for path in _of_day(folder, as_of)
    )["customer_id"]
    cuts = [ids[place].as_py() for place in range(PART_CUSTOMERS, len(ids), PART_CUSTOMERS)]
    return [Customers(*ends) for ends in zip([None, *cuts], [*cuts, None], strict=True)]


def rows_at(folder: Path, as_of: int) -> int:
    """How many rows the snapshot of one as-of day has."""
    return rows_of(_of_day(folder, as_of))


def sample_of(folder: Path, most_rows: int) -> Sample:
    """The sample whose rows in the snapshots of a folder are about `most_rows`, over all dates."""
    return Sample.of_rows(rows_of(_files(folder)), most_rows)


def _there(path: Path, columns: Sequence[str] | None) -> list[str] | None:
    if columns is None:
        return None
    names = set(pq.read_schema(path).names)
    return [name for name in columns if name in names]


def _of_day(folder: Path, as_of: int) -> list[Path]:
    return _files(folder, f"{date_of(as_of)}-*.parquet")


def _files(folder: Path, names: str = "*.parquet") -> list[Path]:
    return sorted(folder.glob(names))
