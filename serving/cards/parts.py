"""Parts of the score card, and the kinds of values in it; rules as in card.py."""

import datetime as dt
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
)

from core.params import TOO_LARGE
from serving.cards.codes import (
    CarriedOutBy,
    Direction,
    EffectSource,
    SuggestedLevel,
    TypicalOf,
)
from serving.cards.marks import Csv
from serving.wording.sentences import is_message

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _known_message(key: str, info: ValidationInfo) -> str:
    if info.context == PUBLISHING and not is_message(key):
        raise ValueError(f"{key!r} is no message of serving/wording/messages")
    return key


MessageKey = Annotated[str, AfterValidator(_known_message)]
# PostgreSQL cannot store NUL in a text. Raw: the pattern is written into generated clients.
NO_NUL = r"^[^\x00]*$"
Id = Annotated[str, Field(pattern=NO_NUL, max_length=500)]
# No true amount or number of days lies beyond this, and none could be written in words.
Number = Annotated[float, Field(gt=-TOO_LARGE, lt=TOO_LARGE, allow_inf_nan=False)]
Text = Annotated[str, Field(pattern=NO_NUL, max_length=500)]
Strength = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Total = Annotated[float, Field(allow_inf_nan=False)]


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Of a body that is read strictly: JSON has one kind of number, and 5.0 is the whole number 5.
WholeNumber = Annotated[int, BeforeValidator(_whole)]
PUBLISHING = "publishing"  # validation context in which a card must be whole, and not only readable


class Schema(BaseModel):
    """Immutable; fields that other code added to a stored card are left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Sample(Schema):
    """Customers drawn by a hash of their ids, where a company has more than models learn from."""

    customers: int
    share: Probability = Field(description="Of all customers.")


class NextPurchase(Schema):
    """When the next purchase is expected, with an 80 % interval; null: not within reach_days."""

    low: Annotated[dt.date | None, Csv(10, "next_purchase_low")]
    median: Annotated[dt.date | None, Csv(11, "next_purchase_median")]
    high: Annotated[dt.date | None, Csv(12, "next_purchase_high")]
    reach_days: int


class LikelyCategory(Schema):
    """A category and the probability that the customer buys it within horizon_days."""

    category: Text
    probability: Probability


class NextCategories(Schema):
    """What the customer buys next, likeliest first, at most three in a list."""

    new: Annotated[list[LikelyCategory], Csv(47, "next_categories_new")] = Field(
        description="Among categories the customer did not buy in the last new_days."
    )
    any: Annotated[list[LikelyCategory], Csv(46, "next_categories_any")] = Field(
        description="Among all categories."
    )
    new_days: int


class CategoryRisk(Schema):
    """A main category, and the risk that the customer goes on buying without it."""

    category: Text
    risk: Probability = Field(
        description="That nothing of it is bought within horizon_days by a customer who buys."
    )
    share: Probability = Field(
        description="Of what the customer spent in the last year; without amounts, of the days "
        "with purchases of any category."
    )
    usual_gap_days: Number = Field(description="Mean gap between days with it.")
    days_since_last_purchase: int = Field(description="Of the category.")
    value_at_stake: Number | None = Field(
        description="risk × share × expected_value: never more than the card expects. Null "
        "without amounts."
    )


class Reason(Schema):
    """Something associated with a higher (`up`) or lower (`down`) risk; never a cause."""

    group: str
    feature: str
    value: Number | Text | None
    typical_value: Number | Text | None = Field(
        description="Of the customers who stayed: the median, of text the most frequent. Null "
        "where it does not argue for the direction."
    )
    typical_of: TypicalOf | None = Field(
        default=None,
        description="Of whom the typical value is: of customers with about the same usual gap "
        "between purchases (`alike`), or of all. Null in older releases: of all.",
    )
    own_usual: Number | None = Field(
        description="What was usual for this very customer before; null where it is not known, or "
        "does not argue for the direction."
    )
    direction: Direction
    contribution: Number = Field(description="Log odds, the sum over `groups`.")
    groups: list[str] = Field(
        default_factory=list,
        description="The groups that say the same of this customer, and are one reason; empty in "
        "older releases.",
    )
    message_key: MessageKey
    unit: str | None = Field(default=None, description="Of features of the company's own code.")
    label: dict[str, str] | None = Field(
        default=None, description="By language, of features of the company's own code."
    )
    sentence: str = ""


class Why(Schema):
    """Why the plan chose this action."""

    message_key: MessageKey
    values: dict[str, Number | None]
    sentence: str = ""


class Blocked(Schema):
    """An action that was not allowed, and the gate that stopped it."""

    action_id: str
    reason: str
    condition: str | None = Field(
        default=None,
        description="Of reason not_applicable: the condition of the catalogue that does not hold.",
    )
    sentence: str = ""


class IntendedAction(Schema):
    """The action that the plan chose.

    `expected_gain` is what the plan counts on: the low end of an assumed effect, the mean of an
    estimated one.
    """

    action_id: Annotated[str, Csv(16)]
    name: Annotated[str, Csv(15, "action")] = ""
    channel: Annotated[str | None, Csv(17, words="channel")]
    why: Why | None
    contact_cost: Number | None
    incentive_cost: Number | None
    expected_cost: Annotated[Number | None, Csv(18)]
    effect: Number | None
    effect_source: Annotated[EffectSource | None, Csv(20, words="effect_source")]
    expected_gain: Annotated[Number | None, Csv(19)]
    expected_gain_low: Number | None = Field(
        default=None, description="None in releases made before the plan told it apart."
    )
    expected_gain_mid: Number | None
    expected_gain_high: Number | None
    due_date: Annotated[dt.date | None, Csv(51)] = Field(
        default=None, description="The day by which it is to be carried out."
    )
    action_level: Annotated[SuggestedLevel | None, Csv(58, words="relationship_level")] = Field(
        default=None, description="The level of relationship that the action belongs to."
    )
    carried_out_by: Annotated[CarriedOutBy | None, Csv(59, words="carried_out_by")] = Field(
        default=None, description="owner: the customer's owner does it in person."
    )
    talking_points: Annotated[list[str], Csv(60)] = Field(
        default_factory=list,
        description="What to say, in the requested language, with the customer's own values; a "
        "point whose values are not known is left out.",
    )
    blocked: list[Blocked]


class Purchases(Schema):
    """One day with purchases; `amount` is null where it is unknown."""

    day: dt.date
    orders: int
    amount: Number | None
