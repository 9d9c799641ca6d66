"""Tasks in the rows of the list: what is done about each customer, and buttons for several."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fastapi import Request
from markupsafe import Markup
from sqlalchemy import Engine

from serving.cards.codes import TaskFilter
from serving.cards.query import AtRiskQuery
from serving.cards.stored import Card
from serving.people.access import store_of
from serving.store.listing import formed_list
from serving.store.reading import reading, reading_of
from serving.web.page import OPENED, query_of, words_of
from serving.web.templates import templates
from serving.wording.languages import Language
from serving.wording.people import person
from serving.work.assignees import assignees
from serving.work.overrides import not_to_be_contacted, overrides_of
from serving.work.suggestions import suggestion_of
from serving.work.task_reading import task_states, tasks_of
from serving.work.task_rules import WHY_NOT

TO_DO: TaskFilter = "to_do"  # what the page shows unless told otherwise
ROWS = 25  # of a page: well below 60 kB in the longer language, notes in the rows included
MOST = 500  # customers of a list whose tasks are moved at once
# What stands in the kept text of a row where its task belongs; no text of a card holds a NUL.
OPEN, WITHHELD, NOTHING = "\x00o", "\x00w", "\x00n"
PICK = "\x00p"
MARK = re.compile("\x00([owpn])")


@dataclass(frozen=True)
class ListTasks:
    """What the form around the list needs; `can_move`: whether this reader may change tasks."""

    can_move: bool
    people: Sequence[str] = ()
    why_not: Sequence[str] = WHY_NOT
    most: int = MOST


def mark_of(card: Card) -> str:
    """What the row of a card holds in place of its task, as the card suggests it."""
    suggestion = suggestion_of(card)
    if suggestion.action_id is None:
        return NOTHING
    return WITHHELD if suggestion.withheld else OPEN


def with_tasks(
    request: Request, rows: Sequence[tuple[str, bytes]], language: Language
) -> tuple[ListTasks, str]:
    """The rows of these customers with their tasks as they are now, and what the form needs."""
    caller = request.state.caller
    can_move = "work:write" in caller.scopes and not request.app.state.settings.read_only
    with reading_of(store_of(request)) as (connection, found):
        touched = tasks_of(connection, found, [who for who, _ in rows])
        people = assignees(connection, found).names() if can_move and rows else []
        held = overrides_of(connection, [who for who, _ in rows])
    opened = {request.query_params.get(what): what for what in OPENED}
    of_row: Any = templates.get_template("at_risk_task.html").make_module(
        {**words_of(language), "person": partial(person, language=language)}
    )

    def filled(who: str, text: bytes) -> str:
        def put(found: re.Match[str]) -> Markup:
            if found[1] == "p":
                return Markup(of_row.pick(who, touched.get(who)) if can_move else "")
            its = held.get(who, ())
            mark = WITHHELD[-1] if not_to_be_contacted(its) else found[1]
            cell = of_row.cell(who, touched.get(who), mark, can_move, opened.get(who), WHY_NOT)
            return Markup(cell + of_row.known_better(its))

        return MARK.sub(put, text.decode())

    return ListTasks(can_move, people), "".join(filled(who, text) for who, text in rows)


def rest_of_list(store: Engine, address: str) -> tuple[dict[str, int], bool]:
    """The version of the task of each of the first MOST customers of the list at this address.

    And whether their tasks were chosen whoever has them: where the list is filtered by that. Left
    out is for whom nothing is suggested and nobody has begun anything. Raises ApiProblem for an
    address that asks for what no list has.
    """
    query = list_query(parse_qs(urlsplit(address).query))
    query = query.model_copy(update={"limit": MOST, "cursor": None})
    form = reading(("customer_id", "owner", "reasons", "intended_action", "withheld"))
    cards = formed_list(store, query, form, query.release, task_states).cards
    with reading_of(store) as (connection, found):
        touched = tasks_of(connection, found, [card["customer_id"] for card in cards])
    versions = {
        who: touched[who].version if who in touched else 0
        for card in cards
        if (who := card["customer_id"]) in touched
        or (card["intended_action"] or {}).get("action_id") not in NO_TASK
    }
    return versions, query.assignee is not None


NO_TASK: Collection[str | None] = (None, "do_nothing")


def list_query(asked: Mapping[str, list[str]]) -> AtRiskQuery:
    """The query of the list as a page shows it: what is to do, unless the address says more."""
    query = query_of({name: values for name, values in asked.items() if name not in OPENED})
    usual = {"task_state": TO_DO, "limit": ROWS}
    unsaid = {name: value for name, value in usual.items() if getattr(query, name) is None}
    return query.model_copy(update=unsaid)
