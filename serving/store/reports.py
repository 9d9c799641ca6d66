"""The monitor's report, kept in the store beside the release it describes."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import DBAPIError

from serving.cards.card import PUBLISHING
from serving.cards.monitor import Monitor, PublishedMonitor
from serving.cards.release import Release
from serving.store.database import unreachable
from serving.store.errors import NoReportError
from serving.store.reading import current_with
from serving.store.tables import MONITOR, releases


def keep_report(engine: Engine, release_id: str, report: Mapping[str, Any]) -> None:
    """Keep the report with a release that is published; it may come later than the release.

    Raises ValueError for a report that breaks the schema, StoreError when the store does not work.
    """
    checked = Monitor.model_validate(report, context=PUBLISHING).model_dump(mode="json")
    its = releases.c.release_id == release_id
    try:
        with engine.begin() as connection:
            for number, info in connection.execute(
                select(releases.c.number, releases.c.info).where(its)
            ):
                changed = update(releases).where(releases.c.number == number)
                connection.execute(changed.values(info={**info, MONITOR: checked}))
    except DBAPIError as error:
        raise unreachable(engine, error) from None


def current_report(engine: Engine) -> tuple[Release, PublishedMonitor]:
    """The report on the published release, without sentences. Raises NoReportError without one."""
    release, found = current_with(engine, MONITOR)
    if found is None:
        raise NoReportError(
            f"Release {release.release_id} has no report: a rule ranks in it, as the data is too "
            "little for models (`gate` of /v1/releases/current), or it was never monitored. Run "
            "`make run`, in the first case with more data.",
        )
    return release, PublishedMonitor.model_validate({**found, "release_id": release.release_id})
