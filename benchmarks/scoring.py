"""Training and scoring: seconds and memory of a nightly run, for up to a million customers.

`make bench-scoring` prints a table and writes benchmarks/out/scoring.json: `rows` of {step,
customers, seconds, ms_per_row, peak_mb}. It needs the snapshots and models that `make run` left;
rows of the score date are repeated until there are as many as asked for, with each value changed a
little, so that no two rows take the same path through every tree.

    python -m benchmarks.scoring --customers 1000000
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import ROOT, NotPossibleError, worker
from features.snapshot import group_of, model_features
from models.training.models import train_all
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_snapshots, read_timeline
from pipelines.served import read_served

OUT = ROOT / "benchmarks" / "out" / "scoring.json"
CUSTOMERS = 1_000_000
REASONS_SHARE = 0.05
STEPS = ("train", "churn", "when", "how_much", "reasons", "all")


def many(customers: int) -> pd.DataFrame:
    """`customers` snapshot rows like those of the score date."""
    snapshots = read_snapshots()
    rows = snapshots[snapshots["split"] == "score"]
    rng = np.random.default_rng(1)
    drawn = rows.iloc[rng.integers(0, len(rows), customers)].reset_index(drop=True)
    drawn["customer_id"] = [f"{number:08d}" for number in range(customers)]
    for name in model_features(drawn):
        if pd.api.types.is_float_dtype(drawn[name]):
            drawn[name] *= rng.uniform(0.95, 1.05, customers)
    return drawn


def step(name: str, customers: int) -> dict[str, Any]:
    """Seconds of one step in this process; reading the files and making the rows are left out."""
    if name == "train":
        snapshots, timeline = read_snapshots(), read_timeline()
        params = load_params().model
        features = model_features(snapshots, params.excluded_attributes)
        seconds = _timed(
            lambda: train_all(snapshots, timeline, features, group_of(features), params)
        )
        return {"step": name, "rows": len(snapshots), "seconds": seconds}
    bundle, explainer, _ = read_served(stage.SERVED)
    rows = many(customers)
    # Every step but the first is given the risk; the first one measures it.
    risk = np.linspace(0.01, 0.99, customers) if name != "all" else bundle.churn.predict(rows[:1])
    first = rows.head(max(1, int(customers * REASONS_SHARE)))

    def everything() -> None:
        churn_risk = bundle.churn.predict(rows)
        bundle.next_purchase.predict(rows, churn_risk)
        bundle.value.predict(rows, churn_risk)
        explainer.explain(bundle.churn, first)

    steps: dict[str, tuple[int, Callable[[], object]]] = {
        "churn": (customers, lambda: bundle.churn.predict(rows)),
        "when": (customers, lambda: bundle.next_purchase.predict(rows, risk)),
        "how_much": (customers, lambda: bundle.value.predict(rows, risk)),
        "reasons": (len(first), lambda: explainer.explain(bundle.churn, first)),
        "all": (customers, everything),
    }
    count, run = steps[name]
    return {"step": name, "rows": count, "seconds": _timed(run)}


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every step in a process of its own, or one step where it is named."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--step", choices=STEPS)
    asked = parser.parse_args(arguments)
    if asked.step:
        print(json.dumps(step(asked.step, asked.customers)))
        return
    rows = []
    print(f"{'step':10}{'rows':>12}{'seconds':>10}{'ms a row':>10}{'peak MB':>10}")
    for name in STEPS:
        try:
            found = worker(
                "benchmarks.scoring",
                *("--customers", str(asked.customers), "--step", name),
                here=ROOT,
            )
        except NotPossibleError as error:
            sys.exit(f"{name}: {error}. `make run` makes the snapshots and models it needs.")
        row = {
            "step": name,
            "customers": found["rows"],
            "seconds": round(found["seconds"], 2),
            "ms_per_row": round(1000 * found["seconds"] / found["rows"], 5),
            "peak_mb": found["peak_mb"],
        }
        rows.append(row)
        print(
            f"{name:10}{row['customers']:>12,}{row['seconds']:>10.1f}{row['ms_per_row']:>10.4f}"
            f"{row['peak_mb']:>10,}",
            flush=True,
        )
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"written to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
