"""What the moves of one request share, and how each is written."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.clock import utc_now
from core.errors import QueryError
from serving.people.audit import customer, note
from serving.store.errors import CustomerNotFoundError
from serving.store.page_tables import task_changes, tasks
from serving.store.published import Found
from serving.work.assignees import Assignees
from serving.work.suggestions import AT_ONCE
from serving.work.task_rules import Asked, Day, Row, Suggestion, TaskState, as_json


@dataclass(frozen=True)
class Moved:
    """What became of one move: the number of its change, and the task now (None: untouched)."""

    asked: Asked
    change: int
    task: TaskState | None


@dataclass(frozen=True)
class Refused:
    """A move that was not made, and why."""

    asked: Asked
    error: QueryError


@dataclass
class Work:
    """What the moves of one request share; `rows` are those of the customers, as they are now."""

    connection: Connection
    who: str
    found: Found
    company: str
    day: Day
    suggested: dict[str, Suggestion]
    assignees: Assignees
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def suggestion(self, customer_id: str) -> Suggestion:
        """What is suggested. Raises CustomerNotFoundError for whom this caller does not see."""
        found = self.suggested.get(customer_id)
        if found is None:
            its = self.found.release.release_id
            raise CustomerNotFoundError(f"There is no customer {customer_id!r} in release {its}.")
        return found

    def replace_row(self, customer_id: str, number: int, row: Row | None) -> None:
        others = [one for one in self.rows.get(customer_id, []) if one["number"] != number]
        self.rows[customer_id] = others if row is None else [*others, row]


def rows_of(connection: Connection, company: str, customers: Iterable[str]) -> dict[str, list[Row]]:
    """The rows of these customers' tasks, by customer; who has none is left out."""
    found: dict[str, list[Row]] = {}
    listed = sorted(set(customers))
    for start in range(0, len(listed), AT_ONCE):
        its = tasks.c.customer_id.in_(listed[start : start + AT_ONCE])
        for row in connection.execute(select(tasks).where(its, tasks.c.company == company)):
            found.setdefault(row.customer_id, []).append(dict(row._mapping))
    return found


def logged(work: Work, asked: Asked, number: int, row: Row | None) -> int:
    """Write the change, without what comes of it yet, and the entry of the audit log."""
    change = {
        "task": number,
        "customer_id": asked.customer_id,
        "at": utc_now(),
        "who": work.who,
        "what": asked.move,
        "before": None if row is None else as_json(row),
    }
    query = insert(task_changes).values(change).returning(task_changes.c.number)
    found: int = work.connection.scalars(query).one()
    about = customer(work.connection, asked.customer_id)
    note(work.connection, work.who, f"task: {asked.move}", about)
    return found


def write_row(work: Work, kept: dict[str, Any], request: int | None) -> None:
    """Make the row what it is now, and complete its change, whose number is its version."""
    values = {name: value for name, value in kept.items() if name != "number"}
    work.connection.execute(update(tasks).where(tasks.c.number == kept["number"]).values(values))
    its = task_changes.c.number == kept["version"]
    came = {"after": as_json(kept), "outcome_request": request}
    work.connection.execute(update(task_changes).where(its).values(came))
    work.replace_row(kept["customer_id"], kept["number"], kept)
