"""The sections `extensions`, `task` and `timeline` of params.yaml."""

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt

from core.params import NonNegativeDays, Params, PositiveDays
from sources.contract import COLUMN

Auto = Literal["auto"]
AskedChurn = Literal["lapse", "cancellation"]
# label: a ready table says who left; no history is looked at.
Churn = Literal[AskedChurn, "label"]
LABEL: Churn = "label"
ATTRIBUTE = "attribute_"  # begins the name of a feature that is a column of the customers table
OWN = "own_"  # begins the name of a feature that the company's own code defines
EVENT = "event_"  # begins the name of a feature of events of the company's own kinds
# What begins features whose whole name is a column of the user's.
OWN_NAMES = (ATTRIBUTE, COLUMN)


class ExtensionParams(Params):
    """Section `extensions`: code of the company's own."""

    folder: Path | None = None


class TaskParams(Params):
    """Section `task`: what is predicted, for whom, how far ahead (days)."""

    churn: AskedChurn
    horizon_days: PositiveDays | Auto
    active_within_days: PositiveDays | Auto
    value_horizon_days: PositiveDays | Auto
    grace_days: NonNegativeDays = 0


class TimelineParams(Params):
    """Section `timeline`: the as-of dates and how they are split."""

    step_days: PositiveDays
    snapshots: PositiveInt | Auto
    validation_snapshots: PositiveInt = 2
    test_snapshots: PositiveInt = 2
    test_as_of_dates: tuple[date, ...] = ()
    score_as_of: date | Auto = Field(default="auto")
