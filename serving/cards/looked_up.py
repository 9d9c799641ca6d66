"""What is asked and answered when many customers are looked up at once."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from serving.cards.codes import Language
from serving.cards.fields import CardFields, ListedCard
from serving.cards.parts import (
    Id,
    Schema,
)
from serving.cards.query import RELEASE, Text
from serving.cards.release import Stamp

MOST = 10_000  # ids in one request
# What a till or a CRM acts on. None of it is a sentence: those take longer than all the rest.
SHORT = (
    "status",
    "churn_risk",
    "risk_band",
    "risk_rank",
    "risk_change",
    "value_at_risk",
    "expected_value",
    "last_purchase_date",
    "arm",
    "withheld",
)
LookUpResult = TypeAliasType("LookUpResult", Literal["found", "not_found"])


class LookUp(BaseModel):
    """Which customers, and what of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    customer_ids: list[Id] = Field(min_length=1, max_length=MOST, description="Any, in any order.")
    release: Text | None = Field(default=None, description=RELEASE)
    fields: CardFields = Field(
        default=[*SHORT],
        min_length=1,
        description="`reasons` and `intended_action` come with their sentences, and take longer.",
    )
    language: Language | None = Field(default=None, description="Default: Accept-Language.")


class LookedUpCustomer(Schema):
    """One row of the answer: there is one for each id, in the order asked."""

    customer_id: str
    status: LookUpResult = Field(
        description="not_found: never bought, objects to profiling, was erased, or is misspelt. A "
        "score that was stored of such a customer is to be cleared."
    )
    card: ListedCard | None


class LookedUp(Stamp):
    """The answer of a look-up: all rows come from one release."""

    found: int
    customers: list[LookedUpCustomer]
