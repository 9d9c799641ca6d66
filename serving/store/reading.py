"""Reading the store: a release, one card, the forecast."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    bindparam,
    null,
    select,
)
from sqlalchemy.exc import DBAPIError

from core.errors import NoReleaseError
from features.params import LABEL
from serving.cards.fields import ALWAYS, read_for
from serving.cards.forecast import PublishedForecast
from serving.cards.release import Release
from serving.cards.stored import Card, fitted_fields
from serving.store.coding import AS_SERVED, read_row, read_timeline
from serving.store.database import unreachable, version
from serving.store.errors import (
    CustomerNotFoundError,
    NoForecastError,
)
from serving.store.live_cards import live_contents, newest_content, read_live
from serving.store.postgresql import reading_once
from serving.store.published import CURRENT, NOTHING, OF_ID, Found, find_release, found_in
from serving.store.shapes import FIELDS, columns_for, shape_of, told_by
from serving.store.tables import FORECAST, card_versions, releases, timeline_versions
from serving.store.visible import sees, visible_owners

T = TypeVar("T")
# Made once, as those of published.py.
_CONTENT = (
    select(card_versions.c.content)
    .where(
        card_versions.c.customer_id == bindparam("customer"),
        card_versions.c.number <= releases.c.number,
    )
    .order_by(card_versions.c.number.desc())
    .limit(1)
    .correlate(releases)
    .scalar_subquery()
    .label("content")
)
_LIVE = newest_content(releases.c.number, bindparam("customer"))
_CARD = CURRENT.add_columns(_CONTENT, _LIVE.correlate(releases).scalar_subquery().label("live"))
_CARD_OF_ID = OF_ID.add_columns(_CONTENT, null().label("live"))
_VERSIONS = (
    select(card_versions.c.customer_id, card_versions.c.content)
    .where(card_versions.c.number <= bindparam("number"))
    .order_by(card_versions.c.customer_id, card_versions.c.number)
)
_OF_CUSTOMERS = _VERSIONS.where(card_versions.c.customer_id.in_(bindparam("whose", expanding=True)))


def current(engine: Engine, release: str | None = None) -> Release:
    """The release that is served, or the kept one of this id.

    Raises NoReleaseError before the first one was published, ReleaseNotFoundError for an id of
    which no release is kept.
    """
    try:
        with engine.connect() as connection:
            return find_release(connection, release).release
    except DBAPIError as error:
        raise explained(engine, error) from None


@contextmanager
def reading_of(engine: Engine, release: str | None = None) -> Iterator[tuple[Connection, Found]]:
    """A connection to read through, and the release; raises as `current`."""
    try:
        with engine.connect() as connection:
            yield connection, find_release(connection, release)
    except DBAPIError as error:
        raise explained(engine, error) from None


def kept_releases(engine: Engine) -> list[Release]:
    """The releases that are kept, the newest first. Raises NoReleaseError before the first one."""
    ids = select(releases.c.release_id).where(releases.c.published_at.is_not(None))
    try:
        with engine.connect() as connection:
            find_release(connection)
            found = connection.scalars(ids.order_by(releases.c.number.desc())).all()
            return [find_release(connection, release).release for release in found]
    except DBAPIError as error:
        raise explained(engine, error) from None


def with_part(engine: Engine, part: str, release: str | None = None) -> tuple[Release, Any]:
    """A release and a further part of its facts; None where it has no such part.

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
            return found.release, found.part(connection, part)
    except DBAPIError as error:
        raise explained(engine, error) from None


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
    return its, PublishedForecast.model_validate({**found, **its.stamp()})


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A card as the store keeps it, which is read where what is made of it is not known yet."""

    connection: Connection
    found: Found
    customer_id: str
    content: bytes
    is_live: bool = False

    def read(self, fields: frozenset[str] = FIELDS) -> Card:
        """The card as the API returns it, before sentences are made; only these fields of it."""
        if self.is_live:
            return fitted_fields(read_live(self.connection, self.content), fields)
        told = told_by(self.found.release)
        return card_in(self.connection, self.content, self.customer_id, told, fields)

    def purchases(self) -> list[Card] | None:
        """The days with purchases, as the API returns them."""
        if self.is_live:
            found: list[Card] | None = read_live(self.connection, self.content, True)["purchases"]
            return found
        return _purchases(self.connection, self.found.number, self.customer_id)


Form = Callable[[KeptCard], T]  # what is made of a card, while its connection is open


def reading(fields: Collection[str]) -> Form[Card]:
    """Reads what tells these fields of a card, and its id; all where none is named."""
    wanted = frozenset((ALWAYS, *read_for([*fields]))) if fields else FIELDS
    return lambda kept: kept.read(wanted)


def one_card(
    engine: Engine, customer_id: str, with_purchases: bool, release: str | None = None
) -> tuple[Release, Card]:
    """The customer's card in a release. Raises CustomerNotFoundError without one.

    Of the current release, where none is named, it is the one that knows what was told since.

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    if not with_purchases:
        return formed_card(engine, customer_id, KeptCard.read, release)
    try:
        with engine.connect() as connection:
            kept = _kept_card(connection, customer_id, release)
            return kept.found.release, kept.read() | {"purchases": kept.purchases()}
    except DBAPIError as error:
        raise explained(engine, error) from None


def formed_card(
    engine: Engine, customer_id: str, form: Form[T], release: str | None = None
) -> tuple[Release, T]:
    """What `form` makes of the customer's card in a release; raises as `one_card`."""
    try:
        with reading_once(engine) as connection:
            kept = _kept_card(connection, customer_id, release)
            return kept.found.release, form(kept)
    except DBAPIError as error:
        raise explained(engine, error) from None


def _kept_card(connection: Connection, customer_id: str, release: str | None) -> KeptCard:
    """The card as it is kept, read in one statement with its release."""
    query = _CARD if release is None else _CARD_OF_ID
    values = {"customer": customer_id, "release": release}
    row = connection.execute(query, values).first()
    found = found_in(connection, row, release)
    for content, is_live in () if row is None else ((row.live, True), (row.content, False)):
        if content is None:
            continue
        kept = KeptCard(connection, found, customer_id, content, is_live)
        if visible_owners(connection) is None or sees(connection, kept.read()["owner"]):
            return kept
    raise _no_card(customer_id, found.release)


def _no_card(customer_id: str, release: Release) -> CustomerNotFoundError:
    """The same words for a customer who is not there and for one who is not to be seen."""
    return CustomerNotFoundError(
        f"There is no customer {customer_id!r} in release {release.release_id}. "
        "Customers who never bought, or who object to profiling, have no card.",
    )


def formed_in_order(
    connection: Connection, customers: list[str], found: Found, live_until: int, form: Form[T]
) -> list[T]:
    """What `form` makes of the cards of these customers, in their order.

    `live_until`: with live cards up to this number; 0: as they were published.
    """
    live = live_contents(connection, found.number, customers, live_until)
    published = [who for who in customers if who not in live]
    contents = _newest_of(connection, _OF_CUSTOMERS, {"number": found.number, "whose": published})
    contents |= live
    return [
        form(KeptCard(connection, found, who, contents[who], who in live))
        for who in customers
        if who in contents
    ]


def newest_contents(
    connection: Connection, number: int, whose: ColumnElement[bool]
) -> dict[str, bytes]:
    """What counts of these customers in a release, by id in order; who has no card is left out."""
    return _newest_of(connection, _VERSIONS.where(whose), {"number": number})


def _newest_of(
    connection: Connection, query: Select[Any], values: dict[str, Any]
) -> dict[str, bytes]:
    rows: list[Any] = list(connection.execute(query, values).all())
    found: dict[str, bytes | None] = dict(rows)  # the newest come last
    return {who: content for who, content in found.items() if content is not None}


def _newest(connection: Connection, table: Table, customer_id: str, number: int) -> bytes | None:
    """What counts of a customer in a release; None where the release has nothing of him."""
    query = (
        select(table.c.content)
        .where(table.c.customer_id == customer_id, table.c.number <= number)
        .order_by(table.c.number.desc())
        .limit(1)
    )
    content: bytes | None = connection.scalar(query)
    return content


def card_in(
    connection: Connection,
    content: bytes,
    customer_id: str,
    told: Card,
    fields: frozenset[str] = FIELDS,
) -> Card:
    """The card that a content holds, with these fields of the score card.

    `told` is what `told_by` its release returns.
    """
    layout, row = read_row(connection, content, columns_for(fields))
    if layout != AS_SERVED:
        row = shape_of({"customer_id": customer_id, **row}, told, fields)
    return fitted_fields(row, fields)


def _purchases(connection: Connection, number: int, customer_id: str) -> list[Card]:
    """The days with purchases, as `Purchases` describes them."""
    content = _newest(connection, timeline_versions, customer_id, number)
    found = [] if content is None else read_timeline(connection, content)
    return [{"day": day.isoformat(), "orders": n, "amount": sum_} for day, n, sum_ in found]


def explained(engine: Engine, error: DBAPIError) -> Exception:
    """The error to raise: a store without tables has no release; anything else is broken."""
    if version(engine) is None:
        return NoReleaseError(NOTHING)
    return unreachable(engine, error)
