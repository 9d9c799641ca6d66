"""The floor: every column is read and aggregated once, no feature is made."""

from pathlib import Path

import duckdb

PACKAGES = ("duckdb",)


def run(orders: Path, folder: Path) -> int:
    """Smallest and largest value of every column."""
    rows = duckdb.read_parquet(str(orders))
    columns = ", ".join(f'min("{name}"), max("{name}")' for name in rows.columns)
    rows.aggregate(columns).write_parquet(str(folder / "scan.parquet"))
    return 0
