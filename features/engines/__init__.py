"""Where expressions run: DuckDB on one machine, Spark on many."""
