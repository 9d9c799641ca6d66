"""Churn probabilities where the money is: who left for each expected, by value class.

`make bench-value-classes` prints a table for each data set, over all its dates, and writes
benchmarks/out/value_classes.json: `rows` of {dataset, model, kind, part, rows, left, expected,
value, low, high}, and `figures` of {dataset, model, metric, value, low, high} with the difference
to the map alone, paired over customers. `map` is the model with its calibration map alone, `ours`
the one that is served, with shifts by value (models/churn/calibrating.py). Intervals are 95 %, by
resampling customers.

    python -m benchmarks.value_classes --datasets complete_journey_development
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cases import Case, cases, development, prepare
from benchmarks.measuring import ROOT, NotPossibleError
from benchmarks.ours import OURS, FloatArray
from benchmarks.variants import run_of
from benchmarks.verdict import Result
from models.judging.slices import VALUE_KINDS, judge_slices, worth
from models.params import ModelParams
from models.probability.metrics import (
    METRICS,
    VALUE_WEIGHTED,
    customer_weights,
    interval,
    interval_95,
    paired_difference,
    value_weighted_errors,
)
from models.training.fitting import choose_churn, refit_churn_until
from models.training.models import search_settings
from pipelines.params import load_params

OUT = ROOT / "benchmarks" / "out" / "value_classes.json"
MAP = "map"


def predicted(case: Case, params: ModelParams) -> tuple[pd.DataFrame, dict[str, FloatArray]]:
    """The rows of all test dates of a case, and their risk by both models."""
    tests, risks = [], {MAP: [], OURS: []}
    for date in case.dates:
        run = run_of(prepare(case, date))
        searched = search_settings(run.until, run.features, params).applied(params)
        chosen = choose_churn(run.until, run.features, searched)
        shifts = None if chosen.by_value is None else chosen.by_value.shifts
        print(f"{case.name} as of {date}: shifts {shifts}", flush=True)
        for name, one in ((MAP, replace(chosen, by_value=None)), (OURS, chosen)):
            model = refit_churn_until(one, run.until, run.day, searched)
            risks[name].append(model.predict(run.test))
        tests.append(run.test)
    whole = pd.concat(tests, ignore_index=True)
    return whole, {name: np.concatenate(parts) for name, parts in risks.items()}


def judge(case: Case, params: ModelParams) -> Result:
    """Ratios of each value class, and log loss and calibration errors of all rows."""
    test, risks = predicted(case, params)
    weights = customer_weights(test["customer_id"], params.bootstrap_draws, params.seed)
    left = test["churned"].to_numpy(np.float64)
    rows = [
        {"dataset": case.name, "model": name, "kind": kind, "part": part, **_part(facts)}
        for name, p in risks.items()
        for kind, parts in judge_slices(test, {OURS: p}, case.horizon_days, weights=weights).items()
        if kind in (*VALUE_KINDS, "rfm_segment")
        for part, facts in parts.items()
    ]
    figures = [
        {"dataset": case.name, "model": name, **one}
        for name in risks
        for one in _figures(left, risks[name], risks[MAP], weights, worth(test))
    ]
    return {"rows": rows, "figures": figures}


def _part(facts: dict[str, Any]) -> dict[str, Any]:
    counts = {"rows": facts["rows"], "left": facts["churners"], "expected": facts["expected"]}
    return counts | facts.get("ratio", {})


def _figures(
    left: FloatArray,
    ours: FloatArray,
    plain: FloatArray,
    weights: FloatArray,
    money: FloatArray | None,
) -> list[dict[str, Any]]:
    """The figures of all rows, with the difference to the map alone."""
    found = [
        {
            "metric": name,
            **(interval(METRICS[name], left, ours, weights) or {}),
            "difference": paired_difference(METRICS[name], left, ours, plain, weights),
        }
        for name in ("log_loss", "calibration_error", "observed_over_expected")
    ]
    if money is not None:
        errors, others = (value_weighted_errors(left, p, weights, money) for p in (ours, plain))
        told = (_told(errors), _told(errors - others))
        found.append({"metric": VALUE_WEIGHTED, **told[0], "difference": told[1]})
    return found


def _told(draws: FloatArray) -> dict[str, float]:
    return {"value": float(draws[0]), **interval_95(draws[1:])}


def print_table(result: Result) -> None:
    """Each class with both models side by side, then the figures of all rows."""
    by_part: dict[tuple[str, str], dict[str, Any]] = {}
    for row in result["rows"]:
        by_part.setdefault((row["kind"], row["part"]), {})[row["model"]] = row
    print(f"{'':30}{'rows':>8}{'left':>7}{'left / expected, map alone':>30}{'ours':>26}")
    for (kind, part), both in by_part.items():
        ours = both[OURS]
        cells = "".join(f"{_cell(both[name]):>28}" for name in (MAP, OURS))
        print(f"{kind + ' ' + part:30}{ours['rows']:>8,}{ours['left']:>7,}{cells}")
    for one in result["figures"]:
        gap = one["difference"]
        beside = f"  {_cell(gap, '+.5f')} against the map" if one["model"] == OURS and gap else ""
        print(f"  {one['model']:6}{one['metric']:34}{_cell(one, '.5f')}{beside}")


def _cell(figure: dict[str, Any], form: str = ".2f") -> str:
    if figure.get("value") is None:
        return "-"
    value, low, high = (format(figure[name], form) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge the chosen data sets."""
    known = {
        name: case for name, case in {**cases(), **development()}.items() if case.told_days is None
    }
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--datasets", nargs="+", choices=known, default=list(known))
    asked = parser.parse_args(arguments)
    params = load_params(ROOT / "params.yaml").model
    whole: Result = {"rows": [], "figures": []}
    for dataset in asked.datasets:
        try:
            found = judge(known[dataset], params)
        except NotPossibleError as error:
            print(f"{dataset} was not run: {error}", flush=True)
            continue
        print_table(found)
        for part, fresh in found.items():
            whole[part] += fresh
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
