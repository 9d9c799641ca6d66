"""Reading the store: the current release, one card, the ranked list page by page."""

import datetime as dt
import json
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

from core.errors import NoReleaseError
from features.params import LABEL
from models.words import LISTED, SCORED
from serving.cards.card import Purchases, ScoreCard
from serving.cards.forecast import PublishedForecast
from serving.cards.query import AtRiskQuery, Cursor, Filters, read_cursor
from serving.cards.release import Release
from serving.cards.sorting import ASCENDING, MONEY, Order, Sort
from serving.store.database import unreachable, version
from serving.store.errors import (
    CustomerNotFoundError,
    InvalidCursorError,
    NoForecastError,
    NoMoneyError,
    UnknownNameError,
)
from serving.store.published import NOTHING, find_release
from serving.store.tables import (
    FORECAST,
    card_texts,
    cards,
    timelines,
)
from serving.store.visible import sees, visible_cards, visible_owners
from sources.meanings.vocabulary import DO_NOTHING, TREATED

PAGE = 50
OTHER_LIST = (
    "This cursor does not belong to this list: take `next` as it stands, or start without a cursor."
)


@dataclass(frozen=True)
class Listed:
    """One page of the list; `seen` customers came before it."""

    release: Release
    sort: Sort
    order: Order
    cards: list[ScoreCard]
    total: int
    total_value_at_risk: float | None
    seen: int
    next_cursor: str | None


def current(engine: Engine, release: str | None = None) -> Release:
    """The release that is served, or the kept one of this id.

    Raises NoReleaseError before the first one was published, ReleaseNotFoundError for an id of
    which no release is kept.
    """
    try:
        with engine.connect() as connection:
            return find_release(connection, release).release
    except DBAPIError as error:
        raise _explained(engine, error) from None


def with_part(engine: Engine, part: str, release: str | None = None) -> tuple[Release, Any]:
    """A release and a further part of its facts; None where it has no such part.

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
            return found.release, found.part(connection, part)
    except DBAPIError as error:
        raise _explained(engine, error) from None


def current_forecast(
    engine: Engine, release: str | None = None
) -> tuple[Release, PublishedForecast]:
    """The forecast of a release. Raises NoForecastError without one, and as `current`."""
    its, found = with_part(engine, FORECAST, release)
    if found is None and its.churn_definition == LABEL:
        raise NoForecastError(
            f"Release {its.release_id} has no forecast: it is made of a table with a label, "
            "which holds no purchases to sum up."
        )
    if found is None:
        raise NoForecastError(
            f"Release {its.release_id} has no forecast: it is older than forecasts, or a rule "
            "ranks in it, as the data is too little for models (`gate` of /v1/releases/current). "
            "Run `make run` with more data.",
        )
    return its, PublishedForecast.model_validate({**found, "release_id": its.release_id})


def one_card(
    engine: Engine, customer_id: str, with_purchases: bool, release: str | None = None
) -> tuple[Release, ScoreCard]:
    """The customer's card in a release. Raises CustomerNotFoundError without one.

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
            is_theirs = (
                card_texts.c.number == found.number,
                card_texts.c.customer_id == customer_id,
            )
            text = connection.scalar(select(card_texts.c.card).where(*is_theirs))
            if text is None:
                raise _no_card(customer_id, found.release)
            card = ScoreCard.model_validate_json(text)
            if not sees(connection, card.owner):
                raise _no_card(customer_id, found.release)
            if with_purchases:
                purchases = _purchases(connection, found.number, card)
                card = card.model_copy(update={"purchases": purchases})
            return found.release, card
    except DBAPIError as error:
        raise _explained(engine, error) from None


def at_risk(engine: Engine, query: AtRiskQuery, release: str | None = None) -> Listed:
    """One page of the ranked list; a cursor stays with the release in which it began.

    Raises NoReleaseError and ReleaseNotFoundError as `current`, InvalidCursorError for a cursor
    that is invalid or belongs to another list or release, CursorGoneError where its release is no
    longer kept, NoMoneyError for an order by money where the release has none, and UnknownNameError
    for an action or owner that does not occur in it.
    """
    cursor = None
    if query.cursor is not None:
        cursor = read_cursor(query.cursor)
        if cursor is None or cursor.filters != query.fingerprint():
            raise InvalidCursorError(OTHER_LIST)
    try:
        with engine.connect() as connection:
            return _page(connection, query, cursor, release)
    except DBAPIError as error:
        raise _explained(engine, error) from None


def _no_card(customer_id: str, release: Release) -> CustomerNotFoundError:
    """The same words for a customer who is not there and for one who is not to be seen."""
    return CustomerNotFoundError(
        f"There is no customer {customer_id!r} in release {release.release_id}. "
        "Customers who never bought, or who object to profiling, have no card.",
    )


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
    if cursor is None:
        found = find_release(connection, asked)
    else:
        found = find_release(connection, number=cursor.number)
        if asked not in (None, found.release.release_id):
            raise InvalidCursorError(OTHER_LIST)
    number, release = found.number, found.release
    _check_names(query, release)
    sort, order = _order(query, cursor, release)
    wanted = [cards.c.number == number, cards.c.status.in_(LISTED), *_conditions(query)]
    wanted += visible_cards(connection)
    if cursor is None:
        total, money = _totals(connection, wanted, query, release)
        seen = 0
    else:
        total, money, seen = cursor.total, cursor.total_value_at_risk, cursor.seen
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
        cards=[ScoreCard.model_validate_json(row.card) for row in rows[:limit]],
        total=total,
        total_value_at_risk=money,
        seen=seen,
        next_cursor=last
        and Cursor(
            number=number,
            sort=sort,
            order=order,
            filters=query.fingerprint(),
            value=last.value.isoformat() if isinstance(last.value, dt.date) else last.value,
            customer_id=last.customer_id,
            total=total,
            total_value_at_risk=money,
            seen=seen + limit,
        ).written(),
    )


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


def _purchases(connection: Connection, number: int, card: ScoreCard) -> list[Purchases]:
    is_theirs = and_(timelines.c.number == number, timelines.c.customer_id == card.customer_id)
    found = connection.scalar(select(timelines.c.purchases).where(is_theirs))
    return [Purchases(day=day, orders=n, amount=sum_) for day, n, sum_ in _listed(found)]


def _listed(found: str | None) -> list[Any]:
    return [] if found is None else json.loads(found)


def _explained(engine: Engine, error: DBAPIError) -> Exception:
    """The error to raise: a store without tables has no release; anything else is broken."""
    if version(engine) is None:
        return NoReleaseError(NOTHING)
    return unreachable(engine, error)
