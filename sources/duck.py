"""Opens our own DuckDB, always in UTC, whatever the time zone of the machine.

DuckDB would take the zone of the machine, and `date_trunc('day', to_timestamp(ts))` in
source.derive would be one day in London and another in Moscow.
"""

from typing import Any

import duckdb


def connect(**config: Any) -> duckdb.DuckDBPyConnection:
    """A database in memory with these settings of DuckDB."""
    connection = duckdb.connect(config=config)
    connection.execute("SET TimeZone = 'UTC'")
    return connection
