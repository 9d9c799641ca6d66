"""Reading many cards at once: those of given customers, or of a whole release."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, Engine, and_
from sqlalchemy.exc import DBAPIError

from serving.cards.fields import ALWAYS, read_for
from serving.cards.release import Release
from serving.cards.stored import Card
from serving.store.listing import list_index
from serving.store.live_cards import live_cards_of, newest_live
from serving.store.published import Found, find_release
from serving.store.reading import card_in, explained, newest_contents
from serving.store.shapes import FIELDS, told_by
from serving.store.tables import card_versions
from serving.store.visible import visible_owners

BATCH = 2_000  # cards read at once


def cards_of(
    engine: Engine, customers: Sequence[str], fields: Sequence[str], release: str | None = None
) -> tuple[Release, dict[str, Card]]:
    """The cards of these customers by id, with what tells these fields; who has none is left out.

    Raises NoReleaseError and ReleaseNotFoundError.
    """
    asked = sorted(set(customers))
    read = frozenset((ALWAYS, "owner", *read_for(fields)))
    cards: dict[str, Card] = {}
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
            until = newest_live(connection, found.number) if release is None else 0
            told, owners = told_by(found.release), visible_owners(connection)
            for start in range(0, len(asked), BATCH):
                some = asked[start : start + BATCH]
                live = live_cards_of(connection, found.number, some, until)
                its = card_versions.c.customer_id.in_([who for who in some if who not in live])
                for who, content in newest_contents(connection, found.number, its).items():
                    live[who] = card_in(connection, content, who, told, read)
                cards |= {
                    who: card
                    for who, card in live.items()
                    if owners is None or card["owner"] in owners
                }
    except DBAPIError as error:
        raise explained(engine, error) from None
    return found.release, cards


def every_card(
    engine: Engine, release: str | None = None, fields: Collection[str] = FIELDS
) -> tuple[Release, Iterator[list[Card]]]:
    """These fields of everybody's cards in the order of their ids, batch by batch.

    Each batch is read for itself, so that a slow reader holds no transaction open; a release that
    is removed meanwhile, or a database that goes away, ends the batches with an error.
    Raises NoReleaseError and ReleaseNotFoundError.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
    except DBAPIError as error:
        raise explained(engine, error) from None
    read = frozenset((ALWAYS, "owner", *read_for([*fields])))
    return found.release, _batches(engine, found.release.release_id, read)


def _batches(engine: Engine, release_id: str, fields: frozenset[str]) -> Iterator[list[Card]]:
    last: str | None = None
    while True:
        with engine.connect() as connection:
            found = find_release(connection, release_id)
            ids = list_index(connection, found).after(last, BATCH)
            cards = _some(connection, found, ids, fields)
        if cards:
            yield cards
        if len(ids) < BATCH:
            return
        last = ids[-1]


def _some(
    connection: Connection, found: Found, ids: list[str], fields: frozenset[str]
) -> list[Card]:
    """The cards of these customers, who stand one after the other, whom this reader sees."""
    if not ids:
        return []
    customer = card_versions.c.customer_id  # PostgreSQL takes no COLLATE within BETWEEN
    whose = and_(customer >= ids[0], customer <= ids[-1])
    contents = newest_contents(connection, found.number, whose)
    told = told_by(found.release)
    cards = (card_in(connection, content, who, told, fields) for who, content in contents.items())
    owners = visible_owners(connection)
    return [card for card in cards if owners is None or card["owner"] in owners]
