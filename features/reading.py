"""Snapshots as a run wrote them, read back."""

from pathlib import Path

import pandas as pd


def read_snapshots(folder: Path) -> pd.DataFrame:
    """All snapshots of a folder, sorted by as_of_date and customer_id."""
    frames = [pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))]
    return pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
