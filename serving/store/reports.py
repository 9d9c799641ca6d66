"""Reports in the store beside the release they describe: the monitor's, the plan's curves."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select

from serving.cards.effects import Effects
from serving.cards.monitor import Monitor, PublishedMonitor
from serving.cards.parts import (
    PUBLISHING,
)
from serving.cards.plan import PlanCurves
from serving.cards.planned import PlanContents
from serving.cards.release import Release
from serving.store.database import writing
from serving.store.errors import NoPlanError, NoReportError
from serving.store.published import write_info
from serving.store.reading import with_part
from serving.store.tables import EFFECTS, MONITOR, PLAN_CONTENTS, PLAN_CURVES, releases


def keep_report(engine: Engine, release_id: str, report: Mapping[str, Any]) -> None:
    """Keep the report with a release that is published; it may come later than the release.

    Raises ValueError for a report that breaks the schema, StoreError when the store does not work.
    """
    checked = Monitor.model_validate(report, context=PUBLISHING).model_dump(mode="json")
    its = releases.c.release_id == release_id
    with writing(engine) as connection:
        found = connection.execute(select(releases.c.number, releases.c.info).where(its)).all()
        for number, info in found:
            write_info(connection, number, {**info, MONITOR: checked})


def current_report(engine: Engine, release: str | None = None) -> tuple[Release, PublishedMonitor]:
    """The report on a release, without sentences. Raises NoReportError without one.

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    its, found = with_part(engine, MONITOR, release)
    if found is None:
        raise NoReportError(
            f"Release {its.release_id} has no report: a rule ranks in it, as the data is too "
            "little for models (`gate` of /v1/releases/current), or it was never monitored. Run "
            "`make run`, in the first case with more data.",
        )
    return its, PublishedMonitor.model_validate({**found, **its.stamp()})


# Why no plan tells gains, and what to do about it.
NO_GAINS = {
    "no_money": "its data has no amounts, or amounts in several currencies (source.exchange).",
    "no_margin": "actions.margin_rate is null in params.yaml: set it, and run `make run`.",
    "no_currency": "nothing says in which currency its amounts are: set source.currency in "
    "params.yaml, and run `make run`.",
}


def plan_curves(engine: Engine, release: str | None = None) -> tuple[Release, PlanCurves]:
    """The plan of a release with its curves. Raises NoPlanError where no plan tells gains.

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    its, found = with_part(engine, PLAN_CURVES, release)
    if found is None:
        raise NoPlanError(
            f"Release {its.release_id} was published before plans were kept: publish a newer one."
        )
    kept = PlanCurves.model_validate(found)
    refuse_without_plan(its)
    if kept.no_gains is not None:
        raise NoPlanError(
            f"Release {its.release_id} has no plan that tells gains: {NO_GAINS[kept.no_gains]}"
        )
    return its, kept


def plan_contents(
    engine: Engine, release: str | None = None
) -> tuple[Release, PlanContents | None]:
    """Who is offered what in a release; None in a release of older code.

    Raises NoPlanError where a rule ranks: then nothing is planned. NoReleaseError and
    ReleaseNotFoundError as `current`.
    """
    its, found = with_part(engine, PLAN_CONTENTS, release)
    refuse_without_plan(its)
    return its, None if found is None else PlanContents.model_validate(found)


def kept_effects(engine: Engine, release: str | None = None) -> tuple[Release, Effects | None]:
    """What actions did by a release; None in a release of older code.

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    its, found = with_part(engine, EFFECTS, release)
    return its, None if found is None else Effects.model_validate(found)


def refuse_without_plan(release: Release) -> None:
    """Raises NoPlanError where a rule ranks, and nothing is planned."""
    if release.gate is not None:
        raise NoPlanError(
            f"Release {release.release_id} has no plan: a rule ranks in it, as the data is too "
            "little for models (`gate` of /v1/releases/current). Run `make run` with more data."
        )
