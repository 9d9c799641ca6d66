"""Live scoring: how long the answer to one history takes, and to a thousand at once.

`make bench-live-scoring` scores histories of the last run (`make run` first: `data/release`,
`data/tables`) under other ids, prints one table and writes benchmarks/out/live_scoring.json: `rows`
of {histories, lines_each, reasons, calls, median_ms, p95_ms, histories_per_second, features_share}.
A call is everything between the bytes of a request and the bytes of its answer, without HTTP.
`features_share` is the part of it that the features take, measured in the same run. Milliseconds
are of the processor: what others do on the machine at the same time counts less.

Then the customers of the run are scored live from its histories, and every figure is compared with
the card that the run made (benchmarks/live_golden.py): `golden` of {figure, compared, different,
largest_difference}.
"""

import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.live_golden import golden
from serving.api.live import BODY
from serving.cards.stored import as_json
from serving.cards.worded import worded
from serving.cli import GARBAGE
from serving.live.histories import Sent
from serving.live.scoring import LiveScorer

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "out" / "live_scoring.json"
SHOWN = ("churn_risk", "value_at_risk", "next_purchase_date.median", "reasons.contribution")
CASES = ((1, 60, True, 100), (1, 60, False, 100), (1_000, 20, True, 5), (1_000, 20, False, 5))


def requests_of(tables: Path, count: int, lines: int) -> bytes:
    """The body of a request: `count` histories of the newest `lines` lines of orders of a customer.

    Customers with fewer lines are left out; where too few are left, they are sent again under other
    ids.
    """
    orders = pd.read_parquet(tables / "orders.parquet").sort_values("event_time")
    newest = orders.groupby("customer_id").tail(lines)
    counts = newest["customer_id"].value_counts()
    chosen = sorted(counts[counts == lines].index)
    by_customer = {customer: _rows(rows) for customer, rows in newest.groupby("customer_id")}
    customers = [
        {"customer_id": f"sent-{n}", "orders": by_customer[chosen[n % len(chosen)]]}
        for n in range(count)
    ]
    return json.dumps({"customers": customers}).encode()


def _rows(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            name: f"{cell.isoformat()}Z" if isinstance(cell, pd.Timestamp) else cell
            for name, cell in row.items()
            if not pd.isna(cell)
        }
        for row in rows.drop(columns="customer_id").to_dict("records")
    ]


def timed(call: Callable[[], object], calls: int) -> np.ndarray:
    """Milliseconds of the processor of each call, after one that warms up."""
    call()
    took = []
    for _ in range(calls):
        started = time.process_time()
        call()
        took.append(1000 * (time.process_time() - started))
    return np.array(took)


def measure(release: Path, tables: Path) -> list[dict[str, Any]]:
    """One row for each case."""
    scorer, rows = LiveScorer(release, "measured"), []
    for count, lines, reasons, calls in CASES:
        body = requests_of(tables, count, lines)

        def answer(body: bytes = body, reasons: bool = reasons) -> bytes:
            sent = BODY.parsed(body)
            scores = scorer.score(sent.customers, None, reasons)
            return as_json([card and worded(card, "en") for _, card in scores.cards])

        found = Sent(BODY.parsed(body).customers, scorer.schemas, scorer.basis.currency).tables
        took = timed(answer, calls)

        def features(found: Any = found) -> object:
            return scorer.features.with_categories(found, scorer.timeline.score)

        share = float(np.median(timed(features, calls)) / np.median(took))
        median, p95 = np.percentile(took, [50, 95])
        print(f"{count} histories of {lines} lines: {median:.1f} ms", flush=True)
        rows.append(
            {
                "histories": count,
                "lines_each": lines,
                "reasons": reasons,
                "calls": calls,
                "median_ms": round(float(median), 2),
                "p95_ms": round(float(p95), 2),
                "histories_per_second": round(1000 * count / float(median)),
                "features_share": round(share, 2),
            }
        )
    return rows


def main() -> None:
    """Measure the last run's release and print the table."""
    release = ROOT / "data" / "release"
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)  # as the service does
    rows = measure(release, ROOT / "data" / "tables")
    _print(rows)
    found = golden(release)
    _print([row for row in found if row["different"] or row["figure"] in SHOWN])
    most = max(row["compared"] for row in found)
    unequal = [row["figure"] for row in found if row["different"]]
    print(
        f"{len(found)} figures of up to {most:,} values are compared, "
        f"largest difference {max(row['largest_difference'] for row in found):.3g}"
        + (f"; different: {', '.join(unequal)}" if unequal else "")
    )
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"rows": rows, "golden": found}, indent=1) + "\n", encoding="utf-8")
    print(f"written to {OUT.relative_to(ROOT)}")


def _print(rows: list[dict[str, Any]]) -> None:
    heads = list(rows[0])
    print("".join(f"{head:>26}" for head in heads))
    for row in rows:
        print("".join(f"{row[head]!s:>26}" for head in heads))


if __name__ == "__main__":
    main()
