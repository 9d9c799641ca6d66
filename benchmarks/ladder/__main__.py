"""`make bench-ladder`: every cell, a table and benchmarks/out/ladder.json.

A cell that was run with this code and these settings is not run again unless FRESH=1. A part:

    python -m benchmarks.ladder --sources cdnow --customers 100 400 --days 60 120 --horizons 28

`--draw kept` are customers and days that are never looked at while a method is chosen.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.ladder import ours
from benchmarks.ladder.cells import (
    ACTIVE_WITHIN_DAYS,
    CUSTOMERS,
    DAYS,
    HORIZONS,
    RETAIL,
    ROOT,
    SOURCES,
    Cell,
    Cut,
    Only,
    cut,
    grid,
    load,
    span,
)
from benchmarks.ladder.judge import OURS, judge
from benchmarks.ladder.peers import Asked, answers
from benchmarks.ladder.summary import print_cells, print_summary, summarise

OUT = ROOT / "benchmarks" / "out" / "ladder.json"


def run(cell: Cell, one: Cut) -> dict[str, Any]:
    """One cell: our road, the peers, and the judgement."""
    started = time.perf_counter()
    said = ours.run(cell, one)
    seconds = time.perf_counter() - started
    asked = Asked(one.at, one.cohort, cell.horizon_days, ACTIVE_WITHIN_DAYS)
    told = answers(one.history, asked)
    if said.told is not None:
        told = {OURS: said.told, **told}
    return {
        "cell": cell.name,
        **asdict(cell),
        "status": said.status,
        "why": said.why,
        "rung": said.rung,
        "grade": said.grade,
        "missing": said.missing,
        "customers_judged": len(one.cohort),
        "churn_rate": float(one.churned.mean()) if len(one.cohort) else None,
        "seconds": round(seconds, 1),
        **judge(one.churned, told),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cells asked for that are not done, and print all that were asked for."""
    asked = _parser().parse_args(arguments)
    only = Only(tuple(asked.customers), tuple(asked.days), tuple(asked.horizons))
    purchases = {}
    for source in asked.sources:
        found = load(source)
        if found is None:
            print(f"{source}: skipped, {RETAIL.relative_to(ROOT.parent)} is not there", flush=True)
        else:
            purchases[source] = found
    spans = {name: (span(rows)[1] - span(rows)[0]).days for name, rows in purchases.items()}
    version = ours.code_version()
    done = {} if os.environ.get("FRESH") == "1" else _kept(asked.out, version)
    cells = list(grid(spans, asked.draw, only))
    for cell in cells:
        if cell.name not in done:
            row = run(cell, cut(cell, purchases[cell.source]))
            done[cell.name] = row
            print(f"{cell.name}: {row['status']}, {row['seconds']:.0f} s {row['why']}", flush=True)
            _write(asked.out, version, done)
    rows = [done[cell.name] for cell in cells]
    print_cells(rows)
    print_summary(summarise(rows))
    print(f"\nwritten to {asked.out}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--sources", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--customers", nargs="+", type=int, default=list(CUSTOMERS))
    parser.add_argument("--days", nargs="+", type=int, default=list(DAYS))
    parser.add_argument("--horizons", nargs="+", type=int, default=list(HORIZONS))
    parser.add_argument("--draw", choices=("tuning", "kept"), default="tuning")
    parser.add_argument("--out", type=Path, default=OUT)
    return parser


def _kept(path: Path, version: str) -> dict[str, dict[str, Any]]:
    """The cells in the file that this code made."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["code_version"] != version:
        return {}
    return {one["cell"]: one for one in content["cells"]}


def _write(path: Path, version: str, done: dict[str, dict[str, Any]]) -> None:
    cells = list(done.values())
    content = {"code_version": version, "cells": cells, "summary": summarise(cells)}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    main()
