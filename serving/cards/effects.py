"""What actions did: treated against held back, by action and quarter, as pages and API tell it."""

import datetime as dt
from typing import Annotated, Any

from pydantic import Field

from serving.cards.codes import ChurnDefinition, EffectSource, HoldoutShareBy, UntreatedBy, Verdict
from serving.cards.monitor import Figure
from serving.cards.parts import MessageKey, Number, Probability, Schema, Text
from serving.cards.release import CanShow, Stamp

Count = Annotated[int, Field(ge=0)]
ENDS = "Of the interval, 95 %; while a quarter runs, wider, so that it may be looked at every day."


class Between(Schema):
    """A difference that is measured, and where the true one lies."""

    value: Number
    low: Number | None = Field(description=ENDS)
    high: Number | None = Field(description=ENDS)


class Money(Schema):
    """What an action brought in a quarter, in the currency of the release."""

    extra_spend: Between = Field(description="Of each treated customer, within the window.")
    spent: Number | None = Field(description="On all contacts made; null: nobody noted it.")
    net: Between | None = Field(
        description="Of all treated together: margin on the extra spend, less what was spent."
    )
    return_on_spent: Between | None = Field(
        description="Margin on the extra spend for each unit spent; null: nothing was spent."
    )


class Compared(Schema):
    """An action in a quarter: whom it was made for against from whom it was held back by lot.

    Figures are null where the data is too little, or chance hardly made the two groups.
    """

    action_id: Text
    name: str = Field(default="", description="In the language that was asked for.")
    period: Text = Field(description="Year and quarter, as 2024Q1.")
    contacts: Count = Field(description="Planned, those that were held back included.")
    treated: Count = Field(description="Contacts made whose outcome is known.")
    withheld: Count = Field(description="Contacts held back whose outcome is known.")
    closes: dt.date = Field(description="When the outcome of all is known.")
    is_over: bool
    verdict: Verdict
    sentence: str = ""
    missing: Count | None = Field(description="Customers whom the smaller group lacks.")
    stayed_treated: Probability | None
    stayed_withheld: Probability | None
    stays: Between | None = Field(
        description="The difference, what could be foreseen taken off, as a share."
    )
    smallest_shown: Number | None = Field(
        description="Four of five such comparisons show an effect as large."
    )
    money: Money | None


class CountedOn(Schema):
    """An action over all quarters, and what the plan counts on."""

    action_id: Text
    name: str = Field(default="", description="In the language that was asked for.")
    treated: Count
    withheld: Count
    alone: Between | None = Field(description="By the contacts alone; null: too few.")
    effect: Between = Field(description="On today's customers, with what the catalogue assumes.")
    assumed_low: Number
    effect_source: EffectSource = Field(description="What the plan uses.")
    in_catalogue: bool


class Programme(Schema):
    """All actions together: everybody against those whom no plan offers anything."""

    window_days: int = Field(description="From the first planned contact with each.")
    with_offers: Count
    without: Count
    stays: Between | None
    spend: Between | None = Field(description="Per customer, over these days.")


class Logged(Schema):
    """Which contacts can show anything."""

    rows: Count
    by_chance: Count = Field(description="Of which a lot decided whether they were made.")
    closed: Count = Field(description="Of these, those whose outcome is known.")
    left_out: dict[Text, Count] = Field(description="The others, by why.")


class WhyNot(Schema):
    """Why nothing is measured."""

    message_key: MessageKey
    values: dict[str, Any]
    sentence: str = ""


class Effects(Schema):
    """What a release keeps of the effects of actions."""

    window_days: list[int] | None = Field(
        default=None, description="First day after a contact that counts, and the one behind."
    )
    data_until: dt.date | None = None
    churn_definition: ChurnDefinition | None = None
    logged: Logged | None = None
    why_not: WhyNot | None = Field(default=None, description="Null where effects are measured.")
    not_by_chance: list[Text] = Field(
        default=[], description="Actions whose groups chance hardly made: nothing is claimed."
    )
    actions: list[CountedOn] = Field(default=[], description="What the plan counts on.")
    periods: list[Compared] = Field(default=[], description="The newest quarter first.")
    programme: Programme | None = None


class Withheld(Schema):
    """What today's plan withholds, and what that will show by when."""

    withheld: Count
    withheld_by: dict[Text, Count] | None = Field(description="Null in releases of older code.")
    holdout_share: Number | None
    holdout_share_by: HoldoutShareBy | None
    can_show: list[CanShow]
    programme_can_show: Probability | None


class Became(Schema):
    """What was promised of a group of customers, and what became of them."""

    customers: Count
    promised: Probability = Field(description="Their mean risk of leaving.")
    left: Probability = Field(description="The share that left.")
    low: Number | None = Field(description="Of that share, 95 %; null: too few to judge.")
    high: Number | None = Field(description="As low.")
    observed_over_expected: Figure | None
    auc: Figure | None


class Kept(Schema):
    """A past release whose horizon has closed: promised against realised risk."""

    release_id: Text
    as_of_date: dt.date
    closes: dt.date
    horizon_days: int
    auc_promised: Figure | None
    untreated_by: UntreatedBy | None
    untreated: Became | None = Field(description="Nobody acted on them: the risk can be judged.")
    all: Became | None = Field(description="With those whom actions may have kept.")


class PublishedEffects(Stamp):
    """Whether actions worked, and whether risks were true."""

    effects: Effects | None = Field(description="Null in releases of older code.")
    plan: Withheld | None = Field(description="Null where a rule ranks, and nothing is planned.")
    past: list[Kept] = Field(description="The newest first.")
    next_closes: dt.date = Field(description="When the next release can be judged.")
