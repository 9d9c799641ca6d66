"""Who leaves a main category: our risk beside simple rules, on dates of development or of the test.

    python -m benchmarks.left_categories --dates development

At each date the models have learned from what had closed by then; all dates of a data set are
judged together. Only features that the models read are computed.
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cases import Case, cases, development, tables_of
from features.building import build_snapshots
from features.engines.duckdb import DuckEngine
from features.history.category_history import read_categories
from features.params import TaskParams, TimelineParams
from features.planning.profile import profile
from features.planning.splits import plan_timeline
from features.reading import read_snapshots
from features.snapshot import model_features, supported
from models.judging.category_risk import Told, figures, told_of
from models.next_purchase.candidates import CUSTOMER, WINDOWS, pairs_of
from models.next_purchase.category_risk import fit_category_risk
from models.next_purchase.main_categories import habit_of
from models.next_purchase.what import refit_next_categories
from models.params import ModelParams
from models.training.categories import choose_categories
from models.training.until import Until
from pipelines.params import load_params

NAME = "complete_journey"  # the only data set at hand that has categories
DATES = {"development": development()[f"{NAME}_development"], "test": cases()[NAME]}
BINS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


def told_at(case: Case, date: str, params: ModelParams) -> Told:
    """What the models say at one date, as they stood then."""
    engine = DuckEngine(tables_of(case))
    task = TaskParams(
        churn="lapse",
        horizon_days=case.horizon_days,
        active_within_days=case.active_within_days,
        value_horizon_days="auto",
    )
    asked = {"step_days": case.step_days, "snapshots": "auto", "test_as_of_dates": [date]}
    timeline = plan_timeline(task, TimelineParams.model_validate(asked), profile(engine))
    there, _ = supported(engine.schemas, timeline.history_days)
    read = [feature for feature in there if feature.name in {*CUSTOMER, *WINDOWS}]
    with tempfile.TemporaryDirectory() as here:
        rows, bought = Path(here) / "rows", Path(here) / "categories"
        build_snapshots(engine, timeline, read, rows, categories=bought)
        snapshots, categories = read_snapshots(rows), read_categories(bought)
    if categories is None:
        raise SystemExit(f"{case.name} has no categories")
    until, features = Until(snapshots, timeline), model_features(snapshots)
    closed = until.closed(timeline.test[0])
    pairs = pairs_of(features, params.next_categories.most_popular)
    chosen = choose_categories(until, categories, pairs, params)
    habit = habit_of(timeline.horizon_days, timeline.active_within_days, features)
    return told_of(
        until.test,
        categories,
        fit_category_risk(closed, categories, habit, params),
        refit_next_categories(chosen, closed, categories, params),
    )


def together(parts: list[Told]) -> Told:
    """The dates as one."""
    return Told(
        {name: np.concatenate([part.told[name] for part in parts]) for name in parts[0].told},
        np.concatenate([part.left for part in parts]),
        pd.concat([part.customers for part in parts], ignore_index=True),
        np.concatenate([part.dates for part in parts]),
        float(np.mean([part.told_share for part in parts])),
    )


def lines(found: Told, params: ModelParams) -> list[str]:
    """The tables, as Markdown."""
    judged = figures(found, params)
    metrics = list(next(iter(judged["models"].values())))
    counts = f"{len(found.left):,} main categories of {found.customers.nunique():,} customers"
    some = f"{found.told_share:.0%} of those who stay have one"
    return [
        f"{counts}; {found.left.mean():.1%} left; {some}",
        "",
        "| model | " + " | ".join(metrics) + " | log loss of ours less theirs |",
        "|---" * (len(metrics) + 2) + "|",
        *(
            f"| {name} | "
            + " | ".join(_told(of[metric]) for metric in metrics)
            + f" | {_told(judged['gains'].get(name, {}).get('log_loss'))} |"
            for name, of in judged["models"].items()
        ),
        "",
        "| risk told | categories | left |",
        "|---|---|---|",
        *_by_risk(found),
    ]


def _told(figure: dict[str, float] | None) -> str:
    if figure is None:
        return ""
    return f"{figure['value']:.4f} ({figure['low']:.4f} to {figure['high']:.4f})"


def _by_risk(found: Told) -> list[str]:
    risk, rows = found.told["ours"], []
    for low, high in pairwise(BINS):
        inside = (risk >= low) & (risk < high)
        if inside.any():
            mean, left = risk[inside].mean(), found.left[inside].mean()
            rows.append(f"| {low:.0%} to {high:.0%}: {mean:.1%} | {inside.sum()} | {left:.1%} |")
    return rows


def main() -> None:
    """Print the tables of the dates that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dates", choices=sorted(DATES), default="development")
    case: Any = DATES[parser.parse_args().dates]
    params = load_params().model
    parts = [told_at(case, date, params) for date in case.dates]
    print(f"{case.name}, as of {', '.join(case.dates)}, {case.horizon_days} days ahead:")
    print("\n".join(lines(together(parts), params)))


if __name__ == "__main__":
    main()
