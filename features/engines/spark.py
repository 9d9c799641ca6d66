"""The engine on Spark: the same expressions, which Spark cuts into parts itself.

Where Spark runs and with how much memory is Spark's own configuration: spark-defaults.conf, or the
environment variables MASTER and SPARK_DRIVER_MEMORY. Nothing but this file,
features/engines/java.py and the scoring on Spark knows about Spark, and pyspark is imported
only when it is asked for.
"""

import os
import shutil
import sys
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

from features.engines.duckdb import Tables, dates_rows, frame_of
from features.engines.java import check_installed, java_for_spark
from features.history.facts import Schemas, Step

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# What Spark's own configuration may say otherwise: the driver is also the worker of a local
# session, and its default of 1 GB is little for that.
DEFAULTS = {
    "SPARK_DRIVER_MEMORY": "4g",
    "SPARK_LOCAL_IP": "127.0.0.1",
    "PYSPARK_PYTHON": sys.executable,
}
LAUNCHED = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
PARTITION_ROWS = 250_000  # order lines or events in one part of a shuffle, about
PARTITIONS, WHOLE_STAGE = "spark.sql.shuffle.partitions", "spark.sql.codegen.wholeStage"
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


class SparkEngine:
    """Spark. `tables` are Parquet files or Arrow tables, by name; `session` one that runs already.

    Raises EnvironmentProblem where Spark or Java is missing.
    """

    def __init__(self, tables: Tables, session: "SparkSession | None" = None):
        # A session of its own: its settings and the names of its tables are nobody else's.
        self._spark = (session or start()).newSession()
        for key, value in NEEDED.items():
            self._spark.conf.set(key, value)
        self._backend = ibis.pyspark.connect(self._spark)
        self._kept: dict[str, DataFrame] = {}
        self.schemas: Schemas = {}
        rows = [self._open(name, table) for name, table in tables.items()]
        self._tune(max(rows, default=0))

    def parts(self, steps: Sequence[Step], dates: Sequence[int]) -> Iterator[int]:
        """Run the steps for all customers at once: Spark cuts the work itself. Yields 0."""
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
        self._spark.createDataFrame(rows).createOrReplaceTempView(name)

    def create(self, step: Step) -> None:
        """Compute a step's table, in place of the one before: as soon as something reads it."""
        self._release(step.name)
        frame = self._rows(step.table)
        if step.keep:
            self._kept[step.name] = frame.persist()
        frame.createOrReplaceTempView(step.name)

    def frame(self, table: ir.Table) -> pd.DataFrame:
        """The rows of an expression."""
        return frame_of(self._rows(table).toArrow(), table)

    def write(self, table: ir.Table, path: Path) -> None:
        """Write the rows of an expression to one Parquet file, in the order it asks for."""
        written = path.with_name(f"{path.name}.written")
        rows = self._rows(table).repartition(1)
        node = table.op()
        if isinstance(node, ops.Sort):  # bringing parts into one file would lose the order
            rows = rows.sortWithinPartitions(*(key.arg.name for key in node.keys))
        rows.write.mode("overwrite").parquet(str(written.absolute()))
        [file] = written.glob("part-*.parquet")
        file.replace(path)
        shutil.rmtree(written)

    def _tune(self, rows: int) -> None:
        """Make these expressions faster, unless Spark's own configuration decides otherwise."""
        context = self._spark.sparkContext
        given = context.getConf()
        parts = max(context.defaultParallelism, rows // PARTITION_ROWS)
        # A hundred aggregates in one statement make a method that Java refuses to compile.
        for key, value in ((PARTITIONS, str(parts)), (WHOLE_STAGE, "false")):
            if not given.contains(key):
                self._spark.conf.set(key, value)

    def _rows(self, table: ir.Table) -> "DataFrame":
        return self._spark.sql(_compiled(self._backend, table.op()))

    def _open(self, name: str, table: Path | pa.Table) -> int:
        """Make a table known; returns its number of rows."""
        if isinstance(table, Path):
            schema, rows = pq.read_schema(table), pq.read_metadata(table).num_rows
            self._spark.read.parquet(str(table.absolute())).createOrReplaceTempView(name)
        else:
            schema, rows = table.schema, table.num_rows
            self.put(name, table)
        self.schemas = {**self.schemas, name: ibis.Schema.from_pyarrow(schema)}
        return int(rows)

    def _release(self, name: str) -> None:
        kept = self._kept.pop(name, None)
        if kept is not None:
            kept.unpersist()


def start() -> "SparkSession":
    """The session of this process, started where there is none.

    Raises EnvironmentProblem where Spark or Java is missing.
    """
    check_installed()
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    builder = SparkSession.builder.appName("regulars")
    for name, value in LAUNCHED.items():
        builder = builder.config(name, value)
    with java_for_spark():
        return builder.getOrCreate()


@lru_cache(maxsize=512)
def _compiled(backend: Any, node: ops.Relation) -> str:
    return str(backend.compile(node.to_expr()))
