"""By whom of the lapsed it pays to be asked to come back, as the API returns it."""

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serving.cards.codes import Language
from serving.cards.parts import Id, Number, Probability, Schema
from serving.cards.query import LARGEST_PAGE, RELEASE, Flag, Text, Whole
from serving.cards.release import Stamp

USUAL = 50  # customers on a page


class WinBackQuery(BaseModel):
    """Which of the lapsed, and which page of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: Text | None = Field(default=None, description="Whose customers.")
    q: Text | None = Field(default=None, description="Part of the name or id, in any case.")
    everybody: Flag = Field(
        default=False,
        description="Also those whom nobody may ask, or whom it cannot pay to ask.",
    )
    limit: Annotated[Whole, Field(ge=1, le=LARGEST_PAGE)] = Field(
        default=USUAL, description="Customers on a page."
    )
    cursor: str | None = Field(
        default=None,
        max_length=4000,
        description="From `next`.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    )
    release: Text | None = Field(default=None, description=RELEASE)
    language: Language | None = Field(default=None, description="Default: Accept-Language.")


class LapsedCustomer(Schema):
    """A customer who has lapsed; fields as of the score card."""

    customer_id: Id
    name: Id | None
    owner: Id | None
    last_purchase_date: dt.date | None
    return_probability: Probability | None = Field(
        description="Of a purchase within horizon_days without being asked to."
    )
    value_if_returns: Number | None
    value_if_stays_away: Number | None
    one_return_pays_for: Number | None = Field(
        description="Asking so many pays if one of them comes back who would not have."
    )
    break_even_uplift: Probability | None = Field(
        description="By so much asking has to raise the probability: 1 / one_return_pays_for."
    )
    win_back_action: Id | None
    win_back_channel: str | None
    win_back_cost: Number | None
    win_back_blocked: str | None


class WinBack(Stamp):
    """Who has lapsed, by what one return pays for. What asking does is not known until measured."""

    value_horizon_days: int
    currency: str | None = Field(description="Of all its money; null: not known.")
    total: int = Field(description="Customers that the filters leave, on all pages.")
    next: str | None = Field(description="The address of the next page; null on the last.")
    customers: list[LapsedCustomer]
