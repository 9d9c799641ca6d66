"""Who turned out otherwise than told: the record that is kept, and what is returned."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from models import words
from serving.cards.codes import AbcClass, Direction, Language, RfmSegment
from serving.cards.parts import Id, Number, Probability, Schema, Text, Total
from serving.cards.query import RELEASE, Whole
from serving.cards.query import Text as Asked
from serving.cards.release import Stamp

WrongKind = TypeAliasType("WrongKind", words.Wrong)
GroupedBy = TypeAliasType("GroupedBy", Literal["reason", "rfm_segment", "abc_class"])
MissedFormat = TypeAliasType("MissedFormat", Literal["json", "csv"])
Count = Annotated[int, Field(ge=0)]
MOST, USUAL = 1_000, 50  # customers in one answer


class WrongGroup(Schema):
    """How many of a group turned out otherwise."""

    by: GroupedBy
    group: Text = Field(description="Of `by` reason: the group of the card's strongest reason.")
    told: Count
    wrong: Count
    expected: Number
    low: Count
    high: Count
    stands_out: bool = Field(
        description="Chance hardly explains it, even when all groups are looked at."
    )


class WouldTell(Schema):
    """A feature that parts those who turned out otherwise from the others."""

    feature: Text
    value: Text | None = Field(description="Of text: the one value that is meant.")
    above: bool = Field(
        description="Whether those have high values of it, or this value more often."
    )
    told: Count = Field(description="Customers in that half, or with that value.")
    wrong: Count
    expected: Number = Field(description="At the level of everybody who was told so.")


class WouldHaveTold(Schema):
    """What, of all that was known, would have told."""

    tested: Count = Field(description="Features that were looked at.")
    found: list[WouldTell] = Field(description="The surest first; empty: none of them.")


class ToldWrong(Schema):
    """How many turned out otherwise than told, and how many the risks themselves expected."""

    told: Count = Field(description="Who were told so: a customer counts once for each date.")
    wrong: Count = Field(description="Of them so many turned out otherwise.")
    expected: Number = Field(description="As many as their risks expected.")
    low: Count = Field(description="What chance alone explains, in 95 of 100 cases.")
    high: Count
    by_chance: bool = Field(description="Whether chance explains the number.")
    value: Total | None = Field(description="Money that missed leavers took along.")
    groups: list[WrongGroup]
    would_have_told: WouldHaveTold | None = Field(
        description="Null where it was not looked for, or too few turned out otherwise."
    )


class MissedList(Schema):
    """One list: a past release that has closed, or the test dates."""

    list_id: Text = Field(description="The id of the release, or test_dates.")
    as_of_dates: list[dt.date]
    horizon_days: int
    customers: Count
    rows: Count = Field(description="A customer counts once for each date.")
    left: Count
    missed_leavers: ToldWrong = Field(description="In the band low, and left.")
    false_alarms: ToldWrong = Field(
        description="In the band high, and stayed; of releases only whom no contact can have kept."
    )


class KeptMissed(Schema):
    """What the store keeps beside a release."""

    lists: list[MissedList]


class Missed(Stamp, KeptMissed):
    """The lists whose outcomes are known, the newest release first and the test dates last."""


class MissedCustomer(Schema):
    """A customer who turned out otherwise than told."""

    customer_id: Id
    name: Id | None
    has_card: bool = Field(description="False: there is no card any more.")
    as_of_date: dt.date
    churn_risk: Probability = Field(description="As it was told then.")
    reason: Text | None = Field(description="The group of the strongest reason on the card.")
    reason_direction: Direction | None
    rfm_segment: RfmSegment | None
    abc_class: AbcClass | None
    lost: Number | None = Field(description="Money that goes along with a leaver.")


class MissedCustomers(Stamp):
    """Customers of one list, dearest first."""

    list_id: Text
    kind: WrongKind
    total: Count = Field(description="Whom the filters leave.")
    customers: list[MissedCustomer]


class MissedQuery(BaseModel):
    """Which customers of which list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    list_id: Asked | None = Field(
        default=None, description="The id of a list of `GET /v1/missed`. Default: its first."
    )
    kind: WrongKind = Field(default="missed_leavers")
    reason: Asked | None = Field(default=None, description="Group of the strongest reason.")
    rfm_segment: RfmSegment | None = None
    abc_class: AbcClass | None = None
    format: MissedFormat = Field(default="json", description="csv: all of them as a file.")
    limit: Annotated[Whole, Field(ge=1, le=MOST)] = Field(
        default=USUAL, description="How many customers, of JSON."
    )
    offset: Annotated[Whole, Field(ge=0, lt=2**31)] = Field(
        default=0, description="How many to leave out first, of JSON."
    )
    release: Asked | None = Field(default=None, description=RELEASE)
    language: Language | None = Field(default=None, description="Default: Accept-Language.")
