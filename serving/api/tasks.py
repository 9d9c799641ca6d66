"""`/v1/tasks`: what was done with suggestions, and the moves of a CRM with tasks of its own."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from serving.api.asking import (
    COMMON,
    SENT,
    WRITING,
    LanguageQuery,
    NoParameters,
    Nothing,
    Store,
    api_router,
)
from serving.cards.parts import Id, Text, WholeNumber
from serving.cards.release import Stamp
from serving.people.access import needs
from serving.store.reading import one_card, reading_of
from serving.web.body import JsonBody
from serving.web.language import chosen_language
from serving.web.problems import as_problem, documented
from serving.web.task_words import change_sentence
from serving.work import task_rules
from serving.work.task_log import changes_of, undone
from serving.work.task_reading import Wanted, tasks_after
from serving.work.task_rules import LONGEST_SNOOZE, Asked, TaskState
from serving.work.task_writing import Moved, Refused
from serving.work.tasks import move

TaskStatus = TypeAliasType("TaskStatus", task_rules.TaskStatus)
TaskMove = TypeAliasType("TaskMove", task_rules.TaskMove)
WhyNot = TypeAliasType("WhyNot", task_rules.WhyNot)
MOST, PAGE = 1_000, 50
MAX_BYTES = 3_000_000
Note = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
Version = Annotated[WholeNumber, Field(ge=0, le=2**53)]
router = api_router("Tasks")


class Task(BaseModel):
    """What is done with one suggestion for one customer; it stays one task across releases."""

    customer_id: Id
    action_id: str
    reason: str = Field(description="The group of the card's strongest reason; empty without one.")
    state: TaskStatus = Field(
        description="As of today: what was put off until now, or closed for long enough, is open."
    )
    version: int = Field(description="Of its last change; 0: nobody has touched it.")
    assignee: str | None = Field(description="An owner or a user.")
    due_on: dt.date | None
    snoozed_until: dt.date | None
    why_not: WhyNot | None
    note: str | None
    changed_at: AwareDatetime | None = Field(description="When it came into its state.")
    changed_by: str | None
    is_current: bool = Field(description="False: the plan no longer suggests it.")


class Tasks(Stamp):
    """Tasks that somebody has touched, in the order of their versions."""

    next: str | None = Field(description="The next page; null: these are the last ones.")
    tasks: list[Task]


class TasksQuery(NoParameters):
    """Which tasks."""

    state: TaskStatus | None = None
    assignee: Text | None = None
    customer: Id | None = None
    after: Version = Field(
        default=0, description="Only later versions: what has changed since one was read."
    )
    limit: int = Field(default=PAGE, ge=1, le=MOST)


class TaskToMove(BaseModel):
    """A move of one customer's task, by somebody who saw it at `version`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    move: TaskMove
    customer_id: Id
    version: Version = Field(
        description="As it was read; 0 where nobody has touched it. Of two moves with the same "
        "version the first counts. To undo: the version that the change made."
    )
    action_id: Text | None = Field(
        default=None, description="Where it is not the action that the card intends."
    )
    to: Text | None = Field(default=None, description="Of assign: an owner or a user.")
    until: dt.date | None = Field(
        default=None, description=f"Of snooze: tomorrow to {LONGEST_SNOOZE} days on."
    )
    why_not: WhyNot | None = Field(default=None, description="Of not_relevant.")
    responded: bool | None = Field(default=None, description="Of done: whether they answered.")
    note: Note | None = None


class MovedTask(BaseModel):
    """A move that was made."""

    customer_id: Id
    change: int = Field(description="Its number, which is the version of the task now.")
    task: Task | None = Field(description="Null: nothing is suggested or begun any more.")


class RefusedMove(BaseModel):
    """A move that was not made."""

    customer_id: Id
    type: str = Field(description="The problem, as of an answer that is one.")
    detail: str


class MovedTasks(BaseModel):
    """What became of each move: of a customer wholly or not at all."""

    moved: list[MovedTask]
    refused: list[RefusedMove]


class TaskChange(BaseModel):
    """One change of a customer's task."""

    number: int
    at: AwareDatetime
    who: str
    what: TaskMove
    sentence: str
    note: str | None
    is_undone: bool


class TaskChanges(BaseModel):
    """What was done with a customer's tasks, the newest first."""

    customer_id: Id
    changes: list[TaskChange]


class ChangesQuery(LanguageQuery):
    """Of whom, and in which language."""

    customer: Id | None = None


BODY: JsonBody[Any] = JsonBody(
    TaskToMove | Annotated[list[TaskToMove], Field(min_length=1, max_length=MOST)], MAX_BYTES
)
ToMove = Annotated[Any, Depends(BODY.read)]


@router.get(
    "/v1/tasks",
    dependencies=[needs("cards:read")],
    summary="Tasks that somebody has touched",
    responses=documented("no-release", *COMMON),
)
def list_tasks(query: Annotated[TasksQuery, Query()], store: Store) -> Tasks:
    """In the order of their last changes: ask again with the last version for what is new.

    A customer whom nobody has touched has none: the task is open as long as the card intends an
    action. One that was undone altogether is no longer here, nor are those of customers whom the
    caller does not see.
    """
    wanted = Wanted(query.after, query.customer, query.state, query.assignee)
    with reading_of(store) as (connection, found):
        several = (task for some in tasks_after(connection, found, wanted) for task in some)
        tasks = list(islice(several, query.limit + 1))
    further = None
    if len(tasks) > query.limit:
        tasks = tasks[: query.limit]
        asked = query.model_dump(exclude_defaults=True) | {"after": tasks[-1].version}
        further = f"/v1/tasks?{urlencode(asked)}"
    listed = [told(task) for task in tasks]
    return Tasks(**found.release.stamp(), next=further, tasks=listed)


@router.post(
    "/v1/tasks",
    dependencies=[needs("work:write")],
    summary="Take, finish, put off or undo tasks",
    openapi_extra=BODY.documented,
    responses=documented(
        "customer-not-found",
        "task-changed",
        "do-not-contact",
        "not-assignable",
        "no-task",
        *SENT,
        "no-release",
        *WRITING,
        *COMMON,
    ),
)
def move_tasks(_: Nothing, asked: ToMove, request: Request, store: Store) -> MovedTasks:
    """One move or a list. A move alone that is refused is a problem; of a list the answer says so.

    A move that is sent again with the same version is made once. `done` tells the next run a
    contact with the chances of the card: do not tell it as an outcome too.
    """
    several = asked if isinstance(asked, list) else [asked]
    who = request.state.caller.who
    results = move(store, who, [Asked(**one.model_dump()) for one in several])
    refused = [one for one in results if isinstance(one, Refused)]
    if refused and not isinstance(asked, list):
        raise refused[0].error
    return MovedTasks(moved=[*_moved(results)], refused=[_refused(one) for one in refused])


@router.get(
    "/v1/tasks/changes",
    dependencies=[needs("cards:read")],
    summary="What was done with the tasks of a customer",
    responses=documented("customer-not-found", "no-release", *COMMON),
)
def list_task_changes(
    query: Annotated[ChangesQuery, Query()], request: Request, store: Store
) -> TaskChanges:
    """Every change, the newest first, also those that were undone."""
    language = chosen_language(request, query.language)
    customer_id = query.customer or ""
    one_card(store, customer_id, False)
    with reading_of(store) as (connection, _):
        changes = changes_of(connection, customer_id)
    gone = undone(reversed(changes))
    rows = [
        TaskChange(
            number=change.number,
            at=change.at.replace(tzinfo=dt.UTC),
            who=change.who,
            what=change.what,
            sentence=change_sentence(change, language),
            note=(change.after or {}).get("note"),
            is_undone=change.number in gone,
        )
        for change in changes
    ]
    return TaskChanges(customer_id=customer_id, changes=rows)


def told(task: TaskState) -> Task:
    """A task as the API tells it."""
    values = asdict(task)
    at = values["changed_at"]
    return Task(**values | {"changed_at": at and at.replace(tzinfo=dt.UTC)})


def _moved(results: list[Moved | Refused]) -> Iterator[MovedTask]:
    for one in results:
        if isinstance(one, Moved):
            task = None if one.task is None else told(one.task)
            yield MovedTask(customer_id=one.asked.customer_id, change=one.change, task=task)


def _refused(one: Refused) -> RefusedMove:
    body = as_problem(one.error).body()
    return RefusedMove(customer_id=one.asked.customer_id, type=body["type"], detail=body["detail"])
