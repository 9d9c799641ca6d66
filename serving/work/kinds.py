"""The kinds of outcomes that a CRM tells, and the row of the column contract each becomes.

    contact             a contact that was made, or withheld       contacts
    response            the answer to a contact told before        cells of contacts
    consent             a yes or no to a channel, or to profiling  consents
    complaint           a complaint, and when it was closed        tickets
    purchase_elsewhere  what a customer tells to have bought       events

What is taken here fits the contract (sources/contract.py), so that the next run keeps it.
"""

import datetime as dt
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from core.clock import utc_now
from features.history.complaints import COMPLAINT
from features.history.consent import PROFILING
from serving.cards.codes import Arm
from sources.meanings.vocabulary import TREATED, purpose_word

RESPONSES = "responses"  # cells of contacts, until the contact they belong to is known
ELSEWHERE = "purchase_elsewhere"  # the kind of event
SKEW = dt.timedelta(minutes=5)  # by which the CRM's clock may be ahead of ours
FIRST = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)  # what lies before, the check sets aside

Row = dict[str, Any]


def _without_blanks_around(text: str) -> str:
    if text != text.strip():
        raise ValueError("begins or ends with a blank")
    return text


def _in_the_past(time: dt.datetime) -> dt.datetime:
    if time < FIRST:
        raise ValueError("is before 2 January 1970, which systems write where there is no time")
    if time > utc_now().replace(tzinfo=dt.UTC) + SKEW:
        raise ValueError("is in the future: what has not happened yet is no outcome")
    return time


# No control character, which no table could hold, and no blank that the check would take off.
_TEXT = Field(pattern=r"^[^\x00-\x1f\x7f]+$")
Id = Annotated[str, _TEXT, Field(max_length=500), AfterValidator(_without_blanks_around)]
Word = Annotated[str, _TEXT, Field(max_length=100), AfterValidator(_without_blanks_around)]
# With its offset: nobody can tell in which zone the CRM's clock runs.
Moment = Annotated[AwareDatetime, AfterValidator(_in_the_past)]
Amount = Annotated[float, Field(ge=0, lt=9e12, allow_inf_nan=False)]
Chance = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Outcome(BaseModel):
    """What all kinds share; `TABLE` is where the next run reads it back."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    TABLE: ClassVar[str]
    event_day: ClassVar[None] = None  # it waits for the next run, and enters no live history

    customer_id: Id

    def row(self) -> Row:
        """The cells of the row in the contract's columns; what is unknown is left out."""
        return self.model_dump(exclude={"kind"}, exclude_none=True)


class Contact(_Outcome):
    """A contact that was made (`treated`), or that was withheld to measure its effect."""

    TABLE = "contacts"

    kind: Literal["contact"]
    contact_id: Id
    event_time: Moment
    action_id: Word = Field(description="The intended action of the card.")
    channel: Word
    arm: Arm = TREATED
    propensity: Chance | None = Field(
        default=None, description="P(treated | intended action), as on the card."
    )
    action_propensity: Chance | None = Field(
        default=None, description="P(this action is intended), as on the card."
    )
    contact_propensity: Chance | None = Field(
        default=None, description="Their product: P(contacted with this action), as on the card."
    )
    persistent_control: bool | None = Field(
        default=None, description="True: withheld whatever the plan, as on the card."
    )
    is_exploration: bool | None = Field(
        default=None, description="True: the action was drawn at random, as on the card."
    )
    cost: Amount | None = None
    responded: bool | None = None
    responded_at: Moment | None = None

    @model_validator(mode="after")
    def _answered_at_a_time(self) -> "Contact":
        if (self.responded is None) != (self.responded_at is None):
            raise ValueError("responded and responded_at belong together")
        return self

    @model_validator(mode="after")
    def _made_by_chance(self) -> "Contact":
        if self.arm == TREATED and self.propensity == 0:
            raise ValueError("a contact that was made had a chance: propensity is above 0")
        return self


class Response(_Outcome):
    """Whether the customer answered a contact, told under the contact's own id."""

    TABLE = RESPONSES

    kind: Literal["response"]
    contact_id: Id
    responded: bool = True
    responded_at: Moment


class Consent(_Outcome):
    """A yes or no to a channel; with purpose `profiling` a no is the objection to be scored."""

    TABLE = "consents"

    kind: Literal["consent"]
    channel: Word = Field(description="A channel; `all` covers each of them.")
    event_time: Moment
    granted: bool
    purpose: Word | None = None

    @property
    def is_on_profiling(self) -> bool:
        """Whether it is an answer to being scored."""
        return purpose_word(self.purpose or "") == PROFILING


class Complaint(_Outcome):
    """A complaint; told again under the same id, it says when it was closed or opened again."""

    TABLE = "tickets"

    kind: Literal["complaint"]
    ticket_id: Id
    opened_at: Moment
    closed_at: Moment | None = None
    reopened_at: Moment | None = None
    priority: Word | None = None
    csat: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _closed_before(self) -> "Complaint":
        if self.closed_at is None and (self.csat is not None or self.reopened_at is not None):
            raise ValueError("csat and reopened_at are of a ticket that was closed: closed_at")
        return self

    def row(self) -> Row:
        """A ticket whose kind is complaint."""
        return super().row() | {"kind": COMPLAINT}


class PurchaseElsewhere(_Outcome):
    """What the customer told to have bought from somebody else."""

    TABLE = "events"

    kind: Literal["purchase_elsewhere"]
    event_time: Moment
    amount: Amount | None = None

    def row(self) -> Row:
        """An event of the kind `purchase_elsewhere`; its value is the amount."""
        told = super().row()
        value = {"value": told.pop("amount")} if "amount" in told else {}
        return told | value | {"kind": ELSEWHERE}


Outcome = Annotated[
    Contact | Response | Consent | Complaint | PurchaseElsewhere, Field(discriminator="kind")
]
