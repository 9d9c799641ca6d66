"""What changed between a release and the one before it, as the API returns it."""

import datetime as dt
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from serving.cards.codes import RiskBand, Status
from serving.cards.parts import Id, Number, Probability, Schema, Total
from serving.cards.release import Stamp

MoveCode = TypeAliasType("MoveCode", Literal["new_in_high", "back", "left", "lost"])
LeftCode = TypeAliasType("LeftCode", Literal["churned", "unscored", "vanished"])


class MovedCustomer(Schema):
    """A customer who moved; of one without a card any more what the older card said."""

    customer_id: Id
    name: Id | None
    owner: Id | None
    status: Status
    risk_band: RiskBand | None
    churn_risk: Probability | None
    value_at_risk: Number | None = Field(
        description="As it is now of new_in_high, else as it was in the release before."
    )
    has_card: bool = Field(description="False: there is no card any more.")


class MovedGroup(Schema):
    """Customers who moved in one way."""

    move: MoveCode = Field(
        description="new_in_high: in the band high now and not before; back: in high before, "
        "bought since and no longer in it; left: had a rank, have none now; lost: in the band low "
        "before, and now gone, or silent for four times their usual gap."
    )
    customers: int
    value_at_risk: Total | None = Field(
        description="Of all of them: as it is now of new_in_high, else as it was. Null without "
        "money."
    )
    left_by: dict[LeftCode, int] | None = Field(
        description="Of left: churned (bought too long ago, or cancelled), unscored (too little is "
        "known for a rank) or vanished (the data has no such customer any more)."
    )
    first: list[MovedCustomer] = Field(description="The most valuable first, up to `limit`.")


class Changes(Stamp):
    """What changed since the release before, in the order in which to read it."""

    value_horizon_days: int
    compared_with: str | None = Field(
        description="The release before: of the same company, horizon and meaning of leaving. "
        "Null where none is kept; then there are no groups."
    )
    compared_as_of_date: dt.date | None
    is_other_model: bool = Field(
        description="True: the model is another one, and moves may come from that."
    )
    groups: list[MovedGroup]
