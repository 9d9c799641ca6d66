"""The curves of a plan, and what another budget or other capacities would bring, as of the API."""

from itertools import pairwise
from typing import Annotated

from pydantic import Field, model_validator

from actions.plan.curve import AS_PLANNED
from core.params import TOO_LARGE
from serving.cards.codes import EffectSource, NoGains
from serving.cards.parts import (
    Number,
    Schema,
    Text,
)
from serving.cards.release import Stamp

Amount = Annotated[float, Field(ge=0, lt=TOO_LARGE, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]


class PlanPoint(Schema):
    """A plan that can be carried out as it stands; customers to be withheld are counted in it.

    Those for whom no budget pays are not.
    """

    customers: Count = Field(description="Who get an action.")
    cost: Amount
    expected_gain: Number = Field(
        description="Below 0 where customers explore at a loss. The sum over the sources."
    )
    expected_gain_by_source: dict[EffectSource, Number] | None = Field(
        default=None, description="By the source of the effects. Null in older releases."
    )
    by_action: dict[Text, Count] = Field(description="How many customers get each action.")


class PlanCurve(Schema):
    """Plans of increasing cost, each the best for its money, at one factor of the capacities."""

    capacity: Amount
    points: Annotated[list[PlanPoint], Field(min_length=1)]

    @model_validator(mode="after")
    def _rising(self) -> "PlanCurve":
        for one, other in pairwise(self.points):
            if one.cost >= other.cost or one.expected_gain > other.expected_gain:
                raise ValueError("points of a curve must cost more and gain more one by one")
        return self


class PlanCurves(Schema):
    """What a release keeps to answer what-if: its plan, its limits, and the curves."""

    no_gains: NoGains | None = Field(
        description="Why nothing tells gains: then there are no curves."
    )
    currency: Text | None
    effect_source: EffectSource
    holdout_share: Annotated[float, Field(ge=0, lt=1)]
    budget: Amount
    capacities: dict[Text, Count]
    owner_capacity: Count | None = None
    planned: PlanPoint
    explored: Count = Field(default=0, description="Who got an action at random.")
    curves: list[PlanCurve]

    @model_validator(mode="after")
    def _whole(self) -> "PlanCurves":
        if self.no_gains is None and AS_PLANNED not in {curve.capacity for curve in self.curves}:
            raise ValueError("there must be a curve for the capacities of the plan")
        return self


class WhatIf(Stamp):
    """The best plan for another budget and other capacities.

    `customers`, `cost`, `expected_gain` and `by_action` are of a plan that was computed and keeps
    both: it can be carried out as it stands. `next` is the next dearer one that was computed. What
    the exact budget would gain lies between the two: `expected_gain_at_budget`.
    """

    currency: str | None = Field(description="Of all money here; null: not known.")
    effect_source: EffectSource = Field(
        description="assumed: by the catalogue's low effects; estimated: by measured ones."
    )
    budget: Number
    capacity: Number
    capacities: dict[str, int] = Field(
        description="Contacts per channel at this capacity; other channels have no limit."
    )
    owner_capacity: int | None = Field(
        description="Contacts that one owner carries out in person at this capacity; null: no "
        "limit. What the catalogue allows of an action is the same at every capacity."
    )
    holdout_share: Number = Field(
        description="Of the customers counted here, this share is withheld, to measure the effect."
    )
    is_the_plan: bool = Field(description="True: these figures are the release's own plan.")
    customers: int = Field(description="Who get an action.")
    cost: Number
    expected_gain: Number = Field(description="The sum over the sources of the effects.")
    expected_gain_by_source: dict[EffectSource, Number] | None = Field(
        default=None, description="By the source of the effects. Null in older releases."
    )
    by_action: dict[str, int] = Field(description="How many customers get each action.")
    next: PlanPoint | None = Field(
        description="The next dearer plan at these capacities; null: more money buys nothing."
    )
    expected_gain_at_budget: Number = Field(
        description="On the straight line to the next plan: a plan for the whole budget gains this "
        "to within what a few customers gain. More than `expected_gain` of the release's own plan "
        "also where some of its customers explore. The sum over the sources of the effects."
    )
    expected_gain_at_budget_by_source: dict[EffectSource, Number] | None = Field(
        default=None,
        description="That by the source of the effects, which are not to be added up: one is "
        "assumed, the other measured. Null in older releases.",
    )
    marginal_return: Number = Field(
        description="What the last unit of this budget gains; 0 where it is not needed. The sum "
        "over the sources of the effects."
    )
    marginal_return_by_source: dict[EffectSource, Number] | None = Field(
        default=None, description="By the source of the effects. Null in older releases."
    )
