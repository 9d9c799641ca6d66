"""Relationship plans: what the company wants with a customer, who answers for it, the next steps.

Two who change a plan at once: the first one's change counts, the second is told. What is done or
dropped can be undone; a duty that repeats makes its next step when it is done, and undoing that
takes the next step back while nobody has touched it.
"""

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from serving.cards.key_customers import (
    MovedStep,
    NewPlan,
    NewStep,
    RelationshipPlan,
    Step,
)
from serving.cards.stored import Card
from serving.people.audit import customer, note
from serving.store.database import writing
from serving.store.errors import KeyCustomerChangedError, StepNotFoundError, UnknownNameError
from serving.store.page_tables import relationship_plans, relationship_steps
from serving.store.past import COMPANY
from serving.store.published import Found, find_release
from serving.store.reading import explained, one_card
from serving.work.answering import owner_of
from serving.work.assignees import assignees

PLANS, STEPS = relationship_plans, relationship_steps
LATELY = 20  # steps that were done or dropped, which are told


def plan_of(engine: Engine, customer_id: str) -> RelationshipPlan:
    """The plan of a customer whom this reader sees. Raises CustomerNotFoundError."""
    _, card = one_card(engine, customer_id, False)
    try:
        with engine.connect() as connection:
            return _told(connection, find_release(connection), card)
    except DBAPIError as error:
        raise explained(engine, error) from None


def change_plan(engine: Engine, customer_id: str, new: NewPlan, who: str) -> RelationshipPlan:
    """Set goal, level, owner and duties.

    Raises KeyCustomerChangedError where somebody was faster, UnknownNameError for an owner who is
    nobody here, CustomerNotFoundError.
    """
    _, card = one_card(engine, customer_id, False)
    with writing(engine) as connection:
        found = find_release(connection)
        its = _key(connection, found, customer_id)
        row = _plan_row(connection, its)
        version = row["version"] if row else 0
        values = {
            "owner": _clean(new.owner),
            "goal": _clean(new.goal),
            "level": new.level,
            "duties": "\n".join(lines_of(new.duties)) or None,
        }
        if version != new.version:
            if row and row["changed_by"] == who and all(row[n] == v for n, v in values.items()):
                return _told(connection, found, card)  # the same once more
            raise KeyCustomerChangedError(
                f"The plan of customer {customer_id!r} was changed meanwhile, by "
                f"{row['changed_by'] if row else 'an erasure'}: read it again. Nothing was changed."
            )
        if values["owner"] != (row and row["owner"]):
            _refuse_unknown(connection, found, values["owner"], card["owner"])
        changed = {**values, "changed_at": utc_now(), "changed_by": who, "version": version + 1}
        if row is None:
            connection.execute(insert(PLANS).values(**its, **changed))
        else:
            connection.execute(_of(update(PLANS), PLANS, its).values(**changed))
        note(connection, who, "changed a plan", customer(connection, customer_id))
        return _told(connection, found, card)


def add_step(engine: Engine, customer_id: str, new: NewStep, who: str) -> RelationshipPlan:
    """Agree on a step; one that is the same and still open is not added twice.

    Raises CustomerNotFoundError.
    """
    _, card = one_card(engine, customer_id, False)
    with writing(engine) as connection:
        found = find_release(connection)
        agreed = {
            **_key(connection, found, customer_id),
            "what": " ".join(new.what.split()),
            "due_on": new.due_on,
            "responsible": _clean(new.responsible),
            "repeat_days": new.repeat_days,
        }
        same = _of(select(STEPS.c.number), STEPS, agreed)
        is_open = (STEPS.c.done_at.is_(None), STEPS.c.dropped_at.is_(None))
        if connection.execute(same.where(*is_open)).first():
            return _told(connection, found, card)
        connection.execute(insert(STEPS).values(**agreed, added_at=utc_now(), added_by=who))
        note(connection, who, "added a step", customer(connection, customer_id))
        return _told(connection, found, card)


def move_step(
    engine: Engine, customer_id: str, number: int, moved: MovedStep, who: str
) -> RelationshipPlan:
    """Say that a step is done, or drop it, or take that back.

    Raises StepNotFoundError, KeyCustomerChangedError where it is no longer as the move needs it.
    """
    _, card = one_card(engine, customer_id, False)
    with writing(engine) as connection:
        found = find_release(connection)
        its = _key(connection, found, customer_id)
        query = _of(select(STEPS), STEPS, its).where(STEPS.c.number == number)
        row = connection.execute(query).mappings().first()
        if row is None:
            raise StepNotFoundError(f"Customer {customer_id!r} has no step {number}.")
        is_open = row["done_at"] is None and row["dropped_at"] is None
        if is_open == (moved.move == "undo"):
            now = "open" if is_open else "done" if row["done_at"] else "dropped"
            raise KeyCustomerChangedError(f"Step {number} is {now} already. Nothing was changed.")
        connection.execute(
            update(STEPS)
            .where(STEPS.c.number == number)
            .values(**_moved(connection, row, moved, who))
        )
        said = {"done": "did a step", "drop": "dropped a step", "undo": "undid a step"}
        note(connection, who, said[moved.move], customer(connection, customer_id))
        return _told(connection, found, card)


def step_of(row: Any, today: dt.date) -> Step:
    """A row of the steps as it is told."""
    is_open = row["done_at"] is None and row["dropped_at"] is None
    times = {name: _in_utc(row[name]) for name in ("done_at", "dropped_at")}
    own = {name: row[name] for name in Step.model_fields if name in row and name not in times}
    return Step.model_validate({**own, **times, "is_overdue": is_open and row["due_on"] < today})


def _moved(connection: Connection, row: Any, moved: MovedStep, who: str) -> dict[str, Any]:
    """The columns of a step after a move; a duty that repeats gets its next step, or loses it."""
    now = utc_now()
    same = ("company", "customer_id", "what", "responsible", "repeat_days")
    if moved.move == "drop":
        return {"dropped_at": now, "dropped_by": who}
    if moved.move == "done":
        if row["repeat_days"]:
            following = {
                **{name: row[name] for name in same},
                "due_on": now.date() + dt.timedelta(days=row["repeat_days"]),
                "added_at": now,
                "added_by": who,
            }
            connection.execute(insert(STEPS).values(**following))
        return {"done_at": now, "done_by": who}
    if row["done_at"] is not None and row["repeat_days"]:
        its = [STEPS.c[name] == row[name] for name in same if row[name] is not None]
        untouched = (STEPS.c.done_at.is_(None), STEPS.c.dropped_at.is_(None))
        made = (STEPS.c.added_at == row["done_at"], STEPS.c.number != row["number"])
        connection.execute(delete(STEPS).where(*its, *untouched, *made))
    return dict.fromkeys(("done_at", "done_by", "dropped_at", "dropped_by"))


def _told(connection: Connection, found: Found, card: Card) -> RelationshipPlan:
    its = _key(connection, found, card["customer_id"])
    row = _plan_row(connection, its) or {}
    today = utc_now().date()
    steps = [
        step_of(step, today)
        for step in connection.execute(_of(select(STEPS), STEPS, its)).mappings().all()
    ]
    settled = [step for step in steps if step.done_at or step.dropped_at]
    settled.sort(key=lambda step: str(step.done_at or step.dropped_at), reverse=True)
    still_open = [step for step in steps if not (step.done_at or step.dropped_at)]
    still_open.sort(key=lambda step: (step.due_on, step.number))
    return RelationshipPlan(
        **found.release.stamp(),
        customer_id=card["customer_id"],
        owner=owner_of(row.get("owner"), card["owner"]),
        planned_owner=row.get("owner"),
        goal=row.get("goal"),
        level=row.get("level"),
        duties=lines_of(row.get("duties")),
        version=row.get("version", 0),
        changed_at=_in_utc(row.get("changed_at")),
        changed_by=row.get("changed_by"),
        steps=[*still_open, *settled[:LATELY]],
    )


def _key(connection: Connection, found: Found, customer_id: str) -> dict[str, str]:
    return {"company": found.part(connection, COMPANY) or "", "customer_id": customer_id}


def _of(query: Any, table: Any, its: dict[str, Any]) -> Any:
    return query.where(*(table.c[name] == value for name, value in its.items()))


def _plan_row(connection: Connection, its: dict[str, str]) -> Any:
    return connection.execute(_of(select(PLANS), PLANS, its)).mappings().first()


def _refuse_unknown(
    connection: Connection, found: Found, owner: str | None, of_card: str | None
) -> None:
    """Raises UnknownNameError for somebody who cannot work for a customer of `of_card`."""
    people = assignees(connection, found)
    if owner is not None and not people.is_known(owner):
        raise UnknownNameError("owner", f"{owner!r} is neither an owner nor a user here")
    if owner is not None and owner not in people.names_for(of_card):
        raise UnknownNameError("owner", f"{owner!r} does not see this customer, or may not work")


def _in_utc(time: dt.datetime | None) -> dt.datetime | None:
    return None if time is None else time.replace(tzinfo=dt.UTC)


def _clean(text: str | None) -> str | None:
    return (text or "").strip() or None


def lines_of(text: str | None) -> list[str]:
    """Duties, which are written a line each."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]
