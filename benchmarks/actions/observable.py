"""How much of customers' responses can be observed in simulated companies.

    python -m benchmarks.actions.observable --customers 60000 --seed 107

Prints the share of variance (R², on customers that were not learned from) that our features explain
of the chance of each response, given the hidden traits, and of the gain of each action.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks.actions.company import DATES, TASK
from core.arrays import FloatArray
from features.building import build_snapshots
from features.engines.duckdb import DuckEngine
from features.planning.profile import profile
from features.planning.splits import plan_timeline
from features.reading import read_snapshots
from features.snapshot import model_features, supported
from sources.kinds.simulator.replay import future
from sources.kinds.simulator.worlds import RESPONSES
from sources.kinds.simulator.writing import simulate

DAYS, PARTS, ROUNDS = 730, 3, 150
SETTINGS = {
    "objective": "l2",
    "learning_rate": 0.04,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.4,
    "verbosity": -1,
}


def explained(inputs: FloatArray, target: FloatArray) -> float:
    """Share of the variance of a target (n,) that inputs (n, k) explain; 0 for a constant."""
    if np.ptp(target) < 1e-9:
        return 0.0
    part = np.random.default_rng(0).permutation(len(target)) % PARTS
    found = np.empty(len(target))
    for one in range(PARTS):
        rows = lgb.Dataset(inputs[part != one], target[part != one], params=dict(SETTINGS))
        model = lgb.train(SETTINGS, rows, num_boost_round=ROUNDS)
        found[part == one] = model.predict(inputs[part == one])
    return float(1 - ((target - found) ** 2).mean() / target.var())


def measured(world: str, customers: int, seed: int) -> dict[str, float]:
    """The shares for the customers whom a company would score on its last day."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "company"
        simulate(folder, world, customers, DAYS, seed)
        engine = DuckEngine({path.stem: path for path in (folder / "tables").glob("*.parquet")})
        timeline = plan_timeline(TASK, DATES, profile(engine))
        timeline = replace(timeline, train=(), validation=(), test=(), unused=())
        features, _ = supported(engine.schemas, DAYS)
        build_snapshots(engine, timeline, features, folder / "snapshots")
        rows = read_snapshots(folder / "snapshots").sort_values("customer_id", ignore_index=True)
        ahead = future(folder, float(DAYS), seed)
        truth = pd.read_parquet(folder / "truth" / "customers.parquet").set_index("customer_id")
    names = [n for n in model_features(rows) if pd.api.types.is_numeric_dtype(rows[n])]
    inputs = rows[names].to_numpy(np.float64)
    customers_ = pd.Index(rows["customer_id"])
    gain = ahead.gain[ahead.customers.get_indexer(customers_)]
    chances = truth[[f"chance_{name}" for name in RESPONSES]].loc[customers_].to_numpy()
    found = {f"chance of {n}": chances[:, i] for i, n in enumerate(RESPONSES)}
    found |= {f"gain of {name}": gain[:, i] for i, name in enumerate(ahead.actions)}
    return {name: explained(inputs, target) for name, target in found.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the shares of both worlds."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--customers", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=107)
    parser.add_argument("--worlds", nargs="+", default=["shop", "independent"])
    asked = parser.parse_args(arguments)
    for world in asked.worlds:
        print(world)
        for name, share in measured(world, asked.customers, asked.seed).items():
            print(f"  {name:28}{share:6.2f}")


if __name__ == "__main__":
    main()
