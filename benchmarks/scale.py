"""The whole road of a large company, stage by stage, at several sizes: time and memory of each.

`make bench-scale` prints one table and writes benchmarks/out/scale.json: `rows` of {customers,
orders, stage, engine, seconds, cpu_seconds, peak_mb}, where `orders` are order lines of the
simulated shop and stages run in processes of their own, and `not_run` of {customers, engine, stage,
reason}. A new measurement replaces the old one of the same size and engine, the rest stays:

    python -m benchmarks.scale --customers 100000 1000000
    python -m benchmarks.scale --customers 1000000 --from score --keep large
"""

import argparse
import importlib
import json
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.measuring import DATA, ROOT, NotPossibleError, machine, worker
from benchmarks.zoo.road import STAGES, lay_out

OUT = ROOT / "benchmarks" / "out" / "scale.json"
SIZES = (100_000, 1_000_000, 3_000_000)
DAYS = 500  # of a simulated shop: 20 order lines a customer
ROAD = (*STAGES, "publish")
FOLDERS = ("metrics", "plots", "reports", "data", "artifacts", "store", "simulated")


def run_stage(name: str) -> dict[str, Any]:
    """Run one stage in this process and folder: its seconds, without those of the imports.

    And the seconds of the processor, which tell more where other programs run beside it.
    """
    module = importlib.import_module(f"pipelines.{name}")
    started, used = time.perf_counter(), _processor_seconds()
    module.main()
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(_processor_seconds() - used, 2),
    }


def _processor_seconds() -> float:
    """Used so far by this process and by those that it started and waited for."""
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + waited.ru_utime + waited.ru_stime


def company(folder: Path, customers: int, engine: str) -> int:
    """Lay out the project of a simulated shop; its number of order lines."""
    simulator = {"world": "shop", "customers": customers, "days": DAYS, "seed": 1}
    lay_out(folder, {"engine": engine, "source": {"kind": "simulator", "simulator": simulator}})
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    shop = folder / "simulated" / f"shop-{customers}-{DAYS}-1"
    if not shop.exists():
        print(f"simulating {customers:,} customers", flush=True)
        worker("benchmarks.scale", "--simulate", str(shop), str(customers))
    return int(pq.read_metadata(shop / "tables" / "orders.parquet").num_rows)


def simulate_shop(folder: str, customers: str) -> dict[str, Any]:
    """Simulate the shop on all cores of the machine."""
    from sources.kinds.simulator.writing import simulate

    cores = len(os.sched_getaffinity(0))
    simulate(Path(folder), "shop", int(customers), DAYS, 1, cores)
    return {}


def measure(folder: Path, customers: int, engine: str, stages: Sequence[str]) -> dict[str, Any]:
    """Rows of the stages, and why one could not be run: the road ends there."""
    orders, rows = company(folder, customers, engine), []
    size = {"customers": customers, "orders": orders, "engine": engine}
    for name in stages:
        try:
            figures = worker("benchmarks.scale", "--stage", name, here=folder)
        except NotPossibleError as error:
            print(f"{name}: {error}", flush=True)
            return {"rows": rows, "not_run": [{**size, "stage": name, "reason": str(error)}]}
        rows.append({**size, "stage": name, **figures})
        print(f"{name:9s} {figures['seconds']:9.1f} s {figures['peak_mb']:7,} MB", flush=True)
    return {"rows": rows, "not_run": []}


def load() -> dict[str, Any]:
    """Earlier measurements, with the facts of this machine."""
    before = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    empty: dict[str, Any] = {"rows": [], "not_run": []}
    return {"machine": machine(), **empty, **{k: v for k, v in before.items() if k != "machine"}}


def note(result: dict[str, Any], found: dict[str, Any]) -> None:
    """Put what was measured in place of the same stages of this size and engine, and save it."""
    keys = {_key(row) for kind in ("rows", "not_run") for row in found[kind]}
    for kind in ("rows", "not_run"):
        kept = [row for row in result[kind] if _key(row) not in keys]
        result[kind] = sorted([*kept, *found[kind]], key=_place)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def table(result: dict[str, Any]) -> list[str]:
    """The lines that are printed: a row for each stage, and how time grows from one size on."""
    lines = [f"{'customers':>12} {'order lines':>13} {'engine':8} {'stage':9}"]
    lines[0] += f"{'seconds':>10} {'peak MB':>9} {'cpu s':>9}"
    for row in result["rows"]:
        used = f" {row['cpu_seconds']:>9,.1f}" if "cpu_seconds" in row else ""
        lines.append(
            f"{row['customers']:>12,} {row['orders']:>13,} {row['engine']:8} {row['stage']:9}"
            f"{row['seconds']:>10,.1f} {row['peak_mb']:>9,}{used}"
        )
    for whole in wholes(result["rows"]):
        lines.append(
            f"{whole['customers']:>12,} {whole['orders']:>13,} {whole['engine']:8} {'all':9}"
            f"{whole['seconds']:>10,.1f} {whole['peak_mb']:>9,}"
        )
    lines += [
        f"not run: {one['customers']:,} customers, {one['stage']}: {one['reason']}"
        for one in result["not_run"]
    ]
    return lines


def wholes(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each size and engine whose whole road was run: its seconds, and the most memory."""
    found = []
    for key in sorted({(row["customers"], row["orders"], row["engine"]) for row in rows}):
        its = [row for row in rows if (row["customers"], row["orders"], row["engine"]) == key]
        if {row["stage"] for row in its} == set(ROAD):
            seconds, peak = sum(r["seconds"] for r in its), max(r["peak_mb"] for r in its)
            names = ("customers", "orders", "engine", "seconds", "peak_mb")
            found.append(dict(zip(names, (*key, round(seconds, 1), peak), strict=True)))
    return found


def _key(row: dict[str, Any]) -> tuple[int, str, str]:
    return row["customers"], row["engine"], row["stage"]


def _place(row: dict[str, Any]) -> tuple[int, str, int]:
    return row["customers"], row["engine"], ROAD.index(row["stage"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the asked sizes, smallest first."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="+", default=SIZES)
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--from", dest="first", choices=ROAD, default=ROAD[0])
    parser.add_argument("--to", dest="last", choices=ROAD, default=ROAD[-1])
    parser.add_argument("--keep", type=Path, help="a folder in which the project stays")
    parser.add_argument("--stage", choices=ROAD)
    parser.add_argument("--simulate", nargs=2)
    asked = parser.parse_args(arguments)
    if asked.stage:
        print(json.dumps(run_stage(asked.stage)))
        return
    if asked.simulate:
        print(json.dumps(simulate_shop(*asked.simulate)))
        return
    result = load()
    stages = ROAD[ROAD.index(asked.first) : ROAD.index(asked.last) + 1]
    for customers in sorted(asked.customers):
        DATA.mkdir(parents=True, exist_ok=True)
        folder = asked.keep or Path(tempfile.mkdtemp(dir=DATA))
        try:
            note(result, measure(folder.absolute(), customers, asked.engine, stages))
        finally:
            if asked.keep is None:
                shutil.rmtree(folder)
    print("\n".join(table(result)))


if __name__ == "__main__":
    main()
