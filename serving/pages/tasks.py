"""Moves of tasks from a page: forms that work without a script.

A page sends `POST /tasks` with

    do       one button of one customer, "<move>:<version>:<customer id>"; it counts alone. Of
             not_relevant with the reason: "not_relevant/wrong_data:<version>:<customer id>"
    move     of several customers, for each of whom there is a
    task     "<version>:<customer id>", the value of a checkbox
    action   the action, where it is not the one that is shown for the customer
    until    a day (2026-12-24), or `days` from today (7), to put it off
    why_not  why it is not relevant (other), `to`: whom to give it, `responded`: yes or no
    note     with `move`; with `do` the field is "note:<customer id>"
    everyone the list at `back` is meant, at most its first 500, besides each `task`
    open     "note:<customer id>" or "dismiss:<customer id>": nothing moves, and the list comes back
             with this row opened; anything else closes it
    did      with move=undo, in place of `task`: the changes to take back
    back     the page to go back to

The version is 0 where nobody has touched the task (`TaskState.version`). The answer leads back, and
the page says what was done, with a button to undo it (serving/web/notice.py).
"""

import datetime as dt
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Engine

from core.clock import utc_now
from core.errors import QueryError
from serving.pages.list_tasks import rest_of_list
from serving.people.access import needs, store_of
from serving.store.errors import TaskChangedError
from serving.web.form import back_of, form_of, one
from serving.web.notice import told_next
from serving.web.page import OPENED
from serving.web.problems import ApiProblem, InvalidParameter, as_problem
from serving.web.task_words import changed_words, own_changes
from serving.work.task_rules import Asked, TaskMove, WhyNot
from serving.work.task_writing import Moved, Refused
from serving.work.tasks import move

USUAL_DAYS = 7  # for which a task is put off where nothing else is said
USUAL_WHY: WhyNot = "other"
LONGEST_NOTE = 2_000  # characters
# What is wrong with a form → its words below tasks.wrong; all else is a form out of date.
OWN_WORDS = ("nobody", "undo", "note", "until", "to", "why_not")
router = APIRouter(include_in_schema=False)
Form = dict[str, list[str]]


@router.post("/tasks", dependencies=[needs("work:write")])
async def move_tasks_of_page(request: Request) -> Response:
    """Make the moves of a form, and go back to the page it came from."""
    form = await form_of(request)
    back = back_of(request, form)
    if "open" in form:
        return RedirectResponse(_opened(back, one(form, "open") or ""), 303)
    store, who = store_of(request), request.state.caller.who
    try:
        results = await run_in_threadpool(_moved, store, who, form, back)
    except (ApiProblem, QueryError) as error:
        raise _in_words(error, who, back) from None
    if len(results) == 1 and isinstance(results[0], Refused) and "everyone" not in form:
        raise _in_words(results[0].error, who, back)
    return told_next(RedirectResponse(back, 303), request, results, who)


def _opened(back: str, what: str) -> str:
    """The address of a list with one row opened, none unless `what` names one."""
    parts = urlsplit(back)
    kept = [(n, v) for n, v in parse_qsl(parts.query, True) if n not in OPENED]
    name, _, customer_id = what.partition(":")
    if name in OPENED and customer_id:
        kept.append((name, customer_id))
    return parts._replace(query=urlencode(kept)).geturl()


def _in_words(error: ApiProblem | QueryError, who: str, back: str) -> ApiProblem:
    """The problem, whose page says what it is for who tried, and leads back."""
    problem = as_problem(error)
    problem.back = back
    if isinstance(error, TaskChangedError):
        problem.words = changed_words(error, who)
    elif problem.name == "invalid-parameters":
        parameter = problem.errors[0].parameter if problem.errors else ""
        key = parameter if parameter in OWN_WORDS else "form"
        problem.words = ("tasks.wrong.title", f"tasks.wrong.{key}")
    return problem


def _moved(store: Engine, who: str, form: Form, back: str) -> list[Moved | Refused]:
    return move(store, who, _asked(store, who, form, back))


def _asked(store: Engine, who: str, form: Form, back: str) -> list[Asked]:
    """The moves of a form. Raises ApiProblem for one that is none."""
    pressed = one(form, "do")
    if pressed is not None:
        name, _, text = pressed.partition(":")
        name, _, why_not = name.partition("/")
        its = {"why_not": [why_not or USUAL_WHY], "note": form.get(f"note:{_customer(text)}", [])}
        return [_of_customer(name, text, _more(name, {**form, **its}))]
    name = one(form, "move") or ""
    if name == "undo" and "did" in form:
        with store.connect() as connection:
            changes = own_changes(connection, who, one(form, "did") or "")
        if not changes:
            raise _wrong("undo", "names no change of yours")
        return [Asked("undo", change.customer_id, change.number) for change in changes]
    more = _more(name, form)
    asked = [_of_customer(name, text, more) for text in form.get("task", [])]
    if "everyone" in form:
        chosen = {one.customer_id for one in asked}
        versions, is_chosen = rest_of_list(store, back)
        asked += [
            Asked(cast(TaskMove, name), customer, version, is_chosen=is_chosen, **more)
            for customer, version in versions.items()
            if customer not in chosen
        ]
    if not asked:
        raise _wrong("nobody" if name else "form", "nobody was chosen")
    return asked


def _customer(text: str) -> str:
    return text.partition(":")[2]


def _of_customer(name: str, text: str, more: dict[str, Any]) -> Asked:
    version, customer_id = text.partition(":")[0], _customer(text)
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
