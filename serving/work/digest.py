"""The morning digest of an owner: what changed, what to do today, what is overdue.

It holds no contact data and none of the texts that people wrote, in which contact data may stand.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from serving.cards.changes import Changes
from serving.cards.query import AtRiskQuery
from serving.cards.release import Release
from serving.cards.stored import Card
from serving.people.audit import COMMAND, note
from serving.store.database import writing
from serving.store.listing import formed_list, seen_among
from serving.store.page_tables import plan_approvals, relationship_steps, tasks
from serving.store.past import COMPANY
from serving.store.people_tables import audit_log
from serving.store.published import Found, find_release
from serving.store.reading import explained, reading
from serving.work.changes import changes
from serving.work.task_reading import tasks_of
from serving.work.task_rules import CLOSED

TO_DO, OVERDUE = 10, 20  # lines at most
READ = ("name", "churn_risk", "risk_band", "value_at_risk", "intended_action")
LOOKED_AT = 200  # of the list: some of its tasks are closed already
# A text that somebody could write or call: never in a mail, whatever column it stands in.
CONTACT = re.compile(r"\S+@\S+|\+[\d\s().-]{7,}")
BARE_PHONE = re.compile(r"[\d\s().-]+")


@dataclass(frozen=True)
class Overdue:
    """What should have been done: a task, or a step of a relationship plan."""

    customer_id: str
    action_id: str | None  # of a task
    due_on: dt.date
    who: str | None


@dataclass(frozen=True)
class Digest:
    """What one reader is told of a morning. `owner`: whose customers; None: everybody's."""

    owner: str | None
    day: dt.date
    release: Release
    changes: Changes
    to_do: Sequence[Card]
    overdue_tasks: Sequence[Overdue]
    overdue_steps: Sequence[Overdue]
    overdue: int  # of both, also those that are not listed
    approved_by: str | None  # the plan, by whom; None: it is not


def digest_of(engine: Engine, owner: str | None) -> Digest:
    """The digest of the customers whom this engine sees.

    Raises NoReleaseError before the first release.
    """
    day = utc_now().date()
    release, changed = changes(engine)
    try:
        with engine.connect() as connection:
            found = find_release(connection)
            company = found.part(connection, COMPANY) or ""
            late_tasks = _late(connection, tasks, company, day)
            late_steps = _late(connection, relationship_steps, company, day)
            approved_by = _approved_by(connection, release.release_id)
            listed = _to_do(engine, connection, found)
    except DBAPIError as error:
        raise explained(engine, error) from None
    return Digest(
        owner=owner,
        day=day,
        release=release,
        changes=changed,
        to_do=listed,
        overdue_tasks=late_tasks[:OVERDUE],
        overdue_steps=late_steps[:OVERDUE],
        overdue=len(late_tasks) + len(late_steps),
        approved_by=approved_by,
    )


def is_contact(text: str) -> bool:
    """Whether a text reads as a mail address or a phone number, whatever it is called."""
    digits = sum(letter.isdigit() for letter in text)
    is_number = BARE_PHONE.fullmatch(text.strip()) is not None and 10 <= digits <= 12
    return CONTACT.search(text) is not None or is_number


def was_sent(engine: Engine, letter: str) -> bool:
    """Whether this letter was noted as sent."""
    try:
        with engine.connect() as connection:
            its = (audit_log.c.what == SENT, audit_log.c.about == letter)
            query = select(func.count()).select_from(audit_log).where(*its)
            return bool(connection.scalar(query))
    except DBAPIError as error:
        raise explained(engine, error) from None


def note_sent(engine: Engine, letter: str) -> None:
    """Note in the audit log that this letter was sent."""
    with writing(engine) as connection:
        note(connection, COMMAND, SENT, letter)


SENT = "sent a digest"


def _to_do(engine: Engine, connection: Connection, found: Found) -> list[Card]:
    """The first customers of the list with an action to carry out, whose task is not closed."""
    query = AtRiskQuery(to_contact=True, limit=LOOKED_AT)
    cards = formed_list(engine, query, reading(READ)).cards
    begun = tasks_of(connection, found, [card["customer_id"] for card in cards])
    settled = {who for who, task in begun.items() if task.is_closed or task.state == "snoozed"}
    return [card for card in cards if card["customer_id"] not in settled][:TO_DO]


def _late(connection: Connection, table: Table, company: str, day: dt.date) -> list[Overdue]:
    """What is overdue of the customers whom this reader sees, the oldest first."""
    is_task = table is tasks
    its = [table.c.company == company, table.c.due_on < day]
    if is_task:
        its.append(table.c.state.not_in(CLOSED))
    else:
        its += [table.c.done_at.is_(None), table.c.dropped_at.is_(None)]
    order = (table.c.due_on, table.c.number)
    rows = connection.execute(select(table).where(*its).order_by(*order)).all()
    seen = seen_among(connection, {row.customer_id for row in rows})
    return [
        Overdue(
            row.customer_id,
            row.action_id if is_task else None,
            row.due_on,
            row.assignee if is_task else row.responsible,
        )
        for row in rows
        if row.customer_id in seen
        and not (is_task and row.snoozed_until and row.snoozed_until > day)
    ]


def _approved_by(connection: Connection, release_id: str) -> str | None:
    its = (plan_approvals.c.release_id == release_id, plan_approvals.c.withdrawn_at.is_(None))
    query = select(plan_approvals.c.approved_by).where(*its)
    who: str | None = connection.scalar(query.order_by(plan_approvals.c.number.desc()).limit(1))
    return who
