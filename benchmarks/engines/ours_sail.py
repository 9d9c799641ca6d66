"""Ours on Sail: the same program on the engine of features/engines/sail.py."""

from importlib import import_module
from pathlib import Path

from benchmarks.engines.ours import run_on

SailEngine = import_module("features.engines.sail").SailEngine
PACKAGES = ("pysail", "pyspark", "ibis-framework")


def run(orders: Path, folder: Path) -> int:
    """One Parquet file or more for each as-of date; starting Sail is part of it."""
    return run_on(SailEngine({"orders": orders}), folder)
