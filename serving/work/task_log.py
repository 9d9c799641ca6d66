"""The changes of tasks: read back, replayed, and which of them can be undone."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from serving.store.errors import TaskChangedError
from serving.store.page_tables import task_changes
from serving.work.task_rules import Row, TaskMove, from_json


@dataclass(frozen=True)
class Change:
    """One change of a task; `before` and `after` are its row, None where there is none."""

    number: int
    task: int
    customer_id: str
    at: dt.datetime
    who: str
    what: TaskMove
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    outcome_request: int | None


def changes_of_task(connection: Connection, task: int) -> list[Change]:
    """All changes of a task, the oldest first."""
    query = select(task_changes).where(task_changes.c.task == task)
    return _changes(connection, query.order_by(task_changes.c.number))


def changes_of(connection: Connection, customer_id: str) -> list[Change]:
    """All changes of a customer's tasks, the newest first."""
    query = select(task_changes).where(task_changes.c.customer_id == customer_id)
    return _changes(connection, query.order_by(task_changes.c.number.desc()))


def last_change(connection: Connection, customer_id: str, version: int) -> Change | None:
    """By what a task came to its version; of one that nobody has touched the customer's last undo.

    None where nothing was ever done for the customer.
    """
    changes = changes_of(connection, customer_id)
    its = (change for change in changes if change.number == version)
    return next(its, changes[0] if changes and not version else None)


def changed_by(customer_id: str, state: str, last: Change | None) -> TaskChangedError:
    """The error of a task that is in this state by its last change."""
    who, at = (last.who, last.at) if last else (None, None)
    return TaskChangedError(customer_id, state, who, at)


def changes_between(connection: Connection, first: int, last: int) -> list[Change]:
    """The changes from one number to another, both included."""
    its = task_changes.c.number.between(first, last)
    return _changes(connection, select(task_changes).where(its).order_by(task_changes.c.number))


def undoable(changes: Iterable[Change]) -> Change | None:
    """Of one task's changes, the oldest first, the last that stands: what an undo takes back."""
    standing: list[Change] = []
    for change in changes:
        if change.what != "undo":
            standing.append(change)
        elif standing:
            standing.pop()
    return standing[-1] if standing else None


def undone(changes: Iterable[Change]) -> set[int]:
    """The numbers of the changes, given the oldest first, that were taken back."""
    standing: dict[int, list[int]] = {}
    found: set[int] = set()
    for change in changes:
        its = standing.setdefault(change.task, [])
        if change.what != "undo":
            its.append(change.number)
        elif its:
            found.add(its.pop())
    return found


def replayed(changes: Iterable[Change]) -> dict[int, Row]:
    """The rows that the log tells, by number, from all changes in their order."""
    rows: dict[int, Row] = {}
    for change in changes:
        if change.after is None:
            rows.pop(change.task, None)
        else:
            rows[change.task] = from_json(change.after)
    return rows


def _changes(connection: Connection, query: Any) -> list[Change]:
    return [Change(**row._mapping) for row in connection.execute(query)]
