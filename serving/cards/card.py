"""The score card and its parts, as the API returns them (design, section 7).

The classes are the one table of the card: columns of the list as CSV and what a release has to hold
follow from marks on their fields (marks.py), and columns of cards.parquet have the fields' names.
Fields may be added, with a default for cards of older releases, and never renamed. Money is in the
currency of the data, probabilities are in [0, 1], dates are days; unknown values are null. Codes
stay codes (`high`, `at_risk`); `sentence` says the same to a person, in the requested language.
"""

import datetime as dt
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from features.params import LABEL
from models.words import LISTED, RULE, SCORED
from serving.cards.codes import (
    AbcClass,
    Arm,
    ChurnDefinition,
    Direction,
    EffectSource,
    HeldBy,
    LifecycleStage,
    RelationshipLevel,
    RfmSegment,
    RiskBand,
    Status,
    SuggestedLevel,
    TypicalOf,
)
from serving.cards.marks import Csv, KnownFor
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
Number = Annotated[float, Field(gt=-1e15, lt=1e15, allow_inf_nan=False)]
Text = Annotated[str, Field(pattern=NO_NUL, max_length=500)]
Strength = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Total = Annotated[float, Field(allow_inf_nan=False)]
PUBLISHING = "publishing"  # validation context in which a card must be whole, and not only readable


class Schema(BaseModel):
    """Immutable; fields that other code added to a stored card are left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)


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
    sentence: str = ""


class IntendedAction(Schema):
    """The action that the plan chose. `expected_gain` assumes the low end of the effect."""

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
    expected_gain_mid: Number | None
    expected_gain_high: Number | None
    blocked: list[Blocked]


class Purchases(Schema):
    """One day with purchases; `amount` is null where it is unknown."""

    day: dt.date
    orders: int
    amount: Number | None


class ScoreCard(Schema):
    """One customer in one release."""

    customer_id: Annotated[Id, Csv(1)]
    name: Annotated[Id | None, Csv(2)]
    owner: Annotated[Id | None, Csv(3)]
    release_id: Annotated[str, Csv(45)]
    status: Annotated[Status, Csv(38, words="status")]
    as_of_date: Annotated[dt.date, Csv(39)]
    data_until: Annotated[dt.date, Csv(42)]
    expires_at: Annotated[dt.date, Csv(43)]
    horizon_days: Annotated[int, Csv(40)]
    value_horizon_days: Annotated[int, Csv(41)]
    churn_definition: ChurnDefinition
    model_version: Annotated[str, Csv(44)]
    rung: int | None = Field(
        default=None,
        description="How far what scores was judged: 1 to 3 on a later time, 4 on other customers, "
        "5 with too little data for trees, 6 not at all, 7 a rule.",
    )
    churn_risk: Annotated[Probability | None, Csv(4), KnownFor(SCORED)] = Field(
        description="Probability of leaving within horizon_days, calibrated as far as `rung` says; "
        "null of a rule."
    )
    silence_over_usual: Annotated[Number | None, Csv(8), KnownFor(RULE)] = Field(
        default=None,
        description="Of status rule: days since the last purchase over the customer's usual gap.",
    )
    risk_band: Annotated[RiskBand | None, Csv(5, words="risk_band"), KnownFor(*LISTED)]
    risk_rank: Annotated[int | None, Csv(6), KnownFor(*LISTED)] = Field(
        description="1 is most at risk."
    )
    risk_change: Annotated[Number | None, Csv(7)] = Field(
        description="churn_risk minus that of the latest earlier release of the same model_version."
    )
    purchase_probability: dict[str, Probability | None] = Field(
        description="Probability of a purchase by so many days; null beyond the models' reach."
    )
    next_purchase_date: Annotated[NextPurchase | None, KnownFor(SCORED)]
    next_categories: NextCategories | None = Field(
        default=None, description="Null where the data has no categories."
    )
    last_purchase_date: Annotated[dt.date | None, Csv(23)]
    expected_orders: Annotated[Number | None, Csv(24)] = Field(description="Within horizon_days.")
    expected_spend: Annotated[Number | None, Csv(25)] = Field(description="Within horizon_days.")
    expected_orders_in_value_horizon: Annotated[Number | None, Csv(48)] = Field(
        default=None, description="Within value_horizon_days."
    )
    value_if_stays: Number | None = Field(description="Within value_horizon_days.")
    value_if_lapses: Number | None = Field(description="Within value_horizon_days.")
    expected_value: Annotated[Number | None, Csv(14)] = Field(
        description="Within value_horizon_days."
    )
    value_at_risk: Annotated[Number | None, Csv(13)] = Field(
        description="churn_risk × (value_if_stays − value_if_lapses)."
    )
    value_extrapolation: Annotated[Number | None, Csv(49)] = Field(
        default=None,
        description="Where no outcome of value_horizon_days has closed: the factor by which orders "
        "and money over the days learned are carried on. Nothing has judged these.",
    )
    rfm_segment: Annotated[RfmSegment | None, Csv(26, words="rfm_segment")]
    abc_class: Annotated[AbcClass | None, Csv(27, words="abc_class")]
    lifecycle_stage: Annotated[LifecycleStage | None, Csv(28, words="lifecycle_stage")]
    rank_in_stage: int | None
    relationship_level: Annotated[RelationshipLevel | None, Csv(29, words="relationship_level")] = (
        Field(default=None, description="What we do for the customer; unknown without contacts.")
    )
    suggested_level: Annotated[SuggestedLevel | None, Csv(30, words="relationship_level")] = Field(
        default=None, description="The level that value suggests."
    )
    relationship_strength: Annotated[Strength | None, Csv(31)] = Field(
        default=None, description="0 to 100; null before the second purchase."
    )
    relationship_strength_change: Annotated[Number | None, Csv(32)] = Field(
        default=None, description="Points since relationship_strength_since."
    )
    relationship_strength_since: Annotated[dt.date | None, Csv(33)] = None
    relationship_declined: Annotated[bool | None, Csv(34)] = Field(
        default=None, description="True: it fell by more than is usual in this cohort."
    )
    held_by: Annotated[HeldBy | None, Csv(35, words="held_by")] = Field(
        default=None, description="What holds the customer."
    )
    second_purchase_probability: Annotated[Probability | None, Csv(36)] = Field(
        default=None, description="Of one-time buyers: a purchase by second_purchase_days."
    )
    second_purchase_days: Annotated[int | None, Csv(37)] = None
    reasons: Annotated[list[Reason], Csv(9, "reason")]
    intended_action: IntendedAction | None
    arm: Annotated[Arm | None, Csv(21, words="arm")]
    withheld: Annotated[bool | None, Csv(22)] = Field(
        description="True: the customer is in the holdout, so the action is not to be carried out."
    )
    is_live: Annotated[bool, Csv(50)] = Field(
        default=False,
        description="True: made anew with what was told since the release (`POST /v1/events`). Its "
        "dates are its own; the plan, and what compares with everybody else, are the release's.",
    )
    purchases: list[Purchases] | None = Field(
        default=None, description="Days with purchases, oldest first, where purchases=true."
    )

    @model_validator(mode="after")
    def _is_whole(self, info: ValidationInfo) -> "ScoreCard":
        """Fields that belong together are there together; stored cards are read as they are."""
        if info.context != PUBLISHING:
            return self
        action, when = self.intended_action, self.next_purchase_date
        needed = [name for name, known in KNOWN_FOR.items() if self.status in known]
        if self.churn_definition == LABEL:  # a ready table holds no purchases
            needed = [name for name in needed if name != "next_purchase_date"]
        if self.value_at_risk is not None:
            needed += ["value_if_stays", "value_if_lapses"]
        missing = [name for name in needed if getattr(self, name) is None]
        if when and when.low is None and (when.median or when.high):
            missing.append("next_purchase_date.low")
        if action and action.expected_gain is not None:
            gains = ("expected_gain_mid", "expected_gain_high")
            missing += [name for name in gains if getattr(action, name) is None]
        if missing:
            raise ValueError(f"{', '.join(missing)} missing")
        if self.status != SCORED and self.churn_risk is not None:
            raise ValueError(f"churn_risk is told of status {self.status}, which has none")
        return self


KNOWN_FOR = {
    name: mark.statuses
    for name, field in ScoreCard.model_fields.items()
    for mark in field.metadata
    if isinstance(mark, KnownFor)
}
