"""The overview of the company, as a release keeps it and as the API returns it.

Figures are null where the data does not have them, or not yet; `absent` says why a part is.
docs/overview.md defines each figure.
"""

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from serving.cards.codes import AbcClass, CohortPeriod, OverviewGap, OverviewPart, RfmSegment
from serving.cards.parts import Id, Number, Schema, Strength, Text, Total
from serving.cards.release import Stamp

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Money = Total


class Month(Schema):
    """A closed calendar month, with its first and last day."""

    starts: dt.date
    ends: dt.date
    customers_active: Count | None = Field(
        description="At its end: who bought in the active_within_days before; for subscriptions, "
        "who had a running one."
    )
    customers_new: Count | None = Field(description="Whose first purchase lies in the month.")
    customers_at_start: Count | None = Field(description="What churn_rate is a share of.")
    churn_rate: Share | None = Field(
        description="Of those active at its start, the share that bought nothing in the "
        "horizon_days from then on; for subscriptions, the share without a running one after them. "
        "Null until these days are over."
    )
    retention_rate: Share | None = Field(description="1 less churn_rate.")
    repeat_of: Count | None = Field(description="What repeat_rate is a share of.")
    repeat_rate: Share | None = Field(
        description="Of those who bought in the repeat_days before its end, the share that did so "
        "more than once."
    )
    orders: Count | None
    frequency: Number | None = Field(description="Orders per active customer.")
    revenue: Money | None = Field(description="Net of what was paid back in the month.")
    unpriced_orders: Count | None = Field(description="Orders of unknown money, not in revenue.")
    average_order: Number | None = Field(description="Of orders whose money is known.")
    value_so_far: Number | None = Field(
        description="All revenue up to its end, per customer who had ever bought."
    )
    nps: Annotated[float, Field(ge=-100, le=100)] | None = Field(
        description="Share of answers 9 and 10 less the share of 0 to 6, times 100."
    )
    nps_answers: Count | None
    csat: Number | None = Field(description="Mean satisfaction in surveys.")
    csat_answers: Count | None
    csat_tickets: Number | None = Field(description="Mean satisfaction with closed tickets.")
    csat_tickets_answers: Count | None


class Cohort(Schema):
    """Customers by the period of their first purchase."""

    starts: dt.date
    ends: dt.date
    customers: Count
    is_left_censored: bool = Field(
        description="The history begins so shortly before that some may have bought earlier."
    )
    shares: list[Share] = Field(description="Who bought in each period from the next one on.")


class Cohorts(Schema):
    """How many customers of each cohort bought in later periods."""

    period: CohortPeriod
    rows: list[Cohort]


class ExpectedValue(Schema):
    """What the cards expect customers to bring over the coming days."""

    customers: Count
    total: Money
    mean: Number
    days: Count


class AtStake(Schema):
    """Customers of one segment, class or owner; money is null where cards tell none."""

    name: Text | None = Field(description="Null: customers without an owner.")
    customers: Count
    high: Count = Field(description="Those in the high risk band.")
    value_at_risk: Money | None
    expected_value: Money | None


class AtStakeBy(Schema):
    """Value at risk by segment, by ABC class and by owner; a list is empty without such a field."""

    rfm_segment: list[AtStake] = Field(default_factory=list)
    abc_class: list[AtStake] = Field(default_factory=list)
    owner: list[AtStake] = Field(default_factory=list)


class RfmCell(Schema):
    """A cell of the RFM grid: scores from 1, the lowest fifth of the customers, to 5."""

    recency: Annotated[int, Field(ge=1, le=5)] = Field(description="5: bought last most recently.")
    value: Annotated[int, Field(ge=1, le=5)] = Field(
        description="Of frequency and, where there are amounts, money."
    )
    customers: Count
    expected_value: Money | None
    value_at_risk: Money | None
    before: Count | None = Field(description="Customers in this cell at the date `since`.")


class RfmMove(Schema):
    """Customers by their segment at the date `since` and now; null: in no segment then, or now."""

    before: RfmSegment | None
    now: RfmSegment | None
    customers: Count


class RfmGrid(Schema):
    """Customers by recency and value, and how they have moved."""

    since: dt.date | None
    cells: list[RfmCell]
    moves: list[RfmMove]


class ParetoPoint(Schema):
    """The largest customers' share of all customers, and of revenue."""

    customer_share: Share
    revenue_share: Share


class ParetoClass(Schema):
    """One ABC class; `least` is what its smallest customer brought."""

    abc_class: AbcClass
    customers: Count
    customer_share: Share
    revenue: Money
    revenue_share: Share
    least: Money


class Pareto(Schema):
    """How revenue of the last `days` is spread over customers, the largest first."""

    days: Count
    customers: Count
    revenue: Money
    points: list[ParetoPoint]
    classes: list[ParetoClass]


class OwnerStrength(Schema):
    """The relationships with one owner's customers."""

    owner: Text | None
    customers: Count
    mean: Strength
    compared: Count
    declined: Count


class RelationshipOverview(Schema):
    """How strong relationships are: `bins` counts customers by strength, ten points a bin."""

    since: dt.date | None = Field(description="The date that a decline is told against.")
    customers: Count
    mean: Strength
    bins: Annotated[list[Count], Field(min_length=10, max_length=10)]
    compared: Count = Field(description="Of whom the strength at both dates is known.")
    declined: Count
    by_owner: list[OwnerStrength]


class Moved(Schema):
    """Net spend of a customer in the last days, in as many before, and in as many a year ago."""

    customer_id: Id
    spent: Number
    before: Number
    year_ago: Number | None


class KeptMove(Moved):
    """A customer whose net spend has changed most, as a release keeps it."""

    way: Literal["growing", "shrinking"]
    owner: Text | None


class KeptMovers(Schema):
    """Customers whose net spend has changed most: of the company, and of each owner."""

    days: Count
    customers: list[KeptMove]


class OverviewFigures(Schema):
    """Figures on the company that name no customer."""

    data_from: dt.date
    active_within_days: Count
    customers: Count = Field(description="Who are scored, or ranked by a rule.")
    repeat_days: Count | None
    currency: Text | None
    months: list[Month]
    scales: dict[str, Number] = Field(description="The top of each satisfaction scale.")
    cohorts: Cohorts | None
    expected_value: ExpectedValue | None
    value_at_risk: AtStakeBy
    rfm: RfmGrid | None
    pareto: Pareto | None
    relationship: RelationshipOverview | None
    absent: dict[OverviewPart, OverviewGap] = Field(description="Why a part is not there.")


class KeptOverview(OverviewFigures):
    """What a release keeps."""

    movers: KeptMovers | None


class MovedCustomer(Moved):
    """A customer whose net spend has changed much."""

    name: Text | None
    owner: Text | None


class Movers(Schema):
    """Customers whose net spend grew and shrank most: the last `days` against as many before."""

    days: Count
    growing: list[MovedCustomer]
    shrinking: list[MovedCustomer]


class Overview(Stamp, OverviewFigures):
    """The overview of a release. Who sees some owners' customers only gets these owners' rows."""

    movers: Movers | None = Field(description="Null too for a key without the scope cards:read.")
