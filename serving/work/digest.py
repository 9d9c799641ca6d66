"""The morning digest of an owner: what changed, what is overdue, due today, and next.

It holds no contact data and none of the texts that people wrote, in which contact data may stand.
"""

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from serving.cards.changes import Changes
from serving.cards.query import AtRiskQuery
from serving.cards.release import Release
from serving.cards.stored import Card
from serving.people.audit import COMMAND, note
from serving.store.database import writing
from serving.store.list_index import NO_DAY, day_of, since_1970
from serving.store.listing import formed_list, list_index, seen_among
from serving.store.live_cards import newest_live
from serving.store.page_tables import plan_approvals, relationship_steps
from serving.store.past import COMPANY
from serving.store.people_tables import audit_log
from serving.store.published import Found, find_release
from serving.store.reading import explained, formed_in_order, reading
from serving.store.visible import visible_owners
from serving.work.changes import changes
from serving.work.due import due_days
from serving.work.overrides import kept_from_contact
from serving.work.suggestions import READ as SUGGESTED
from serving.work.suggestions import suggestion_of
from serving.work.task_reading import tasks_of
from serving.work.task_rules import TaskState

NEXT, LINES = 10, 20  # lines at most: of what comes next; of what is due, and of what is overdue
READ = ("name", "churn_risk", "risk_band", "value_at_risk", *SUGGESTED)
LOOKED_AT = 200  # of the list: some of its tasks are closed already
# A text that somebody could write or call: never in a mail, whatever column it stands in.
CONTACT = re.compile(r"\S+@\S+|\+[\d\s().-]{7,}")
BARE_PHONE = re.compile(r"[\d\s().-]+")


@dataclass(frozen=True)
class Due:
    """What is to be done by a day: a task, begun or not, or a step of a relationship plan.

    `who`: whose it is, as far as anybody has taken it. `card`: what a line says of the customer.
    """

    customer_id: str
    action_id: str | None  # of a task
    due_on: dt.date | None
    who: str | None
    card: Card | None


@dataclass(frozen=True)
class Digest:
    """What one reader is told of a morning. `owner`: whose customers; None: everybody's."""

    owner: str | None
    day: dt.date
    release: Release
    changes: Changes
    overdue: "Work"
    today: "Work"
    next: Sequence[Due]
    approved_by: str | None  # the plan, by whom; None: it is not


@dataclass(frozen=True)
class Work:
    """Tasks and steps that are due at one time; `total`: of both, also those not listed."""

    tasks: Sequence[Due]
    steps: Sequence[Due]
    total: int

    @property
    def more(self) -> int:
        """How many are not listed."""
        return self.total - len(self.tasks) - len(self.steps)


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
            late, due, dated = _tasks_due(connection, found, day)
            steps = _open_steps(connection, company, day)
            approved_by = _approved_by(connection, release.release_id)
            following = _next(engine, connection, found, dated)
    except DBAPIError as error:
        raise explained(engine, error) from None
    return Digest(
        owner=owner,
        day=day,
        release=release,
        changes=changed,
        overdue=_work(late, [step for step in steps if step.due_on != day]),
        today=_work(due, [step for step in steps if step.due_on == day]),
        next=following,
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


@dataclass(frozen=True)
class _Tasks:
    """The first tasks that are due at one time, and how many are."""

    first: list[Due]
    total: int


def _work(tasks: _Tasks, steps: list[Due]) -> Work:
    return Work(tasks.first, steps[:LINES], tasks.total + len(steps))


def _tasks_due(
    connection: Connection, found: Found, day: dt.date
) -> tuple[_Tasks, _Tasks, set[str]]:
    """Tasks that are overdue and due today, and the customers of both.

    Those with the most value at risk come first, and of equal ones the oldest: the digest lists the
    first LINES.
    """
    index = list_index(connection, found)
    days, today = due_days(connection, found, index), since_1970(day)
    owners = visible_owners(connection)
    if owners is not None:
        days = np.where(index.has("owner", owners), days, NO_DAY)
    rows = np.flatnonzero(days <= today)
    rows = rows[np.lexsort((days[rows], -index.numbers("value_at_risk")[rows]))]
    ids = index.ids.take(pa.array(rows)).to_pylist()
    dated = {who: day_of(own) for who, own in zip(ids, days[rows].tolist(), strict=True)}
    late = {who: own for who, own in dated.items() if own < day}
    due = {who: own for who, own in dated.items() if own == day}
    return _lines(connection, found, late), _lines(connection, found, due), set(dated)


def _lines(connection: Connection, found: Found, days: Mapping[str, dt.date]) -> _Tasks:
    """The first of these customers with their tasks, which are due on these days."""
    first = list(days)[:LINES]
    until = newest_live(connection, found.number)
    cards = formed_in_order(connection, first, found, until, reading(READ))
    begun = tasks_of(connection, found, first)
    return _Tasks([_line(card, begun.get(card["customer_id"])) for card in cards], len(days))


def _line(card: Card, task: TaskState | None) -> Due:
    """The task of this customer, begun or not."""
    if task is not None:
        return Due(task.customer_id, task.action_id, task.due_on, task.assignee, card)
    suggested = suggestion_of(card)
    return Due(card["customer_id"], suggested.action_id, suggested.due_on, None, card)


def _next(
    engine: Engine, connection: Connection, found: Found, dated: Collection[str]
) -> list[Due]:
    """The first customers of the list with an action to carry out later than today.

    `dated` are those with whom something is due or overdue.
    """
    query = AtRiskQuery(to_contact=True, limit=LOOKED_AT)
    cards = formed_list(engine, query, reading(READ)).cards
    begun = tasks_of(connection, found, [card["customer_id"] for card in cards])
    settled = {who for who, task in begun.items() if task.is_closed or task.state == "snoozed"}
    out = settled | set(dated) | kept_from_contact(connection)
    rest = [card for card in cards if card["customer_id"] not in out]
    return [_line(card, begun.get(card["customer_id"])) for card in rest[:NEXT]]


def _open_steps(connection: Connection, company: str, day: dt.date) -> list[Due]:
    """Steps due by this day with the customers whom this reader sees, the oldest first."""
    steps = relationship_steps
    is_open = (steps.c.done_at.is_(None), steps.c.dropped_at.is_(None))
    query = select(steps).where(steps.c.company == company, steps.c.due_on <= day, *is_open)
    rows = connection.execute(query.order_by(steps.c.due_on, steps.c.number)).all()
    seen = seen_among(connection, {row.customer_id for row in rows})
    return [
        Due(row.customer_id, None, row.due_on, row.responsible, None)
        for row in rows
        if row.customer_id in seen
    ]


def _approved_by(connection: Connection, release_id: str) -> str | None:
    its = (plan_approvals.c.release_id == release_id, plan_approvals.c.withdrawn_at.is_(None))
    query = select(plan_approvals.c.approved_by).where(*its)
    who: str | None = connection.scalar(query.order_by(plan_approvals.c.number.desc()).limit(1))
    return who
