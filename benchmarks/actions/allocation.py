"""The part `allocation`: plans of several sizes, each solved in a process of its own.

Rows are {customers, actions, seconds, gap, peak_mb}. Seconds are those of the processor; `gap` is
how far the gain can be below the best; `peers` holds greedy and HiGHS on the same plan, their gap
to our bound.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from benchmarks.actions.problem import ACTIONS
from benchmarks.actions.solving import WAYS
from benchmarks.measuring import NotPossibleError, worker

KEY = "allocation"
CUSTOMERS = (1_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
HIGHS_UP_TO = 30_000  # beyond, it takes more than the time it is given
PEERS = tuple(way for way in WAYS if way != "ours")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sizes."""
    parser.add_argument("--customers", type=int, nargs="+", default=list(CUSTOMERS))


def measured(options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each size."""
    return [_row(customers) for customers in options.customers]


def _row(customers: int) -> dict[str, Any]:
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
    return worker("benchmarks.actions.solving", way, str(customers))


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
