"""Stage `monitor`: drift since training and how past releases turned out; report and metrics."""

from typing import Any

import pandas as pd

from actions.effects.closed_releases import Judge
from core.digits import as_told
from core.files import check_manifest, read_json, write_json
from features.planning.timeplan import Timeline
from features.timeline import as_known_on, date_of
from models.churn.model import ChurnModel
from models.judging.realised import JUDGED
from models.judging.told_wrong import Found, no_customers
from models.simple.silence_rule import Rule
from models.watching.advice import advice, drift, latest_judged
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import (
    read_purchases,
    read_sample,
    read_snapshots,
    read_timeline,
    scored_customers,
)
from pipelines.served import read_served
from serving.pages.monitor_report import report_page


def main() -> None:
    """Measure drift, judge closed releases, advise; without models there is nothing to watch.

    And list who turned out otherwise than told: in those releases, and on the test dates.
    """
    is_rule = bool(Rule.load(stage.CHAMPION_MODELS))
    report = {} if is_rule else _report()
    told_wrong, customers = ({}, no_customers()) if is_rule else _told_wrong(report)
    write_json(stage.MISSED, as_told(told_wrong))
    stage.write_parquet(customers, stage.MISSED_CUSTOMERS)
    write_json(stage.MONITOR, as_told(report))
    stage.MONITOR_PAGE.write_text(report_page(report), encoding="utf-8")
    write_json(stage.MONITOR_METRICS, _metrics(report) if report else {})
    if report:
        to_do = "retraining is advised" if report["advice"]["retrain"] else "no reason to retrain"
        stage.say(f"{to_do}: see {stage.MONITOR_PAGE}")


def _report() -> dict[str, Any]:
    params = load_params()
    timeline = read_timeline()
    bundle, _, version = read_served(stage.CHAMPION_MODELS)
    snapshots = read_snapshots(read_sample(params.model))
    learned, newly_closed = _learned_from(snapshots, timeline)
    now = snapshots[snapshots["split"] == "score"].reset_index(drop=True)
    moved = drift(bundle.churn, learned, now, params.monitor, params.model.seed)
    judge = _judge(timeline)
    releases = [
        judge.release(facts, stage.PAST / f"{facts['release_id']}.parquet")
        for facts in read_json(stage.PAST / "releases.json")
    ]
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


def _judge(timeline: Timeline) -> Judge:
    params = load_params()
    known = read_purchases(), _tables()
    return Judge(*known, timeline, (params.model, params.monitor))


def _told_wrong(report: dict[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    params = load_params()
    timeline = read_timeline()
    found = Found(params.model)
    if stage.CHAMPION_EVALUATED.exists():
        bundle, explainer, _ = read_served(stage.CHAMPION_MODELS)
        evaluated = ChurnModel.load(stage.CHAMPION_EVALUATED)
        until = check_manifest(stage.CHAMPION_EVALUATED)["learned_until"]
        snapshots = read_snapshots(read_sample(params.model))
        found.add_test_dates(snapshots, timeline, (evaluated, bundle, explainer), until)
    judge = _judge(timeline)
    for release in report["releases"]:
        path = stage.PAST / f"{release['release_id']}.parquet"
        scores, _ = judge.outcomes(release, path)
        if scores is not None:
            found.add_release(release, scores)
    version = {"model_version": report["model_version"], "as_of_date": report["as_of_date"]}
    return {**version, "lists": found.lists}, found.customers()


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
    """The checked tables on contacts, subscriptions and consents."""
    there = stage.table_names()
    paths = stage.tables(n for n in ("contacts", "subscriptions", "consents") if n in there)
    return {name: pd.read_parquet(path) for name, path in paths.items()}


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
