"""What people do with suggestions: every move kept, logged, undoable, and told to the next run.

`task_rules` says what a task is. A move, its entry in the log of changes and in the audit log, and
the outcome that it tells, are written in one transaction: all of it or nothing.

The version of a task is the number of its last change. Numbers are never used twice, so that of two
people who saw the same version the first one's move counts, and the second is told who came first.

`done` tells the next run a contact, with the chances of the card by which it was made; the word
that somebody asked not to be contacted tells a refusal of the channel. Undoing takes back what was
told: the next run reads all outcomes there are, and then not this one.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Engine, insert

from core.clock import utc_now
from core.errors import NoReleaseError, QueryError
from serving.store.database import version, writing
from serving.store.errors import (
    DoNotContactError,
    NoTaskError,
    NotAssignableError,
    TaskHeldError,
    UnknownNameError,
)
from serving.store.page_tables import tasks
from serving.store.past import COMPANY
from serving.store.published import NOTHING, find_release
from serving.work.assignees import assignees
from serving.work.overrides import not_to_be_contacted, overrides_of
from serving.work.suggestions import suggestions, today_of
from serving.work.task_log import changed_by, last_change
from serving.work.task_outcomes import tell_what_was_done
from serving.work.task_rules import (
    LONGEST_SNOOZE,
    MOVES,
    WHY_NOT,
    Asked,
    Row,
    Suggestion,
    TaskState,
    is_unfinished,
    moved,
    name_of,
    row_for,
    shown_task,
    task_of,
    untouched,
)
from serving.work.task_undo import undone_by
from serving.work.task_writing import Moved, Refused, Work, logged, rows_of, write_row

# What a move may change, and what it is about.
STATED = (
    "customer_id",
    "action_id",
    "state",
    "assignee",
    "due_on",
    "snoozed_until",
    "why_not",
    "note",
)


def move(engine: Engine, who: str, asked: Sequence[Asked]) -> list[Moved | Refused]:
    """Make each move, in this order: of a customer wholly or not at all.

    Refused are moves of tasks that are not as they were seen (TaskChangedError), of customers whom
    this caller does not see (CustomerNotFoundError), of whom nothing is suggested (NoTaskError),
    from whom the action is withheld, or who is not to be contacted for now (DoNotContactError),
    whom the colleague does not see to whom the task is to be given (NotAssignableError), and of
    tasks that a colleague has in hand and nobody chose (TaskHeldError, see `Asked.is_chosen`).

    The same move again, by the same caller with the same version, is answered as before.

    Raises UnknownNameError, before anything is done, for what no move takes; NoReleaseError before
    the first release; StoreError where the store cannot be written.
    """
    if version(engine) is None:
        raise NoReleaseError(NOTHING)
    with writing(engine) as connection:
        found = find_release(connection)
        customers = {one.customer_id for one in asked}
        company = found.part(connection, COMPANY) or ""
        work = Work(
            connection=connection,
            who=who,
            found=found,
            company=company,
            day=today_of(found),
            suggested=suggestions(connection, found, customers),
            rows=rows_of(connection, company, customers),
            assignees=assignees(connection, found),
        )
        _refuse_unusable(work, asked)
        return [_tried(work, one) for one in asked]


def _refuse_unusable(work: Work, asked: Sequence[Asked]) -> None:
    for one in asked:
        if one.move not in MOVES:
            raise UnknownNameError("move", f"{one.move!r} is none of {', '.join(MOVES)}")
        if one.move == "assign" and not work.assignees.is_known(one.to):
            raise UnknownNameError("to", f"{one.to!r} is neither an owner nor a user here")
        if one.move == "assign" and not work.assignees.may_work(one.to or ""):
            raise UnknownNameError("to", f"{one.to!r} does not work on tasks of these customers")
        if one.move == "not_relevant" and one.why_not not in WHY_NOT:
            raise UnknownNameError("why_not", f"{one.why_not!r} is none of {', '.join(WHY_NOT)}")
        if one.move == "snooze":
            days = (one.until - work.day.today).days if one.until else 0
            if not 1 <= days <= LONGEST_SNOOZE:
                raise UnknownNameError("until", f"is a day from tomorrow to {LONGEST_SNOOZE} on")
        if one.move == "note" and one.note is None:
            raise UnknownNameError("note", "is what a note says")


def _tried(work: Work, asked: Asked) -> Moved | Refused:
    try:
        with work.connection.begin_nested():
            return undone_by(work, asked) if asked.move == "undo" else _moved(work, asked)
    except QueryError as error:
        return Refused(asked, error)


def _moved(work: Work, asked: Asked) -> Moved:
    suggestion, row = _task_asked_for(work, asked)
    before = untouched(asked.customer_id, suggestion)
    if row is not None:
        before = task_of(row, suggestion, work.day)
    if asked.version != before.version:
        return _made_before(work, asked, before)
    if not asked.is_chosen and before.assignee not in (None, name_of(work.who)):
        raise TaskHeldError(asked.customer_id, before.assignee)
    if asked.move == "assign" and not work.assignees.sees(asked.to or "", suggestion.owner):
        raise NotAssignableError(asked.customer_id, asked.to or "")
    is_withheld = before.is_current or suggestion.chances.get("persistent_control")
    if asked.move == "done" and suggestion.withheld and is_withheld:
        raise DoNotContactError(
            f"Do not contact customer {asked.customer_id!r}: the action is withheld, to measure "
            "what it does."
        )
    if asked.move == "done":
        _refuse_contact(work, asked.customer_id)
    after = moved(before, asked, work.who)
    now = utc_now()
    stays = row is not None and asked.move == "note" and row["state"] == after.state
    new = {
        "company": work.company,
        **{name: getattr(after, name) for name in STATED},
        "reason": _reason(work, after, suggestion),
        "release_id": work.found.release.release_id,
        "changed_at": row["changed_at"] if row and stays else now,
        "changed_by": row["changed_by"] if row and stays else work.who,
    }
    number = after.number
    if number is None:
        query = insert(tasks).values(**new, version=0).returning(tasks.c.number)
        number = work.connection.scalars(query).one()
    change = logged(work, asked, number, row)
    kept = {"number": number, **new, "version": change}
    by = suggestion if after.is_current else _begun_before(work, after)
    numbered = replace(after, number=number, version=change)
    request = tell_what_was_done(work.connection, numbered, asked, by, work.who)
    write_row(work, kept, request)
    return Moved(asked, change, task_of(kept, suggestion, work.day))


def _refuse_contact(work: Work, customer_id: str) -> None:
    """Raises DoNotContactError where a colleague has said not to contact the customer for now."""
    held = overrides_of(work.connection, [customer_id]).get(customer_id, [])
    against = not_to_be_contacted(held)
    if against is not None:
        raise DoNotContactError(
            f"Do not contact customer {customer_id!r} up to {against.expires_on}, as "
            f"{against.made_by} says. If that is over, end it first."
        )


def _begun_before(work: Work, task: TaskState) -> Suggestion:
    """By what a task that is no longer suggested is carried out: by no chance of the card."""
    facts = work.found.release.actions.get(task.action_id)
    channel = facts.channels[0] if facts and facts.channels else None
    return Suggestion(task.action_id, task.reason, channel)


def _task_asked_for(work: Work, asked: Asked) -> tuple[Suggestion, Row | None]:
    """The suggestion and the row of the task that a move is about; None: nobody has touched it.

    Raises CustomerNotFoundError and NoTaskError.
    """
    who = asked.customer_id
    suggestion = work.suggestion(who)
    rows = work.rows.get(who, [])
    if asked.action_id in (None, suggestion.action_id):
        shown = shown_task(who, rows, suggestion, work.day)
        if asked.action_id is not None:
            row = row_for(rows, asked.action_id, suggestion.reason, work.day)
            return suggestion, row
        if shown is not None:
            return suggestion, next((row for row in rows if row["number"] == shown.number), None)
    else:
        its = [row for row in rows if row["action_id"] == asked.action_id]
        if its:
            return suggestion, max(its, key=lambda row: (is_unfinished(row), row["version"]))
    raise NoTaskError(f"Nothing is suggested for customer {who!r}, and nothing was begun.")


def _reason(work: Work, task: TaskState, suggestion: Suggestion) -> str:
    """The reason of a task from now on: that of the card, unless another task has that already."""
    if not task.is_current:
        return task.reason
    taken = {
        row["reason"]
        for row in work.rows.get(task.customer_id, [])
        if row["action_id"] == task.action_id and row["number"] != task.number
    }
    return task.reason if suggestion.reason in taken else suggestion.reason


def _made_before(work: Work, asked: Asked, now: TaskState) -> Moved:
    """The answer to a move that was made already. Raises TaskChangedError for any other."""
    last = last_change(work.connection, asked.customer_id, now.version)
    if last is not None and last.who == work.who and last.what == asked.move:
        before = last.before["version"] if last.before else 0
        names = {"assign": "to", "snooze": "until", "not_relevant": "why_not"}
        kept = {"assign": now.assignee, "snooze": now.snoozed_until, "not_relevant": now.why_not}
        name = names.get(asked.move)
        is_same = name is None or getattr(asked, name) == kept[asked.move]
        if before == asked.version and is_same and asked.note in (None, now.note):
            return Moved(asked, last.number, now)
    raise changed_by(asked.customer_id, now.state, last)
