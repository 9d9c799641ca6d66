"""One peer on one set of rows, in a process of its own: `… worker PEER FOLDER`.

The folder holds `train.parquet`, `test.parquet` and `task.json` {features, text, horizon_days,
days, seed, threads, seconds}. A peer is a module with functions named as the tasks it answers,
`churn(train, test, task) -> {model: answer}`; answers (benchmarks/tasks.py) go to
`churn/{model}.parquet` and so on. The last line printed is JSON.
"""

import json
import sys
import time
from importlib import import_module, metadata
from pathlib import Path

import pandas as pd

TASKS = ("churn", "when", "how_much")


def main(peer: str, folder: str) -> None:
    """Fit, predict, write."""
    try:
        module = import_module(f"benchmarks.peers.{peer}")
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": error.name}))
        return
    where = Path(folder)
    train, test = (pd.read_parquet(where / f"{name}.parquet") for name in ("train", "test"))
    task = json.loads((where / "task.json").read_text(encoding="utf-8"))
    started = time.perf_counter()
    for name in TASKS:
        if hasattr(module, name):
            (where / name).mkdir()
            for model, answer in getattr(module, name)(train, test, task).items():
                answer.to_parquet(where / name / f"{model}.parquet", index=False)
    seconds = time.perf_counter() - started
    versions = {name: metadata.version(name) for name in module.PACKAGES}
    print(json.dumps({"seconds": seconds, "versions": versions}))


if __name__ == "__main__":
    main(*sys.argv[1:])
