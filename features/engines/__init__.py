"""Where expressions run: DuckDB or Sail on one machine, Spark on many."""
