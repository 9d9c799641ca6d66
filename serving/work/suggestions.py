"""What the cards of a release suggest for customers: the action, its reason, by which chances."""

import datetime as dt
from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from core.clock import utc_now
from serving.cards.stored import Card
from serving.cards.worded import strongest_reason
from serving.store.live_cards import newest_live
from serving.store.published import Found
from serving.store.reading import KeptCard, formed_in_order
from serving.store.visible import sees
from serving.work.task_rules import Day, Suggestion
from sources.meanings.vocabulary import DO_NOTHING

CHANCES = (
    "propensity",
    "action_propensity",
    "contact_propensity",
    "persistent_control",
    "is_exploration",
)
READ = frozenset(("customer_id", "owner", "reasons", "intended_action", "withheld", *CHANCES))
AT_ONCE = 500  # ids in one statement


def today_of(found: Found) -> Day:
    """Today, with the cooldowns of the release's catalogue."""
    actions = found.release.actions
    days = {name: facts.cooldown_days for name, facts in actions.items()}
    return Day(utc_now().date(), days)


def suggestions(
    connection: Connection, found: Found, customers: Collection[str]
) -> dict[str, Suggestion]:
    """What each of these customers' cards suggests; whom this reader does not see is left out."""
    listed = sorted(set(customers))
    until = newest_live(connection, found.number) if found.release.is_current else 0
    cards: list[Card] = []
    for start in range(0, len(listed), AT_ONCE):
        some = listed[start : start + AT_ONCE]
        cards += formed_in_order(connection, some, found, until, _read)
    return {
        card["customer_id"]: suggestion_of(card)
        for card in cards
        if sees(connection, card["owner"])
    }


def suggestion_of(card: Card) -> Suggestion:
    """What a card, as it is stored, suggests."""
    strongest = strongest_reason(card)
    reason = strongest["group"] if strongest else ""
    action: Mapping[str, str | None] | None = card["intended_action"]
    if action is None or action["action_id"] == DO_NOTHING:
        return Suggestion(reason=reason, owner=card["owner"], withheld=bool(card["withheld"]))
    due = action.get("due_date")
    return Suggestion(
        action_id=action["action_id"],
        reason=reason,
        channel=action["channel"],
        due_on=None if due is None else dt.date.fromisoformat(due),
        withheld=bool(card["withheld"]),
        owner=card["owner"],
        chances={name: card[name] for name in CHANCES if card[name] is not None},
    )


def _read(kept: KeptCard) -> Card:
    return kept.read(READ)
