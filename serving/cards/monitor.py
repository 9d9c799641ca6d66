"""The monitor's report: its schema, out of the store, in words, and as a page that stands alone."""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import DBAPIError

from serving.cards.card import MessageKey, Number, Schema, Text
from serving.cards.release import Release
from serving.store.database import unreachable
from serving.store.reading import current_with
from serving.store.tables import releases
from serving.web.problems import ApiProblem
from serving.web.templates import STATIC, templates
from serving.wording.sentences import LANGUAGES, Language, field_label, listing, sentence, written

PART = "monitor"  # of what a release says of itself in the store
Level = Literal["steady", "moved", "drifted"]


class Shift(Schema):
    """How far a distribution lies from that of the rows learned from."""

    psi: Number = Field(description="Population stability index over quantile bins.")
    psi_by_chance: Number = Field(description="What chance alone exceeds once in twenty.")
    level: Level


class ScoreShift(Shift):
    """The churn risk of those scored now, beside that of the rows learned from."""

    mean_then: Number
    mean_now: Number


class FeatureShift(Shift):
    """One feature; typical is the median, of text the most frequent."""

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
    """What became of customers of a past release; figures are null where outcomes are too few."""

    customers: int
    left: int
    expected_to_leave: Number
    auc: Figure | None = None
    capture_at_10: Figure | None = None
    observed_over_expected: Figure | None = None
    calibration_error: Figure | None = None


class ClosedRelease(Schema):
    """A past release whose horizon has closed: what it promised and what became of it."""

    release_id: str
    model_version: str
    as_of_date: dt.date
    horizon_days: int
    closes: dt.date
    promised: dict[str, Figure]
    unknown: int = Field(description="Customers of whom the data knows nothing any more.")
    holdout: int = 0
    untreated_by: Literal["contacts", "plan"] | None = Field(
        default=None,
        description="contacts: no contact within the horizon; plan: without contacts, the holdout "
        "and those for whom nothing was planned.",
    )
    groups: dict[Literal["all", "untreated"], Became]


class LearnedFrom(Schema):
    """The snapshots that the served models learned from."""

    first: dt.date
    last: dt.date
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
    """Drift since training, what past releases came to, and advice."""

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


class PublishedMonitor(Monitor):
    """The report on the published release."""

    release_id: str


def keep_report(engine: Engine, release_id: str, report: Mapping[str, Any]) -> None:
    """Keep the report with a release that is published; it may come later than the release.

    Raises ValueError for a report that breaks the schema, StoreError when the store does not work.
    """
    told = Monitor.model_validate(report, context="publishing").model_dump(mode="json")
    its = releases.c.release_id == release_id
    try:
        with engine.begin() as connection:
            for number, info in connection.execute(
                select(releases.c.number, releases.c.info).where(its)
            ):
                changed = update(releases).where(releases.c.number == number)
                connection.execute(changed.values(info={**info, PART: told}))
    except DBAPIError as error:
        raise unreachable(engine, error) from None


def current_report(engine: Engine, language: Language) -> tuple[Release, PublishedMonitor]:
    """The report on the published release, in words. Raises ApiProblem where it has none."""
    release, found = current_with(engine, PART)
    if found is None:
        raise ApiProblem(
            "no-report",
            f"Release {release.release_id} has no report: a rule ranks in it, as the data is too "
            "little for models (`gate` of /v1/releases/current), or it was never monitored. Run "
            "`make run`, in the first case with more data.",
        )
    told = PublishedMonitor.model_validate({**found, "release_id": release.release_id})
    return release, told.model_copy(update={"advice": in_words(told.advice, language)})


def in_words(advice: Advice, language: Language) -> Advice:
    """The advice with the sentence of each reason."""
    reasons = [one.model_copy(update={"sentence": _said(one, language)}) for one in advice.reasons]
    return advice.model_copy(update={"reasons": reasons})


def _said(reason: AdviceReason, language: Language) -> str:
    values = dict(reason.values)
    if "names" in values:
        values["names"] = listing((field_label(n, language) for n in values["names"]), language)
    return sentence(reason.message_key, language, **values)


def report_page(report: Mapping[str, Any]) -> str:
    """The report as one HTML page in both languages that needs nothing else.

    Without content, where a rule ranks, it says that there is nothing to look at.
    """
    told = Monitor.model_validate(report) if report else None
    parts = [
        {
            "language": language,
            "told": told and told.model_copy(update={"advice": in_words(told.advice, language)}),
            "t": partial(_sentence, language),
            "field": partial(field_label, language=language),
            "show": partial(_written, language),
        }
        for language in LANGUAGES
    ]
    style = (STATIC / "regulars.css").read_text(encoding="utf-8")
    return templates.get_template("monitor_report.html").render(parts=parts, style=style)


def _sentence(language: Language, key: str, **values: Any) -> str:
    return sentence(key, language, **values)


def _written(language: Language, value: Any, kind: str) -> str:
    return written(value, kind, language)
