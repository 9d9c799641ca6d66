"""Who does the work on each part of the customers: this process, or the workers of Spark."""

from core.each import Each, in_turn
from features.engines.duckdb import DuckEngine, Engine, Tables
from features.engines.spark import SparkEngine, start
from features.engines.spark_tasks import SparkTasks
from pipelines import stage


def workers(engine: str, parts: int) -> Each:
    """The workers of Spark with `engine: spark`, else this process, which also does a single part.

    Raises EnvironmentProblem where Spark or Java is missing, or a cluster cannot be worked on.
    """
    return SparkTasks(start(), stage.DATA) if _is_shared(engine, parts) else in_turn


def table_engine(engine: str, parts: int, tables: Tables) -> Engine:
    """What sorts tables by customer for parts: the workers, or DuckDB where there are none."""
    return SparkEngine(tables) if _is_shared(engine, parts) else DuckEngine(tables)


def _is_shared(engine: str, parts: int) -> bool:
    return engine == "spark" and parts > 1
