"""Runs an expression over one table of the contract on a pandas frame."""

from collections.abc import Callable

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from features.engines.duckdb import DuckEngine
from sources.contract import NUMBER, TIME, YESNO, Table

TYPES = {TIME: pa.timestamp("us"), NUMBER: pa.float64(), YESNO: pa.bool_()}


def customers_of(
    rows: pd.DataFrame, contract: Table, found: Callable[[ir.Table], ir.Table]
) -> set[str]:
    """The customers that `found` gives for these rows, by the features' own statement."""
    there = [name for name in contract.columns if name in rows.columns]
    schema = pa.schema([(n, TYPES.get(contract.columns[n], pa.string())) for n in there])
    given = pa.Table.from_pandas(rows[there], schema=schema, preserve_index=False)
    engine = DuckEngine({contract.name: given}, threads=1)
    table = ibis.table(engine.schemas[contract.name], name=contract.name)
    return set(engine.frame(found(table))["customer_id"])
