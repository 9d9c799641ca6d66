"""Publish the release into the store that the API and the page read: `python -m pipelines.publish`.

A command, not a stage: an experiment (`dvc exp run`) never reaches a manager.
"""

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from models.artifacts import MANIFEST, read_json
from models.promotion import EVALUATED, FORMER, MODELS, version
from pipelines import stage
from pipelines.promote import REPORTS
from pipelines.release import swap
from serving.monitoring import keep_report
from serving.publishing import publish
from serving.settings import load_settings
from serving.store import describe, open_store
from sources.errors import EnvironmentProblem


def main() -> None:
    """Publish `data/release/`, and move the alias `champion` to its models.

    Raises EnvironmentProblem when there is no release yet.
    """
    if not stage.RELEASE.exists():
        raise EnvironmentProblem("There is no release to publish yet: run `make run`.")
    settings = load_settings()
    engine = open_store(settings.store_url)
    done = publish(stage.RELEASE, engine, settings.keep_releases, _move_champion)
    keep_champion()
    keep_monitor(engine, done.release_id)
    if done.outcome == "unchanged":
        stage.say(f"release {done.release_id} is the published one already")
        return
    stage.say(f"release {done.release_id} {done.outcome}: {done.cards:,} cards")
    stage.say(f"store {describe(engine)}")
    if done.removed:
        stage.say(f"let go, beyond the newest {settings.keep_releases}: {', '.join(done.removed)}")


def keep_monitor(engine: Engine, release_id: str) -> None:
    """The monitor's report beside the release: it is newer when a past release has closed."""
    if stage.MONITOR.exists():
        report = read_json(stage.MONITOR)
        if report.get("model_version") == read_json(stage.RELEASE / MANIFEST)["model_version"]:
            keep_report(engine, release_id, report)


def keep_champion() -> None:
    """Copy what the published release scores with to `store/champion`, whole or not at all.

    There the next run finds what its models have to be compared with (stage `promote`).
    """
    if not (stage.RELEASE / EVALUATED).exists():
        return  # a release of older code, or one without models
    if stage.PUBLISHED.exists() and all(
        read_json(stage.PUBLISHED / folder / MANIFEST)
        == read_json(stage.RELEASE / folder / MANIFEST)
        for folder in (MODELS, EVALUATED)
    ):
        return
    new = stage.PUBLISHED.with_name(".champion-new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in (MODELS, EVALUATED):
        shutil.copytree(stage.RELEASE / folder, new / folder)
    _keep_former(new / FORMER)
    (new / REPORTS).mkdir()
    for report in (stage.EVALUATION, stage.MODEL_CARD, stage.PROMOTION):
        shutil.copy(stage.RELEASE / REPORTS / report.name, new / REPORTS)
    stage.sync(new)
    swap(new, stage.PUBLISHED)


def _keep_former(folder: Path) -> None:
    """Why each model that scored before took over, by its version: a kilobyte a champion."""
    folder.mkdir()
    if not stage.PUBLISHED.exists():
        return
    if (stage.PUBLISHED / FORMER).exists():
        shutil.copytree(stage.PUBLISHED / FORMER, folder, dirs_exist_ok=True)
    former, now = (
        version(read_json(one / MODELS / MANIFEST)) for one in (stage.PUBLISHED, stage.RELEASE)
    )
    told = stage.PUBLISHED / REPORTS / stage.PROMOTION.name
    if told.exists() and former != now:
        shutil.copy(told, folder / f"{former}.json")


def _move_champion(manifest: dict[str, Any]) -> None:
    if manifest.get("gate"):
        stage.say("a rule scores: the alias champion stays where it is")
        return
    # MLflow takes seconds to import, and nothing of it is needed when nothing changed.
    from pipelines.tracking import open_store as open_mlflow
    from pipelines.tracking import set_champion

    open_mlflow()
    moved = set_champion(manifest["model_version"])
    said = ", ".join(f"{name} {version}" for name, version in sorted(moved.items()))
    nowhere = "MLflow here knows no run of these models: the alias champion stays where it is"
    stage.say(f"champion: {said}" if moved else nowhere)


if __name__ == "__main__":
    stage.run(main)
