"""The engine on Spark: the same expressions, which Spark cuts into parts itself.

Where Spark runs and with how much memory is Spark's own configuration: spark-defaults.conf, or the
environment variables MASTER and SPARK_DRIVER_MEMORY. Nothing but this file, its neighbours
cluster.py, java.py, spark_sql.py and spark_tasks.py knows about Spark, and pyspark is imported only
when it is asked for.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import ibis.expr.types as ir
import pandas as pd
import pyarrow.parquet as pq

from features.engines.cluster import check_master, check_workers, is_local, master, watched
from features.engines.duckdb import Tables, frame_of
from features.engines.java import check_installed, java_for_spark
from features.engines.spark_sql import SparkSqlEngine, order_of
from features.history.facts import Step

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# What Spark's own configuration may say otherwise: the driver is also the worker of a local
# session, and its default of 1 GB is little for that.
DEFAULTS = {
    "SPARK_DRIVER_MEMORY": "4g",
    "PYSPARK_PYTHON": sys.executable,
}
LOCAL_ADDRESS = {"SPARK_LOCAL_IP": "127.0.0.1"}  # workers elsewhere have to find the driver
LAUNCHED = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
FILE_ROWS = 5_000_000  # order lines or events whose customers share a file of a snapshot, about
SAMPLED = 50_000  # order lines or events whose customers files are laid by, about
PARTITION_ROWS = 250_000  # order lines or events in one part of a shuffle, about
PARTITIONS, WHOLE_STAGE = "spark.sql.shuffle.partitions", "spark.sql.codegen.wholeStage"


class SparkEngine(SparkSqlEngine):
    """Spark. `tables` are Parquet files or Arrow tables, by name; `session` one that runs already.

    Raises EnvironmentProblem where Spark or Java is missing, or a cluster cannot be worked on.
    """

    def __init__(self, tables: Tables, session: "SparkSession | None" = None):
        running = session or start()
        files = [table for table in tables.values() if isinstance(table, Path)]
        if files and not is_local(running.sparkContext.master):
            check_workers(running, files[0].absolute().parent.parent)
        super().__init__(running.newSession(), tables)
        self._persisted: dict[str, DataFrame] = {}
        self._tune(max(self._sizes.values(), default=0))

    def frame(self, table: ir.Table) -> pd.DataFrame:
        """The rows of an expression."""
        with watched(self._spark.sparkContext):
            return super().frame(table)

    def frames(self, table: ir.Table) -> Iterator[pd.DataFrame]:
        """The rows of an expression: no more at a time than a file of a snapshot has customers."""
        ranges = f"({self._sql(table)}) WHERE {_part_of(self._cuts)}"
        for number in range(len(self._cuts) + 1):
            rows = self._spark.sql(f"SELECT * FROM {ranges} = {number}")
            with watched(self._spark.sparkContext):
                found = rows.orderBy(*order_of(table)).toArrow()
            yield frame_of(found, table)

    def write(self, table: ir.Table, path: Path) -> None:
        """Write the rows of an expression to a Parquet file, in the order it asks for.

        The workers write. Where there are many rows they write several files, each with a range of
        the customers: `2017-11-15-0000-0000.parquet` and so on, in order by their names too.
        """
        written = path.with_name(f"{path.name}.written")
        part = next(name for n in count() if (name := "part" + "_" * n) not in table.columns)
        cuts = self._cuts if "customer_id" in table.columns else []
        rows = self._spark.sql(f"SELECT *, {_part_of(cuts)} AS {part} FROM ({self._sql(table)})")
        # Not sorted as a whole: to find the ranges Spark would compute the rows once more.
        rows = rows.repartition(len(cuts) + 1, part)
        rows = rows.sortWithinPartitions(part, *order_of(table))
        with watched(self._spark.sparkContext):
            rows.write.mode("overwrite").partitionBy(part).parquet(str(written.absolute()))
        folders = sorted(written.glob(f"{part}=*"), key=lambda f: int(f.name.split("=")[1]))
        files = [file for folder in folders for file in sorted(folder.glob("*.parquet"))]
        for number, file in enumerate(files):
            several = len(files) > 1
            file.replace(path.with_name(f"{path.stem}-{number:04d}.parquet") if several else path)
        if not files:
            pq.write_table(table.schema().to_pyarrow().empty_table(), path)
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

    def _keep(self, step: Step) -> "DataFrame":
        """In the workers' memory, and on their disks where that is full."""
        self._persisted[step.name] = self._rows(step.table).persist()
        return self._persisted[step.name]

    def _forget(self, name: str) -> None:
        self._persisted.pop(name).unpersist()

    @cached_property
    def _cuts(self) -> list[str]:
        """The ids at which files begin, apart from the first; none where all fits into one."""
        name, rows = max(self._sizes.items(), key=lambda item: item[1], default=("", 0))
        files = rows // FILE_ROWS
        if files < 2:
            return []
        found = self._spark.sql(
            f"SELECT DISTINCT customer_id FROM `{name}` "
            f"WHERE crc32(customer_id) % {max(1, rows // SAMPLED)} = 0 ORDER BY customer_id"
        )
        with watched(self._spark.sparkContext):
            ids = found.toArrow()["customer_id"].to_pylist()
        return sorted({ids[len(ids) * file // files] for file in range(1, files)} if ids else ())


def check() -> None:
    """Raise EnvironmentProblem where Spark is missing, or no master of its cluster answers."""
    check_installed()
    check_master(master(os.environ))


def start() -> "SparkSession":
    """The session of this process, started where there is none.

    Raises EnvironmentProblem where Spark or Java is missing, or no master answers.
    """
    check_installed()
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    where = master(os.environ)
    check_master(where)
    for name, value in (DEFAULTS | (LOCAL_ADDRESS if is_local(where) else {})).items():
        os.environ.setdefault(name, value)
    builder = SparkSession.builder.appName("regulars")
    for name, value in LAUNCHED.items():
        builder = builder.config(name, value)
    with java_for_spark():
        return builder.getOrCreate()


def _part_of(cuts: Sequence[str]) -> str:
    """The number of a customer's file in SQL; ids in hexadecimals, as they may hold anything."""
    cases = "".join(
        f" WHEN customer_id < CAST(X'{cut.encode().hex()}' AS STRING) THEN {number}"
        for number, cut in enumerate(cuts)
    )
    return f"CASE{cases} ELSE {len(cuts)} END" if cases else "0"
