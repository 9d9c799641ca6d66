"""The whole road of a company with a slow rhythm and a long history, stage by stage.

    python -m benchmarks.slow_road
    python -m benchmarks.slow_road --task shipped

18,000 customers place 50,000 orders in ten years, most of them about a year apart. Prints for each
stage, from files to a release, the seconds on the clock and of the processors, and the most memory
so far. With `--task auto` the data chooses the horizons, as after `make own-data`: a year. With
`--task shipped` they are those of params.yaml: 28 days, which are far too short for such customers.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.zoo.road import STAGES, lay_out

DAYS, LAST = 3_652, np.datetime64("2025-03-01")
CATEGORIES = ("glasses", "lenses", "frames", "care", "sun")
AUTO = dict.fromkeys(("horizon_days", "active_within_days", "value_horizon_days"), "auto")
TASKS = {"auto": {"task": AUTO}, "shipped": {}}
FOLDERS = ("metrics", "plots", "reports", "data", "artifacts")


class Rhythm(NamedTuple):
    """Days between purchases, how they differ (in logs) between customers and from one to the next.

    After each purchase a customer goes on to the next one with the chance `buys_again`.
    """

    customers: int = 18_000
    gap: float = 380.0
    spread: float = 0.6
    slip: float = 0.35
    buys_again: float = 0.76


def orders(rhythm: Rhythm, seed: int = 1) -> pd.DataFrame:
    """The orders of a company of ten years; the same seed gives the same rows."""
    rng, customers = np.random.default_rng(seed), rhythm.customers
    count = rng.geometric(1.0 - rhythm.buys_again, customers)
    who = np.repeat(np.arange(customers), count)
    own_gap = rhythm.gap * rng.lognormal(0.0, rhythm.spread, customers)
    gap = own_gap[who] * rng.lognormal(0.0, rhythm.slip, len(who))
    is_first = np.r_[True, who[1:] != who[:-1]]
    gap[is_first] = rng.uniform(0, DAYS, customers)
    day = pd.Series(gap).groupby(who).cumsum().to_numpy()
    level = rng.lognormal(4.0, 0.4, customers)
    made = pd.DataFrame(
        {
            "customer_id": [f"C{number:05d}" for number in who],
            "order_id": [f"O{number:06d}" for number in range(len(who))],
            "event_time": LAST - np.timedelta64(DAYS, "D") + (day * 86_400).astype("m8[s]"),
            "amount": (level[who] * rng.lognormal(0.0, 0.3, len(who))).round(2),
            "category": rng.choice(CATEGORIES, len(who)),
        }
    )
    return made[made["event_time"] < LAST]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stages one after the other; exit code 1 where one failed."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--task", choices=TASKS, default="auto")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = {"kind": "files", "path": "inbox", "currency": "USD"}
        lay_out(folder, {"source": source, **TASKS[asked.task]})
        for each in (*FOLDERS, "inbox"):
            (folder / each).mkdir()
        orders(Rhythm()).to_csv(folder / "inbox" / "orders.csv", index=False)
        print(f"{'stage':10s} {'clock':>8s} {'processors':>10s} {'most memory':>11s}")
        total = np.zeros(2)
        for stage in STAGES:
            spent = _timed([sys.executable, "-m", f"pipelines.{stage}"], folder)
            if spent is None:
                return 1
            total += spent
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
            print(f"{stage:10s} {spent[0]:6.1f} s {spent[1]:8.1f} s {peak:8.2f} GB", flush=True)
        print(f"{'all':10s} {total[0]:6.1f} s {total[1]:8.1f} s")
    return 0


def _timed(command: Sequence[str], folder: Path) -> tuple[float, float] | None:
    """Seconds on the clock and of the processors; None, and what it said, where it failed."""
    started, before = time.perf_counter(), _processors()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n")
        return None
    return time.perf_counter() - started, _processors() - before


def _processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
