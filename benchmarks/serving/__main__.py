"""The service under load: `make bench-serving`.

Prints tables in Markdown, and what was asked and is not reached; writes
benchmarks/out/serving.json: `rows` of {case, store, requests_per_second, p50_ms, p99_ms,
ratio_to_bare} (a look-up has `ids_per_second` too, what is beside MLflow's server `times_mlflow`),
`started` of {store, publish_seconds, first_card_seconds, first_list_seconds, peak_mb} and
`under_attack` of {attack, p50_ms, p99_ms, max_ms, peak_mb}. The server has one core and the load
the other. `p50_ms` is of one connection that asks on and on, `requests_per_second` of eight,
`p99_ms` of requests that come at random moments, half as many as the service can answer.
`ratio_to_bare` is to a bare ASGI application on the same server that returns the same bytes.

    python -m benchmarks.serving --customers 100000 --stores sqlite postgresql
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measuring import DATA, ROOT
from benchmarks.serving.attacks import ATTACKS, health_under
from benchmarks.serving.cases import CARD, LIST, LIVE, LOOK_UP, LOOKED_UP, PEER, cases, misses
from benchmarks.serving.load import first_body, measured
from benchmarks.serving.mlflow_server import mlflow_server
from benchmarks.serving.release import write_large
from benchmarks.serving.servers import peak_mb, published, started, until_answered

OUT = ROOT / "benchmarks" / "out" / "serving.json"
LOAD_CORE = 1
FIGURES = ("requests_per_second", "p50_ms", "p99_ms", "ratio_to_bare", "times_mlflow")
Row = dict[str, Any]


def bench(
    store: str, release: Path, requests_of: dict[str, tuple[list[bytes], bool]], seconds: float
) -> dict[str, list[Row]]:
    """All cases on one store."""
    rows, attacked = [], []
    with (
        tempfile.TemporaryDirectory(prefix="regulars-") as place,
        published(store, release, Path(place)) as (url, publish_seconds),
        started("serving.cli", "serve", REGULARS_STORE_URL=url) as (port, pid, begun),
    ):
        start: Row = {"store": store, "publish_seconds": round(publish_seconds, 1)}
        for name, case in (("first_card_seconds", CARD), ("first_list_seconds", LIST)):
            start[name] = round(until_answered(port, requests_of[case][0][0]) - begun, 2)
        if LIVE in requests_of:  # its models are tried before they answer
            until_answered(port, requests_of[LIVE][0][0])
        for case, (requests, keep) in requests_of.items():
            row: Row = {"case": case, "store": store}
            row |= measured(port, requests, seconds, keep)
            if case == LOOK_UP:
                row["ids_per_second"] = round(row["requests_per_second"] * LOOKED_UP)
            bytes_of = Path(place) / "bytes"
            bytes_of.write_bytes(first_body(port, requests[0]))
            least = bare(bytes_of, requests, seconds, keep)
            row["ratio_to_bare"] = round(row["requests_per_second"] / least, 3)
            rows.append(row)
            print(_line(row), flush=True)
        for attack in ATTACKS if store == "sqlite" else ():
            attacked.append({"attack": attack, **health_under(attack, port, pid)})
        start["peak_mb"] = peak_mb(pid)
    return {"rows": rows, "started": [start], "under_attack": attacked}


def bare(bytes_of: Path, requests: list[bytes], seconds: float, keep: bool) -> float:
    """Requests in a second of a bare application that returns these bytes."""
    with started("benchmarks.serving.bare", str(bytes_of)) as (port, _, _):
        return measured(port, requests, seconds / 2, keep)["requests_per_second"]


def peer(release: Path, snapshots: Path, seconds: float) -> Row:
    """MLflow's own server with the same churn model."""
    with (
        tempfile.TemporaryDirectory(prefix="regulars-") as folder,
        mlflow_server(release, snapshots, Path(folder)) as (port, request),
    ):
        return {"case": PEER, "store": "–", **measured(port, [request], seconds, True)}


def _line(row: Row) -> str:
    return f"| {row['case']} | {row['store']} | " + " | ".join(
        str(row.get(name, "–")) for name in FIGURES
    )


def _table(rows: list[Row], names: list[str]) -> str:
    """Rows as a table in Markdown, to be pasted into docs/benchmarks.md."""
    words = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    lines = [
        "| " + " | ".join(name.replace("_", " ") for name in names) + " |",
        "|" + "---|" * len(names),
    ]
    for row in rows:
        cells = [str(row.get(name, "–")) for name in names]
        lines.append("| " + " | ".join(words.get(cell, cell) for cell in cells) + " |")
    return "\n".join(lines)


def report(found: dict[str, Any]) -> str:
    """Everything that was found, as Markdown."""
    parts = [_table(found["rows"], ["case", "store", *FIGURES])]
    others = (found[name] for name in ("started", "under_attack"))
    parts += [_table(rows, [*rows[0]]) for rows in others if rows]
    missed = misses(found)
    parts.append(
        "Asked and not reached:\n\n" + "\n".join(f"* {one}" for one in missed)
        if missed
        else "Everything that was asked is reached."
    )
    return "\n\n".join(parts)


def main() -> None:
    """Measure on each store, print the tables, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--data", type=Path, default=ROOT / "data", help="of the last `make run`")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CORE})
    DATA.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"customers": asked.customers}
    found |= {"rows": [], "started": [], "under_attack": []}
    with tempfile.TemporaryDirectory(dir=DATA) as place:
        release = Path(place) / "release"
        ids = write_large(asked.data / "release", release, asked.customers)
        requests = cases(ids, asked.data / "tables")
        for store in asked.stores:
            for name, rows in bench(store, release, requests, asked.seconds).items():
                found[name] += rows
    mlflow = peer(asked.data / "release", asked.data / "snapshots", asked.seconds)
    for row in found["rows"]:
        if row["case"] in (CARD, LIVE):
            times = row["requests_per_second"] / mlflow["requests_per_second"]
            row["times_mlflow"] = round(times, 1)
    found["rows"].append(mlflow)
    print(report(found))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
