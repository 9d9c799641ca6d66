"""Stage `track`: logs this run to MLflow, once for each content."""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core.files import MANIFEST, project_root, read_json, write_json
from features.params import LABEL
from models.bundle import Bundle
from models.fitted import baseline_settings, fitted
from models.next_purchase.what import NextCategoriesModel
from models.simple.columns import TableBaselines
from models.simple.rules import Baselines
from models.simple.silence_rule import Rule
from models.training.ladder import Rung
from models.training.models import FOLD
from models.words import OURS
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_snapshot, read_timeline
from pipelines.served import read_served
from pipelines.tracking.mlflow_process import attempt, own_address, set_aside, told_store
from pipelines.tracking.recorded import (
    Child,
    Data,
    LoggedModel,
    Record,
    models_judged,
    note,
    params_as_fitted,
    run_name,
    trials_of,
)

TRACK = stage.DATA / "track.json"
PENDING = "pending"
DVC_EXPERIMENT = "DVC_EXP_NAME"  # DVC's name of the experiment that it runs
CURVES = ("roc", "precision_recall", "gains", "profit")


def main() -> None:
    """Record the run in a process of its own; with `--now`, this is that process.

    A run that MLflow could not record is `pending`: the next `make run` records it.
    """
    if sys.argv[1:] == ["--now"]:
        record()
        return
    aside = set_aside()
    if aside:
        stage.say(
            f"{', '.join(aside)} in the environment is set aside: runs of this project go into "
            f"{told_store()}"
        )
    tried = attempt("pipelines.track", "--now")
    if tried.done:
        stage.say(f"{tried.told} ({told_store()})" if own_address() else tried.told)
    else:
        stage.say(
            f"MLflow has not recorded this run: {tried.told} The release does not wait for it; "
            "the next `make run` records it."
        )
    # Not MLflow's own id of the run: the same content has to give the same file, and so the same
    # dvc.lock.
    write_json(TRACK, {"content_key": this_run().key, **({} if tried.done else {PENDING: True})})


def forget_pending() -> None:
    """Delete the mark of a run that was not recorded, so that DVC runs the stage again."""
    if is_pending():
        TRACK.unlink()


def is_pending() -> bool:
    """Whether the last run was not recorded."""
    return TRACK.exists() and bool(read_json(TRACK).get(PENDING))


@dataclass(frozen=True)
class Run:
    """What is recorded of a run, and the key of its content."""

    params: dict[str, Any]
    files: list[Path]
    manifest: dict[str, Any]
    key: str


def this_run() -> Run:
    """The run whose files are in this folder."""
    params = load_params().model_dump(mode="json")
    files = [
        stage.MODEL_CARD,
        stage.EVALUATION,
        stage.USABILITY,
        stage.FEATURES,
        stage.PROMOTION,
        stage.EFFECTS,
        stage.EFFECTS_PAGE,
        stage.EFFECTS_PAGE_RU,
        stage.TIMELINE,
        stage.HEADLINE,
        stage.CHURN_METRICS,
        stage.NEXT_METRICS,
        *([stage.SEARCH] if stage.SEARCH.exists() else []),
        *sorted(stage.PLOTS.glob("*.csv")),
        *sorted(stage.REPORTS.glob("*.png")),
    ]
    manifest = read_json(stage.RELEASE / MANIFEST)
    key = content_key(files, [str(params), str(manifest["files"])])
    return Run(params, files, manifest, key)


def record() -> None:
    """Log the run unless a run with the same content was logged before."""
    # MLflow takes seconds to import, and may be the very thing that is broken.
    from pipelines.tracking.store import log_run, open_tracking_store, run_of

    run = this_run()
    open_tracking_store()
    run_id = run_of(run.key)
    if run_id is not None:
        print(f"MLflow has this content already: run {run_id}")
        return
    run_id = log_run(record_of(run))
    print(f"MLflow run {run_id}")


def record_of(run: Run) -> Record:
    """Everything that MLflow is told of a run: what was done, not what was asked for."""
    from pipelines.tracking.store import git_commit

    source, promotion = read_json(stage.SOURCE), read_json(stage.PROMOTION)
    timeline, churn = read_json(stage.TIMELINE), read_json(stage.CHURN_METRICS)
    experiment = os.environ.get(DVC_EXPERIMENT)
    trials = read_json(stage.SEARCH)["trials"] if stage.SEARCH.exists() else []
    made = fitted_in(stage.SERVED)
    share = read_json(stage.PLAN_SUMMARY).get("holdout_share")
    described = {
        "source": source["description"],
        "manifest": run.manifest,
        "timeline": timeline,
        "churn": churn,
        "promotion": promotion,
        "trials": trials,
        "experiment": experiment,
    }
    return Record(
        content_key=run.key,
        name=run_name(run.manifest, churn, experiment),
        note=note(described),
        params=params_as_fitted(run.params, made, timeline, share),
        tags={
            "git_commit": git_commit(),
            "release_id": run.manifest["release_id"],
            # Figures of the trained models; where these were refused, others score.
            "model_version": promotion["challenger"],
            "champion_version": run.manifest["model_version"],
            "promotion": promotion["outcome"],
            "source": source["description"],
            "snapshots_sha256": run.manifest["snapshots_sha256"],
            **({"dvc_experiment": experiment} if experiment else {}),
            **{f"source_sha256.{name}": digest for name, digest in source["files"].items()},
        },
        # Each is a chart: all figures are among the artifacts.
        metrics={**read_json(stage.HEADLINE), "promotion": promotion["figures"] or {}},
        curves=_curves(),
        files=run.files,
        # In the project: this folder may be a temporary one.
        data=Data(
            source["company"],
            run.manifest["snapshots_sha256"][:16],
            project_root() / stage.SNAPSHOTS,
        ),
        children=[*_models(churn, made.get("churn", {})), *trials_of(trials)],
        models=models_to_log(),
    )


def fitted_in(folder: Path) -> dict[str, Any]:
    """What was fitted of the models in a folder; empty where a rule scores."""
    if Rule.load(folder):
        return {}
    return fitted(Bundle.load(folder), NextCategoriesModel.load(folder))


def _models(churn: dict[str, Any], ours: dict[str, Any]) -> list[Child]:
    """A child run for each model that was judged, with what it has learned.

    Where folds of customers are judged, baselines have the parameters of the first fold.
    """
    if OURS not in churn:
        return []
    folds = sorted(stage.EVALUATED.glob(FOLD.format("*")))
    folder = folds[0] if folds else stage.EVALUATED
    of_table = Bundle.load(folder).churn.churn == LABEL
    learned = baseline_settings((TableBaselines if of_table else Baselines).load(folder))
    return models_judged(churn, {OURS: ours, **learned})


def _curves() -> dict[str, list[float]]:
    """Our model's curves of the plots, each by the step of its grid."""
    tables = {name: stage.PLOTS / f"{name}.csv" for name in CURVES}
    return {
        name: pd.read_csv(path)[OURS].tolist() for name, path in tables.items() if path.exists()
    }


def models_to_log() -> list[LoggedModel]:
    """The served models, with a few rows of the score date as example; empty for unjudged ones."""
    from pipelines.tracking.logged_models import churn_answer, next_purchase_answer

    if not Rung.load(stage.SERVED).is_judged:
        return []
    bundle, _, _ = read_served(stage.SERVED)
    rows = read_snapshot(read_timeline().score).head(5)
    rows = rows[["customer_id", *bundle.churn.reads]]
    # MLflow keeps what it was given: nobody's id is told, so that nobody has to be erased there.
    rows["customer_id"] = [f"customer-{number}" for number in range(1, len(rows) + 1)]
    answers = {"churn": churn_answer, "next_purchase": next_purchase_answer}
    if not bundle.knows_purchases:  # a ready table
        del answers["next_purchase"]
    return [
        LoggedModel(name, stage.SERVED, rows, answer(bundle, rows))
        for name, answer in answers.items()
    ]


def content_key(files: list[Path], texts: list[str]) -> str:
    """Sixteen hex digits that identify everything the run would log."""
    digest = hashlib.sha256()
    for part in (*(path.read_bytes() for path in files), *(text.encode() for text in texts)):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    stage.run(main)
