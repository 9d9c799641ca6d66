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
    Field,
    ValidationInfo,
    model_validator,
)

from features.params import LABEL
from models.words import ALREADY_CHURNED, LISTED, RULE, SCORED
from serving.cards.codes import (
    AbcClass,
    Arm,
    ChurnDefinition,
    HeldBy,
    LifecycleStage,
    RelationshipLevel,
    RfmSegment,
    RiskBand,
    Status,
    SuggestedLevel,
    WithheldBy,
)
from serving.cards.marks import Csv, KnownFor
from serving.cards.parts import (
    PUBLISHING,
    CategoryRisk,
    Id,
    IntendedAction,
    NextCategories,
    NextPurchase,
    Number,
    Probability,
    Purchases,
    Reason,
    Schema,
    Strength,
)


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
    category_risks: Annotated[list[CategoryRisk] | None, Csv(71)] = Field(
        default=None,
        description="The customer's main categories, at most three, by the risk of losing "
        "each; empty: none is bought often enough to tell. Null without categories, and where too "
        "few customers ever left one.",
    )
    last_purchase_date: Annotated[dt.date | None, Csv(23)]
    usual_gap_days: Annotated[Number | None, Csv(61)] = Field(
        default=None,
        description="The customer's own mean gap between purchases; null before the second one, "
        "and in older releases.",
    )
    last_contact_date: Annotated[dt.date | None, Csv(62)] = Field(
        default=None,
        description="The last contact that was made; null: none, no table of contacts, or an older "
        "release.",
    )
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
    return_probability: Annotated[Probability | None, Csv(63)] = Field(
        default=None,
        description="Of status already_churned: probability of a purchase within horizon_days "
        "without being asked to; null where too few came back to learn from, and of a rule.",
    )
    value_if_returns: Annotated[Number | None, Csv(64)] = Field(
        default=None, description="Of the same, within value_horizon_days."
    )
    value_if_stays_away: Annotated[Number | None, Csv(65)] = Field(
        default=None, description="Without a purchase within horizon_days: what comes later."
    )
    one_return_pays_for: Annotated[Number | None, Csv(66)] = Field(
        default=None,
        description="Asking so many such customers to come back pays if one of them does who would "
        "not have: 1 / the break-even uplift. Null where it never pays, or nobody can tell.",
    )
    win_back_action: Annotated[Id | None, Csv(67)] = Field(
        default=None, description="With which action of the catalogue. Nothing is planned."
    )
    win_back_channel: Annotated[str | None, Csv(68, words="channel")] = None
    win_back_cost: Annotated[Number | None, Csv(69)] = Field(
        default=None, description="Of asking once, with the incentive as often as it is taken."
    )
    win_back_blocked: Annotated[str | None, Csv(70, words="blocked")] = Field(
        default=None, description="What forbids asking; null: nothing does."
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
    withheld_by: Annotated[WithheldBy | None, Csv(52, words="withheld_by")] = Field(
        default=None,
        description="What withholds it: persistent_control (whatever the plan), draw (of this "
        "plan), or budget (which pays for no action at all).",
    )
    persistent_control: Annotated[bool | None, Csv(53)] = Field(
        default=None, description="True: offers are withheld from this customer by every plan."
    )
    is_exploration: Annotated[bool | None, Csv(54)] = Field(
        default=None, description="True: the action was drawn at random among the admissible ones."
    )
    propensity: Annotated[Probability | None, Csv(55)] = Field(
        default=None, description="P(treated | intended action)."
    )
    action_propensity: Annotated[Probability | None, Csv(56)] = Field(
        default=None, description="P(this action is intended)."
    )
    contact_propensity: Annotated[Probability | None, Csv(57)] = Field(
        default=None, description="Their product. Tell all three with the contact."
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
        if self.status != ALREADY_CHURNED and self.return_probability is not None:
            raise ValueError(f"return_probability is told of status {self.status}: who never left")
        return self


KNOWN_FOR = {
    name: mark.statuses
    for name, field in ScoreCard.model_fields.items()
    for mark in field.metadata
    if isinstance(mark, KnownFor)
}
