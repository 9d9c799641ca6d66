"""Settings of our models beside other settings, on the dates on which methods are chosen.

`make bench-choices` prints a table for each data set of `benchmarks.cases.development` and writes
benchmarks/out/choices.json: `rows` of {dataset, as_of_date, task, variant, metric, value, low,
high, n_test}, `differences` (variant minus as set, paired over customers, same keys), `training`
of {dataset, task, variant, seconds, times, trees} and `not_run` of {dataset, task, reason}.
`as_of_date` is a date, or `all` of them together; `times` is the seconds over those as set.

A variant (benchmarks/variants.py) trains one model anew and is judged by the task of that model.
What is measured replaces what the file had of its data set and task:

    python -m benchmarks.choices --variants churn.members=1 --datasets cdnow_development
"""

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.cases import Case, development, prepare
from benchmarks.judging import ALL, compare
from benchmarks.measuring import ROOT, NotPossibleError
from benchmarks.tasks import TASKS
from benchmarks.variants import VARIANTS, Run, Told, Variant, run_of, tell
from benchmarks.verdict import Result, verdict
from models.params import ModelParams
from pipelines.params import load_params

OUT = ROOT / "benchmarks" / "out" / "choices.json"
FILE_PARTS = ("rows", "differences", "training", "not_run")
AS_SET = "as set"
ACROSS = 3  # figures side by side
UNMOVED = 1e-9

ByDate = dict[str, Told]


def measure(case: Case, names: Sequence[str], params: ModelParams) -> Result:
    """Measure the named variants on a data set, beside the settings of params.yaml."""
    runs = {date: run_of(prepare(case, date)) for date in case.dates}
    # Every task reads the churn risk of the settings in params.yaml.
    churn = {date: tell(run, Variant("churn"), params) for date, run in runs.items()}
    runs = {
        date: run._replace(risk=churn[date].answer["churn_risk"].to_numpy(np.float64))
        for date, run in runs.items()
    }
    result: Result = {part: [] for part in FILE_PARTS}
    for task in TASKS:
        variants = {name: VARIANTS[name] for name in names if VARIANTS[name].task == task}
        variants = {name: one for name, one in variants.items() if one.changes(params)}
        if not variants:
            continue
        try:
            told = {AS_SET: churn if task == "churn" else _tell(runs, Variant(task), params)}
            for name, variant in variants.items():
                told[name] = _tell(runs, variant, params)
                print(f"{case.name}: {name} took {_seconds(told[name]):.0f} s", flush=True)
            found = _judged(task, runs, told, params.seed)
        except NotPossibleError as error:
            print(f"{case.name}: {task} was not run: {error}", flush=True)
            found = {"not_run": [{"task": task, "reason": str(error)}]}
        for part, fresh in found.items():
            result[part] += [{"dataset": case.name, **one} for one in fresh]
    return result


def _tell(runs: dict[str, Run], variant: Variant, params: ModelParams) -> ByDate:
    return {date: tell(run, variant, params) for date, run in runs.items()}


def _seconds(told: ByDate) -> float:
    return sum(one.seconds for one in told.values())


def _judged(task: str, runs: dict[str, Run], told: dict[str, ByDate], seed: int) -> Result:
    """Figures, differences and the cost of training of each variant of a task."""
    tests = {date: run.test for date, run in runs.items()}
    answers = {
        name: {date: one.answer for date, one in by_date.items()} for name, by_date in told.items()
    }
    rows, differences = compare(task, tests, answers, AS_SET, seed)
    training = [
        {
            "task": task,
            "variant": name,
            "seconds": _seconds(by_date),
            "times": _seconds(by_date) / _seconds(told[AS_SET]),
            "trees": float(np.mean([one.trees for one in by_date.values()])),
        }
        for name, by_date in told.items()
    ]
    return {"rows": _named(rows), "differences": _named(differences), "training": training}


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their models called variants: all of them are one model."""
    return [{"variant" if key == "model" else key: row[key] for key in row} for row in rows]


def print_table(dataset: str, result: Result) -> None:
    """For each task every variant on all dates together, with its difference to what is set.

    Behind a difference stands its 95 % interval, and + where the variant is surely better, - where
    it is surely worse: the interval leaves out 0. A figure that no variant changed is not shown:
    the churn risk alone decides who buys within the horizon, so no `when` changes its own order.
    """
    of_dataset = {
        part: [row for row in result[part] if row["dataset"] == dataset] for part in FILE_PARTS
    }
    for task in TASKS:
        found = {
            part: [row for row in rows if row["task"] == task] for part, rows in of_dataset.items()
        }
        if found["rows"]:
            dates = sorted({row["as_of_date"] for row in found["rows"]} - {ALL})
            n_test = max(row["n_test"] for row in found["rows"])
            print(f"\n{dataset}, {task}: {', '.join(dates)}; {n_test:,} rows together")
            _print_task(found)


def _print_task(found: Result) -> None:
    figures = {
        (row["variant"], row["metric"]): row for row in found["rows"] if row["as_of_date"] == ALL
    }
    gaps = {
        (gap["variant"], gap["metric"]): gap
        for gap in found["differences"]
        if gap["as_of_date"] == ALL
    }
    metrics = [
        metric
        for metric in dict.fromkeys(metric for _, metric in figures)
        if np.ptp([row["value"] for (_, name), row in figures.items() if name == metric]) > UNMOVED
    ]
    for first in range(0, len(metrics), ACROSS):
        some = metrics[first : first + ACROSS]
        head = "".join(f"{metric:>44}" for metric in some)
        print(f"{'':34}{'trees':>6}{'time':>6}{head}")
        for cost in found["training"]:
            name = cost["variant"]
            cells = "".join(_cell(figures[name, m], gaps.get((name, m))) for m in some)
            print(f"{name:34}{cost['trees']:>6.0f}{cost['times']:>6.2f}{cells}", flush=True)


def _cell(row: dict[str, Any], gap: dict[str, Any] | None) -> str:
    told = f"{row['value']:.4f}"
    if gap:
        told += f" {gap['value']:+.4f} ({gap['low']:+.4f} to {gap['high']:+.4f}) {verdict(gap)}"
    return f"{told:>44}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the chosen variants on the chosen data sets."""
    # The settings are those of the models that predict within the horizon.
    known = {name: case for name, case in development().items() if case.told_days is None}
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--datasets", nargs="+", choices=known, default=list(known))
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    asked = parser.parse_args(arguments)
    # One thread, so that its seconds are those of the training, and the digits the same anywhere.
    params = load_params(ROOT / "params.yaml").model.model_copy(update={"threads": 1})
    tasks = {VARIANTS[name].task for name in asked.variants}
    result: Result = {part: [] for part in FILE_PARTS}
    if OUT.exists():
        result |= json.loads(OUT.read_text(encoding="utf-8"))
    for dataset in asked.datasets:
        try:
            fresh = measure(known[dataset], asked.variants, params)
        except NotPossibleError as error:
            print(f"{dataset} was not run: {error}", flush=True)
            reasons = [{"dataset": dataset, "task": task, "reason": str(error)} for task in tasks]
            fresh = {"not_run": reasons}
        for part in FILE_PARTS:
            others = [
                row for row in result[part] if row["dataset"] != dataset or row["task"] not in tasks
            ]
            result[part] = others + fresh.get(part, [])
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print_table(dataset, result)
    print(f"\nwritten to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
