"""Reading the store: a release, one card, the forecast."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, select
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

    Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
            content = _newest(connection, card_versions, customer_id, found.number)
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


def cards_in_order(connection: Connection, customers: list[str], found: Found) -> list[Card]:
    """The cards of these customers in a release, in the order of the customers."""
    contents = newest_contents(connection, found.number, card_versions.c.customer_id.in_(customers))
    return [
        fitted(card_in(connection, contents[who], who, found.release))
        for who in customers
        if who in contents
    ]


def newest_contents(
    connection: Connection, number: int, whose: ColumnElement[bool]
) -> dict[str, bytes]:
    """What counts of these customers in a release, by id in order; who has no card is left out."""
    versions = card_versions.c
    query = select(versions.customer_id, versions.content).where(whose, versions.number <= number)
    ordered = query.order_by(versions.customer_id, versions.number)
    found = {row.customer_id: row.content for row in connection.execute(ordered)}  # the newest
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
    content = _newest(connection, timeline_versions, customer_id, number)
    found = [] if content is None else read_timeline(connection, content)
    return [{"day": day.isoformat(), "orders": n, "amount": sum_} for day, n, sum_ in found]


def explained(engine: Engine, error: DBAPIError) -> Exception:
    """The error to raise: a store without tables has no release; anything else is broken."""
    if version(engine) is None:
        return NoReleaseError(NOTHING)
    return unreachable(engine, error)
