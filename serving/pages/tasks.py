"""Moves of tasks from a page: forms that work without a script.

A page sends `POST /tasks` with

    do       one button of one customer, "<move>:<version>:<customer id>"; it counts alone
    move     of several customers, for each of whom there is a
    task     "<version>:<customer id>", the value of a checkbox
    action   the action, where it is not the one that is shown for the customer
    until    a day (2026-12-24), or `days` from today (7), to put it off
    why_not  why it is not relevant (other), `to`: whom to give it, `responded`: yes or no, `note`
    everyone the list at `back` is meant in place of `task`, at most its first 500
    did      with move=undo, in place of `task`: the changes that an address named
    back     the page to go back to

The version is 0 where nobody has touched the task (`TaskState.version`). The answer leads back, and
the address says by `did` which changes were made: every page shows them, with a button to undo.
"""

import datetime as dt
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Engine

from core.clock import utc_now
from serving.pages.list_tasks import marked_in_list
from serving.people.access import needs, store_of
from serving.web.form import BACK, form_of, one
from serving.web.page import own_path
from serving.web.problems import ApiProblem, InvalidParameter, as_problem
from serving.web.task_words import DID, LEFT, own_changes
from serving.work.task_rules import Asked, TaskMove, WhyNot
from serving.work.task_writing import Moved, Refused
from serving.work.tasks import move

USUAL_DAYS = 7  # for which a task is put off where nothing else is said
USUAL_WHY: WhyNot = "other"
LONGEST_NOTE = 2_000  # characters
router = APIRouter(include_in_schema=False)
Form = dict[str, list[str]]


@router.post("/tasks", dependencies=[needs("work:write")])
async def move_tasks_of_page(request: Request) -> Response:
    """Make the moves of a form, and go back to the page it came from."""
    form = await form_of(request)
    back = own_path(one(form, BACK) or "/")
    store, who = store_of(request), request.state.caller.who
    results = await run_in_threadpool(_moved, store, who, form)
    refused = [result for result in results if isinstance(result, Refused)]
    if len(results) == len(refused) == 1:
        problem = as_problem(refused[0].error)
        problem.back = back
        raise problem
    changes = [result.change for result in results if isinstance(result, Moved)]
    return RedirectResponse(back_with(back, changes, len(refused)), 303)


def back_with(back: str, changes: list[int], refused: int) -> str:
    """The address of a page that says what was done; what it said before is left out."""
    parts = urlsplit(back)
    kept = [(n, v) for n, v in parse_qsl(parts.query, True) if n not in (DID, LEFT)]
    if changes:
        first, last = min(changes), max(changes)
        kept.append((DID, str(first) if first == last else f"{first}-{last}"))
    if refused:
        kept.append((LEFT, str(refused)))
    return parts._replace(query=urlencode(kept)).geturl()


def _moved(store: Engine, who: str, form: Form) -> list[Moved | Refused]:
    return move(store, who, _asked(store, who, form))


def _asked(store: Engine, who: str, form: Form) -> list[Asked]:
    """The moves of a form. Raises ApiProblem for one that is none."""
    pressed = one(form, "do")
    if pressed is not None:
        name, _, rest = pressed.partition(":")
        marked = [rest]
    else:
        name, marked = one(form, "move") or "", form.get("task", [])
    if name == "undo" and DID in form:
        with store.connect() as connection:
            changes = own_changes(connection, who, one(form, DID) or "")
        marked = [f"{change.number}:{change.customer_id}" for change in changes]
    if pressed is None and "everyone" in form:
        marked = marked_in_list(store, own_path(one(form, BACK) or "/"))
    if not marked:
        raise _wrong("task", "nobody was chosen")
    more = _more(name, form)
    return [_of_customer(name, text, more) for text in marked]


def _of_customer(name: str, text: str, more: dict[str, Any]) -> Asked:
    version, _, customer_id = text.partition(":")
    if not (version.isdecimal() and len(version) < 13 and customer_id):
        raise _wrong("task", "is <version>:<customer id>")
    return Asked(cast(TaskMove, name), customer_id, int(version), **more)


def _more(name: str, form: Form) -> dict[str, Any]:
    """What a move needs besides: only its own fields count, whatever else the form holds."""
    note, responded = one(form, "note"), one(form, "responded")
    if note is not None and len(note) > LONGEST_NOTE:
        raise _wrong("note", f"is longer than {LONGEST_NOTE} characters")
    if note is not None and (not note.strip() or "\x00" in note):  # databases store no NUL
        raise _wrong("note", "holds no words, or a NUL character")
    found: dict[str, Any] = {"action_id": one(form, "action"), "note": note and note.strip()}
    if name == "assign":
        found["to"] = one(form, "to")
    elif name == "snooze":
        found["until"] = _day(form)
    elif name == "not_relevant":
        found["why_not"] = one(form, "why_not") or USUAL_WHY
    elif name == "done" and responded in ("yes", "no"):
        found["responded"] = responded == "yes"
    return found


def _day(form: Form) -> dt.date:
    until, days = one(form, "until"), one(form, "days")
    try:
        if until is not None:
            return dt.date.fromisoformat(until)
        return utc_now().date() + dt.timedelta(days=int(days or USUAL_DAYS))
    except (ValueError, OverflowError):
        raise _wrong("until", "is a day, as 2026-12-24") from None


def _wrong(parameter: str, problem: str) -> ApiProblem:
    wrong = InvalidParameter(parameter=parameter, problem=problem)
    return ApiProblem("invalid-parameters", f"{parameter}: {problem}", [wrong])
