"""What the catalogue says of an action, in the reader's language and with the customer's values."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from serving.cards.codes import CarriedOutBy, SuggestedLevel
from serving.cards.stored import Card
from serving.wording.languages import Language
from serving.wording.sentences import is_message, label, listing, sentence
from serving.wording.talking import pointed

# Fields of the card that talking points are filled from.
POINT_FIELDS = (
    "name",
    "owner",
    "reasons",
    "next_categories",
    "as_of_date",
    "last_purchase_date",
    "next_purchase_date",
    "churn_risk",
    "value_at_risk",
)


class Bounds(BaseModel):
    """Bounds of a condition, both included; null: open."""

    model_config = ConfigDict(frozen=True)

    min: float | None = None
    max: float | None = None


Condition = Bounds | tuple[str, ...]


class ActionFacts(BaseModel):
    """An action of the catalogue that the plan was made with."""

    model_config = ConfigDict(frozen=True)

    name: dict[str, str] = Field(default={}, description="By language, as far as it has one.")
    talking_points: dict[str, tuple[str, ...]] = Field(
        default={}, description="By language, with placeholders; cards have them filled."
    )
    level: SuggestedLevel | None = Field(
        default=None, description="The level of relationship that it belongs to."
    )
    channels: tuple[str, ...] = Field(default=(), description="The preferred first.")
    carried_out_by: CarriedOutBy | None = None
    only_if: dict[str, Condition] = Field(
        default={}, description="For whom it is meant: allowed values, or bounds."
    )
    cooldown_days: int = Field(
        default=0, description="Days in which a customer does not get it again; 0: no such rule."
    )


Actions = Mapping[str, ActionFacts]
NO_ACTIONS: Actions = MappingProxyType({})  # of a release of older code, and without a plan


class Words(NamedTuple):
    """What the sentences of a release's cards are made with, besides the cards."""

    actions: Actions = NO_ACTIONS
    currency: str | None = None  # of all its money; None: not known


NO_WORDS = Words()
# Which messages name the words of a condition, within its sentence.
FAMILY_OF = {
    "lifecycle_stage": "meant_for.stage",
    "abc_class": "meant_for.class",
    "risk_band": "meant_for.band",
    "rfm_segment": "meant_for.segment",
    "relationship_level": "relationship_level",
}


def actions_of(plan: Mapping[str, Any]) -> Actions:
    """The catalogue that plan.json tells of; none in one of older code."""
    found = plan.get("actions", {})
    return {name: ActionFacts.model_validate(facts) for name, facts in found.items()}


def action_name(action_id: str, actions: Actions, language: Language) -> str:
    """The catalogue's name of an action; without one ours, or the id made readable."""
    facts = actions.get(action_id)
    own = facts.name.get(language) if facts else None
    return own or label(f"action.{action_id}", language)


def talking_points(action_id: str, card: Card, words: Words, language: Language) -> list[str]:
    """The talking points whose values are all known, filled from the card's own.

    `card` is the whole card, with the sentences of its reasons; fields that it lacks are unknown.
    """
    facts = words.actions.get(action_id)
    points = facts.talking_points.get(language, ()) if facts else ()
    if not points:
        return []
    values = {**point_values(card, language), "currency": words.currency}
    filled = (pointed(point, language, values) for point in points)
    return [text for text in filled if text is not None]


def point_values(card: Card, language: Language) -> dict[str, Any]:
    """What each placeholder stands for with this customer; None where it is not known."""
    any_, new = ((card.get("next_categories") or {}).get(name) or [] for name in ("any", "new"))
    names = [one["category"] for one in any_]
    reasons = card.get("reasons") or []
    strongest = next((one for one in reasons if one["direction"] == "up"), None)
    as_of, last = card.get("as_of_date"), card.get("last_purchase_date")
    silent = None
    if as_of and last:
        silent = (dt.date.fromisoformat(as_of) - dt.date.fromisoformat(last)).days
    return {
        "customer_name": card.get("name"),
        "owner": card.get("owner"),
        "reason": (strongest or {}).get("sentence") or None,
        "category": names[0] if names else None,
        "categories": listing(names, language) if names else None,
        "new_category": new[0]["category"] if new else None,
        "last_purchase_date": last,
        "days_since_last_purchase": silent,
        "next_purchase_date": (card.get("next_purchase_date") or {}).get("median"),
        "value_at_risk": card.get("value_at_risk"),
    }


def blocked_sentence(entry: Card, words: Words, language: Language) -> str:
    """Why an action is blocked; where it is meant for others, for whom."""
    condition = entry.get("condition")
    facts = words.actions.get(entry["action_id"])
    wanted = facts.only_if.get(condition) if facts and condition else None
    told = None
    if wanted is not None:
        told = _meant_for(str(condition), wanted, words.currency, language)
    return told or label(f"blocked.{entry['reason']}", language)


@lru_cache(maxsize=4_000)
def _meant_for(
    condition: str, wanted: Condition, currency: str | None, language: Language
) -> str | None:
    key = f"meant_for.{condition}"
    if not is_message(key):
        return None
    if isinstance(wanted, Bounds):
        exact = wanted.min if wanted.min == wanted.max else None
        bounds = {"min": wanted.min, "max": wanted.max, "exact": exact}
        return sentence(key, language, **bounds, currency=currency)
    family = FAMILY_OF.get(condition)
    named = [label(f"{family}.{word}", language) if family else word for word in wanted]
    return sentence(key, language, allowed=listing(named, language, "or"))
