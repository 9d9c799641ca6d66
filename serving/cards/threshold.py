"""Where to cut the list: of those with at least a risk, how many are expected to leave.

Risks are calibrated probabilities, so that their sum is how many are expected to leave.
"""

from pydantic import Field

from serving.cards.parts import Number, Probability, Schema
from serving.cards.release import Stamp


class CutPoint(Schema):
    """What a cut reaches."""

    min_churn_risk: Probability
    reached: int = Field(description="Customers with at least this risk.")
    leavers: Number = Field(description="Of these so many are expected to leave.")


class Cut(CutPoint):
    """A cut, against everybody whom the filters leave."""

    customers: int
    expected_leavers: Number = Field(description="Of all whom the filters leave.")
    leavers_share: Probability | None = Field(
        description="Of the expected leavers so many are reached; null where none is expected."
    )
    wasted: Number = Field(description="Customers reached who are expected to stay anyway.")
    curve: list[CutPoint] = Field(description="The same of other cuts, the lowest first.")


class Threshold(Stamp):
    """Where to cut the list as it is filtered."""

    cut: Cut | None = Field(
        description="Null where a rule ranks: it tells no probabilities to sum up."
    )
