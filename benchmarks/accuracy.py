"""Other models beside ours on the same snapshots and the same test rows, on real data.

`make bench-accuracy` prints tables for each data set and writes benchmarks/out/accuracy.json:
`rows` of {dataset, as_of_date, task, model, metric, value, low, high, n_test}, `differences` (model
minus ours, paired over customers, same keys) and `not_run` of {dataset, model, reason}.
`as_of_date` is a test date, or `all` of them together. Predictions are kept beside the snapshots,
so the benchmark can be run in pieces:

    python -m benchmarks.accuracy --datasets cdnow --models ours xgboost_default
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.cases import Case, Prepared, answers_folder, cases, development, prepare
from benchmarks.environments import python_of
from benchmarks.judging import compare
from benchmarks.measuring import DATA, ROOT, NotPossibleError, worker
from benchmarks.ours import OURS, Answers, days_until, ours
from benchmarks.tasks import TASKS
from benchmarks.timelines import with_purchases
from benchmarks.verdict import print_ranks, print_tables
from features.snapshot import model_features
from models.params import ModelParams
from models.trees.inputs import is_text
from pipelines.params import load_params

OUT = ROOT / "benchmarks" / "out" / "accuracy.json"
SECONDS = 600.0  # time that AutoGluon gets for a data set


def peer(
    module: str, environment: str | None = None, *, timelines: bool = False
) -> Callable[..., Answers]:
    """A model of benchmarks/peers, in a process of its own and with the environment it needs.

    With `timelines` each row comes with what its customer had bought before its as-of date.
    """

    def run(rows: Prepared, params: ModelParams, seconds: float) -> Answers:
        features, horizon = model_features(rows.snapshots), rows.asked_days
        task = {
            "features": features,
            "text": [name for name in features if is_text(rows.closed[name])],
            "horizon_days": horizon,
            "days": days_until(horizon),
            "seed": params.seed,
            "threads": params.threads,
            "seconds": seconds,
        }
        with tempfile.TemporaryDirectory(dir=DATA) as folder:
            where = Path(folder)
            # The outcomes to predict are not among the inputs.
            asked = ["customer_id", "as_of_date", *features, *_btyd(rows.test)]
            given = {"train": rows.closed, "test": rows.test[asked]}
            for name, table in given.items():
                if timelines and rows.purchases is not None:
                    table = with_purchases(table, rows.purchases)
                table.to_parquet(where / f"{name}.parquet", index=False)
            (where / "task.json").write_text(json.dumps(task), encoding="utf-8")
            python = {"python": str(_python(environment))} if environment else {}
            worker("benchmarks.peers.worker", module, folder, **python)
            answers: Answers = {}
            for name in TASKS:
                for file in sorted((where / name).glob("*.parquet")):
                    answers.setdefault(name, {})[file.stem] = pd.read_parquet(file)
        return answers

    return run


def tabpfn(_rows: Prepared, _params: ModelParams, _seconds: float) -> Answers:
    """Never run, and listed as not run: a benchmark downloads no weights."""
    raise NotPossibleError("its package comes without weights, and none are fetched")


MODELS: dict[str, Callable[..., Answers]] = {
    OURS: lambda rows, params, _seconds: ours(rows, params),
    "hist_gradient_boosting": peer("hist_gradient_boosting"),
    "lifetimes_models": peer("lifetimes_models", "peers"),
    "lifelines_models": peer("lifelines_models", "peers"),
    "xgboost_default": peer("xgboost_default", "peers"),
    "catboost_default": peer("catboost_default", "peers"),
    "perpetual_default": peer("perpetual_default", "peers"),
    "event_sequence_gru": peer("event_sequence", "jax", timelines=True),
    "autogluon_tabular": peer("autogluon_tabular", "autogluon"),
    "tabpfn": tabpfn,
}


BEYOND = (OURS, "lifetimes_models")


def _btyd(test: pd.DataFrame) -> list[str]:
    features = set(model_features(test))
    quadruple = ("frequency", "recency", "T", "monetary_value")
    return [name for name in quadruple if name in test.columns and name not in features]


def _python(environment: str) -> Path:
    try:
        return python_of(environment)
    except RuntimeError as error:
        raise NotPossibleError(str(error)) from None


def measure(case: Case, name: str, params: ModelParams) -> float:
    """Predict and keep the predictions of a model at every test date of a case; returns seconds."""
    started = time.perf_counter()
    for date in case.dates:
        rows = prepare(case, date)
        for task, by_model in MODELS[name](rows, params, SECONDS / len(case.dates)).items():
            kept = answers_folder(case, date) / task
            kept.mkdir(parents=True, exist_ok=True)
            for model, answer in by_model.items():
                answer.to_parquet(kept / f"{model}.parquet", index=False)
    return time.perf_counter() - started


def told(case: Case, task: str) -> dict[str, dict[str, pd.DataFrame]]:
    """The kept predictions of every model that has them for all test dates, by model and date."""
    folders = {date: answers_folder(case, date) / task for date in case.dates}
    names = [{path.stem for path in folder.glob("*.parquet")} for folder in folders.values()]
    return {
        name: {d: pd.read_parquet(folder / f"{name}.parquet") for d, folder in folders.items()}
        for name in sorted(set.intersection(*names))
    }


def judge(case: Case, params: ModelParams) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows and paired differences of every task and model, at each date and over all dates."""
    tests = {date: prepare(case, date).test for date in case.dates}
    rows: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    for task in TASKS:
        models = told(case, task)
        if OURS in models:  # ours predicts for every task that a case has
            found = compare(task, tests, models, OURS, params.seed)
            for part, fresh in zip((rows, differences), found, strict=True):
                part += [{"dataset": case.name, **one} for one in fresh]
    return rows, differences


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the chosen models on the chosen data sets."""
    known = {**cases(), **development()}
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--datasets", nargs="+", choices=known, default=list(cases()))
    parser.add_argument("--models", nargs="*", choices=MODELS, default=list(MODELS))
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
                if case.told_days and name not in BEYOND:
                    raise NotPossibleError("it says nothing beyond the outcomes that have closed")
                print(f"{dataset}: {name} took {measure(case, name, params):.0f} s", flush=True)
            except NotPossibleError as error:
                print(f"{dataset}: {name} was not run: {error}", flush=True)
                result["not_run"].append({"dataset": dataset, "model": name, "reason": str(error)})
        try:
            rows, differences = judge(case, params)
        except NotPossibleError:
            continue  # its data is missing, and it is listed among what was not run
        for part, fresh in (("rows", rows), ("differences", differences)):
            others = [entry for entry in result[part] if entry["dataset"] != dataset]
            result[part] = others + fresh
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print_tables(dataset, result)
    print_ranks(result)
    print(f"\nwritten to {OUT.relative_to(ROOT)}")


def _kept() -> dict[str, list[dict[str, Any]]]:
    if OUT.exists():
        found: dict[str, list[dict[str, Any]]] = json.loads(OUT.read_text(encoding="utf-8"))
        return found
    return {"rows": [], "differences": [], "not_run": []}


if __name__ == "__main__":
    main()
