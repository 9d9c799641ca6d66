"""Stage `monitor`: drift since training and what past releases came to; report and metrics out."""

from datetime import date
from typing import Any

import pandas as pd

from actions.plan.catalog import DO_NOTHING
from actions.plan.gates import objectors
from core.files import check_manifest, read_json, write_json
from features.history.outcomes import HOLDOUT, cancelled, contacted, lapsed
from features.planning.timeplan import Timeline
from features.timeline import as_known_on, date_of, day_of, is_closed
from models.judging.realised import JUDGED, realised
from models.leaving import LAPSE
from models.params import ModelParams, MonitorParams
from models.simple.silence_rule import Rule
from models.watching.advice import advice, drift, latest_judged
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_served, read_snapshots, read_timeline
from serving.cards.monitor import report_page

# A store may have been filled with another company's data before.
FEWEST_KNOWN = 0.5  # share of a release's customers whom the data knows


def main() -> None:
    """Compare, judge, advise; where a rule scores there is nothing to watch."""
    report = {} if Rule.load(stage.SCORING) else _report()
    write_json(stage.MONITOR, report)
    stage.MONITOR_PAGE.write_text(report_page(report), encoding="utf-8")
    write_json(stage.MONITOR_METRICS, _metrics(report) if report else {})
    if report:
        to_do = "retraining is advised" if report["advice"]["retrain"] else "no reason to retrain"
        stage.say(f"{to_do}: see {stage.MONITOR_PAGE}")


def _report() -> dict[str, Any]:
    params = load_params()
    timeline = read_timeline()
    bundle, _, version = read_served(stage.SCORING)
    snapshots = read_snapshots()
    learned, newly_closed = _learned_from(snapshots, timeline)
    now = snapshots[snapshots["split"] == "score"].reset_index(drop=True)
    moved = drift(bundle.churn, learned, now, params.monitor, params.model.seed)
    judge = Judge(timeline, params.model, params.monitor)
    releases = [judge.release(facts) for facts in read_json(stage.PAST / "releases.json")]
    return {
        "as_of_date": date_of(timeline.score).isoformat(),
        "data_until": date_of(timeline.data_until).isoformat(),
        "model_version": version,
        "customers": len(now),
        "learned_from": None if learned.empty else _described(learned),
        **moved,
        "releases": [one for one in releases if one["closed"]],
        "next_closes": _next_closes(releases, timeline),
        "advice": advice(moved, latest_judged(releases), newly_closed, params.monitor),
    }


def _described(learned: pd.DataFrame) -> dict[str, Any]:
    return {
        "first": learned["as_of_date"].min().date().isoformat(),
        "last": learned["as_of_date"].max().date().isoformat(),
        "dates": int(learned["as_of_date"].nunique()),
        "customers": int(learned["customer_id"].nunique()),
    }


def _learned_from(snapshots: pd.DataFrame, timeline: Timeline) -> tuple[pd.DataFrame, bool]:
    """The rows that had closed when the models that score were fitted, and whether more have since.

    All that have closed where the history of this run no longer holds any of those; none where
    it is too short for a single one, and a champion goes on scoring.
    """
    until = pd.Timestamp(check_manifest(stage.SCORING)["learned_until"])
    then = snapshots[as_known_on(snapshots, until, timeline.windows)["outcome_known"]]
    closed = snapshots[snapshots["outcome_known"]]
    return (then if len(then) else closed), len(closed) > len(then)


class Judge:
    """What the data knows of the customers of past releases, read once."""

    def __init__(self, timeline: Timeline, model: ModelParams, monitor: MonitorParams) -> None:
        self.timeline, self.model, self.monitor = timeline, model, monitor
        self.purchases = pd.read_parquet(stage.PURCHASES)
        there = stage.table_names()
        paths = stage.tables(n for n in ("contacts", "subscriptions", "consents") if n in there)
        self.tables = {name: pd.read_parquet(path) for name, path in paths.items()}
        objected = objectors(self.tables.get("consents"))
        known = set(self.purchases["customer_id"])
        if "subscriptions" in self.tables:
            known |= set(self.tables["subscriptions"]["customer_id"])
        self.known = known - objected

    def release(self, facts: dict[str, Any]) -> dict[str, Any]:
        """The facts of a release with `closes`, `closed` and, once it has, its figures."""
        as_of, horizon = day_of(date.fromisoformat(facts["as_of_date"])), facts["horizon_days"]
        closed = is_closed(as_of, horizon, self.timeline.data_until)
        told = {**facts, "closes": date_of(as_of + horizon).isoformat(), "closed": closed}
        if not closed:
            return told
        scores = pd.read_parquet(stage.PAST / f"{facts['release_id']}.parquet")
        if facts["churn_definition"] != LAPSE and "subscriptions" not in self.tables:
            # The data tells no longer whose subscription runs.
            return told | {"unknown": len(scores), "groups": {}}
        there = scores["customer_id"].isin(self.known)
        told |= {"unknown": int((~there).sum())}
        if there.mean() < FEWEST_KNOWN:
            return told | {"groups": {}}
        scores = scores[there].reset_index(drop=True)
        customers = list(scores["customer_id"])
        if facts["churn_definition"] == LAPSE:
            left = lapsed(self.purchases, customers, as_of, horizon)
        else:
            left = cancelled(self.tables["subscriptions"], customers, as_of, horizon)
        contacts = self.tables.get("contacts")
        if contacts is not None:
            untreated = ~contacted(contacts, customers, as_of, horizon)
        else:
            # Nobody noted what was carried out: whom the plan left alone was left alone.
            kept = (scores["arm"] == HOLDOUT) | (scores["intended_action"] == DO_NOTHING)
            untreated = kept.to_numpy()
        scores = scores.assign(left=left, untreated=untreated)
        return told | {
            "holdout": int((scores["arm"] == HOLDOUT).sum()),
            "untreated_by": "plan" if contacts is None else "contacts",
            "groups": realised(scores, self.model, self.monitor),
        }


def _next_closes(releases: list[dict[str, Any]], timeline: Timeline) -> str:
    """The day that data has to reach before the next release, or that of this run, is judged."""
    open_ = [one["closes"] for one in releases if not one["closed"]]
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
