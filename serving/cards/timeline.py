"""What is known of one customer beside the card, as the API returns it; rules as in card.py.

The order is that of the customer's page. A list is null where the data has no such table, and empty
where the table has nothing of this customer. `is_new`: told since the release, which does not know
it yet. Times are UTC.
"""

import datetime as dt

from pydantic import AwareDatetime, Field

from serving.cards.codes import Arm, OverrideKind, SuggestedLevel
from serving.cards.parts import Number, Probability, Purchases, Schema, Text
from serving.cards.release import Stamp

IS_NEW = Field(description="True: told since the release, which does not know it yet.")


class Override(Schema):
    """What a person knows better than the model, until a day; it replaces nothing on the card."""

    number: int
    kind: OverrideKind
    level: SuggestedLevel | None = Field(description="Of kind level: the one that is wanted.")
    reason: str
    expires_on: dt.date = Field(description="The last day on which it holds.")
    made_at: AwareDatetime
    made_by: str
    ended_at: AwareDatetime | None = Field(description="By hand, before its day.")
    ended_by: str | None
    is_active: bool


class Month(Schema):
    """What was bought in one month; refunds are subtracted, so that an amount may be below 0."""

    month: dt.date = Field(description="Its first day.")
    orders: int
    amount: Number | None


class EventsOfMonth(Schema):
    """How many events of one kind there were in one month."""

    month: dt.date = Field(description="Its first day.")
    kind: Text
    events: int


class TicketOf(Schema):
    """A ticket."""

    ticket_id: Text
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    kind: Text | None
    priority: Text | None
    csat: Number | None
    is_open: bool
    is_complaint: bool
    is_new: bool = IS_NEW


class AnswerOf(Schema):
    """An answer to a survey."""

    event_time: AwareDatetime
    kind: Text
    score: Number | None
    is_new: bool = IS_NEW


class ContactOf(Schema):
    """A contact that was planned; arm holdout: it was not made, to measure the effect."""

    contact_id: Text
    event_time: AwareDatetime
    action_id: Text
    action: str = Field(description="Its name, in the requested language.")
    channel: Text
    arm: Arm
    responded: bool | None
    responded_at: AwareDatetime | None
    is_new: bool = IS_NEW


class ContactPressure(Schema):
    """How often the customer was contacted lately, against what the plan allows.

    Contacts that were held back count too, as they do in the plan.
    """

    counted_as_of: dt.date
    days: int
    contacts: int = Field(description="Within so many days before counted_as_of.")
    most: int
    quiet_days: int
    quiet_until: dt.date | None = Field(description="The last day of rest; null: no rest now.")


class ConsentOf(Schema):
    """The newest answer on being approached by a channel."""

    channel: Text
    purpose: Text | None
    granted: bool
    event_time: AwareDatetime
    is_new: bool = IS_NEW


class PastRisk(Schema):
    """The risk in one kept release."""

    release_id: str
    as_of_date: dt.date
    model_version: str
    is_new_model: bool = Field(
        description="True: by another model than the one before, so that the two do not compare."
    )
    churn_risk: Probability | None
    risk_rank: int | None
    ranked: int = Field(description="How many customers were ranked.")


class RiskHistory(Stamp):
    """The risk of one customer over the releases that are kept, oldest first."""

    customer_id: str
    risk_history: list[PastRisk]


class CustomerTimeline(Stamp):
    """Everything that is known of one customer beside the card, in the order of the page."""

    customer_id: str
    has_history: bool = Field(
        description="False: the release holds no histories, and these lists only what was told."
    )
    phone: Text | None
    email: Text | None
    overrides: list[Override] = Field(description="Those that hold, and then the others.")
    purchases: list[Purchases]
    usual_gap_days: Number | None = Field(
        description="As on the card; of older releases the mean of the days between days with a "
        "purchase, null below three gaps."
    )
    months: list[Month] = Field(description="The last 24 with any before them, oldest first.")
    has_refunds: bool = Field(description="False: months are made of purchases alone.")
    events: list[EventsOfMonth] | None
    tickets: list[TicketOf] | None = Field(description="Open ones first.")
    answers: list[AnswerOf] | None = Field(description="To surveys, newest first.")
    contacts: list[ContactOf] | None = Field(description="Newest first.")
    contact_pressure: ContactPressure | None = Field(
        description="Null where the release does not say how often is allowed."
    )
    consents: list[ConsentOf] | None
    risk_history: list[PastRisk]
