"""Reading the store: a release, one card, the forecast."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, select
from sqlalchemy.exc import DBAPIError

from core.errors import NoReleaseError
from features.params import LABEL
from serving.cards.forecast import PublishedForecast
from serving.cards.release import Release
from serving.cards.stored import Card, fitted
from serving.store.coding import AS_SERVED, read_row, read_timeline
from serving.store.database import unreachable, version
from serving.store.errors import (
    CustomerNotFoundError,
    NoForecastError,
)
from serving.store.live_cards import live_cards_of, newest_content, read_live
from serving.store.published import NOTHING, Found, find_release
from serving.store.release_folder import shape_of, told_by
from serving.store.tables import FORECAST, card_versions, releases, timeline_versions
from serving.store.visible import sees


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


def one_card(
    engine: Engine, customer_id: str, with_purchases: bool, release: str | None = None
) -> tuple[Release, Card]:
    """The customer's card in a release. Raises CustomerNotFoundError without one.

    Of the current release, where none is named, it is the one that knows what was told since.

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
            live, content = _contents(connection, customer_id, found.number)
            if live is not None and release is None:
                card = read_live(connection, live, with_purchases)
                if sees(connection, card["owner"]):
                    return found.release, card
            if content is None:
                raise _no_card(customer_id, found.release)
            card = fitted(card_in(connection, content, customer_id, found.release))
            if not sees(connection, card["owner"]):
                raise _no_card(customer_id, found.release)
            if with_purchases:
                card["purchases"] = _purchases(connection, found.number, customer_id)
            return found.release, card
    except DBAPIError as error:
        raise explained(engine, error) from None


def _no_card(customer_id: str, release: Release) -> CustomerNotFoundError:
    """The same words for a customer who is not there and for one who is not to be seen."""
    return CustomerNotFoundError(
        f"There is no customer {customer_id!r} in release {release.release_id}. "
        "Customers who never bought, or who object to profiling, have no card.",
    )


def cards_in_order(
    connection: Connection, customers: list[str], found: Found, live_until: int
) -> list[Card]:
    """The cards of these customers in a release, in the order of the customers.

    `live_until`: with live cards up to this number; 0: as they were published.
    """
    cards = live_cards_of(connection, found.number, customers, live_until)
    published = [who for who in customers if who not in cards]
    contents = newest_contents(connection, found.number, card_versions.c.customer_id.in_(published))
    for who, content in contents.items():
        cards[who] = fitted(card_in(connection, content, who, found.release))
    return [cards[who] for who in customers if who in cards]


def newest_contents(
    connection: Connection, number: int, whose: ColumnElement[bool]
) -> dict[str, bytes]:
    """What counts of these customers in a release, by id in order; who has no card is left out."""
    versions = card_versions.c
    query = select(versions.customer_id, versions.content).where(whose, versions.number <= number)
    ordered = query.order_by(versions.customer_id, versions.number)
    found = {row.customer_id: row.content for row in connection.execute(ordered)}  # the newest
    return {who: content for who, content in found.items() if content is not None}


def _contents(
    connection: Connection, customer_id: str, number: int
) -> tuple[bytes | None, bytes | None]:
    """The live card and the published one of a customer, in one question to the store."""
    live, published = (
        newest_content(number, customer_id),
        _newest(card_versions, customer_id, number),
    )
    row = connection.execute(select(live.scalar_subquery(), published.scalar_subquery())).one()
    return row[0], row[1]


def _newest(table: Table, customer_id: str, number: int) -> Select[Any]:
    """Asks what counts of a customer in a release; null where the release has nothing of him."""
    return (
        select(table.c.content)
        .where(table.c.customer_id == customer_id, table.c.number <= number)
        .order_by(table.c.number.desc())
        .limit(1)
    )


def card_in(connection: Connection, content: bytes, customer_id: str, release: Release) -> Card:
    """The card that a content holds, as parsed JSON, before it is fitted to the schema."""
    layout, row = read_row(connection, content)
    return (
        row
        if layout == AS_SERVED
        else shape_of({"customer_id": customer_id, **row}, told_by(release))
    )


def _purchases(connection: Connection, number: int, customer_id: str) -> list[Card]:
    """The days with purchases, as `Purchases` describes them."""
    asked = _newest(timeline_versions, customer_id, number)
    content: bytes | None = connection.scalar(asked)
    found = [] if content is None else read_timeline(connection, content)
    return [{"day": day.isoformat(), "orders": n, "amount": sum_} for day, n, sum_ in found]


def explained(engine: Engine, error: DBAPIError) -> Exception:
    """The error to raise: a store without tables has no release; anything else is broken."""
    if version(engine) is None:
        return NoReleaseError(NOTHING)
    return unreachable(engine, error)
