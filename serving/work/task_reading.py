"""Tasks as they are today: of the customers of a page, of everybody for the filters of a list."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from serving.store.listing import list_index
from serving.store.memory import Kept
from serving.store.own_secrets import CURSORS, secret
from serving.store.page_tables import task_changes, tasks
from serving.store.past import COMPANY
from serving.store.people_tables import kept_out
from serving.store.published import Found
from serving.work.suggestions import AT_ONCE, suggestions, today_of
from serving.work.task_rules import (
    CLOSED,
    USUAL_DAYS,
    Day,
    Suggestion,
    TaskState,
    TaskStatus,
    needs_reason,
    shown_task,
    task_of,
)
from serving.work.task_writing import rows_of
from sources.meanings.vocabulary import DO_NOTHING

MANY = 2_000  # customers changed since the states were read last; for more all are read anew


@dataclass(frozen=True)
class TaskStates:
    """State and assignee of every customer of the release whose task somebody has touched.

    Whoever is not here is open where the plan intends an action. `assignee` is of unfinished tasks,
    `due_on` of those that are open or taken.
    """

    state: Mapping[str, TaskStatus]
    assignee: Mapping[str, str]
    due_on: Mapping[str, dt.date | None]

    @cached_property
    def by_state(self) -> dict[TaskStatus, frozenset[str]]:
        """The customers of each state."""
        return _turned(self.state)

    @cached_property
    def by_assignee(self) -> dict[str, frozenset[str]]:
        """The customers of each assignee."""
        return _turned(self.assignee)


def tasks_of(
    connection: Connection, found: Found, customers: Collection[str]
) -> dict[str, TaskState]:
    """The task that stands for each of these customers, where somebody has touched it.

    One query for the rows, and one for the cards of those who have any. Whoever is left out is
    untouched: open with version 0 where the card intends an action, else without a task. Whom this
    reader does not see is left out.
    """
    rows = rows_of(connection, _company(connection, found), customers)
    if not rows:
        return {}
    day, suggested = today_of(found), suggestions(connection, found, rows)
    shown = {
        who: shown_task(who, rows[who], suggestion, day) for who, suggestion in suggested.items()
    }
    return {who: task for who, task in shown.items() if task is not None and task.number}


def task_and_others(
    connection: Connection, found: Found, customer_id: str
) -> tuple[TaskState | None, list[TaskState]]:
    """The task that stands for a customer, touched or not, and the other rows, newest first."""
    day = today_of(found)
    suggestion = suggestions(connection, found, [customer_id]).get(customer_id)
    if suggestion is None:
        return None, []
    rows = rows_of(connection, _company(connection, found), [customer_id]).get(customer_id, [])
    shown = shown_task(customer_id, rows, suggestion, day)
    others = [row for row in rows if shown is None or row["number"] != shown.number]
    others.sort(key=lambda row: -row["version"])
    return shown, [task_of(row, suggestion, day) for row in others]


@dataclass(frozen=True)
class Wanted:
    """Which tasks: of later versions than `after`, and as far as the others are given, of these."""

    after: int = 0
    customer_id: str | None = None
    state: TaskStatus | None = None
    assignee: str | None = None

    def conditions(self, day: Day) -> list[Any]:
        """Conditions on rows that every wanted task fulfils; some others do so too."""
        found: list[Any] = []
        if self.customer_id is not None:
            found.append(tasks.c.customer_id == self.customer_id)
        if self.assignee is not None:
            found.append(tasks.c.assignee == self.assignee)
        if self.state == "open":
            found.append(or_(tasks.c.state == "open", *_may_be_open_again(day)))
        elif self.state is not None:
            found.append(tasks.c.state == self.state)
        return found


def _may_be_open_again(day: Day) -> tuple[Any, Any]:
    days = min(USUAL_DAYS, *(days or USUAL_DAYS for days in (*day.cooldowns.values(), 0)))
    begin = dt.datetime.combine(day.today - dt.timedelta(days=days - 1), dt.time.min)
    is_closed = and_(tasks.c.state.in_(CLOSED), tasks.c.changed_at < begin)
    return and_(tasks.c.state == "snoozed", tasks.c.snoozed_until <= day.today), is_closed


def tasks_after(connection: Connection, found: Found, wanted: Wanted) -> Iterator[list[TaskState]]:
    """The tasks that somebody has touched and this reader sees, in the order of their versions.

    Part by part. A task whose action is no longer suggested is among them.
    """
    day, company, after = today_of(found), _company(connection, found), wanted.after
    its = [tasks.c.company == company, *wanted.conditions(day)]
    while True:
        query = select(tasks).where(*its, tasks.c.version > after)
        some = connection.execute(query.order_by(tasks.c.version).limit(AT_ONCE))
        rows = [dict(row._mapping) for row in some]
        if not rows:
            return
        suggested = suggestions(connection, found, {row["customer_id"] for row in rows})
        seen = [row for row in rows if row["customer_id"] in suggested]
        shown = [task_of(row, suggested[row["customer_id"]], day) for row in seen]
        yield [
            task
            for task in shown
            if wanted.state in (None, task.state) and wanted.assignee in (None, task.assignee)
        ]
        after = rows[-1]["version"]


_STATES: Kept["_Read"] = Kept(4)


@dataclass
class _Read:
    """The states of a store on a day, and the number of the change up to which they are read."""

    now: tuple[int, TaskStates]  # replaced as a whole: others read it meanwhile


def task_states(connection: Connection, found: Found) -> TaskStates:
    """What the filters of a list need of everybody's tasks.

    Kept in the process up to the newest change; then only whose tasks have changed are read anew.
    """
    day = today_of(found)
    newest = connection.scalar(select(func.max(task_changes.c.number))) or 0
    if not newest:
        return TaskStates({}, {}, {})
    out = connection.scalar(select(func.count()).select_from(kept_out))
    key = (secret(connection, CURSORS), found.number, found.info_sha256, day.today, out)

    kept = _STATES.get(key, lambda: _Read((newest, _states(connection, found, day, None))))
    number, states = kept.now
    if number != newest:
        kept.now = newest, _caught_up(connection, found, day, number, states)
    return kept.now[1]


def _caught_up(
    connection: Connection, found: Found, day: Day, number: int, states: TaskStates
) -> TaskStates:
    """The states that were read up to a change, with what has changed since."""
    newer = select(task_changes.c.customer_id).where(task_changes.c.number > number)
    changed = set(connection.scalars(newer.distinct().limit(MANY + 1)))
    if not changed or len(changed) > MANY:  # none: those of somebody who was erased are gone
        return _states(connection, found, day, None)
    anew = _states(connection, found, day, changed)

    def with_anew(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
        return {who: one for who, one in before.items() if who not in changed} | dict(now)

    return TaskStates(
        with_anew(states.state, anew.state),
        with_anew(states.assignee, anew.assignee),
        with_anew(states.due_on, anew.due_on),
    )


def _states(
    connection: Connection, found: Found, day: Day, customers: set[str] | None
) -> TaskStates:
    """The states of these customers, or of all."""
    company = _company(connection, found)
    if customers is not None:
        rows = rows_of(connection, company, customers)
    else:
        rows = defaultdict(list)
        for row in connection.execute(_NEEDED.where(tasks.c.company == company)):
            rows[row.customer_id].append(dict(zip(_NAMES, row, strict=True)))
    intended = list_index(connection, found).intended(rows)
    plans = {
        who: (None if action == DO_NOTHING else action, due)
        for who, (action, due) in intended.items()
    }
    unclear = [
        who for who, (action, _) in plans.items() if action and needs_reason(rows[who], action, day)
    ]
    reasons = {who: one.reason for who, one in suggestions(connection, found, unclear).items()}
    state: dict[str, TaskStatus] = {}
    assignee: dict[str, str] = {}
    due_on: dict[str, dt.date | None] = {}
    for who, (action, due) in plans.items():
        suggestion = Suggestion(action, reasons.get(who, ""), due_on=due)
        task = shown_task(who, rows[who], suggestion, day)
        if task is not None and task.number:
            state[who] = task.state
            if task.state in ("open", "taken"):
                due_on[who] = task.due_on
            if task.assignee and not task.is_closed:
                assignee[who] = task.assignee
    return TaskStates(state, assignee, due_on)


_NAMES = (
    "number",
    "customer_id",
    "action_id",
    "reason",
    "state",
    "assignee",
    "due_on",
    "snoozed_until",
    "why_not",
    "version",
    "changed_at",
)
_NEEDED = select(*(tasks.c[name] for name in _NAMES))


def _company(connection: Connection, found: Found) -> str:
    return found.part(connection, COMPANY) or ""


def _turned(named: Mapping[str, Any]) -> dict[Any, frozenset[str]]:
    found: dict[Any, set[str]] = defaultdict(set)
    for who, name in named.items():
        found[name].add(who)
    return {name: frozenset(customers) for name, customers in found.items()}
