"""`make bench-actions`: a table, and benchmarks/out/actions.json.

`allocation` are rows of {customers, actions, seconds, gap, peak_mb}: plans of several sizes, each
solved in a process of its own. Seconds are those of the processor; `gap` is how far the gain can be
below the best; `peers` holds greedy and HiGHS on the same plan, their gap to our bound.

    python -m benchmarks.actions --customers 10000 1000000
"""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from benchmarks.actions.allocation import WAYS
from benchmarks.actions.problem import ACTIONS
from benchmarks.measuring import ROOT, NotPossibleError, worker

OUT = ROOT / "benchmarks" / "out" / "actions.json"
CUSTOMERS = (1_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
HIGHS_UP_TO = 30_000  # beyond, it takes more than the time it is given
PEERS = tuple(way for way in WAYS if way != "ours")


def measured(customers: int) -> dict[str, Any]:
    """The row of plans for so many customers."""
    found = _run("ours", customers)
    bound = found["bound"]
    row = {
        "customers": customers,
        "actions": ACTIONS,
        "seconds": found["seconds"],
        "gap": 1 - found["gain"] / bound,
        "peak_mb": found["peak_mb"],
        "binding": found["binding"],
        "curve_seconds": found["curve_seconds"],
        "curve_points": found["curve_points"],
    }
    return {**row, "peers": {peer: _peer(peer, customers, bound) for peer in PEERS}}


def _peer(way: str, customers: int, bound: float) -> dict[str, Any]:
    if way == "highs" and customers > HIGHS_UP_TO:
        return {"reason": "too large"}
    try:
        found = _run(way, customers)
    except NotPossibleError as error:
        return {"reason": str(error)}
    if "reason" in found:
        return {"reason": found["reason"], "seconds": found["seconds"]}
    gap = max(1 - found["gain"] / bound, 0.0)
    return {"seconds": found["seconds"], "gap": gap, "peak_mb": found["peak_mb"]}


def _run(way: str, customers: int) -> dict[str, Any]:
    return worker("benchmarks.actions.allocation", way, str(customers))


def lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The table of allocations in Markdown."""
    heads = ("customers", "seconds", "gap", "MB", "curves, seconds", "greedy: gap", "HiGHS")
    table = [heads, ("---:",) * len(heads)]
    for row in rows:
        greedy, highs = (row["peers"][peer] for peer in PEERS)
        solved = highs.get("reason") or f"{highs['seconds']:.1f} s, gap {highs['gap']:.1e}"
        table.append(
            (
                f"{row['customers']:,}",
                f"{row['seconds']:.2f}",
                f"{row['gap']:.1e}",
                f"{row['peak_mb']:,}",
                f"{row['curve_seconds']:.2f}",
                f"{greedy['gap']:.1e}",
                solved,
            )
        )
    return [f"| {' | '.join(cells)} |" for cells in table]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each size, print the table, and write the file; other parts of it stay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=list(CUSTOMERS))
    sizes = parser.parse_args(arguments).customers
    rows = [measured(customers) for customers in sizes]
    kept = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**kept, "allocation": rows}, indent=1) + "\n"
    OUT.write_text(text, encoding="utf-8")
    print(*lines(rows), sep="\n")


if __name__ == "__main__":
    main()
