"""The monitor's report, kept in the store beside the release it describes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select

from serving.cards.card import PUBLISHING
from serving.cards.monitor import Monitor, PublishedMonitor
from serving.cards.release import Release
from serving.store.database import writing
from serving.store.errors import NoReportError
from serving.store.published import write_info
from serving.store.reading import with_part
from serving.store.tables import MONITOR, releases


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
