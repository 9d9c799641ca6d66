"""The same columns as ours in DuckDB SQL by hand: days.sql once, features.sql at each date."""

from pathlib import Path

import duckdb

from benchmarks.orders import AS_OF_DATES, DATA_FROM, DATA_UNTIL

PACKAGES = ("duckdb",)
ONCE, AT_DATE = (Path(__file__).with_name(name) for name in ("days.sql", "features.sql"))
NOT_FEATURES = 2 + 9  # customer_id and as_of_date; the labels


def run(orders: Path, folder: Path) -> int:
    """One Parquet file for each as-of date."""
    query = AT_DATE.read_text(encoding="utf-8")
    duck = duckdb.connect()
    duck.execute("SET VARIABLE orders = $1", [str(orders)])
    duck.execute("SET VARIABLE data_from = $1", [DATA_FROM])
    duck.execute("SET VARIABLE data_until = $1", [DATA_UNTIL])
    duck.execute(ONCE.read_text(encoding="utf-8"))
    for as_of in AS_OF_DATES:
        duck.execute("SET VARIABLE as_of = $1", [as_of])
        file = folder / f"{as_of}.parquet"
        duck.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    duck.execute(f"DESCRIBE FROM '{file}'")
    return len(duck.fetchall()) - NOT_FEATURES
