"""The monitor's report, as the API returns it."""

import datetime as dt
from typing import Any

from pydantic import Field

from serving.cards.codes import DriftLevel, Group, UntreatedBy
from serving.cards.parts import (
    MessageKey,
    Number,
    Schema,
    Text,
)
from serving.cards.release import Stamp


class Shift(Schema):
    """How far a distribution lies from that of the rows learned from."""

    psi: Number = Field(description="Population stability index over quantile bins.")
    psi_by_chance: Number = Field(description="What chance alone exceeds once in twenty.")
    level: DriftLevel


class ScoreShift(Shift):
    """The churn risk of the customers scored now, beside that of the rows learned from."""

    mean_then: Number
    mean_now: Number


class FeatureShift(Shift):
    """One feature; its typical value is the median, or the most frequent text."""

    feature: Text
    gain_share: Number = Field(description="Share of the trees' gain: how much hangs on it.")
    typical_then: Number | Text | None
    typical_now: Number | Text | None
    missing_then: Number
    missing_now: Number


class Drifted(Schema):
    """The features that have drifted, together."""

    features: int
    gain_share: Number


class Figure(Schema):
    """A figure with its 95 % interval."""

    value: Number
    low: Number
    high: Number


class Became(Schema):
    """What happened to customers of a past release; figures are null where outcomes are too few."""

    customers: int
    left: int
    expected_to_leave: Number
    auc: Figure | None = None
    capture_at_10: Figure | None = None
    observed_over_expected: Figure | None = None
    calibration_error: Figure | None = None


class ClosedRelease(Schema):
    """A past release whose horizon has closed: what it predicted and what happened."""

    release_id: str
    model_version: str
    as_of_date: dt.date
    horizon_days: int
    closes: dt.date
    promised: dict[str, Figure]
    unknown: int = Field(description="Customers of whom the data knows nothing any more.")
    holdout: int = 0
    untreated_by: UntreatedBy | None = Field(
        default=None,
        description="contacts: no contact within the horizon; plan: without contacts, the holdout "
        "and those for whom nothing was planned.",
    )
    groups: dict[Group, Became]


class LearnedFrom(Schema):
    """The snapshots that the served models learned from; without dates if the label has none."""

    first: dt.date | None
    last: dt.date | None
    dates: int
    customers: int


class AdviceReason(Schema):
    """Which figure crossed which limit."""

    message_key: MessageKey
    values: dict[str, Any]
    sentence: str = ""


class Advice(Schema):
    """Whether to retrain, and why."""

    retrain: bool
    reasons: list[AdviceReason]
    newly_closed: bool = Field(
        default=True,
        description="Whether outcomes have closed since the models learned. Without any, drift is "
        "no reason to retrain: there is nothing new to learn from.",
    )


class Monitor(Schema):
    """Drift since training, how past releases turned out, and advice."""

    as_of_date: dt.date
    data_until: dt.date
    model_version: str
    customers: int
    learned_from: LearnedFrom | None = Field(
        description="Null, as are score and drifted, where the data holds no closed outcome."
    )
    score: ScoreShift | None
    features: list[FeatureShift]
    drifted: Drifted | None
    releases: list[ClosedRelease]
    next_closes: dt.date = Field(description="Judged next, once the data reaches this day.")
    advice: Advice


class PublishedMonitor(Stamp, Monitor):
    """The report on a release."""
