"""The manager's pages with a million customers: time to the first byte, and sizes.

`make bench-page` prints a table, and what was asked and is not reached; writes
benchmarks/out/page.json: `rows` of {page, first_ms, p50_ms, p95_ms, times_health, html_kb,
gzip_kb}, and `scripts` of {file, kb, gzip_kb}. `first_ms` is of the first request after the
service started and its list was read once; p50 and p95 are of requests that differ, one after
the other. `times_health` is p50 beside that of `/health`, the least that the service can answer.

    python -m benchmarks.page --customers 1000000
"""

import argparse
import gzip
import json
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.measuring import DATA, ROOT
from benchmarks.serving.release import write_large
from benchmarks.serving.servers import peak_mb, published, started
from pipelines import stage
from serving.web.page import SECTIONS

OUT = ROOT / "benchmarks" / "out" / "page.json"
ASKED = 30  # requests of each page
MOST_MS, MOST_KB, MOST_SCRIPT_KB = 100, 60, 100  # what the worklist may take; kB of 1,000 bytes
WORKLIST = "worklist"
Row = dict[str, Any]


def pages(ids: Sequence[str]) -> dict[str, Callable[[int], str]]:
    """Each page as the address of its n-th request: no two alike, where they can differ."""
    bands, stages = ("high", "medium", "low"), ("new", "developing", "regular", "fading")
    sorts = ("value_at_risk", "churn_risk", "next_purchase_date")
    found: dict[str, Callable[[int], str]] = {
        WORKLIST: lambda n: f"/?min_churn_risk=0.{n:04d}",
        "worklist, in Russian": lambda n: f"/?min_churn_risk=0.{n:04d}&language=ru",
        "worklist, filters": lambda n: (
            f"/?risk_band={bands[n % 3]}&lifecycle_stage={stages[n % 4]}&sort={sorts[n % 3]}"
            f"&min_churn_risk=0.{n:04d}"
        ),
        "worklist, search": lambda n: f"/?q={ids[-1 - n][3:]}",
        "customer": lambda n: f"/customers/{ids[n * 7]}",
    }
    for path in SECTIONS:
        if path != "/":
            found[path] = lambda n, path=path: path  # type: ignore[misc]
    return found


def measured(port: int, address: Callable[[int], str]) -> Row:
    """The figures of one page: times in milliseconds, sizes in kB of 1,000 bytes."""
    times, body = [], b""
    for n in range(ASKED + 1):
        seconds, body = _first_byte(port, address(n))
        times.append(1000 * seconds)
    first, rest = times[0], sorted(times[1:])
    return {
        "first_ms": round(first, 1),
        "p50_ms": round(rest[ASKED // 2], 1),
        "p95_ms": round(rest[int(ASKED * 0.95)], 1),
        "html_kb": round(len(body) / 1000, 1),
        "gzip_kb": round(len(gzip.compress(body)) / 1000, 1),
    }


def _first_byte(port: int, target: str) -> tuple[float, bytes]:
    """Seconds from the request to the first byte of the answer, and the whole page."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.connect()
        started_at = time.perf_counter()
        connection.request("GET", target, headers={"Accept-Language": "en"})
        answer = connection.getresponse()  # its first line and headers are read here
        seconds = time.perf_counter() - started_at
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{target} is answered with {answer.status}")
        return seconds, body
    finally:
        connection.close()


def _is_there(port: int, target: str) -> bool:
    """Whether the release has this page: it says so with 404 where a part of it was not made."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", target)
        return connection.getresponse().status != 404
    finally:
        connection.close()


def scripts(port: int) -> list[Row]:
    """The scripts that the worklist loads."""
    _, page = _first_byte(port, "/")
    rows = []
    for path in re.findall(r'<script[^>]* src="([^"]+)"', page.decode()):
        _, body = _first_byte(port, path)
        size = round(len(gzip.compress(body)) / 1000, 1)
        rows.append({"file": path, "kb": round(len(body) / 1000, 1), "gzip_kb": size})
    return rows


def misses(rows: Sequence[Row], script_rows: Sequence[Row]) -> list[str]:
    """What the worklist was asked to stay below and does not."""
    found = []
    for row in rows:
        if not row["page"].startswith(WORKLIST):
            continue
        if row["p50_ms"] >= MOST_MS:
            found.append(f"{row['page']}: {row['p50_ms']} ms to the first byte, not {MOST_MS}")
        if row["html_kb"] >= MOST_KB:
            found.append(f"{row['page']}: {row['html_kb']} kB of HTML, not {MOST_KB}")
    total = sum(row["gzip_kb"] for row in script_rows)
    if total >= MOST_SCRIPT_KB:
        found.append(f"scripts: {total} kB, not {MOST_SCRIPT_KB}")
    return found


def main() -> None:
    """Make the store, ask, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    customers = parser.parse_args().customers
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as place:
        ids = write_large(stage.RELEASE, Path(place) / "release", customers)
        with (
            published("sqlite", Path(place) / "release", Path(place)) as (url, _),
            started("serving.cli", "serve", REGULARS_STORE_URL=url) as (port, pid, _begun),
        ):
            _first_byte(port, "/")  # reads the columns of the list
            health = measured(port, lambda _: "/health")["p50_ms"]
            asked = {name: ask for name, ask in pages(ids).items() if _is_there(port, ask(0))}
            rows = [{"page": name, **measured(port, ask)} for name, ask in asked.items()]
            script_rows, peak = scripts(port), peak_mb(pid)
    for row in rows:
        row["times_health"] = round(row["p50_ms"] / health, 1)
    print(f"{customers:,} customers on SQLite; the service held {peak} MB at most\n")
    names = ("first_ms", "p50_ms", "p95_ms", "times_health", "html_kb", "gzip_kb")
    print("| page | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names))
    for row in rows:
        print(f"| {row['page']} | " + " | ".join(f"{row[name]:,}" for name in names) + " |")
    for name in sorted(pages(ids).keys() - asked.keys()):
        print(f"\nThe release has no {name}.")
    for row in script_rows:
        print(f"\n{row['file']}: {row['kb']} kB, {row['gzip_kb']} kB compressed")
    missed = misses(rows, script_rows)
    print("\n" + ("\n".join(missed) if missed else "All that was asked of the list is reached."))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    facts = {"customers": customers, "peak_mb": peak, "rows": rows, "scripts": script_rows}
    OUT.write_text(json.dumps(facts | {"missed": missed}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
