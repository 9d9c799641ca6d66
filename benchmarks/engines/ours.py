"""Ours on DuckDB: the program of features/, compiled and run by features/engines/duckdb.py."""

from pathlib import Path

from benchmarks.orders import ACTIVE_WITHIN_DAYS, AS_OF_DATES, DATA_FROM, DATA_UNTIL, HORIZON_DAYS
from features.building import build_snapshots
from features.engines.duckdb import DuckEngine, Engine
from features.planning.timeplan import Timeline
from features.snapshot import supported
from features.timeline import day_of

PACKAGES = ("duckdb", "ibis-framework")


def run(orders: Path, folder: Path) -> int:
    """One Parquet file for each as-of date and part of the customers."""
    return run_on(DuckEngine({"orders": orders}), folder)


def run_on(engine: Engine, folder: Path) -> int:
    """All features that the data supports, whatever the engine."""
    days = [day_of(as_of) for as_of in AS_OF_DATES]
    timeline = Timeline(
        horizon_days=HORIZON_DAYS,
        active_within_days=ACTIVE_WITHIN_DAYS,
        value_horizon_days=HORIZON_DAYS,
        data_from=day_of(DATA_FROM),
        data_until=day_of(DATA_UNTIL),
        train=tuple(days[:-1]),
        validation=(),
        test=(),
        unused=(),
        score=days[-1],
        value_train=(),
        value_test=(),
        choices=(),
    )
    features, _ = supported(engine.schemas, timeline.history_days)
    build_snapshots(engine, timeline, features, folder)
    return len(features)
