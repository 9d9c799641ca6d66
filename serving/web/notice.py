"""The notice after moves of tasks: what was done, by what it is undone, and what was left and why.

The answer to a form sends it as a cookie to the page that follows, which shows it and takes the
cookie back: neither the browser's Back nor a search or a link brings it again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection

from core.errors import QueryError
from serving.people.access import Access
from serving.store.errors import (
    DoNotContactError,
    NotAssignableError,
    TaskChangedError,
    TaskHeldError,
)
from serving.store.published import Found
from serving.store.reading import KeptCard, formed_in_order, reading_of
from serving.store.visible import sees
from serving.web.task_words import change_sentence, own_changes
from serving.wording.languages import Language
from serving.wording.people import person
from serving.wording.sentences import listing, sentence
from serving.work.task_log import Change
from serving.work.task_rules import CLOSED
from serving.work.task_writing import Moved, Refused

COOKIE = "regulars_notice"
LASTS = 60  # seconds in which the page that follows is asked for
NAMED = 3  # customers whom a notice names, and reasons with a colleague's name; more are counted
LONGEST_NAME = 100  # characters of a colleague's name: a cookie has 4,096 bytes
Why = Literal["held", "changed", "own", "closed", "not_to_contact", "not_assignable", "nothing"]


class Left(BaseModel):
    """Moves that were not made for one reason: how many, and because of whom."""

    why: Why
    count: int
    who: str | None = None


class Told(BaseModel):
    """What the cookie holds: the changes that were made, as an undo names them, and the rest."""

    did: str = ""
    left: list[Left] = []


@dataclass(frozen=True)
class Notice:
    """What was done just now, in words, and by what it can be undone (None: it cannot)."""

    text: str
    undo: str | None
    left: str | None = None


def told_next(
    response: Response, request: Request, results: Sequence[Moved | Refused], who: str
) -> Response:
    """The answer, which tells the page that follows what became of these moves."""
    numbers = [result.change for result in results if isinstance(result, Moved)]
    did = ""
    if numbers:
        first, last = min(numbers), max(numbers)
        did = str(first) if first == last else f"{first}-{last}"
    left = left_of([one.error for one in results if isinstance(one, Refused)], who)
    _set(response, request, Told(did=did, left=left).model_dump_json(exclude_defaults=True), LASTS)
    return response


def left_of(errors: Sequence[QueryError], who: str) -> list[Left]:
    """The reasons of moves that were not made, counted, the most frequent first.

    `who` tried. Of more than NAMED colleagues the others are counted together.
    """
    counted = Counter(_why(error, who) for error in errors)
    found: Counter[tuple[Why, str | None]] = Counter()
    named = 0
    for (why, name), count in counted.most_common():
        named += name is not None
        is_told = name is not None and named <= NAMED and len(name) <= LONGEST_NAME
        found[why, name if is_told else None] += count
    return [Left(why=why, count=n, who=name) for (why, name), n in found.most_common()]


def _why(error: QueryError, who: str) -> tuple[Why, str | None]:
    match error:
        case TaskHeldError():
            return "held", error.who
        case NotAssignableError():
            return "not_assignable", error.to
        case TaskChangedError() if error.state in CLOSED:
            return "closed", None
        case TaskChangedError():
            return ("own", None) if error.who == who else ("changed", error.who)
        case DoNotContactError():
            return "not_to_contact", None
    return "nothing", None


def notice_of(request: Request, language: Language) -> Notice | None:
    """What was done just now, as the cookie tells it; None where it tells nothing."""
    caller = request.state.caller
    try:
        told = Told.model_validate_json(unquote(request.cookies.get(COOKIE, "")))
    except ValidationError:
        return None
    if "work:write" not in caller.scopes:
        return None
    left = _left_sentence(told.left, language)
    access: Access = request.app.state.access
    with reading_of(access.store_of(caller)) as (connection, found):
        changes = own_changes(connection, caller.who, told.did)
        names = _names(connection, found, changes)
    if not names:
        return Notice("", None, left) if left else None
    counted = sentence("tasks.many", language, n=len(names))
    shown = counted if len(names) > NAMED else listing(names, language)
    text = change_sentence(changes[0], language, "notice", names=shown)
    can_undo = all(change.what != "undo" for change in changes)
    return Notice(text, told.did if can_undo else None, left)


def take_back(response: Response, request: Request) -> None:
    """A notice that was shown is not shown again."""
    if COOKIE in request.cookies:
        _set(response, request, "", 0)


def _set(response: Response, request: Request, text: str, seconds: int) -> None:
    response.set_cookie(
        COOKIE,
        quote(text, safe=""),
        max_age=seconds,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def _left_sentence(left: Sequence[Left], language: Language) -> str | None:
    if not left:
        return None
    parts = [sentence("tasks.refused", language, n=sum(one.count for one in left))]
    parts += [
        sentence(
            f"tasks.left.{one.why}",
            language,
            n=one.count,
            who=one.who and person(one.who, language),
        )
        for one in left
    ]
    if any(one.why == "held" for one in left):
        parts.append(sentence("tasks.left_hint", language))
    return " ".join(parts)


def _names(connection: Connection, found: Found, changes: Sequence[Change]) -> list[str]:
    """The names of the customers of these changes, as far as this reader sees them."""

    def name(kept: KeptCard) -> tuple[str, str | None]:
        card = kept.read(frozenset(("customer_id", "name", "owner")))
        return card["name"] or card["customer_id"], card["owner"]

    customers = list(dict.fromkeys(change.customer_id for change in changes))
    named: list[str] = []
    for start in range(0, len(customers), 500):
        some = formed_in_order(connection, customers[start : start + 500], found, 0, name)
        named += [name for name, owner in some if sees(connection, owner)]
    return named
