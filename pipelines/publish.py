"""Publishes the release into the store that serving reads: `python -m pipelines.publish`.

It is a command and not a stage, so that an experiment (`dvc exp run`) never reaches a manager.
"""

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.errors import EnvironmentProblem
from core.files import MANIFEST, read_json, version, write_json
from features.planning.rungs import UNJUDGED
from models.watching.promotion import EVALUATED, FORMER, MODELS
from pipelines import stage
from pipelines.promote import REPORTS
from pipelines.release import swap
from pipelines.track import is_pending
from pipelines.tracking.mlflow_process import attempt, is_there
from serving.live.anew import bring_up_to_date
from serving.live.basis import FOLDER, Basis
from serving.live.scoring import LiveScorer
from serving.settings import load_settings
from serving.store.database import describe, open_store
from serving.store.missed import keep_missed
from serving.store.publishing import publish
from serving.store.reports import keep_report
from serving.work.outcomes import has_events


def main() -> None:
    """Publish `data/release/`, and move the alias `champion` to its models.

    Raises EnvironmentProblem when there is no release yet.
    """
    if not stage.RELEASE.exists():
        raise EnvironmentProblem("There is no release to publish yet: run `make run`.")
    settings = load_settings()
    engine = open_store(settings.store_url, read_only=settings.read_only)
    scorer = live_models(engine)
    done = publish(stage.RELEASE, engine, settings.keep_releases)
    if scorer is not None:
        made = bring_up_to_date(engine, scorer).made
        stage.say(f"{made:,} cards made anew with what was told since the data ends")
    keep_champion()
    keep_monitor(engine, done.release_id)
    if done.outcome == "unchanged":
        stage.say(f"release {done.release_id} is the published one already")
        move_champion(read_json(stage.RELEASE / MANIFEST))
        return
    stage.say(f"release {done.release_id} {done.outcome}: {done.cards:,} cards")
    stage.say(f"store {describe(engine)}")
    if done.removed:
        stage.say(f"let go, beyond the newest {settings.keep_releases}: {', '.join(done.removed)}")
    move_champion(read_json(stage.RELEASE / MANIFEST))


def live_models(engine: Engine) -> LiveScorer | None:
    """The models of the release, loaded before it is published: no reader waits for them.

    None where nothing was told as it happened, or histories cannot be scored with this release.
    """
    if not has_events(engine) or not (stage.RELEASE / FOLDER).exists():
        return None
    if Basis.load(stage.RELEASE / FOLDER).why_not is not None:
        return None
    return LiveScorer(stage.RELEASE, read_json(stage.RELEASE / MANIFEST)["release_id"])


def keep_monitor(engine: Engine, release_id: str) -> None:
    """Keep the monitor's reports beside the release; newer when a past release has closed."""
    if stage.MONITOR.exists():
        report = read_json(stage.MONITOR)
        if report.get("model_version") == read_json(stage.RELEASE / MANIFEST)["model_version"]:
            keep_report(engine, release_id, report)
            if stage.MISSED.exists():
                keep_missed(engine, release_id, read_json(stage.MISSED), stage.MISSED_CUSTOMERS)


def keep_champion() -> None:
    """Copy the models of the published release to `store/champion`, whole or not at all.

    There the next run finds the models that its own are compared with (stage `promote`).
    """
    if not (stage.RELEASE / EVALUATED).exists():
        return  # a release of older code, or one without models
    if stage.PUBLISHED_CHAMPION.exists() and all(
        read_json(stage.PUBLISHED_CHAMPION / folder / MANIFEST)
        == read_json(stage.RELEASE / folder / MANIFEST)
        for folder in (MODELS, EVALUATED)
    ):
        return
    new = stage.PUBLISHED_CHAMPION.with_name(".champion-new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in (MODELS, EVALUATED):
        shutil.copytree(stage.RELEASE / folder, new / folder)
    _keep_former(new / FORMER)
    (new / REPORTS).mkdir()
    for report in (stage.EVALUATION, stage.MODEL_CARD, stage.PROMOTION):
        shutil.copy(stage.RELEASE / REPORTS / report.name, new / REPORTS)
    stage.sync(new)
    swap(new, stage.PUBLISHED_CHAMPION)


def _keep_former(folder: Path) -> None:
    """Keep why each earlier champion took over, by version: about a kilobyte each."""
    folder.mkdir()
    if not stage.PUBLISHED_CHAMPION.exists():
        return
    if (stage.PUBLISHED_CHAMPION / FORMER).exists():
        shutil.copytree(stage.PUBLISHED_CHAMPION / FORMER, folder, dirs_exist_ok=True)
    former, now = (
        version(read_json(folder_of_models / MODELS / MANIFEST))
        for folder_of_models in (stage.PUBLISHED_CHAMPION, stage.RELEASE)
    )
    promotion = stage.PUBLISHED_CHAMPION / REPORTS / stage.PROMOTION.name
    if promotion.exists() and former != now:
        shutil.copy(promotion, folder / f"{former}.json")


def move_champion(manifest: dict[str, Any]) -> None:
    """Move MLflow's alias `champion` to the models of the published release.

    Only once for each version, as MLflow takes seconds to start. Where the alias cannot be moved,
    the release stands nevertheless, and the next `make run` tries again.
    """
    if manifest.get("ladder", {}).get("rung", 1) >= UNJUDGED:
        return  # nothing has judged the models: the alias stays where it is
    moved_to = {"model_version": manifest["model_version"]}
    if stage.ALIAS.exists() and read_json(stage.ALIAS) == moved_to:
        return
    nowhere = "MLflow here knows no run of these models: the alias champion stays where it is"
    if not is_there():
        stage.say(nowhere)
    else:
        tried = attempt("pipelines.tracking.move_champion", manifest["model_version"])
        if not tried.done:
            stage.say(
                f"MLflow's alias champion was not moved: {tried.told} The release does not wait "
                "for it; the next `make run` moves it."
            )
            return
        stage.say(f"champion: {tried.told}" if tried.told else nowhere)
    if not is_pending():
        write_json(stage.ALIAS, moved_to)


if __name__ == "__main__":
    stage.run(main)
