"""Stage `monitor`: drift since training and how past releases turned out; report and metrics."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from actions.effects.closed_releases import PURCHASE_COLUMNS, TABLE_COLUMNS, Judge
from core.digits import as_told
from core.files import check_manifest, read_json, write_json
from features.planning.timeplan import Timeline
from features.reading import ALL_CUSTOMERS
from features.timeline import as_known_on, date_of
from models.churn.model import ChurnModel
from models.judging.realised import JUDGED
from models.judging.told_wrong import Found, no_customers
from models.simple.silence_rule import Rule
from models.watching.advice import advice, compared, drift, latest_judged
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import (
    customer_parts,
    purchases_of,
    read_places,
    read_sample,
    read_snapshots,
    read_timeline,
    scored_customers,
)
from pipelines.served import read_served
from serving.pages.monitor_report import report_page

# What tells which rows models had learned from, and which have closed since: read of all dates.
KNOWN = (
    *("customer_id", "as_of_date", "split", "outcome_known", "value_known"),
    *("followup_days", "days_to_next_purchase"),
)


def main() -> None:
    """Measure drift, judge closed releases, advise; without models there is nothing to watch.

    And list who turned out otherwise than told: in those releases, and on the test dates.
    """
    if Rule.load(stage.CHAMPION_MODELS):
        report, told_wrong, customers = {}, {}, no_customers()
    else:
        found = Found(load_params().model)
        report = _report(found)
        version = {name: report[name] for name in ("model_version", "as_of_date")}
        told_wrong, customers = {**version, "lists": found.lists}, found.customers()
    write_json(stage.MISSED, as_told(told_wrong))
    stage.write_parquet(customers, stage.MISSED_CUSTOMERS)
    write_json(stage.MONITOR, as_told(report))
    stage.MONITOR_PAGE.write_text(report_page(report), encoding="utf-8")
    write_json(stage.MONITOR_METRICS, _metrics(report) if report else {})
    if report:
        to_do = "retraining is advised" if report["advice"]["retrain"] else "no reason to retrain"
        stage.say(f"{to_do}: see {stage.MONITOR_PAGE}")


def _report(found: Found) -> dict[str, Any]:
    """What the monitor tells; who turned out otherwise is added to `found`."""
    params = load_params()
    timeline = read_timeline()
    bundle, explainer, version = read_served(stage.CHAMPION_MODELS)
    sample = read_sample(params.model)
    known = read_snapshots(sample, KNOWN)
    learned, newly_closed = _learned_from(known, timeline)
    moved = drift(
        bundle.churn,
        read_places(sample, compared(learned, params.model.seed).index.to_numpy()),
        read_places(sample, np.flatnonzero(known["split"] == "score")),
        params.monitor,
    )
    if stage.CHAMPION_EVALUATED.exists():
        evaluated = ChurnModel.load(stage.CHAMPION_EVALUATED)
        until = check_manifest(stage.CHAMPION_EVALUATED)["learned_until"]
        is_later = known["outcome_known"] & (known["as_of_date"] >= pd.Timestamp(until))
        later = read_places(sample, np.flatnonzero(is_later))
        found.add_test_dates(later, timeline, (evaluated, bundle, explainer), until)
    releases = _judged(timeline, found)
    return {
        "as_of_date": date_of(timeline.score).isoformat(),
        "data_until": date_of(timeline.data_until).isoformat(),
        "model_version": version,
        "customers": scored_customers(timeline),
        "learned_from": None if learned.empty else _described(learned, timeline),
        **moved,
        "releases": [release for release in releases if release["closed"]],
        "next_closes": _next_closes(releases, timeline),
        "advice": advice(moved, latest_judged(releases), newly_closed, params.monitor),
    }


def _judged(timeline: Timeline, found: Found) -> list[dict[str, Any]]:
    """All past releases, judged where they have closed."""
    kept, releases = read_json(stage.PAST / "releases.json"), []
    if not kept:
        return []
    params = load_params()
    purchases = partial(purchases_of, columns=PURCHASE_COLUMNS)
    known = customer_parts(timeline.score), purchases
    judge = Judge(known, _tables(), timeline, (params.model, params.monitor))
    for facts in kept:
        release, scores = judge.release(facts, stage.PAST / f"{facts['release_id']}.parquet")
        releases.append(release)
        if scores is not None:
            found.add_release(release, scores)
    return releases


def _described(learned: pd.DataFrame, timeline: Timeline) -> dict[str, Any]:
    days = learned["as_of_date"]
    if (
        timeline.label and not timeline.label.as_of
    ):  # the day that stands in for a date says nothing
        days = days.iloc[:0]
    return {
        "first": days.min().date().isoformat() if len(days) else None,
        "last": days.max().date().isoformat() if len(days) else None,
        "dates": int(days.nunique()),
        "customers": int(learned["customer_id"].nunique()),
    }


def _learned_from(snapshots: pd.DataFrame, timeline: Timeline) -> tuple[pd.DataFrame, bool]:
    """The rows that had closed when the models that score were fitted, and whether more have since.

    All rows that have closed where the history of this run no longer holds any of those; no rows
    where it is too short for a single one and a champion goes on scoring.
    """
    until = pd.Timestamp(check_manifest(stage.CHAMPION_MODELS)["learned_until"])
    then = snapshots[as_known_on(snapshots, until, timeline.windows)["outcome_known"]]
    closed = snapshots[snapshots["outcome_known"]]
    return (then if len(then) else closed), len(closed) > len(then)


def _tables() -> dict[str, pd.DataFrame]:
    """What is read of the checked tables on contacts, subscriptions and consents."""
    there = stage.table_names()
    return {
        name: ALL_CUSTOMERS.read(stage.TABLES / f"{name}.parquet", columns)
        for name, columns in TABLE_COLUMNS.items()
        if name in there
    }


def _next_closes(releases: list[dict[str, Any]], timeline: Timeline) -> str:
    """The day that the data has to reach before the next release, or this run's, can be judged."""
    open_ = [release["closes"] for release in releases if not release["closed"]]
    return min([*map(str, open_), date_of(timeline.score + timeline.horizon_days).isoformat()])


def _metrics(report: dict[str, Any]) -> dict[str, Any]:
    latest = latest_judged(report["releases"])
    groups = latest["groups"] if latest else {}
    drift = {}
    if report["score"]:
        drift = {
            "score_psi": round(report["score"]["psi"], 5),
            "drifted_features": report["drifted"]["features"],
            "drifted_gain_share": round(report["drifted"]["gain_share"], 5),
        }
    return {
        **drift,
        "closed_releases": len(report["releases"]),
        "retrain": int(report["advice"]["retrain"]),
        "realised": {
            name: {
                metric: round(figures[metric]["value"], 5) for metric in JUDGED if metric in figures
            }
            for name, figures in groups.items()
            if "auc" in figures
        },
    }


if __name__ == "__main__":
    stage.run(main)
