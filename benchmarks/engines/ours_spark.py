"""Ours on Spark: the same program on the engine of features/engines/spark.py."""

from importlib import import_module
from pathlib import Path

from benchmarks.engines.ours import run_on

SparkEngine = import_module("features.engines.spark").SparkEngine
PACKAGES = ("pyspark", "ibis-framework")


def run(orders: Path, folder: Path) -> int:
    """One Parquet file or folder for each as-of date; starting Spark is part of it."""
    return run_on(SparkEngine({"orders": orders}), folder)
