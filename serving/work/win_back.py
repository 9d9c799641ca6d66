"""Who has lapsed, by what one return pays for, as the API and the page tell it."""

from sqlalchemy import Engine

from models.words import ALREADY_CHURNED
from serving.cards.query import AtRiskQuery
from serving.cards.release import Release
from serving.cards.stored import Card
from serving.cards.win_back import LapsedCustomer, WinBack, WinBackQuery
from serving.store.listing import Listed, formed_list
from serving.store.reading import reading
from serving.work.overrides import kept_from_contact

DERIVED = "break_even_uplift"
FIELDS = tuple(name for name in LapsedCustomer.model_fields if name != DERIVED)


def listed_query(query: WinBackQuery) -> AtRiskQuery:
    """What is asked of the list of cards."""
    return AtRiskQuery(
        status=[ALREADY_CHURNED],
        to_win_back=not query.everybody,
        owner=query.owner,
        q=query.q,
        limit=query.limit,
        cursor=query.cursor,
        sort="one_return_pays_for",
    )


def win_back(engine: Engine, query: WinBackQuery) -> tuple[Release, WinBack, str | None]:
    """One page of the list, and the cursor of the next.

    Whom a colleague asks to leave alone is left out, unless everybody is asked for. Raises as
    `formed_list`.
    """
    without = None if query.everybody else kept_from_contact
    page: Listed[Card] = formed_list(
        engine, listed_query(query), reading(FIELDS), query.release, without=without
    )
    release = page.release
    found = WinBack(
        **release.stamp(),
        value_horizon_days=release.value_horizon_days,
        currency=release.currency,
        total=page.total,
        next=None,
        customers=[_customer(card) for card in page.cards],
    )
    return release, found, page.next_cursor


def _customer(card: Card) -> LapsedCustomer:
    pays_for = card["one_return_pays_for"]
    told = {name: card[name] for name in FIELDS}
    return LapsedCustomer.model_validate(
        told | {DERIVED: None if not pays_for else min(1.0, 1 / pays_for)}
    )
