"""Snapshots as a run wrote them, read back."""

from pathlib import Path

import pandas as pd

from features.timeline import date_of


def read_snapshots(folder: Path) -> pd.DataFrame:
    """All snapshots of a folder, sorted by as_of_date and customer_id."""
    frames = [pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))]
    return pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)


def read_snapshot(folder: Path, as_of: int) -> pd.DataFrame:
    """The snapshot of one as-of day, sorted by customer_id."""
    paths = sorted(folder.glob(f"{date_of(as_of)}-*.parquet"))
    return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)
