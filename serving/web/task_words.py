"""Changes of tasks in words: for the history of a customer, and the notice after a move."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy import Connection

from core.clock import utc_now
from serving.people.access import Access
from serving.store.published import Found
from serving.store.reading import KeptCard, formed_in_order, reading_of
from serving.store.visible import sees
from serving.wording.languages import Language
from serving.wording.sentences import listing, sentence
from serving.work.task_log import Change, changes_between

DID, LEFT = "did", "left"  # in an address: the changes just made, and how many moves were refused
RANGE = re.compile(r"(\d{1,12})(?:-(\d{1,12}))?")
SHOWN_FOR = dt.timedelta(minutes=10)  # a notice is of what was done just now
NAMED = 3  # customers whom a notice names; more are counted
MOST = 5_000  # changes in one notice


@dataclass(frozen=True)
class Notice:
    """What was done just now, in words, and by what it can be undone (None: it cannot)."""

    text: str
    undo: str | None
    left: str | None = None


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


def numbers_in(text: str) -> tuple[int, int] | None:
    """The first and the last change that an address names; None where it names none."""
    found = RANGE.fullmatch(text)
    if found is None:
        return None
    first = int(found[1])
    return first, max(first, min(int(found[2] or first), first + MOST))


def own_changes(connection: Connection, who: str, text: str) -> list[Change]:
    """The changes that an address names, as far as this person made them just now."""
    numbers = numbers_in(text)
    found = [] if numbers is None else changes_between(connection, *numbers)
    since = utc_now() - SHOWN_FOR
    return [change for change in found if change.who == who and change.at >= since]


def notice_of(request: Request, language: Language) -> Notice | None:
    """What the address of a page says was done just now; None where it says nothing."""
    did, left = request.query_params.get(DID, ""), request.query_params.get(LEFT, "")
    count = int(left) if left.isdecimal() and len(left) < 5 else 0
    refused = sentence("tasks.refused", language, n=count) if count else None
    if not did:
        return Notice("", None, refused) if refused else None
    access: Access = request.app.state.access
    caller = request.state.caller
    if "work:write" not in caller.scopes:
        return None
    with reading_of(access.store_of(caller)) as (connection, found):
        changes = own_changes(connection, caller.who, did)
        names = _names(connection, found, changes)
    if not names:
        return Notice("", None, refused) if refused else None
    counted = sentence("tasks.many", language, n=len(names))
    told = counted if len(names) > NAMED else listing(names, language)
    text = change_sentence(changes[0], language, "notice", names=told)
    can_undo = Counter(change.what for change in changes)["undo"] == 0
    return Notice(text, did if can_undo else None, refused)


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
