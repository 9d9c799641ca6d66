"""Snapshots as a run wrote them, read back."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from features.sample import EVERYBODY, Sample, rows_of
from features.timeline import date_of


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


def read_snapshot(folder: Path, as_of: int) -> pd.DataFrame:
    """The snapshot of one as-of day, sorted by customer_id."""
    frames = [pd.read_parquet(path) for path in _of_day(folder, as_of)]
    return pd.concat(frames, ignore_index=True)


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
