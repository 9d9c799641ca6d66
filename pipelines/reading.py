"""What one stage wrote and later ones read."""

from pathlib import Path

import pandas as pd

from core.files import check_manifest, read_json, version
from features import building
from features.planning.timeplan import Timeline
from models.bundle import Bundle
from models.churn.reasons import Explainer
from pipelines import stage


def read_snapshots() -> pd.DataFrame:
    """One row per customer and as-of date, all splits."""
    return building.read_snapshots(stage.SNAPSHOTS)


def read_timeline() -> Timeline:
    """The time plan of this run."""
    return Timeline.from_json(read_json(stage.TIMELINE))


def read_served(folder: Path) -> tuple[Bundle, Explainer, str]:
    """The served models in a folder, their explainer and their version (from the files' hashes)."""
    manifest = check_manifest(folder)
    return Bundle.load(folder), Explainer.load(folder), version(manifest)
