"""What one stage wrote and later ones read."""

import pandas as pd

from features import building
from features.timeplan import Timeline
from models.artifacts import check_manifest, digest, read_json
from models.reasons import Explainer
from models.training import Bundle
from pipelines import stage


def read_snapshots() -> pd.DataFrame:
    """One row per customer and as-of date, all splits."""
    return building.read_snapshots(stage.SNAPSHOTS)


def read_timeline() -> Timeline:
    """The time plan of this run."""
    return Timeline.from_json(read_json(stage.TIMELINE))


def read_served() -> tuple[Bundle, Explainer, str]:
    """The served models, their explainer and the model version (from the files' own hashes)."""
    manifest = check_manifest(stage.SERVED)
    return Bundle.load(stage.SERVED), Explainer.load(stage.SERVED), version_of(manifest)


def version_of(manifest: dict[str, dict[str, str]]) -> str:
    """Twelve hex digits that change when any file of the models changes."""
    return digest(manifest["files"])[:12]
