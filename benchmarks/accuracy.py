"""Models beside ours on the same snapshots and the same test rows, on real data.

`make bench-accuracy` prints a table for each data set and writes benchmarks/out/accuracy.json:
`rows` of {dataset, as_of_date, task, model, metric, value, low, high, n_test}, `differences` (model
minus ours, paired over customers, same keys) and `not_run` of {dataset, model, reason}.
`as_of_date` is a test date, or `all` of them together. Predictions are kept beside the snapshots,
so that it can be done in pieces:

    python -m benchmarks.accuracy --datasets cdnow --models ours xgboost_default
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cases import (
    Case,
    Prepared,
    cases,
    development,
    predictions_folder,
    prepare,
)
from benchmarks.environments import python_of
from benchmarks.measuring import DATA, ROOT, NotPossibleError, worker
from benchmarks.verdict import print_ranks, print_table
from features.snapshot import group_of, model_features
from models.baselines import fit_baselines
from models.inputs import is_text
from models.metrics import METRICS, customer_weights, interval, paired_difference
from models.params import ModelParams
from models.training import train_all
from pipelines.params import load_params

OUT = ROOT / "benchmarks" / "out" / "accuracy.json"
OURS, ALL = "ours", "all"
JUDGED = ("auc", "average_precision", "log_loss", "brier", "observed_over_expected")
PAIRED = ("auc", "average_precision", "log_loss", "brier")
DRAWS = 1000
SECONDS = 600.0  # that AutoGluon gets for each test date

Predictions = dict[str, "np.typing.NDArray[np.float64]"]


def ours(rows: Prepared, params: ModelParams) -> Predictions:
    """The evaluated models of a run, and the baselines it prints beside them."""
    test = rows.test
    features = model_features(rows.snapshots)
    trained = train_all(rows.snapshots, rows.timeline, features, group_of(features), params)
    simple = fit_baselines(rows.closed, rows.timeline.horizon_days).predict(test)
    found = {OURS: trained.evaluated.churn.predict(test)}
    return found | {str(name): simple[name].to_numpy(np.float64) for name in simple.columns}


def peer(
    module: str, environment: str | None = None
) -> Callable[[Prepared, ModelParams], Predictions]:
    """A model of benchmarks/peers, in a process of its own and with the environment it needs."""

    def run(rows: Prepared, params: ModelParams) -> Predictions:
        features = model_features(rows.snapshots)
        task = {
            "features": features,
            "text": [name for name in features if is_text(rows.closed[name])],
            "horizon_days": rows.timeline.horizon_days,
            "seed": params.seed,
            "threads": params.threads,
            "seconds": SECONDS,
        }
        with tempfile.TemporaryDirectory(dir=DATA) as folder:
            where = Path(folder)
            rows.closed.to_parquet(where / "train.parquet", index=False)
            rows.test.drop(columns="churned").to_parquet(where / "test.parquet", index=False)
            (where / "task.json").write_text(json.dumps(task), encoding="utf-8")
            python = {"python": str(_python(environment))} if environment else {}
            worker("benchmarks.peers.worker", module, folder, **python)
            found = pd.read_parquet(where / f"{module}.parquet")
        if list(found.columns) == ["churn_risk"]:
            found.columns = pd.Index([module])
        return {str(name): found[name].to_numpy(np.float64) for name in found.columns}

    return run


MODELS: dict[str, Callable[[Prepared, ModelParams], Predictions]] = {
    OURS: ours,
    "hist_gradient_boosting": peer("hist_gradient_boosting"),
    "lifetimes_models": peer("lifetimes_models", "peers"),
    "xgboost_default": peer("xgboost_default", "peers"),
    "catboost_default": peer("catboost_default", "peers"),
    "autogluon_tabular": peer("autogluon_tabular", "autogluon"),
}


def _python(environment: str) -> Path:
    try:
        return python_of(environment)
    except RuntimeError as error:
        raise NotPossibleError(str(error)) from None


def measure(case: Case, name: str, params: ModelParams) -> float:
    """Keep the predictions of a model at every test date of a case; the seconds they took."""
    started = time.perf_counter()
    for date in case.dates:
        rows = prepare(case, date)
        for model, p in MODELS[name](rows, params).items():
            kept = predictions_folder(case, date)
            kept.mkdir(exist_ok=True)
            pd.DataFrame({"churn_risk": p}).to_parquet(kept / f"{model}.parquet", index=False)
    return time.perf_counter() - started


def told(case: Case) -> dict[str, Predictions]:
    """What is kept of every model that was run on all test dates, by model and date."""
    names = [
        {path.stem for path in predictions_folder(case, date).glob("*.parquet")}
        for date in case.dates
    ]
    found = {
        name: {
            date: pd.read_parquet(predictions_folder(case, date) / f"{name}.parquet")[
                "churn_risk"
            ].to_numpy(np.float64)
            for date in case.dates
        }
        for name in sorted(set.intersection(*names))
    }
    for by_date in found.values():
        by_date[ALL] = np.concatenate([by_date[date] for date in case.dates])
    return found


def judge(case: Case, params: ModelParams) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows and paired differences of every model, at each date and over all dates together."""
    tests = {date: prepare(case, date).test for date in case.dates}
    frames = {**tests, ALL: pd.concat(tests.values(), ignore_index=True)}
    models, rows, differences = told(case), [], []
    for date, frame in frames.items():
        y = frame["churned"].to_numpy(np.float64)
        weights = customer_weights(frame["customer_id"], DRAWS, params.seed)
        key = {"dataset": case.name, "as_of_date": date, "task": "churn"}
        for name, p in models.items():
            for metric in JUDGED:
                figure = interval(METRICS[metric], y, p[date], weights)
                rows.append({**key, "model": name, "metric": metric, **figure, "n_test": len(y)})
            if name == OURS:
                continue
            for metric in PAIRED:
                gap = paired_difference(METRICS[metric], y, p[date], models[OURS][date], weights)
                differences.append({**key, "model": name, "metric": metric, **gap})
    return rows, differences


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the models asked for on the data sets asked for."""
    known = {**cases(), **development()}
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--datasets", nargs="+", choices=known, default=list(cases()))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    asked = parser.parse_args(arguments)
    params = load_params(ROOT / "params.yaml").model
    result = _kept()
    for dataset in asked.datasets:
        case = known[dataset]
        for name in asked.models:
            result["not_run"] = [
                one
                for one in result["not_run"]
                if (one["dataset"], one["model"]) != (dataset, name)
            ]
            try:
                print(f"{dataset}: {name} took {measure(case, name, params):.0f} s", flush=True)
            except NotPossibleError as error:
                print(f"{dataset}: {name} was not run: {error}", flush=True)
                result["not_run"].append({"dataset": dataset, "model": name, "reason": str(error)})
        if OURS not in told(case):
            continue
        rows, differences = judge(case, params)
        for part, fresh in (("rows", rows), ("differences", differences)):
            others = [entry for entry in result[part] if entry["dataset"] != dataset]
            result[part] = others + fresh
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print_table(dataset, result)
    print_ranks(result)
    print(f"\nwritten to {OUT.relative_to(ROOT)}")


def _kept() -> dict[str, list[dict[str, Any]]]:
    if OUT.exists():
        found: dict[str, list[dict[str, Any]]] = json.loads(OUT.read_text(encoding="utf-8"))
        return found
    return {"rows": [], "differences": [], "not_run": []}


if __name__ == "__main__":
    main()
