"""The ranked list, page by page: filters, order, totals, cursors."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Engine,
    and_,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.exc import DBAPIError

from models.words import LISTED, SCORED
from serving.cards.query import AtRiskQuery, Filters
from serving.cards.release import Release
from serving.cards.sorting import ASCENDING, MONEY, Order, Sort
from serving.cards.stored import Card, read_card
from serving.store.changed import is_changed, older_release
from serving.store.cursors import Cursor, sealed, unsealed
from serving.store.errors import (
    CursorGoneError,
    InvalidCursorError,
    NoMoneyError,
    ReleaseNotFoundError,
    UnknownNameError,
)
from serving.store.published import Found, find_release
from serving.store.reading import explained
from serving.store.tables import card_texts, cards
from serving.store.visible import visible_cards, visible_owners
from sources.meanings.vocabulary import DO_NOTHING, TREATED

PAGE = 50
OTHER_LIST = (
    "This cursor does not belong to this list: take `next` as it stands, or start without a cursor."
)
GONE = "The release this list began in is no longer kept: start again without a cursor."


@dataclass(frozen=True)
class Listed:
    """One page of the list; `seen` customers came before it."""

    release: Release
    sort: Sort
    order: Order
    cards: list[Card]
    total: int
    total_value_at_risk: float | None
    seen: int
    compared_with: str | None  # the release of `changed_since`
    next_cursor: str | None


def at_risk(engine: Engine, query: AtRiskQuery, release: str | None = None) -> Listed:
    """One page of the ranked list; a cursor stays with the release in which it began.

    Raises NoReleaseError and ReleaseNotFoundError as `current`, InvalidCursorError for a cursor
    that is invalid or belongs to another list or release, CursorGoneError where its release is no
    longer kept, NoMoneyError for an order by money where the release has none, and UnknownNameError
    for an action or owner that does not occur in it.
    """
    try:
        with engine.connect() as connection:
            return _page(connection, query, _cursor(connection, query, release), release)
    except DBAPIError as error:
        raise explained(engine, error) from None


def _check_names(query: Filters, release: Release) -> None:
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
    connection: Connection, query: AtRiskQuery, cursor: Cursor | None, asked: str | None
) -> Listed:
    found = _release(connection, cursor, asked)
    number, release = found.number, found.release
    _check_names(query, release)
    sort, order = _order(query, cursor, release)
    wanted = [cards.c.number == number, *_conditions(query), *visible_cards(connection)]
    older = None
    if query.changed_since is not None:
        older = older_release(connection, query.changed_since)
        wanted.append(is_changed(older))
    elif not query.status:
        wanted.append(cards.c.status.in_(LISTED))
    total, money = _totals(connection, wanted, query, release)
    seen = cursor.seen if cursor else 0
    if cursor is not None:
        wanted.append(_after(cursor))
    limit = query.limit or PAGE
    value = cards.c[sort]
    is_text = and_(
        card_texts.c.number == cards.c.number, card_texts.c.customer_id == cards.c.customer_id
    )
    rows = connection.execute(
        select(card_texts.c.card, value.label("value"), cards.c.customer_id)
        .join_from(cards, card_texts, is_text)
        .where(*wanted)
        .order_by(value.desc() if order == "desc" else value.asc(), cards.c.customer_id)
        .limit(limit + 1)
    ).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Listed(
        release=release,
        sort=sort,
        order=order,
        cards=[read_card(row.card) for row in rows[:limit]],
        total=total,
        total_value_at_risk=money,
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
                value=last.value.isoformat() if isinstance(last.value, dt.date) else last.value,
                customer_id=last.customer_id,
                seen=seen + limit,
            ),
        ),
    )


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


def _totals(
    connection: Connection,
    wanted: list[ColumnElement[bool]],
    query: AtRiskQuery,
    release: Release,
) -> tuple[int, float | None]:
    """Customers and value at risk of the whole list; without filters they are known already."""
    everybody = visible_owners(connection) is None
    if everybody and query.fingerprint() == Filters().fingerprint():
        return sum(
            release.customers.get(status, 0) for status in LISTED
        ), release.total_value_at_risk
    sums = select(func.count(), func.sum(cards.c.value_at_risk)).where(*wanted)
    total, money = connection.execute(sums).one()
    return total, (money or 0.0) if release.has_money else None


def _after(cursor: Cursor) -> ColumnElement[bool]:
    """Rows after the last one seen; of equal values the smaller id comes first."""
    value = cards.c[cursor.sort]
    last: Any = cursor.value
    if cursor.sort in ASCENDING:
        last = literal(dt.date.fromisoformat(str(last)), Date)
    is_later = value < last if cursor.order == "desc" else value > last
    # a condition that an index can use
    is_there = value <= last if cursor.order == "desc" else value >= last
    return and_(is_there, or_(is_later, cards.c.customer_id > cursor.customer_id))


def _conditions(query: Filters) -> list[ColumnElement[bool]]:
    """A filter applies to the column it is named after; `min_` is the lower bound of a column."""
    wanted: list[ColumnElement[bool]] = []
    for name in Filters.model_fields:
        asked = getattr(query, name)
        if asked is None or asked is False or asked == []:
            continue
        column = name.removeprefix("min_")
        if name != column:
            wanted.append(cards.c[column] >= asked)
        elif isinstance(asked, list):
            wanted.append(cards.c[column].in_(asked))
        elif column in cards.c:
            wanted.append(cards.c[column] == asked)
    if query.min_churn_risk is not None:
        wanted.append(cards.c.status == SCORED)  # for a rule the column is no probability
    if query.to_contact:
        is_planned = cards.c.intended_action.is_not(None) & (cards.c.intended_action != DO_NOTHING)
        wanted.append(is_planned & (cards.c.arm == TREATED))
    if query.q is not None:
        wanted.append(cards.c.search.contains(query.q.casefold(), autoescape=True))
    return wanted
