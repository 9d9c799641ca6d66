"""Stage `track`: what this run was, into MLflow; once for each content."""

import hashlib
from pathlib import Path

from models.artifacts import MANIFEST, read_json, write_json
from models.rule import Rule
from pipelines import stage
from pipelines.logged_models import churn_answer, next_purchase_answer
from pipelines.params import load_params
from pipelines.reading import read_served, read_snapshots
from pipelines.tracking import LoggedModel, git_commit, log_run, open_store, run_of

TRACK = stage.DATA / "track.json"


def main() -> None:
    """Log the run unless a run with the same content was logged before."""
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
    promotion = read_json(stage.PROMOTION)
    key = content_key(files, [str(params), str(manifest["files"])])
    open_store()
    run_id = run_of(key)
    if run_id is None:
        source = read_json(stage.SOURCE)
        tags = {
            "git_commit": git_commit(),
            "release_id": manifest["release_id"],
            # Of the models that were trained; where they were refused, others score.
            "model_version": promotion["challenger"],
            "champion_version": manifest["model_version"],
            "promotion": promotion["outcome"],
            "source": source["description"],
            "snapshots_sha256": manifest["snapshots_sha256"],
            **{f"source_sha256.{name}": digest for name, digest in source["files"].items()},
        }
        metrics = {
            "churn": read_json(stage.CHURN_METRICS),
            "next_purchase": read_json(stage.NEXT_METRICS),
            "promotion": promotion["figures"] or {},
        }
        facts = {"params": params, "tags": tags}
        run_id = log_run(key, facts, metrics, files, models_to_log())
        stage.say(f"MLflow run {run_id}")
    else:
        stage.say(f"MLflow has this content already: run {run_id}")
    # Not the run's own id: the same content leaves the same file, and so the same dvc.lock.
    write_json(TRACK, {"content_key": key})


def models_to_log() -> list[LoggedModel]:
    """The served models with a few rows of the score date as their example; none of a rule."""
    if Rule.load(stage.SERVED) is not None:
        return []
    bundle, _, _ = read_served(stage.SERVED)
    snapshots = read_snapshots()
    rows = snapshots[snapshots["split"] == "score"].head(5).reset_index(drop=True)
    rows = rows[["customer_id", *bundle.churn.features]]
    answers = {"churn": churn_answer, "next_purchase": next_purchase_answer}
    return [
        LoggedModel(name, stage.SERVED, rows, answer(bundle, rows))
        for name, answer in answers.items()
    ]


def content_key(files: list[Path], texts: list[str]) -> str:
    """Sixteen hex digits of everything the run would log."""
    digest = hashlib.sha256()
    for part in (*(path.read_bytes() for path in files), *(text.encode() for text in texts)):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    stage.run(main)
