"""Changes of tasks in words: for the history of a customer, and for whoever came second."""

import re
from typing import Any

from sqlalchemy import Connection

from serving.store.errors import TaskChangedError
from serving.wording.languages import Language
from serving.wording.sentences import sentence
from serving.work.task_log import Change, changes_between
from serving.work.task_rules import CLOSED

RANGE = re.compile(r"(\d{1,12})(?:-(\d{1,12}))?")
MOST = 5_000  # changes in one notice


def change_sentence(change: Change, language: Language, key: str = "log", **values: Any) -> str:
    """A change in words, without who made it."""
    after = change.after or {}
    why_not, until = after.get("why_not"), after.get("snoozed_until")
    values |= {
        "to": after.get("assignee"),
        "until": until,
        "why_not": why_not and sentence(f"tasks.why_not.{why_not}", language),
    }
    return sentence(f"tasks.{key}.{change.what}", language, **values)


def changed_words(error: TaskChangedError, who: str) -> tuple[str, str]:
    """The messages, title and detail, for `who` moved a task that was changed before."""
    if error.who == who:
        key = "tasks.changed_own"
    else:
        key = "tasks.changed_closed" if error.state in CLOSED else "tasks.changed"
    return key, f"{key}_detail"


def numbers_in(text: str) -> tuple[int, int] | None:
    """The first and the last change that a text names; None where it names none."""
    found = RANGE.fullmatch(text)
    if found is None:
        return None
    first = int(found[1])
    return first, max(first, min(int(found[2] or first), first + MOST))


def own_changes(connection: Connection, who: str, text: str) -> list[Change]:
    """The changes that a text names, as far as this person made them."""
    numbers = numbers_in(text)
    found = [] if numbers is None else changes_between(connection, *numbers)
    return [change for change in found if change.who == who]
