"""Reads what one stage wrote for later ones."""

import pandas as pd

from core.files import read_json
from features import reading
from features.planning.timeplan import Timeline
from pipelines import stage


def read_snapshots() -> pd.DataFrame:
    """One row per customer and as-of date, all splits."""
    return reading.read_snapshots(stage.SNAPSHOTS)


def read_timeline() -> Timeline:
    """The time plan of this run."""
    return Timeline.from_json(read_json(stage.TIMELINE))
