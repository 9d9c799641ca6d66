"""Which customers of a list have tasks in a state or with somebody, for the filters of lists."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from sqlalchemy import Connection

from serving.cards.query import Filters
from serving.store.list_index import Chosen, ListIndex
from serving.store.overlaid import OverlaidIndex
from serving.store.published import Found

HIDDEN = ("snoozed", "done", "not_relevant")  # nothing is left to do, or not yet


class Touched(Protocol):
    """The tasks that somebody has touched; whoever is in neither is open."""

    @property
    def state(self) -> Mapping[str, Any]: ...
    @property
    def by_state(self) -> Mapping[Any, Collection[str]]: ...
    @property
    def by_assignee(self) -> Mapping[str, Collection[str]]: ...


# Reads what somebody has touched, of a release, where a filter asks for it.
ReadTouched = Callable[[Connection, Found], Touched]
Index = ListIndex | OverlaidIndex


def asks_for_tasks(query: Filters) -> bool:
    """Whether the filters need to know of tasks."""
    return query.task_state not in (None, "all") or query.assignee is not None


def of_tasks(index: Index, chosen: Chosen, query: Filters, touched: Touched) -> Chosen:
    """Of those who are chosen the ones whose tasks fit too."""
    rows = chosen.rows
    if query.assignee is not None:
        rows = rows & index.rows_of(touched.by_assignee.get(query.assignee, ()))
    if query.task_state == "to_do":
        hidden = {who for state in HIDDEN for who in touched.by_state.get(state, ())}
        if not hidden and rows is chosen.rows:
            return chosen
        rows = rows & ~index.rows_of(hidden)
    elif query.task_state == "open":
        begun = index.rows_of(touched.state)
        is_open = index.rows_of(touched.by_state.get("open", ()))
        rows = rows & (is_open | (index.with_action() & ~begun))
    elif query.task_state not in (None, "all"):
        rows = rows & index.rows_of(touched.by_state.get(query.task_state, ()))
    return index.summed(rows)
