"""The engine on Sail: Spark's SQL and protocol without Java, on all cores of one machine.

The server runs in this process, on a port of this machine that only it knows of. Nothing but this
file knows about Sail, and pysail is imported only when it is asked for.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis.expr.types as ir
import pyarrow.parquet as pq

from core.errors import EnvironmentProblem
from core.room import check_room
from features.engines.duckdb import Tables, quoted, room_for
from features.engines.spark_sql import SparkSqlEngine, order_of
from features.history.facts import Step
from sources.duck import connect

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PACKAGES = ("pysail", "pyspark", "grpc")


class SailEngine(SparkSqlEngine):
    """Sail. `tables` are Parquet files or Arrow tables, by name.

    Raises EnvironmentProblem where Sail is missing.
    """

    def __init__(self, tables: Tables):
        host, port = server().listening_address
        from pyspark.sql.connect.client import DefaultChannelBuilder
        from pyspark.sql.connect.session import SparkSession

        # A proxy of the company's, which gRPC would ask, does not lead to this process.
        channel = DefaultChannelBuilder(f"sc://{host}:{port}", [("grpc.enable_http_proxy", 0)])
        super().__init__(SparkSession.builder.channelBuilder(channel).create(), tables)
        self._tables, self._folder = tables, Path()

    def parts(self, steps: Sequence[Step], dates: Sequence[int]) -> Iterator[int]:
        """Run the steps for all customers at once: the engine cuts the work itself. Yields 0."""
        check_room("engine: sail", room_for(self._tables))
        with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
            self._folder = Path(folder)
            yield from super().parts(steps, dates)

    def write(self, table: ir.Table, path: Path) -> None:
        """Write the rows of an expression to a Parquet file, in the order it asks for.

        DuckDB sorts what Sail computed: Sail writes what its threads have, in no order of them.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        made = self._written(table, "written")
        keys = ", ".join(f'"{key}"' for key in order_of(table))
        rows = f"FROM read_parquet('{quoted(made)}/*.parquet')"
        rows += f" ORDER BY {keys}" if keys else ""
        connect().execute(f"COPY ({rows}) TO '{quoted(path)}' (FORMAT parquet, COMPRESSION zstd)")
        shutil.rmtree(made)

    def _keep(self, step: Step) -> "DataFrame":
        """In files: what Spark keeps when it is asked to, Sail computes anew each time."""
        return self._spark.read.parquet(str(self._written(step.table, step.name)))

    def _written(self, table: ir.Table, name: str) -> Path:
        """The folder of this name with the rows of an expression, in files of any order."""
        folder = self._folder / name
        self._rows(table).write.parquet(str(folder))
        if not any(folder.glob("*.parquet")):  # Sail writes none where there are no rows
            folder.mkdir(exist_ok=True)
            pq.write_table(table.schema().to_pyarrow().empty_table(), folder / "none.parquet")
        return folder

    def _forget(self, name: str) -> None:
        shutil.rmtree(self._folder / name)


def check_installed() -> None:
    """Raise EnvironmentProblem where the extra `sail` is not installed."""
    if any(find_spec(name) is None for name in PACKAGES):
        raise EnvironmentProblem(
            "engine: sail needs Sail, which is not installed: run `make sail-setup`, or "
            "`pip install -e '.[serving,pipeline,sail]'`, or put engine: duckdb into params.yaml."
        )


@lru_cache(maxsize=1)
def server() -> Any:
    """The server of this process, started where there is none.

    Raises EnvironmentProblem where Sail is missing.
    """
    check_installed()
    os.environ.setdefault("RUST_LOG", "error")  # else it tells of every session
    from pysail.spark import SparkConnectServer

    started = SparkConnectServer("127.0.0.1", 0)
    started.start(background=True)
    return started
