"""Snapshots from orders: our engine beside hand-written code and other libraries.

`make bench-features` prints one table and writes benchmarks/out/features.json: `rows` of {orders,
as_of_dates, features, engine, seconds, peak_mb}, medians of runs in processes of their own, and
`not_run` of {orders, engine, reason}. A new measurement replaces the old one, the rest stays:

    python -m benchmarks.features --orders 1000000 --engines ours duckdb_sql --runs 3
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import DATA, ROOT, NotPossibleError, machine, worker
from benchmarks.orders import AS_OF_DATES, ORDERS_PER_CUSTOMER

OUT = ROOT / "benchmarks" / "out" / "features.json"
CHECKED = 20_000  # orders on which an engine has to agree with ours before it is measured
RUNS = 3
SIZES = (100_000, 1_000_000, 10_000_000, 50_000_000)
# growth is the seconds of the large size over those of the small
SMALL, LARGE = 1_000_000, 10_000_000


@dataclass(frozen=True)
class Peer:
    """An engine: its module, the most orders it is given, and an environment of its own."""

    module: str
    most: int | None = None
    environment: str | None = None

    @property
    def python(self) -> dict[str, str]:
        """Which Python runs it, as an argument; made where it is not there."""
        if self.environment is None:
            return {}
        from benchmarks.environments import python_of

        try:
            return {"python": str(python_of(self.environment))}
        except RuntimeError as error:
            raise NotPossibleError(str(error)) from None


PEERS = {
    "scan": Peer("scan"),
    "ours": Peer("ours"),
    "duckdb_sql": Peer("duckdb_sql"),
    "polars": Peer("polars_core"),
    "pandas": Peer("pandas_core", most=10_000_000),
    "featuretools": Peer("featuretools_dfs", most=100_000, environment="featuretools"),
    "ours_spark": Peer("ours_spark", most=10_000_000),
    "ours_sail": Peer("ours_sail", most=10_000_000),
}
REFERENCE = "ours"


def data_of(orders: int) -> Path:
    """The orders of this size, made the first time they are asked for."""
    path = DATA / f"orders-{orders}.parquet"
    if not path.exists():
        print(f"making {orders:,} orders", flush=True)
        worker("benchmarks.orders", str(orders), str(path))
    return path


def run(engine: str, orders: Path, folder: Path) -> dict[str, Any]:
    """The figures of one run, whose files go below `folder`."""
    peer = PEERS[engine]
    arguments = (peer.module, str(orders), str(folder))
    return worker("benchmarks.engines.worker", *arguments, **peer.python)


def agreement(engine: str) -> int:
    """How many columns an engine shares with ours; on a few orders all of them must be equal."""
    orders = data_of(CHECKED)
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        ours, other = Path(folder) / "ours", Path(folder) / "other"
        run(engine, orders, other)
        run(REFERENCE, orders, ours)
        return int(worker("benchmarks.agreement", str(ours), str(other))["columns"])


def measure(engine: str, orders: int, runs: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The row of an engine at one size, and the versions used."""
    most = PEERS[engine].most
    if most is not None and orders > most:
        raise NotPossibleError(f"measured up to {most:,} orders only")
    data, found = data_of(orders), []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=DATA) as folder:
            found.append(run(engine, data, Path(folder)))
    row = {
        "orders": orders,
        "customers": orders // ORDERS_PER_CUSTOMER,
        "as_of_dates": len(AS_OF_DATES),
        "features": found[0]["features"],
        "engine": engine,
        "seconds": round(statistics.median(one["seconds"] for one in found), 3),
        "peak_mb": round(statistics.median(one["peak_mb"] for one in found)),
        "runs": runs,
    }
    return row, found[0]["versions"]


def note(result: dict[str, Any], kind: str, entry: dict[str, Any]) -> None:
    """Put a row or a reason into the result, in place of what was there for the pair; save it."""
    key = (entry["orders"], entry["engine"])
    for name in ("rows", "not_run"):
        result[name] = [e for e in result[name] if (e["orders"], e["engine"]) != key]
    result[kind].append(entry)
    order = list(PEERS)
    for name in ("rows", "not_run"):
        result[name].sort(key=lambda e: (e["orders"], order.index(e["engine"])))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def load() -> dict[str, Any]:
    """Earlier measurements, with the facts of this machine."""
    before = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    empty = {"rows": [], "not_run": [], "versions": {}, "agreeing_columns": {}}
    return {"machine": machine(), **empty, **{k: v for k, v in before.items() if k != "machine"}}


def table(result: dict[str, Any]) -> list[str]:
    """The lines that are printed."""
    heads = ("features", "seconds", "s/feature", "peak MB")
    lines = [f"{'orders':>12} {'engine':14}" + "".join(f"{head:>12}" for head in heads)]
    lines[0] += f"{'per feature / duckdb_sql':>26}"
    per = {(r["orders"], r["engine"]): r["seconds"] / (r["features"] or 1) for r in result["rows"]}
    for row in result["rows"]:
        key, by_hand = (row["orders"], row["engine"]), per.get((row["orders"], "duckdb_sql"))
        each = f"{per[key]:.4f}" if row["features"] else "-"
        ratio = f"{per[key] / by_hand:.2f}" if row["features"] and by_hand else "-"
        lines.append(
            f"{row['orders']:>12,} {row['engine']:14}{row['features']:>12}{row['seconds']:>12.2f}"
            f"{each:>12}{row['peak_mb']:>12,}{ratio:>26}"
        )
    for entry in result["not_run"]:
        lines.append(f"{entry['orders']:>12,} {entry['engine']:14}not run: {entry['reason']}")
    took = {(row["orders"], row["engine"]): row["seconds"] for row in result["rows"]}
    growth = [
        f"{engine} {took[LARGE, engine] / took[SMALL, engine]:.1f}"
        for engine in PEERS
        if (LARGE, engine) in took and (SMALL, engine) in took
    ]
    if growth:
        lines.append(f"growth from {SMALL:,} to {LARGE:,} orders: {', '.join(growth)}")
    return lines


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line; its defaults are everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--orders", type=int, nargs="+", default=SIZES, help="how many orders")
    parser.add_argument("--engines", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--runs", type=int, default=RUNS, help="the median of so many is kept")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for and print the table of everything measured so far."""
    asked, result, refused = parse(arguments), load(), {}
    for engine in asked.engines:
        if engine in ("scan", REFERENCE):
            continue
        try:
            result["agreeing_columns"][engine] = agreement(engine)
        except NotPossibleError as error:
            refused[engine] = str(error)
    for orders in asked.orders:
        for engine in asked.engines:
            try:
                if engine in refused:
                    raise NotPossibleError(refused[engine])
                row, versions = measure(engine, orders, asked.runs)
            except NotPossibleError as error:
                note(result, "not_run", {"orders": orders, "engine": engine, "reason": str(error)})
                print(f"{orders:,} {engine}: not run, {error}", flush=True)
                continue
            result["versions"][engine] = versions
            note(result, "rows", row)
            print(f"{orders:,} {engine}: {row['seconds']:.1f} s", flush=True)
    print("\n" + "\n".join(table(result)))
    for engine, columns in result["agreeing_columns"].items():
        print(f"{engine}: {columns} columns agree with ours on {CHECKED:,} orders")
    print(f"written to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
