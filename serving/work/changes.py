"""What changed since the release before: the first thing to read in the morning."""

import numpy as np
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from serving.cards.changes import Changes, MovedCustomer, MovedGroup
from serving.cards.release import Release
from serving.cards.stored import Card
from serving.store.moves import MOVES, Left, Move, Moved, Moves, moves_between, release_before
from serving.store.published import Found, find_release
from serving.store.reading import explained, formed_in_order, reading

FEW = 5
READ = ("name", "owner", "status", "risk_band", "churn_risk", "value_at_risk")


def changes(
    engine: Engine, release: str | None = None, limit: int = FEW
) -> tuple[Release, Changes]:
    """A release and what changed since the one before, with `limit` customers of each kind.

    Live cards are left out: both are compared as they were published. Raises NoReleaseError and
    ReleaseNotFoundError as `current`.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection, release)
            older = release_before(connection, found)
            groups = [] if older is None else _groups(connection, found, older, limit)
    except DBAPIError as error:
        raise explained(engine, error) from None
    its = found.release
    return its, Changes(
        **its.stamp(),
        value_horizon_days=its.value_horizon_days,
        compared_with=None if older is None else older.release.release_id,
        compared_as_of_date=None if older is None else older.release.as_of_date,
        is_other_model=older is not None and older.release.model_version != its.model_version,
        groups=groups,
    )


def _groups(connection: Connection, found: Found, older: Found, limit: int) -> list[MovedGroup]:
    moves = moves_between(connection, found, older)
    return [
        MovedGroup(
            move=move,
            customers=len(moves.of[move]),
            value_at_risk=_money(found, older, moves.of[move]),
            left_by=_left_by(moves, move),
            first=_first(connection, (found, older), move, moves.of[move], limit),
        )
        for move in MOVES
    ]


def _money(found: Found, older: Found, moved: Moved) -> float | None:
    has_money = found.release.has_money and older.release.has_money
    return moved.money if has_money else None


def _left_by(moves: Moves, move: Move) -> dict[Left, int] | None:
    return {why: count for why, count in moves.left.items() if count} if move == "left" else None


def _first(
    connection: Connection, both: tuple[Found, Found], move: Move, moved: Moved, limit: int
) -> list[MovedCustomer]:
    """The first of them, with what their cards say."""
    newer, older = both
    customers, is_here = moved.customers[:limit].to_pylist(), moved.is_here[:limit]
    now = _cards(connection, newer, np.array(customers, object)[is_here].tolist())
    before = {} if move == "new_in_high" else _cards(connection, older, customers)
    found = []
    for who in customers:
        card = now.get(who) or before.get(who)
        if card is not None:  # else erased in between
            worth = now if move == "new_in_high" else before
            own = {"value_at_risk": worth.get(who, {}).get("value_at_risk")}
            found.append(MovedCustomer.model_validate(card | own | {"has_card": who in now}))
    return found


def _cards(connection: Connection, found: Found, customers: list[str]) -> dict[str, Card]:
    cards = formed_in_order(connection, customers, found, 0, reading(READ))
    return {card["customer_id"]: card for card in cards}
