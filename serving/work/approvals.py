"""A lead's yes to the plan of a release: given, withdrawn, and told to everybody."""

from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from serving.cards.planned import Approval, PlanApproval, dated
from serving.cards.release import Release
from serving.people.audit import note as noted
from serving.store.database import writing
from serving.store.errors import PlanDecidedError
from serving.store.page_tables import plan_approvals
from serving.store.published import find_release
from serving.store.reading import explained
from serving.store.reports import refuse_without_plan
from serving.store.visible import visible_owners

TABLE = plan_approvals
MOST = 100  # approvals of one release that are told
LONGEST_NOTE = 2_000  # characters


def approval_of(engine: Engine, release: str | None = None) -> tuple[Release, PlanApproval]:
    """Whether the plan of a release is approved.

    Raises NoPlanError where nothing is planned, and as `current`.
    """
    try:
        with engine.connect() as connection:
            its = find_release(connection, release).release
            refuse_without_plan(its)
            return its, _told(connection, its)
    except DBAPIError as error:
        raise explained(engine, error) from None


def is_approved(engine: Engine, release: Release) -> bool | None:
    """Whether the plan of a release is approved; None where nothing is planned."""
    if release.gate is not None:
        return None
    try:
        with engine.connect() as connection:
            return _in_force(connection, release.release_id) is not None
    except DBAPIError as error:
        raise explained(engine, error) from None


def approve(engine: Engine, release_id: str, who: str, note: str | None) -> PlanApproval:
    """Approve the plan of the release, which has to be the current one.

    Raises PlanDecidedError where somebody was faster, or a newer plan has been published; then
    nothing changes. NoPlanError where nothing is planned.
    """
    with writing(engine) as connection:
        current = find_release(connection).release
        refuse_without_plan(current)
        if current.release_id != release_id:
            raise PlanDecidedError(
                f"Release {release_id!r} is not the current one, which is {current.release_id}: "
                "look at its plan first. Nothing was approved."
            )
        found = _in_force(connection, release_id)
        if found is not None:
            raise PlanDecidedError(
                f"The plan of release {release_id} was approved by {found.approved_by} already."
            )
        given = {
            "release_id": release_id,
            "approved_at": utc_now(),
            "approved_by": who,
            "note": note,
        }
        connection.execute(insert(TABLE).values(**given))
        noted(connection, who, "approved the plan", f"release {release_id}")
        return _told(connection, current)


def withdraw(engine: Engine, number: int, who: str) -> PlanApproval:
    """Withdraw an approval that is in force, and tell what holds for its release now.

    Raises PlanDecidedError for one that was withdrawn before, or never given.
    """
    with writing(engine) as connection:
        release_id = connection.scalar(
            update(TABLE)
            .where(TABLE.c.number == number, TABLE.c.withdrawn_at.is_(None))
            .values(withdrawn_at=utc_now(), withdrawn_by=who)
            .returning(TABLE.c.release_id)
        )
        if release_id is None:
            raise PlanDecidedError(f"There is no approval {number} in force: it was withdrawn.")
        noted(connection, who, "withdrew the approval of the plan", f"release {release_id}")
        return _told(connection, find_release(connection, release_id).release)


def _told(connection: Connection, release: Release) -> PlanApproval:
    its = TABLE.c.release_id == release.release_id
    newest = select(TABLE).where(its).order_by(TABLE.c.number.desc()).limit(MOST)
    found = [_approval(row) for row in connection.execute(newest)]
    if visible_owners(connection) is not None:  # a note on the whole plan may name any customer
        found = [one.model_copy(update={"note": None}) for one in found]
    in_force = next((one for one in found if one.withdrawn_at is None), None)
    return PlanApproval.model_validate(
        {
            **release.stamp(),
            "is_approved": in_force is not None,
            "approval": in_force,
            "withdrawn": [one for one in found if one.withdrawn_at is not None],
        }
    )


def _in_force(connection: Connection, release_id: str) -> Approval | None:
    its = (TABLE.c.release_id == release_id) & TABLE.c.withdrawn_at.is_(None)
    row = connection.execute(select(TABLE).where(its)).first()
    return None if row is None else _approval(row)


def _approval(row: Any) -> Approval:
    values = dict(row._mapping)
    for name in ("approved_at", "withdrawn_at"):
        values[name] = values[name] and dated(values[name])
    return Approval.model_validate(values)
