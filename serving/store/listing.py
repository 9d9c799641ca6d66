"""The ranked list, page by page: filters, order, totals, cursors."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from core.errors import StoreError
from models.customers.segments import RISK_BANDS, RiskBand
from models.words import SCORED
from serving.cards.query import AtRiskQuery, Filters
from serving.cards.release import Release
from serving.cards.sorting import ASCENDING, MONEY, Order, Sort
from serving.cards.stored import Card
from serving.store.changed import older_release
from serving.store.cursors import Cursor, sealed, unsealed
from serving.store.errors import (
    CursorGoneError,
    InvalidCursorError,
    NoMoneyError,
    ReleaseNotFoundError,
    UnknownNameError,
)
from serving.store.list_index import RESIDENT, Chosen, ListIndex
from serving.store.live_cards import live_index, newest_live
from serving.store.memory import Kept
from serving.store.overlaid import OverlaidIndex
from serving.store.published import Found, find_release
from serving.store.reading import Form, KeptCard, explained, formed_in_order
from serving.store.tables import CARDS, INDEX
from serving.store.told import contacted_within
from serving.store.touched import ReadTouched, asks_for_tasks, of_tasks
from serving.store.versions import each_part, hash_of_parts
from serving.store.visible import visible_owners

_INDEXES: Kept[ListIndex] = Kept(2)  # with a million cards each takes about 100 MB
_OVERLAID: Kept[OverlaidIndex] = Kept(2)
PAGE = 50
T = TypeVar("T")
ReadCustomers = Callable[[Connection], Collection[str]]
OTHER_LIST = (
    "This cursor does not belong to this list: take `next` as it stands, or start without a cursor."
)
GONE = "The release this list began in is no longer kept: start again without a cursor."


@dataclass(frozen=True)
class Listed(Generic[T]):
    """One page of the list; `seen` customers came before it."""

    release: Release
    sort: Sort
    order: Order
    cards: list[T]
    total: int
    total_value_at_risk: float | None
    by_band: dict[RiskBand, int]  # whom all other filters leave
    seen: int
    compared_with: str | None  # the release of `changed_since`
    next_cursor: str | None


@dataclass(frozen=True)
class _Wanted:
    """Of which release a page is, with live cards up to a number, after which cursor."""

    found: Found
    live_until: int | None
    cursor: Cursor | None
    tasks: ReadTouched | None
    without: ReadCustomers | None = None


def at_risk(engine: Engine, query: AtRiskQuery, release: str | None = None) -> Listed[Card]:
    """As `formed_list`, with the cards as they are."""
    return formed_list(engine, query, KeptCard.read, release)


def formed_list(
    engine: Engine,
    query: AtRiskQuery,
    form: Form[T],
    release: str | None = None,
    tasks: ReadTouched | None = None,
    without: ReadCustomers | None = None,
) -> Listed[T]:
    """One page of the ranked list; a cursor stays with the release in which it began.

    `form` says what is made of each card, while it is read; `tasks` reads what filters by tasks
    need, and `without` who is left out whatever the filters.

    Raises NoReleaseError and ReleaseNotFoundError as `current`, InvalidCursorError for a cursor
    that is invalid or belongs to another list or release, CursorGoneError where its release is no
    longer kept, NoMoneyError for an order by money where the release has none, and UnknownNameError
    for an action or owner that does not occur in it.
    """
    try:
        with engine.connect() as connection:
            cursor = _cursor(connection, query, release)
            found = _release(connection, cursor, release)
            until = _live_until(connection, found, cursor, release)
            return _page(connection, query, form, _Wanted(found, until, cursor, tasks, without))
    except DBAPIError as error:
        raise explained(engine, error) from None


def check_names(query: Filters, release: Release) -> None:
    """Refuse a name that nobody has: it is misspelt, and an empty list would hide that."""
    asked = {"intended_action": query.intended_action, "owner": query.owner and [query.owner]}
    known = {"intended_action": release.intended_actions, "owner": release.owners}
    for name, values in asked.items():
        for value in values or []:
            if value not in known[name]:
                there = ", ".join(known[name][:20]) or "none"
                why = f"{value!r} does not occur in this release; these do: {there}"
                raise UnknownNameError(name, why)


def _page(
    connection: Connection,
    query: AtRiskQuery,
    form: Form[T],
    wanted: _Wanted,
) -> Listed[T]:
    """The page of what is wanted."""
    found, until, cursor = wanted.found, wanted.live_until, wanted.cursor
    release = found.release
    check_names(query, release)
    sort, order = _order(query, cursor, release)
    index, older, chosen_by = _choosing(connection, query, wanted)
    chosen = chosen_by(query)
    bands = chosen_by(query.model_copy(update={"risk_band": []})) if query.risk_band else chosen
    seen = cursor.seen if cursor else 0
    limit = query.limit or PAGE
    after = (cursor.value, cursor.customer_id) if cursor else None
    rows = list(islice(index.ranked(chosen.rows, sort, order, after), limit + 1))
    last = rows[limit - 1] if len(rows) > limit else None
    return Listed(
        release=release,
        sort=sort,
        order=order,
        cards=formed_in_order(
            connection, [who for who, _ in rows[:limit]], found, until or 0, form
        ),
        total=chosen.total,
        total_value_at_risk=chosen.money if release.has_money else None,
        by_band={band: bands.bands.get(band, 0) for band in RISK_BANDS},
        seen=seen,
        compared_with=None if older is None else older.release.release_id,
        next_cursor=last
        and sealed(
            connection,
            Cursor(
                release_id=release.release_id,
                sort=sort,
                order=order,
                filters=query.fingerprint(),
                value=last[1],
                customer_id=last[0],
                seen=seen + limit,
                live_until=until,
            ),
        ),
    )


def _choosing(
    connection: Connection, query: Filters, wanted: _Wanted
) -> tuple[ListIndex | OverlaidIndex, Found | None, Callable[[Filters], Chosen]]:
    """The columns of the list, the release of `changed_since`, and what chooses by filters."""
    index = _with_live(connection, wanted.found, wanted.live_until)
    older = None
    if query.changed_since is not None:
        older = older_release(connection, query.changed_since)
    compared = None if older is None else list_index(connection, older)
    touched = None
    if asks_for_tasks(query):
        if wanted.tasks is None:
            raise UnknownNameError("task_state", "cannot be asked for here")
        touched = wanted.tasks(connection, wanted.found)

    contacted = None
    if query.not_contacted_days is not None:
        contacted = contacted_within(connection, wanted.found, query.not_contacted_days)
    left_out = wanted.without(connection) if wanted.without else ()

    def chosen_by(filters: Filters) -> Chosen:
        fit = index.chosen(filters, visible_owners(connection), compared)
        for some in (contacted, left_out):
            if some:
                fit = index.summed(fit.rows & ~index.rows_of(some))
        return fit if touched is None else of_tasks(index, fit, filters, touched)

    return index, older, chosen_by


def risks_of(
    engine: Engine, query: AtRiskQuery, tasks: ReadTouched | None = None
) -> tuple[Release, np.ndarray]:
    """The risks of those who are scored among whom the filters leave, whatever `min_churn_risk`.

    Raises as `formed_list`.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection, query.release)
            check_names(query, found.release)
            until = _live_until(connection, found, None, query.release)
            everybody = query.model_copy(update={"min_churn_risk": None})
            wanted = _Wanted(found, until, None, tasks)
            index, _, chosen_by = _choosing(connection, everybody, wanted)
            rows = chosen_by(everybody).rows & index.has("status", [SCORED])
            return found.release, index.numbers("churn_risk")[rows]
    except DBAPIError as error:
        raise explained(engine, error) from None


def _live_until(
    connection: Connection, found: Found, cursor: Cursor | None, asked: str | None
) -> int | None:
    """Up to which live card the list is read; None where a release was named, as published."""
    if cursor is not None:
        return cursor.live_until
    return newest_live(connection, found.number) if asked is None else None


def _with_live(
    connection: Connection, found: Found, until: int | None
) -> ListIndex | OverlaidIndex:
    """What lists are filtered and sorted by, with live cards up to that number."""
    published = list_index(connection, found)
    live = live_index(connection, found.number, until) if until else None
    if live is None:
        return published
    return _OVERLAID.get((published.name, live.name), lambda: OverlaidIndex(published, live))


def _cursor(connection: Connection, query: AtRiskQuery, asked: str | None) -> Cursor | None:
    """The cursor of the query; one that is not ours, or of another list, is refused."""
    if query.cursor is None:
        return None
    cursor = unsealed(connection, query.cursor)
    if cursor is None or cursor.filters != query.fingerprint():
        raise InvalidCursorError(OTHER_LIST)
    if asked not in (None, cursor.release_id):
        raise InvalidCursorError(OTHER_LIST)
    return cursor


def _release(connection: Connection, cursor: Cursor | None, asked: str | None) -> Found:
    """The release of the cursor; without one that of the id asked for, or the current one."""
    if cursor is None:
        return find_release(connection, asked)
    try:
        return find_release(connection, cursor.release_id)
    except ReleaseNotFoundError:
        raise CursorGoneError(GONE) from None


def _order(query: AtRiskQuery, cursor: Cursor | None, release: Release) -> tuple[Sort, Order]:
    sort: Sort = query.sort or ("value_at_risk" if release.has_money else "churn_risk")
    asks_for_money = sort in MONEY or query.min_value_at_risk is not None
    if asks_for_money and not release.has_money:
        why = "A rule ranks in this release, which tells no" if release.gate else "Its data has no"
        raise NoMoneyError(
            f"Release {release.release_id} cannot be ranked or filtered by money. {why} amounts.",
        )
    order = query.order or ("asc" if sort in ASCENDING else "desc")
    if cursor is not None and (cursor.sort, cursor.order) != (sort, order):
        raise InvalidCursorError(OTHER_LIST)
    return sort, order


def list_index(connection: Connection, found: Found) -> ListIndex:
    """What the release is filtered and sorted by, read once in each process.

    Raises StoreError where it is not what was published.
    """
    name = found.part(connection, INDEX)

    def read() -> ListIndex:
        if hash_of_parts(connection, found.number) != name:
            raise StoreError(
                f"The columns of release {found.release.release_id} are damaged in the store: "
                "restore it from a backup, or publish the release into a new one."
            )
        index = ListIndex(each_part(connection, found.number, CARDS, RESIDENT.names), name)
        pa.default_memory_pool().release_unused()  # what the parts took, half as much again
        return index

    return _INDEXES.get(name, read)


def seen_among(connection: Connection, customers: Collection[str]) -> set[str]:
    """Those of these customers of the current release whom this reader sees."""
    found = find_release(connection)
    index = _with_live(connection, found, newest_live(connection, found.number))
    return index.among(customers, visible_owners(connection))
