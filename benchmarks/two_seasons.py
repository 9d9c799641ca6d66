"""A simulated company that sells for gardens, for Christmas, and food: categories with seasons."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.cases import FOLDER, Case
from sources.kinds.simulator.worlds import MONTHS, SHOP
from sources.kinds.simulator.writing import TABLES, group

NAME, ORDERS = "two_seasons", "orders.parquet"
CUSTOMERS, DAYS, SEED = 2000, 730, 10  # customers of each kind
KINDS = {
    "garden": (0.3, 0.4, 1.0, 1.9, 2.2, 1.6, 1.2, 0.9, 0.8, 0.7, 0.5, 0.5),
    "toys": (0.7, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.9, 1.1, 1.6, 2.3),
    "food": MONTHS,
}
CATEGORIES = 3  # of each kind
ELSEWHERE = 0.15  # share of order lines in any category


def two_seasons() -> Case:
    """The company as of days in spring, in summer, in autumn and before Christmas."""
    return Case(
        name=NAME,
        horizon_days=28,
        active_within_days=90,
        dates=("2024-04-08", "2024-08-19", "2024-10-21", "2024-11-18"),
        source={"kind": "files", "path": str(FOLDER / NAME), "files": {"orders": ORDERS}},
        snapshots=12,
    )


def write_orders(folder: Path) -> None:
    """Write the order lines of the company, unless they are there."""
    if (folder / ORDERS).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [_orders(kind, number) for number, kind in enumerate(KINDS)]
    pd.concat(kinds, ignore_index=True).to_parquet(folder / ORDERS, index=False)


def _orders(kind: str, number: int) -> pd.DataFrame:
    """Order lines of those who mostly buy one kind, in its season."""
    world = replace(SHOP, name=kind, months=KINDS[kind])
    tables = group(world, DAYS, SEED + number, (0, CUSTOMERS))
    lines = tables[f"{TABLES}/orders"].to_pandas()
    rng = np.random.default_rng(SEED + number)
    own = pd.factorize(lines["category"], sort=True)[0] % CATEGORIES
    every = np.array([f"{name} {place}" for name in KINDS for place in range(CATEGORIES)])
    chosen = np.array([f"{kind} {place}" for place in range(CATEGORIES)])[own]
    elsewhere = rng.random(len(lines)) < ELSEWHERE
    chosen = np.where(elsewhere, rng.choice(every, len(lines)), chosen)
    ids = {name: kind[0] + lines[name].astype(str) for name in ("customer_id", "order_id")}
    return lines.assign(category=chosen, **ids)
