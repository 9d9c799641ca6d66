"""The one way to a DuckDB of our own: its zone is UTC, whatever the machine's is.

DuckDB takes the zone of the machine, and with it `date_trunc('day', to_timestamp(ts))` of
source.derive is one day in London and another in Moscow.
"""

from typing import Any

import duckdb


def connect(**config: Any) -> duckdb.DuckDBPyConnection:
    """A database in memory with these settings of DuckDB."""
    connection = duckdb.connect(config=config)
    connection.execute("SET TimeZone = 'UTC'")
    return connection
