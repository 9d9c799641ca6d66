"""What a task is, and what a move makes of it: rules without a store.

A task is (company, customer, action, reason): `reason` is the group of the strongest upward reason
of the card, empty without one. It stays one task across releases. Whom nobody has touched has no
row: the task is `open` as the plan intends an action, and there is none where it intends nothing.

* An unfinished task goes on under its row when the customer's reason changes: its reason follows
  with the next move. It is neither lost nor offered twice.
* A closed task stays closed while the plan goes on intending the same, since the plan learns of a
  contact only with new data: for the `cooldown_days` of its action, without any for USUAL_DAYS.
  Then the same row is open again.
* What is done was a contact, and stands for every reason of the action; so does the word of a
  customer who left or wants no contact. Other words (wrong data, already solved) are about their
  reason only: another one is a task of its own.
* Work that was begun and is no longer suggested stays to be seen, with `is_current` false, before
  a new suggestion for the customer: first finish it, or say why not.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from serving.store.errors import TaskChangedError
from serving.store.page_tables import tasks

TaskStatus = Literal["open", "taken", "snoozed", "done", "not_relevant"]
WhyNot = Literal[
    "wrong_data", "already_solved", "no_longer_customer", "asked_not_to_be_contacted", "other"
]
TaskMove = Literal["take", "assign", "done", "snooze", "not_relevant", "reopen", "note", "undo"]
STATUSES: tuple[TaskStatus, ...] = get_args(TaskStatus)
MOVES: tuple[TaskMove, ...] = get_args(TaskMove)
WHY_NOT: tuple[WhyNot, ...] = get_args(WhyNot)
CLOSED = ("done", "not_relevant")
FOR_EVERY_REASON = ("no_longer_customer", "asked_not_to_be_contacted")
USUAL_DAYS = 30  # for which a closed task stays closed where its action has no cooldown
LONGEST_SNOOZE = 366  # days
# The states that a move may begin in; the others were shown other buttons.
BEGINS_IN: dict[TaskMove, tuple[TaskStatus, ...]] = {
    "take": ("open", "taken", "snoozed"),
    "assign": ("open", "taken", "snoozed"),
    "done": ("open", "taken", "snoozed"),
    "snooze": ("open", "taken", "snoozed"),
    "not_relevant": ("open", "taken", "snoozed"),
    "reopen": ("taken", "snoozed", "done", "not_relevant"),
    "note": STATUSES,
}
DATES, TIMES = ("due_on", "snoozed_until"), ("changed_at",)

Row = Mapping[str, Any]  # a row of the table `tasks`


@dataclass(frozen=True)
class Suggestion:
    """What a card suggests; `action_id` is None where that is to do nothing."""

    action_id: str | None = None
    reason: str = ""
    channel: str | None = None
    due_on: dt.date | None = None
    withheld: bool = False
    owner: str | None = None
    chances: Mapping[str, Any] = field(default_factory=dict)  # as a contact tells them


@dataclass(frozen=True)
class TaskState:
    """A task as it is today. `version` is 0, and `number` None, where nobody has touched it.

    `state` is that of today: what was snoozed until now, or closed for long enough, is open.
    `is_current`: the plan still suggests it. `changed_at` (UTC): when it came into its state.
    """

    customer_id: str
    action_id: str
    reason: str
    state: TaskStatus = "open"
    version: int = 0
    number: int | None = None
    assignee: str | None = None
    due_on: dt.date | None = None
    snoozed_until: dt.date | None = None
    why_not: WhyNot | None = None
    note: str | None = None
    changed_at: dt.datetime | None = None
    changed_by: str | None = None
    is_current: bool = True

    @property
    def is_closed(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in CLOSED


@dataclass(frozen=True)
class Day:
    """Today, and for how many days a closed task of each action stays closed."""

    today: dt.date
    cooldowns: Mapping[str, int] = field(default_factory=dict)

    def open_again(self, row: Row) -> dt.date:
        """From which day on a closed task is open again."""
        days = self.cooldowns.get(row["action_id"]) or USUAL_DAYS
        day: dt.date = row["changed_at"].date() + dt.timedelta(days=days)
        return day

    def state(self, row: Row) -> TaskStatus:
        """The state of a suggested task today."""
        if row["state"] == "snoozed" and row["snoozed_until"] <= self.today:
            return "open"
        if row["state"] in CLOSED and self.open_again(row) <= self.today:
            return "open"
        state: TaskStatus = row["state"]
        return state


def is_unfinished(row: Row) -> bool:
    """Whether somebody has begun it and it is not closed."""
    return row["state"] not in CLOSED


def row_for(rows: Iterable[Row], action_id: str, reason: str, day: Day) -> Row | None:
    """Of a customer's rows the one that is the task of this action and reason now."""
    its = sorted(
        (row for row in rows if row["action_id"] == action_id),
        key=lambda row: row["version"],
        reverse=True,
    )
    for row in its:
        if is_unfinished(row):
            return row
    for row in its:
        stands = row["state"] == "done" or row["why_not"] in FOR_EVERY_REASON
        if stands and day.state(row) in CLOSED:
            return row
    return next((row for row in its if row["reason"] == reason), None)


def needs_reason(rows: Iterable[Row], action_id: str, day: Day) -> bool:
    """Whether `row_for` depends on the reason in more than whose row is open again."""
    its = [row for row in rows if row["action_id"] == action_id]
    if any(is_unfinished(row) for row in its):
        return False
    closed = [row for row in its if day.state(row) in CLOSED]
    stand = [r for r in closed if r["state"] == "done" or r["why_not"] in FOR_EVERY_REASON]
    return bool(closed) and not stand


def shown_task(
    customer_id: str, rows: Iterable[Row], suggestion: Suggestion, day: Day
) -> TaskState | None:
    """The one task that stands for a customer; None where nothing is suggested or begun."""
    rows = list(rows)
    action_id = suggestion.action_id
    row = action_id and row_for(rows, action_id, suggestion.reason, day)
    if row and is_unfinished(row):
        return task_of(row, suggestion, day)
    begun = [other for other in rows if is_unfinished(other)]
    if begun:
        return task_of(max(begun, key=lambda row: row["version"]), suggestion, day)
    if action_id:
        return task_of(row, suggestion, day) if row else untouched(customer_id, suggestion)
    if rows:
        return task_of(max(rows, key=lambda row: row["version"]), suggestion, day)
    return None


def untouched(customer_id: str, suggestion: Suggestion) -> TaskState:
    """The task of a suggestion that nobody has touched."""
    return TaskState(
        customer_id=customer_id,
        action_id=suggestion.action_id or "",
        reason=suggestion.reason,
        due_on=suggestion.due_on,
    )


def task_of(row: Row, suggestion: Suggestion, day: Day) -> TaskState:
    """The task of a row; what is closed and no longer suggested does not open again."""
    is_current = row["action_id"] == suggestion.action_id
    its = {name: row[name] for name in TaskState.__dataclass_fields__ if name in row}
    task = TaskState(**its, is_current=is_current)
    state = day.state(row) if is_current or is_unfinished(row) else row["state"]
    if state == row["state"]:
        return task
    if is_unfinished(row):
        return replace(task, state=state, snoozed_until=None)
    return replace(
        task, state=state, assignee=None, why_not=None, note=None, due_on=suggestion.due_on
    )


@dataclass(frozen=True)
class Asked:
    """A move of one customer's task, by somebody who saw its `version`.

    `action_id` names the task where it is not the one that is shown. Of the others each belongs to
    a move: `to` (assign), `until` (snooze), `why_not` (not_relevant), `responded` (done); `note`
    goes with any. `is_chosen` is false of one among many whom nobody looked at one by one: then
    what a colleague has in hand is left to them.
    """

    move: TaskMove
    customer_id: str
    version: int
    action_id: str | None = None
    to: str | None = None
    until: dt.date | None = None
    why_not: WhyNot | None = None
    note: str | None = None
    responded: bool | None = None
    is_chosen: bool = True


def moved(task: TaskState, asked: Asked, who: str) -> TaskState:
    """The task after a move other than undo.

    Raises TaskChangedError where it is in no state that the move begins in.
    """
    if task.state not in BEGINS_IN[asked.move]:
        raise TaskChangedError(task.customer_id, task.state, task.changed_by, task.changed_at)
    noted = replace(task, note=asked.note) if asked.note else task
    match asked.move:
        case "take":
            return replace(noted, state="taken", assignee=name_of(who), snoozed_until=None)
        case "assign":
            return replace(noted, state="taken", assignee=asked.to, snoozed_until=None)
        case "snooze":
            return replace(noted, state="snoozed", snoozed_until=asked.until)
        case "done":
            return replace(noted, state="done", snoozed_until=None)
        case "not_relevant":
            why_not = asked.why_not
            return replace(noted, state="not_relevant", why_not=why_not, snoozed_until=None)
        case "reopen":
            return replace(noted, state="open", assignee=None, why_not=None, snoozed_until=None)
    return replace(noted, note=asked.note)


def name_of(who: str) -> str:
    """Who has a task, by the name that the audit log has: a user by their own."""
    return who.removeprefix("user ")


def as_json(row: Row) -> dict[str, Any]:
    """A row as the log keeps it."""
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in row.items()
    }


def from_json(kept: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the log as it was in the table."""
    row = {name: kept[name] for name in tasks.c.keys() if name in kept}  # noqa: SIM118
    for name in DATES:
        row[name] = row[name] and dt.date.fromisoformat(row[name])
    for name in TIMES:
        row[name] = dt.datetime.fromisoformat(row[name])
    return row
