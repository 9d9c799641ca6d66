"""Live features: how long one history takes, and a thousand at once.

`make bench-live` prints one table and writes benchmarks/out/live.json: `rows` of {tables,
histories, orders_each, features, by, calls, prepare_ms, median_ms, p95_ms}. Features are put
together once; a call is everything from Arrow tables to a pandas frame. `by` is what answers:
`arrays`, as in the service, or `duckdb`, to which these leave what they do not know.
"""

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from features.engines.duckdb import DuckEngine
from features.live import MANY_ROWS, LiveFeatures
from features.planning.timeplan import Timeline
from features.snapshot import supported
from sources.contract import TABLES
from sources.kinds.simulator.writing import TABLES as FOLDER
from sources.kinds.simulator.writing import simulate

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "out" / "live.json"
WORLD, CUSTOMERS, DAYS = "shop", 6_000, 730
CASES = ((1, 60, 200), (1_000, 20, 20))  # histories, orders of each, calls
BY = {"arrays": MANY_ROWS, "duckdb": 0}  # from so many rows on DuckDB answers
SECONDS_PER_DAY = 86_400


def histories(paths: Mapping[str, Path], count: int, orders: int) -> dict[str, pa.Table]:
    """All rows of `count` customers, whose last `orders` orders are kept, by table.

    Raises ValueError where there are not so many customers with so many orders.
    """
    duck = duckdb.connect()
    for name, path in paths.items():
        duck.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")
    duck.execute(
        "CREATE TABLE kept AS SELECT customer_id, order_id, row_number() OVER "
        "(PARTITION BY customer_id ORDER BY max(event_time) DESC, order_id) AS place "
        "FROM orders GROUP BY customer_id, order_id"
    )
    duck.execute(
        "CREATE TABLE chosen AS SELECT customer_id FROM kept GROUP BY customer_id "
        f"HAVING count(*) >= {orders} ORDER BY max(place), customer_id LIMIT {count}"
    )
    found = {
        name: duck.execute(f"FROM {name} SEMI JOIN chosen USING (customer_id)").to_arrow_table()
        for name in paths
    }
    found["orders"] = duck.execute(
        "FROM orders SEMI JOIN chosen USING (customer_id) SEMI JOIN "
        f"(FROM kept WHERE place <= {orders}) AS last USING (customer_id, order_id)"
    ).to_arrow_table()
    there = duck.execute("SELECT count(*) FROM chosen").fetchone()
    if there != (count,):
        raise ValueError(f"only {there} of {count} customers have {orders} orders")
    return found


def measure(paths: Mapping[str, Path]) -> list[dict[str, Any]]:
    """One row for each engine and number of histories."""
    engine = DuckEngine(paths)
    last = duckdb.execute(f"SELECT max(event_time) FROM '{paths['orders']}'").fetchone()[0]
    score = int(last.timestamp() // SECONDS_PER_DAY) + 1
    timeline = Timeline(
        horizon_days=28,
        active_within_days=DAYS,  # so no customer is left out
        value_horizon_days=28,
        data_from=score - DAYS,
        data_until=score - 1,
        train=(),
        validation=(),
        test=(),
        unused=(),
        score=score,
        value_train=(),
        value_test=(),
        choices=(),
    )
    features, _ = supported(engine.schemas, DAYS)
    rows = []
    for by, many_rows in BY.items():
        started = time.perf_counter()
        live = LiveFeatures(engine.schemas, features, timeline, many_rows)
        live.snapshot({}, score)  # what is put together when it is first needed
        prepare_ms = 1000 * (time.perf_counter() - started)
        for count, orders, calls in CASES:
            given = histories(paths, count, orders)
            took = []
            for _ in range(calls + 1):
                started = time.perf_counter()
                answered = len(live.snapshot(given, score))
                took.append(1000 * (time.perf_counter() - started))
            if answered < 0.95 * count:  # customers who objected to profiling have no row
                raise ValueError(f"{answered} of {count} histories have an answer")
            median, p95 = np.percentile(took[1:], [50, 95])  # the first call warms up
            tables = "orders" if len(paths) == 1 else "all"
            print(f"{tables} tables, {count} histories, {by}: {median:.1f} ms", flush=True)
            rows.append(
                {
                    "tables": tables,
                    "histories": count,
                    "orders_each": orders,
                    "features": len(features),
                    "by": by,
                    "calls": calls,
                    "prepare_ms": round(prepare_ms, 1),
                    "median_ms": round(float(median), 2),
                    "p95_ms": round(float(p95), 2),
                }
            )
    return rows


def main() -> None:
    """Simulate a company, measure its histories and print the table."""
    with tempfile.TemporaryDirectory() as temporary:
        company = Path(temporary) / "company"
        simulate(company, WORLD, CUSTOMERS, DAYS)
        paths = {name: company / FOLDER / f"{name}.parquet" for name in TABLES}
        paths = {name: path for name, path in paths.items() if path.exists()}
        rows = measure({"orders": paths["orders"]}) + measure(paths)
    heads = list(rows[0])
    print("".join(f"{head:>12}" for head in heads))
    for row in rows:
        print("".join(f"{row[head]:>12}" for head in heads))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"written to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
