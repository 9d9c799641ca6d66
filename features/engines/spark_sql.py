"""What the two engines that speak Spark's SQL have in common: Spark itself, and Sail."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from features.engines.duckdb import Tables, dates_rows, frame_of
from features.engines.known import with_full
from features.history.facts import Schemas, Step

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# What the numbers depend on. Times are UTC and carry no zone, as in DuckDB.
NEEDED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.compression.codec": "zstd",
}


class SparkSqlEngine(ABC):
    """An engine on a session of its own: its settings and names of tables are nobody else's.

    `tables` are Parquet files or Arrow tables, by name. Paths mean the same to every worker.
    """

    def __init__(self, session: "SparkSession", tables: Tables):
        self._spark = session
        for key, value in NEEDED.items():
            session.conf.set(key, value)
        self._backend = ibis.pyspark.connect(session)
        self._kept: set[str] = set()
        self.schemas: Schemas = {}
        self._sizes = {name: self._open(name, table) for name, table in tables.items()}

    @abstractmethod
    def _keep(self, step: Step) -> "DataFrame":
        """The rows of a step, computed once however often they are read, until `_forget`."""

    @abstractmethod
    def _forget(self, name: str) -> None:
        """Give back what `_keep` holds under a name."""

    def parts(self, steps: Sequence[Step], dates: Sequence[int]) -> Iterator[int]:
        """Run the steps for all customers at once: the engine cuts the work itself. Yields 0."""
        self.put("dates", dates_rows(dates))
        try:
            for step in steps:
                self.create(step)
            yield 0
        finally:
            for name in list(self._kept):
                self._release(name)

    def put(self, name: str, rows: pa.Table) -> None:
        """Make a small table known under a name, in place of the one before."""
        from pyspark.sql.pandas.types import from_arrow_schema

        kinds = from_arrow_schema(rows.schema, prefer_timestamp_ntz=True)
        self._spark.createDataFrame(rows, kinds).createOrReplaceTempView(name)

    def create(self, step: Step) -> None:
        """Compute a step's table, in place of the one before, at the latest when it is read."""
        self._release(step.name)
        rows = self._keep(step) if step.keep else self._rows(step.table)
        self._kept |= {step.name} if step.keep else set()
        rows.createOrReplaceTempView(step.name)

    def frame(self, table: ir.Table) -> pd.DataFrame:
        """The rows of an expression."""
        return frame_of(self._rows(table).toArrow(), table)

    def frames(self, table: ir.Table) -> Iterator[pd.DataFrame]:
        """The rows of an expression, where they are many: one range of customers after another."""
        yield self.frame(table)

    @abstractmethod
    def write(self, table: ir.Table, path: Path) -> None:
        """Write the rows of an expression to a Parquet file."""

    def _rows(self, table: ir.Table) -> "DataFrame":
        return self._spark.sql(self._sql(table))

    def _sql(self, table: ir.Table) -> str:
        return _compiled(self._backend, table.op())

    def _open(self, name: str, table: Path | pa.Table) -> int:
        """Make a table known; returns its number of rows."""
        if isinstance(table, Path):
            schema, rows = pq.read_schema(table), pq.read_metadata(table).num_rows
            self._spark.read.parquet(str(table.absolute())).createOrReplaceTempView(name)
        else:
            schema, rows = table.schema, table.num_rows
            self.put(name, table)
        known = with_full(name, ibis.Schema.from_pyarrow(schema), table)
        self.schemas = {**self.schemas, name: known}
        return int(rows)

    def _release(self, name: str) -> None:
        if name in self._kept:
            self._kept.remove(name)
            self._forget(name)


@lru_cache(maxsize=512)
def _compiled(backend: Any, node: ops.Relation) -> str:
    statement = backend.compiler.to_sqlglot(node.to_expr())
    return str(statement.transform(_as_float).sql(dialect=backend.dialect))


def _as_float(node: exp.Expression) -> exp.Expression:
    """Of `0.5` Spark's SQL makes a decimal of as many digits; our expressions mean a float."""
    if isinstance(node, exp.Literal) and not node.is_string and not node.is_int:
        return exp.cast(node, "double")
    return node


def order_of(table: ir.Table) -> list[str]:
    """The columns that an expression is sorted by."""
    node = table.op()
    return [key.arg.name for key in node.keys] if isinstance(node, ops.Sort) else []
