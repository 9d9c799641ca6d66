"""What a plan holds: who is offered what, what stopped it, its limits, and a lead's yes to it."""

import datetime as dt
from typing import Annotated

from pydantic import AwareDatetime, Field

from serving.cards.codes import EffectSource
from serving.cards.parts import Number, Probability, Schema, Text
from serving.cards.release import PlanTotals, Stamp

Count = Annotated[int, Field(ge=0)]


class PlannedAction(Schema):
    """An action of the plan: whom it is meant for, and what of it is carried out."""

    action_id: Text
    name: str = Field(default="", description="In the language that was asked for.")
    customers: Count = Field(description="Who get it, those from whom it is withheld included.")
    withheld: Count
    contacts: Count = Field(description="Who are to be contacted.")
    cost: Number = Field(description="Expected, of these contacts.")
    expected_gain_by_source: dict[EffectSource, Number] | None = Field(
        description="Of these contacts, after costs; null where no gain can be told."
    )
    channels: dict[Text, Count] = Field(description="Contacts by channel.")
    talking_points: list[str] = Field(
        default=[], description="With placeholders; cards have them filled."
    )


class StoppedBy(Schema):
    """What one gate stops."""

    gate: Text
    name: str = Field(default="", description="In the language that was asked for.")
    customers: Count = Field(description="For whom it stops one action or more.")
    actions: Count = Field(description="How many actions of customers it stops.")
    costs: Number | None = Field(
        description="What everybody's best actions would gain more without it, before budget and "
        "capacities; null: nothing, or no gain can be told."
    )


class Use(Schema):
    """How many contacts are planned, and how many can be made."""

    intended: Count
    limit: Count | None


class ChannelUse(Use):
    """That of a channel."""

    channel: Text


class PlanContents(Schema):
    """What a release keeps of its plan, beside the totals."""

    currency: Text | None = Field(description="Of all money here; null: not known.")
    actions: list[PlannedAction] = Field(description="Most contacts first.")
    stopped: list[StoppedBy] = Field(description="The dearest first.")
    capacities: list[ChannelUse] = Field(description="Channels with a limit.")
    owner_capacity: Use | None = Field(description="Of the busiest owner; null: no limit.")
    why_nothing: dict[Text, Count] = Field(
        description="Customers without an action, by why: keys of messages."
    )
    missing_tables: list[Text] = Field(description="What could not be looked at.")
    objected: Count = Field(description="Who are left out, as they object to profiling.")
    explored: Count = Field(description="Who get an allowed action by lot.")
    withheld_by: dict[Text, Count]
    persistent_control: Probability = Field(description="The share that no plan offers anything.")
    shown_with_power: Probability | None = Field(
        description="The chance with which `can_show` of the totals shows its effects."
    )
    programme_can_show: Probability | None = Field(
        description="The smallest effect of all actions together that one horizon shows."
    )


class Approval(Schema):
    """A lead's yes to the plan of a release."""

    number: int
    release_id: str
    approved_at: AwareDatetime
    approved_by: str = Field(description="As the audit log writes it: `user anna`.")
    note: str | None = Field(description="Null, too, for whoever sees some owners only.")
    withdrawn_at: AwareDatetime | None
    withdrawn_by: str | None


class PlanApproval(Stamp):
    """Whether the plan of a release is approved."""

    is_approved: bool
    approval: Approval | None = Field(description="The one in force; null: none is.")
    withdrawn: list[Approval] = Field(description="Earlier ones, the newest first.")


class PublishedPlan(Stamp):
    """The plan of a release."""

    totals: PlanTotals
    contents: PlanContents | None = Field(description="Null in a release of older code.")
    is_approved: bool
    approval: Approval | None


def dated(moment: dt.datetime) -> dt.datetime:
    """A time as the store keeps it, in UTC, with its zone."""
    return moment.replace(tzinfo=dt.UTC)
