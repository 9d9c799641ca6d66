"""Reading many cards at once: those of given customers, or of a whole release."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from serving.cards.fields import ALWAYS, sparse
from serving.cards.release import Release
from serving.cards.stored import Card, read_card, read_fields
from serving.store.published import Found, find_release
from serving.store.reading import explained
from serving.store.tables import card_texts
from serving.store.visible import sees

BATCH = 2_000  # cards read at once


def cards_of(
    engine: Engine, customers: Sequence[str], fields: Sequence[str], release: str | None = None
) -> tuple[Release, dict[str, Card]]:
    """These fields of the cards of these customers by id; who has no card is left out.

    Raises NoReleaseError and ReleaseNotFoundError.
    """
    asked = sorted(set(customers))
    read = frozenset((ALWAYS, "owner", *fields))
    cards: dict[str, Card] = {}
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
            for start in range(0, len(asked), BATCH):
                its = card_texts.c.customer_id.in_(asked[start : start + BATCH])
                for row in _texts(connection, found, [its]):
                    card = read_fields(row.card, read)
                    if sees(connection, card["owner"]):
                        cards[row.customer_id] = sparse(card, fields)
    except DBAPIError as error:
        raise explained(engine, error) from None
    return found.release, cards


def every_card(engine: Engine, release: str | None = None) -> tuple[Release, Iterator[list[Card]]]:
    """Everybody's cards in the order of their ids, batch by batch.

    Each batch is read for itself, so that a slow reader holds no transaction open; a release that
    is removed meanwhile, or a database that goes away, ends the batches with an error.
    Raises NoReleaseError and ReleaseNotFoundError.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
    except DBAPIError as error:
        raise explained(engine, error) from None
    return found.release, _batches(engine, found.release.release_id)


def _batches(engine: Engine, release_id: str) -> Iterator[list[Card]]:
    last: str | None = None
    while True:
        with engine.connect() as connection:
            found = find_release(connection, release_id)
            after = [] if last is None else [card_texts.c.customer_id > last]
            cards, last, is_last = _some(connection, found, after)
        if cards:
            yield cards
        if is_last:
            return


def _some(
    connection: Connection, found: Found, after: list[Any]
) -> tuple[list[Card], str | None, bool]:
    """The next cards that this reader sees, the last id that was looked at, and if it was all."""
    rows = _texts(connection, found, after, BATCH)
    cards = [read_card(row.card) for row in rows]
    seen = [card for card in cards if sees(connection, card["owner"])]
    return seen, rows[-1].customer_id if rows else None, len(rows) < BATCH


def _texts(
    connection: Connection, found: Found, wanted: list[Any], limit: int | None = None
) -> Sequence[Any]:
    query = (
        select(card_texts.c.customer_id, card_texts.c.card)
        .where(card_texts.c.number == found.number, *wanted)
        .order_by(card_texts.c.customer_id)
        .limit(limit)
    )
    return connection.execute(query).all()
