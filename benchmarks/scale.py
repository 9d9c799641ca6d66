"""The same snapshots by either engine on simulated shops of growing size.

`make bench-scale` prints one table and writes benchmarks/out/scale.json: `rows` of {orders, lines,
engine, start_seconds, seconds, peak_mb}; SIZES="1000000" chooses the numbers of orders. Every run
is a process of its own; peak memory is that of the process and of its Java, and needs Linux.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from features.building import build_snapshots
from features.engine import DuckEngine, Engine
from features.snapshot import supported
from features.spark import SparkEngine, start
from features.timeline import day_of
from features.timeplan import Timeline
from sources.simulator.writing import simulate

OUT = Path(__file__).resolve().parent / "out" / "scale.json"
SIZES = "100000 1000000"
DAYS, ORDERS_A_CUSTOMER = 400, 11.7  # of the simulated shop, about
ENGINES = {"ours": DuckEngine, "ours_spark": SparkEngine}


def snapshots(engine: Engine, plan: Timeline, folder: Path) -> float:
    """Write the snapshots of a time plan with every feature the data supports; seconds taken."""
    before = time.monotonic()
    features, _ = supported(engine.schemas, plan.history_days)
    build_snapshots(engine, plan, features, folder)
    return time.monotonic() - before


def time_plan(orders: Path) -> Timeline:
    """Two as-of dates, the later one the midnight after the last order."""
    found = duckdb.sql(f"SELECT min(event_time), max(event_time) FROM '{orders}'").fetchone()
    assert found
    first, last = (day_of(when.date()) for when in found)
    plan = Timeline(28, 90, 90, first, last, (last - 28,), (), (), (), last + 1, (), (), ())
    return replace(plan, value_train=plan.train)


def measured(name: str, tables: dict[str, Path], folder: Path) -> dict[str, Any]:
    """One engine in this process: seconds to start, seconds of the snapshots, peak memory."""
    before = time.monotonic()
    if name == "ours_spark":
        start()
    engine = ENGINES[name](tables)
    started = time.monotonic() - before
    seconds = snapshots(engine, time_plan(tables["orders"]), folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "engine": name,
        "start_seconds": round(started, 1),
        "seconds": round(seconds, 1),
        "peak_mb": round(peak + sum(map(_peak_mb, _children()))),
    }


def main() -> None:
    """Measure every size with every engine, print the table, write the JSON."""
    rows = []
    for size in os.environ.get("SIZES", SIZES).split():
        with tempfile.TemporaryDirectory(prefix="regulars-") as temporary:
            company = Path(temporary) / "company"
            simulate(company, "shop", round(int(size) / ORDERS_A_CUSTOMER), DAYS)
            orders = company / "tables" / "orders.parquet"
            counted = duckdb.sql(
                f"SELECT count(DISTINCT order_id) AS orders, count(*) AS lines FROM '{orders}'"
            ).fetchone()
            assert counted
            for name in ENGINES:
                command = [sys.executable, "-m", "benchmarks.scale", name, temporary]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                found = json.loads(done.stdout.splitlines()[-1])
                rows.append({"orders": counted[0], "lines": counted[1], **found})
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"cores": os.cpu_count(), "rows": rows}, indent=1) + "\n")
    _print(rows)


def _print(rows: list[dict[str, Any]]) -> None:
    print(f"\n{os.cpu_count()} cores, two as-of dates, every feature the data supports\n")
    print("| orders | order lines | engine | start, s | snapshots, s | peak, MB | times `ours` |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        [ours] = [
            r["seconds"] for r in rows if r["engine"] == "ours" and r["orders"] == row["orders"]
        ]
        print(
            f"| {row['orders']:,} | {row['lines']:,} | `{row['engine']}` | {row['start_seconds']} "
            f"| {row['seconds']} | {row['peak_mb']:,} | {row['seconds'] / ours:.0f} |"
        )


def _children() -> list[int]:
    """The processes that this one started: Spark's Java."""
    ours = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [int(pid) for pid in ours.split()]


def _peak_mb(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    if len(sys.argv) == 3:
        folder = Path(sys.argv[2])
        files = {path.stem: path for path in (folder / "company" / "tables").glob("*.parquet")}
        print(json.dumps(measured(sys.argv[1], files, folder / sys.argv[1])))
    else:
        main()
