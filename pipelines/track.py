"""Stage `track`: logs this run to MLflow, once for each content."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files import MANIFEST, read_json, write_json
from models.training.ladder import Rung
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import read_snapshots
from pipelines.served import read_served
from pipelines.tracking.mlflow_process import STORE_FILE, attempt, set_aside

if TYPE_CHECKING:
    from pipelines.tracking.store import LoggedModel

TRACK = stage.DATA / "track.json"
PENDING = "pending"


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
            f"{STORE_FILE} beside it"
        )
    tried = attempt("pipelines.track", "--now")
    if tried.done:
        stage.say(tried.told)
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
        stage.TIMELINE,
        *sorted(stage.PLOTS.glob("*.csv")),
        *sorted(stage.REPORTS.glob("*.png")),
    ]
    manifest = read_json(stage.RELEASE / MANIFEST)
    key = content_key(files, [str(params), str(manifest["files"])])
    return Run(params, files, manifest, key)


def record() -> None:
    """Log the run unless a run with the same content was logged before."""
    # MLflow takes seconds to import, and may be the very thing that is broken.
    from pipelines.tracking.store import git_commit, log_run, open_tracking_store, run_of

    run = this_run()
    open_tracking_store()
    run_id = run_of(run.key)
    if run_id is not None:
        print(f"MLflow has this content already: run {run_id}")
        return
    source, promotion = read_json(stage.SOURCE), read_json(stage.PROMOTION)
    tags = {
        "git_commit": git_commit(),
        "release_id": run.manifest["release_id"],
        # Figures of the trained models; where these were refused, others score.
        "model_version": promotion["challenger"],
        "champion_version": run.manifest["model_version"],
        "promotion": promotion["outcome"],
        "source": source["description"],
        "snapshots_sha256": run.manifest["snapshots_sha256"],
        **{f"source_sha256.{name}": digest for name, digest in source["files"].items()},
    }
    metrics = {
        "churn": read_json(stage.CHURN_METRICS),
        "next_purchase": read_json(stage.NEXT_METRICS),
        "promotion": promotion["figures"] or {},
    }
    facts = {"params": run.params, "tags": tags}
    run_id = log_run(run.key, facts, metrics, run.files, models_to_log())
    print(f"MLflow run {run_id}")


def models_to_log() -> "list[LoggedModel]":
    """The served models, with a few rows of the score date as example; empty for unjudged ones."""
    from pipelines.tracking.logged_models import churn_answer, next_purchase_answer
    from pipelines.tracking.store import LoggedModel

    if not Rung.load(stage.SERVED).is_judged:
        return []
    bundle, _, _ = read_served(stage.SERVED)
    snapshots = read_snapshots()
    rows = snapshots[snapshots["split"] == "score"].head(5).reset_index(drop=True)
    rows = rows[["customer_id", *bundle.churn.reads]]
    answers = {"churn": churn_answer, "next_purchase": next_purchase_answer}
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
