"""Whether the 80 % interval of the next purchase holds what it says, also where rhythms are slow.

    python -m benchmarks.coverage
    python -m benchmarks.coverage --on development --only cdnow yearly

Prints a row for each data set and test date, and writes benchmarks/out/coverage.json. Real data is
that of `make bench-accuracy`, on the dates that models are judged on or on those that methods are
chosen on; the companies are drawn, with other seeds for either. Their test date lies two years
before the end of the data, so that an interval can be judged to the last day of the curve.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.cases import cases, development, prepare
from benchmarks.measuring import ROOT, NotPossibleError
from benchmarks.slow_road import AUTO, Rhythm, orders
from benchmarks.zoo.company import tables_of
from benchmarks.zoo.recipe import Recipe
from benchmarks.zoo.road import lay_out, run_road
from features.planning.timeplan import Timeline
from features.reading import read_snapshots
from features.snapshot import model_features
from models.judging.when import evaluate_when
from models.params import ModelParams
from models.training.fitting import choose, refit
from models.training.models import baselines_at
from models.training.until import Until
from pipelines import stage
from pipelines.params import load_params

OUT = ROOT / "benchmarks" / "out" / "coverage.json"
TEST_DATE, STEP_DAYS = "2023-02-15", 28
SEEDS = {"development": 1, "test": 2}
DATA = {"development": development, "test": cases}
DAY = "7"  # of the probabilities that are judged beside the interval


def _drawn(days: int, gap: float, **traits: Any) -> Callable[[int], pd.DataFrame]:
    """The orders of a company of the zoo, by seed."""
    plain: dict[str, Any] = {"customers": 1_500, "days": days, "gap": gap}
    return lambda seed: tables_of(Recipe(seed=seed, **plain, **traits))["orders"]


def _made(rhythm: Rhythm) -> Callable[[int], pd.DataFrame]:
    return lambda seed: orders(rhythm, seed)


SLOW: Mapping[str, Callable[[int], pd.DataFrame]] = {
    "yearly": _made(Rhythm(1_500, 365.0, 0.2, 0.15, 0.85)),
    "irregular": _made(Rhythm(1_500, 300.0, 0.8, 1.0, 0.85)),
    "quarterly": _made(Rhythm(1_500, 120.0, 0.4, 0.5, 0.92)),
    "zoo_half_yearly": _drawn(2_500, 180.0),
    "zoo_yearly": _drawn(4_015, 365.0),
    "zoo_december_only": _drawn(2_500, 180.0, season="december_only"),
}
COLUMNS = {
    "dataset": "data set",
    "as_of_date": "as of",
    "horizon_days": "horizon",
    "reach_days": "reach",
    "rows": "rows",
    "coverage": "inside",
    "expected": "expected",
    "early": "before",
    "late": "after",
    "open": "no end",
    "observed_over_expected": "within 7 days, observed / expected",
}


def intervals(
    snapshots: pd.DataFrame, timeline: Timeline, params: ModelParams, purchases: Any = None
) -> dict[str, Any]:
    """The figures of the interval on the test rows, by the models as they stood at their date."""
    features, until = model_features(snapshots), Until(snapshots, timeline, purchases)
    day, test = timeline.test[0], until.test
    bundle = refit(choose(until, features, params), until, day, params)
    baselines = baselines_at(until, day, features)
    model, risk = bundle.next_purchase, bundle.churn.predict(test)
    found = evaluate_when(test, model, baselines, risk)
    interval = found["interval"]
    early, late, coverage = (interval[name] for name in ("missed_early", "missed_late", "coverage"))
    return {
        "horizon_days": model.horizon_days,
        "reach_days": model.reach_days,
        "judged_to_day": coverage["days"],
        "rows": coverage["rows"],
        "coverage": coverage["share"],
        "expected": coverage["expected"],
        "early": early["share"],
        "late": late["share"],
        "open": interval["open"],
        "observed_over_expected": found["by_day"][DAY]["ours"]["observed_over_expected"],
    }


def judged(on: str, only: Sequence[str], params: ModelParams) -> Iterator[dict[str, Any]]:
    """The rows of the table, one after the other; data that is not there is left out, and said."""
    for name, case in DATA[on]().items():
        if case.told_days or (only and not any(one in name for one in only)):
            continue
        for date in case.dates:
            try:
                rows = prepare(case, date)
            except NotPossibleError as error:
                print(f"{name}: left out: {error}")
                break
            found = intervals(rows.snapshots, rows.timeline, params)
            yield {"dataset": case.name, "as_of_date": date, **found}
    for name, made in SLOW.items():
        if not only or any(one in name for one in only):
            yield {"dataset": name, "as_of_date": TEST_DATE, **_company(made(SEEDS[on]), params)}


def _company(rows: pd.DataFrame, params: ModelParams) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "company"
        source = {"kind": "files", "path": "inbox", "currency": "USD"}
        dates = {"test_as_of_dates": [TEST_DATE], "step_days": STEP_DAYS}
        lay_out(folder, {"source": source, "task": AUTO, "timeline": dates})
        (folder / "inbox").mkdir()
        rows.to_csv(folder / "inbox" / "orders.csv", index=False)
        ended = run_road(folder, last="snapshot")
        if not ended.through:
            raise RuntimeError(ended.error or ended.crash)
        plan = json.loads((folder / stage.TIMELINE).read_text(encoding="utf-8"))
        snapshots = read_snapshots(folder / stage.SNAPSHOTS)
        purchases = pd.read_parquet(folder / stage.PURCHASES)
        return intervals(snapshots, Timeline.from_json(plan), params, purchases)


def line(row: Mapping[str, Any]) -> str:
    """A row of the table, in Markdown."""
    cells = [_cell(name, row[name]) for name in COLUMNS]
    return f"| {' | '.join(cells)} |"


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.2f}" if name == "observed_over_expected" else f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge the intervals of every data set asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--on", choices=SEEDS, default="test")
    parser.add_argument(
        "--only", nargs="*", default=[], help="data sets whose name has one of these"
    )
    asked = parser.parse_args(arguments)
    params = load_params(ROOT / "params.yaml").model
    print(f"| {' | '.join(COLUMNS.values())} |\n{'|---' * len(COLUMNS)}|")
    found = []
    for row in judged(asked.on, asked.only, params):
        found.append(row)
        print(line(row), flush=True)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"on": asked.on, "rows": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
