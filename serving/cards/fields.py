"""Sparse answers: only those fields of the card that a caller asked for."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from typing_extensions import TypeAliasType

from core.errors import did_you_mean
from serving.cards.action_words import POINT_FIELDS
from serving.cards.card import ScoreCard
from serving.cards.stored import Card

NAMES = [name for name in ScoreCard.model_fields if name != "purchases"]
ALWAYS = "customer_id"


def _known(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"{name!r} is no field of the card.{did_you_mean(name, NAMES)}")
    return name


def _apart(values: Any) -> Any:
    """`fields=a,b` is `fields=a&fields=b`: no field has a comma in its name; once is enough."""
    if not isinstance(values, list):
        return values
    names = [name for value in values for name in str(value).split(",")]
    return list(dict.fromkeys(names))


CardField = TypeAliasType(
    "CardField",
    Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": [*NAMES]})],
)
CardFields = Annotated[list[CardField], BeforeValidator(_apart)]


class ListedCard(ScoreCard):
    """A score card; where the caller named `fields`, only those and the customer's id."""

    model_config = ConfigDict(json_schema_extra={"required": [ALWAYS]})


def read_for(fields: Sequence[str]) -> tuple[str, ...]:
    """The fields to read so that these can be told: talking points are made of several others."""
    return (*fields, *POINT_FIELDS) if "intended_action" in fields else tuple(fields)


def sparse(card: Card, fields: Sequence[str]) -> Card:
    """The card with the fields asked for, in the card's order; the whole card without any."""
    if not fields:
        return card
    wanted = {ALWAYS, *fields}
    return {name: value for name, value in card.items() if name in wanted}
