"""Undoing: the last change of a task that still stands is taken back, with what it told."""

from sqlalchemy import delete

from serving.store.errors import TaskChangedError
from serving.store.page_tables import tasks
from serving.work.outcomes import take_back
from serving.work.task_log import Change, changed_by, changes_of, changes_of_task, undoable
from serving.work.task_rules import (
    Asked,
    Row,
    TaskState,
    from_json,
    is_unfinished,
    shown_task,
    task_of,
)
from serving.work.task_writing import Moved, Work, logged, write_row


def undone_by(work: Work, asked: Asked) -> Moved:
    """Take back the last change of the task at this version that was not taken back yet.

    The row is as it was before, or gone where there was none; only its version grows. Raises
    CustomerNotFoundError, and TaskChangedError where the task has changed since, or where the
    customer has another task by now that the restored one would contradict.
    """
    who = asked.customer_id
    suggestion = work.suggestion(who)
    rows = work.rows.get(who, [])
    row = next((row for row in rows if row["version"] == asked.version), None)
    last = None if row is None else undoable(changes_of_task(work.connection, row["number"]))
    if row is None or last is None:
        shown = shown_task(who, rows, suggestion, work.day)
        newest = next(iter(changes_of(work.connection, who)), None)
        if newest and _is_that_undo(newest, work.who, asked):
            return Moved(asked, newest.number, shown)
        now = shown or TaskState(who, "", "")
        raise changed_by(who, now.state, newest)
    restored = None if last.before is None else from_json(last.before)
    if restored is not None:
        _refuse_contradiction(rows, restored)
    change = logged(work, asked, row["number"], row)
    if last.outcome_request is not None:
        take_back(work.connection, last.outcome_request)
    if restored is None:
        work.connection.execute(delete(tasks).where(tasks.c.number == row["number"]))
        work.replace_row(who, row["number"], None)
        return Moved(asked, change, shown_task(who, work.rows[who], suggestion, work.day))
    kept = {**restored, "version": change}
    write_row(work, kept, None)
    return Moved(asked, change, task_of(kept, suggestion, work.day))


def _is_that_undo(change: Change, who: str, asked: Asked) -> bool:
    """Whether this change is what is asked for, once more."""
    is_their_undo = change.what == "undo" and change.who == who
    before = change.before or {}
    return is_their_undo and before.get("version") == asked.version


def _refuse_contradiction(rows: list[Row], restored: Row) -> None:
    """Of one action a customer has one unfinished task at most, and one of each reason."""
    for other in rows:
        if other["number"] == restored["number"] or other["action_id"] != restored["action_id"]:
            continue
        is_second = is_unfinished(other) and is_unfinished(restored)
        if is_second or other["reason"] == restored["reason"]:
            raise TaskChangedError(
                other["customer_id"], other["state"], other["changed_by"], other["changed_at"]
            )
