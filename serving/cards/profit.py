"""From which risk on a contact pays: the record that is kept, and what is returned."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.params import TOO_LARGE
from serving.cards.codes import Language
from serving.cards.parts import Number, Probability, Schema, Total
from serving.cards.parts import Text as KeptText
from serving.cards.query import RELEASE, Real, Text
from serving.cards.release import Stamp

CostLimits = Field(ge=0, lt=TOO_LARGE, allow_inf_nan=False)
Cost = Annotated[float, CostLimits]
TERMS = ("contact_cost", "incentive_cost", "kept_share", "customer_value")


class ProfitQuery(BaseModel):
    """Costs and value to reckon with; what is not told is taken from the evaluation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact_cost: Annotated[Real, CostLimits] | None = Field(
        default=None, description="Of each contact. Default: that of the best offer."
    )
    incentive_cost: Annotated[Real, CostLimits] | None = Field(
        default=None,
        description="For each customer who gets the offer and stays. Default: that of the best "
        "offer; without one 0.",
    )
    kept_share: Annotated[Real, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Of the leavers contacted so many stay. Default: the mean of the best offer.",
    )
    customer_value: Annotated[Real, CostLimits] | None = Field(
        default=None, description="Lost with a leaver. Default: the average, times the margin."
    )
    release: Text | None = Field(default=None, description=RELEASE)
    language: Language | None = Field(default=None, description="Default: Accept-Language.")


class KeptTerms(Schema):
    """What the evaluation reckoned with: the offer of the catalogue that earns most."""

    offer: KeptText
    contact_cost: Cost
    incentive_cost: Cost
    kept_share: Probability
    customer_value: Cost


class KeptCuts(Schema):
    """The rows of the test dates between cuts, as the evaluation counted them."""

    churn_risk: list[Probability]
    left: list[Annotated[int, Field(ge=0)]]
    stayed: list[Annotated[int, Field(ge=0)]]
    customers: Annotated[int, Field(ge=1)]
    terms: KeptTerms | None = Field(description="None where the data tells no money.")


class CutProfit(Schema):
    """What contacting everybody from a risk on would have earned on the test dates."""

    churn_risk: Probability
    share_contacted: Probability
    profit: Total = Field(description="For each 1,000 customers of the test dates.")
    profit_low: Total = Field(description="The 95 % interval, customers drawn anew.")
    profit_high: Total


class BestCut(CutProfit):
    """The cut that earns most; where nobody is worth a contact it reaches nobody."""

    share_low: Probability = Field(description="The 95 % interval of where it lies.")
    share_high: Probability


class Today(Schema):
    """What the best cut reaches of the list of today."""

    customers: int = Field(description="Who have a risk.")
    reached: int
    leavers: Number = Field(description="Of these so many are expected to leave.")


class Profit(Stamp):
    """From which risk on a contact pays, at these costs and this value."""

    currency: str | None = Field(description="Of all its money; null: not known.")
    offer: str | None = Field(
        description="The action whose costs and effect were taken; null: other ones were asked for."
    )
    contact_cost: Cost | None = Field(description="Of each contact.")
    incentive_cost: Cost = Field(description="For each customer who gets the offer and stays.")
    kept_share: Probability | None = Field(description="Of the leavers contacted so many stay.")
    customer_value: Cost | None = Field(description="Lost with a leaver.")
    missing: list[str] = Field(
        description="What is neither told nor known: without it there is no curve."
    )
    best: BestCut | None
    today: Today | None = Field(description="Null too where a rule ranks today.")
    curve: list[CutProfit] = Field(description="From nobody to everybody.")
