"""The task of a customer on the page: what is suggested, what can be done, what was done."""

from dataclasses import dataclass

from fastapi import Request

from serving.people.access import store_of
from serving.store.reading import reading_of
from serving.web.task_words import change_sentence
from serving.wording.languages import Language
from serving.wording.people import person
from serving.work.assignees import assignees
from serving.work.suggestions import suggestions
from serving.work.task_log import Change, changes_of, undoable, undone
from serving.work.task_reading import task_and_others
from serving.work.task_rules import CLOSED, WHY_NOT, TaskState

DAYS = (1, 3, 7, 14, 30)  # for which a task can be put off by one click
PRESET = 7


@dataclass(frozen=True)
class PastMove:
    """One change as the history shows it."""

    change: Change
    who: str
    sentence: str
    note: str | None
    is_undone: bool


@dataclass(frozen=True)
class TaskBox:
    """What the box shows. `undo` is the version at which the last change can be undone."""

    task: TaskState | None
    others: list[TaskState]
    withheld: bool
    can_move: bool
    history: list[PastMove]
    undo: int | None
    people: list[str]
    days: tuple[int, ...] = DAYS
    preset: int = PRESET
    why_not: tuple[str, ...] = WHY_NOT

    @property
    def is_closed(self) -> bool:
        """Whether all that is left is to open it again."""
        return self.task is not None and self.task.state in CLOSED


def task_box(request: Request, customer_id: str, language: Language) -> TaskBox:
    """The box for a customer of the current release."""
    caller = request.state.caller
    can_move = "work:write" in caller.scopes and not request.app.state.settings.read_only
    with reading_of(store_of(request)) as (connection, found):
        task, others = task_and_others(connection, found, customer_id)
        changes = changes_of(connection, customer_id)
        suggestion = suggestions(connection, found, [customer_id]).get(customer_id)
        people = []
        if can_move and task and suggestion:
            people = assignees(connection, found).names_for(suggestion.owner)
    its = [change for change in reversed(changes) if task and change.task == task.number]
    can_undo = can_move and undoable(its) is not None
    return TaskBox(
        task=task,
        others=others,
        withheld=suggestion is not None and suggestion.withheld,
        can_move=can_move and task is not None,
        history=_history(changes, language),
        undo=task.version if task and can_undo else None,
        people=people,
    )


def _history(changes: list[Change], language: Language) -> list[PastMove]:
    """The changes, newest first, each note where it was written."""
    gone = undone(reversed(changes))
    return [
        PastMove(
            change=change,
            who=person(change.who, language),
            sentence=change_sentence(change, language),
            note=_new_note(change),
            is_undone=change.number in gone,
        )
        for change in changes
    ]


def _new_note(change: Change) -> str | None:
    before, after = (change.before or {}).get("note"), (change.after or {}).get("note")
    return None if change.what == "undo" or before == after else after
