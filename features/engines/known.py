"""What engines tell of tables beside their types: which amounts are all known."""

from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from sources.contract import ORDERS

# Of each table the columns of which features ask whether a cell may be empty.
ASKED = {ORDERS.name: ("amount",)}


def with_full(name: str, schema: ibis.Schema, table: Path | pa.Table) -> ibis.Schema:
    """The schema of a table in which the ASKED columns without an empty cell cannot be null.

    Of a Parquet file its own statistics tell; where it has none, cells may be empty.
    """
    full = [c for c in ASKED.get(name, ()) if c in schema and _is_full(table, c)]
    return ibis.schema({**schema, **{c: schema[c].copy(nullable=False) for c in full}})


def as_given(schema: ibis.Schema) -> ibis.Schema:
    """The schema of further rows of the table, in which any cell may be empty."""
    return ibis.schema({name: kind.copy(nullable=True) for name, kind in schema.items()})


def _is_full(table: Path | pa.Table, column: str) -> bool:
    if not isinstance(table, Path):
        return bool(table[column].null_count == 0)
    about = pq.read_metadata(table)
    # A column of records has several leaves, so that columns after it are in other places.
    leaves = [about.schema.column(place).path for place in range(about.num_columns)]
    place = leaves.index(column)
    chunks = (about.row_group(number).column(place) for number in range(about.num_row_groups))
    found = [chunk.statistics for chunk in chunks]
    return all(one is not None and one.has_null_count and not one.null_count for one in found)
