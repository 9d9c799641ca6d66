"""The calendar of the company: what cards and totals are with it, and what without.

`make bench-season` prints a table and writes benchmarks/out/season.json: `totals` of {dataset,
as_of_date, what, model, sold, forecast, error, low, high, covers}, `mean_errors` of {dataset, what,
model, mean_absolute_error, dates}, `differences` of {dataset, as_of_date, task, metric, value, low,
high} with the calendar minus without, paired over customers, `as_of_date` being a date or `all` of
them together, and `not_run` of {dataset, reason}. `low` and `high` of a total are the 95 % interval
of the sales forecast (models/value/forecast_interval.py).

Beside the real data stand two years of simulated shops, whose December is planted and has been seen
once, and of a shop whose categories have seasons of their own.

    python -m benchmarks.season --datasets online_retail
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from benchmarks.cases import Case, Prepared, cases, development, prepare
from benchmarks.judging import ALL, compare
from benchmarks.measuring import ROOT, NotPossibleError
from benchmarks.ours import OURS, how_much, when
from benchmarks.tasks import AMOUNTS
from benchmarks.two_seasons import NAME as TWO_SEASONS
from benchmarks.two_seasons import two_seasons, write_orders
from benchmarks.verdict import Result, verdict
from features.snapshot import model_features
from models.calendar.model import Calendar
from models.judging.forecast import LAST_PERIOD
from models.params import ModelParams
from models.training.fitting import choose, refit
from models.training.models import search_settings
from models.training.until import Until
from models.value.forecast import bounds, last_periods
from models.value.forecast_interval import spreads
from models.value.past import Past
from pipelines.params import load_params

OUT = ROOT / "benchmarks" / "out" / "season.json"
WITHOUT = "without"
FILE_PARTS = ("totals", "mean_errors", "differences", "not_run")
SHOPS = (1, 2, 3)  # seeds of the simulated companies


class WithoutCalendar(Until):
    """What models learn from, the level of business left out."""

    def calendar(self, day: int) -> Calendar | None:
        """None: models go by no calendar."""
        return None


def shops() -> dict[str, Case]:
    """Two years of simulated companies, as of days before their December and in it."""
    names = {f"simulated_shop_{seed}": seed for seed in SHOPS}
    return {
        name: Case(
            name=name,
            horizon_days=28,
            active_within_days=90,
            dates=("2024-10-21", "2024-11-18", "2024-12-02"),
            source={
                "kind": "simulator",
                "simulator": {"customers": 5000, "days": 730, "seed": seed},
            },
            snapshots=12,
        )
        for name, seed in names.items()
    } | {TWO_SEASONS: two_seasons()}


def measure(case: Case, params: ModelParams) -> Result:
    """Totals and differences of a data set, with the calendar and without."""
    if case.name == TWO_SEASONS:
        write_orders(Path(case.source["path"]))
    runs = {date: prepare(case, date) for date in case.dates}
    told: dict[str, dict[str, dict[str, pd.DataFrame]]] = {}
    totals = []
    for date, run in runs.items():
        until = {
            WITHOUT: WithoutCalendar(run.snapshots, run.timeline, run.purchases),
            OURS: run.until,
        }
        for name, one in until.items():
            for task, answer in answers_of(run, one, params).items():
                told.setdefault(task, {}).setdefault(name, {})[date] = answer
        amounts = {name: told["how_much"][name][date] for name in until}
        totals += [{"as_of_date": date, **one} for one in totals_of(run, amounts)]
    tests = {date: run.test for date, run in runs.items()}
    differences = [
        {name: value for name, value in gap.items() if name != "model"}
        for task, by_model in told.items()
        for gap in compare(task, tests, by_model, WITHOUT, params.seed)[1]
    ]
    return {"totals": totals, "mean_errors": mean_errors(totals), "differences": differences}


def answers_of(run: Prepared, until: Until, params: ModelParams) -> dict[str, pd.DataFrame]:
    """What the models of a run answer for its test rows, by task."""
    features, day, test = model_features(run.snapshots), run.timeline.test[0], run.test
    searched = search_settings(until, features, params).applied(params)
    bundle = refit(choose(until, features, searched), until, day, searched)
    risk = bundle.churn.predict(test)
    amounts = how_much(bundle.value, test, risk, run.asked_days)
    if run.beyond is not None:
        return {"how_much": amounts}
    return {
        "churn": pd.DataFrame({"churn_risk": risk}),
        "when": when(bundle.next_purchase, test, risk, run.timeline.horizon_days),
        "how_much": amounts,
    }


def totals_of(run: Prepared, told: Mapping[str, pd.DataFrame]) -> Iterator[dict[str, Any]]:
    """What all customers of the test date bought, and what each model told of it.

    The last period repeated stands beside where it is known; the interval is that of ours.
    """
    past = Past(run.snapshots, run.until.purchases, run.timeline, run.known_days)
    test, ends = run.test, (run.asked_days,)
    ours, before = told[OURS]["orders"].to_numpy(), last_periods(test, ends)
    widths = spreads(past, run.timeline.test[0], ends, ours.sum(keepdims=True))
    for what in told[OURS].columns:
        sold = float(test[AMOUNTS[what]].sum())
        forecasts = {name: float(answer[what].sum()) for name, answer in told.items()}
        repeated = before[what][-1]
        if repeated is not None:
            forecasts[LAST_PERIOD] = float(repeated.sum())
        for model, forecast in forecasts.items():
            one = {"what": what, "model": model, "sold": sold, "forecast": forecast}
            one["error"] = forecast / sold - 1.0
            if model == OURS:
                limits = bounds(forecast, widths[what][-1])
                low, high = limits["low"], limits["high"]
                covers = None if low is None or high is None else low <= sold <= high
                one |= {**limits, "covers": covers}
            yield one


def mean_errors(totals: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The mean absolute error of each model over the dates of a data set."""
    found: dict[tuple[str, str], list[float]] = {}
    for one in totals:
        found.setdefault((one["what"], one["model"]), []).append(abs(one["error"]))
    return [
        {"what": what, "model": model, "mean_absolute_error": fmean(errors), "dates": len(errors)}
        for (what, model), errors in found.items()
    ]


def print_tables(found: Result) -> None:
    """The totals of each date, and every figure that the calendar surely changes."""
    by_date: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found["totals"]:
        by_date.setdefault((one["as_of_date"], one["what"]), {})[one["model"]] = one
    for (date, what), models in by_date.items():
        ours, errors = models[OURS], {name: f"{one['error']:+.1%}" for name, one in models.items()}
        interval = "no interval"
        if ours["low"] is not None:
            low, high = (ours[side] / ours["sold"] - 1.0 for side in ("low", "high"))
            holds = "holds" if ours["covers"] else "does not hold"
            interval = f"{low:+.1%} to {high:+.1%}, {holds}"
        print(
            f"  {date} {what:8}with {errors[OURS]:>8}  without {errors[WITHOUT]:>8}"
            f"  last period {errors.get(LAST_PERIOD, '-'):>8}  95 % interval {interval}"
        )
    for one in found["mean_errors"]:
        error = f"{one['mean_absolute_error']:.1%}"
        print(f"  mean of {one['dates']} dates, {one['what']}, {one['model']}: {error}")
    for gap in found["differences"]:
        if gap["as_of_date"] == ALL:
            print(
                f"  {gap['task']:9}{gap['metric']:34}{verdict(gap)} {gap['value']:+.4f}"
                f" ({gap['low']:+.4f} to {gap['high']:+.4f})",
                flush=True,
            )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the chosen data sets."""
    known = {**cases(), **shops(), **development()}
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--datasets", nargs="+", choices=known, default=[*cases(), *shops()])
    asked = parser.parse_args(arguments)
    params = load_params(ROOT / "params.yaml").model
    result: Result = {part: [] for part in FILE_PARTS}
    if OUT.exists():
        result = json.loads(OUT.read_text(encoding="utf-8"))
    for dataset in asked.datasets:
        print(f"\n{dataset}", flush=True)
        try:
            found = measure(known[dataset], params)
            print_tables(found)
        except NotPossibleError as error:
            print(f"  was not run: {error}", flush=True)
            found = {"not_run": [{"reason": str(error)}]}
        for part, kept in result.items():
            others = [one for one in kept if one["dataset"] != dataset]
            result[part] = others + [{"dataset": dataset, **one} for one in found.get(part, [])]
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
