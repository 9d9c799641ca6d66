"""The catalogue: which actions exist, what they cost, and what they are assumed to do.

docs/actions.md explains every key; catalog_file.py reads the file and refuses a wrong one.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from actions.plan.eligibility import CATEGORY, Entry, OnlyIf
from actions.plan.talking_points import checked, shown_as_it_stands
from core.params import NonNegativeDays, PositiveDays
from models.customers.relationship import RelationshipLevel
from models.customers.segments import RfmSegment
from sources.meanings.vocabulary import DO_NOTHING, NO_CHANNEL, channel_word
from sources.written.currencies import currency_code

Rate = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
# Spelt as in the tables, however it is written here: e-mail, E-Mail, email.
Channel = Annotated[Name, BeforeValidator(lambda w: channel_word(w) if isinstance(w, str) else w)]
Currency = Annotated[str, AfterValidator(currency_code)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Shown = Annotated[Text, AfterValidator(shown_as_it_stands)]
Point = Annotated[str, AfterValidator(checked), Field(max_length=400)]
Kind = Literal["retention", "service_recovery"]
SERVICE_RECOVERY: Kind = "service_recovery"
CarriedOutBy = Literal["automatic", "owner"]
AUTOMATIC: CarriedOutBy = "automatic"
OWNER: CarriedOutBy = "owner"
NEXT_PURCHASE = "next_purchase"
Churn = Literal["lapse", "cancellation"]
# The catalogues that come with Regulars, by what leaving means.
SHIPPED = {"lapse": "actions.yaml", "cancellation": "actions.subscriptions.yaml"}
# Message keys `why.<name>`: only these have a sentence in every language.
Why = Literal[
    "reminder",
    "win_back",
    "appreciation",
    "personal_contact",
    "make_good",
    "second_purchase",
    "replenishment",
    "recommendation",
    "feedback",
    "referral",
    "plan_change",
]


class Names(Entry):
    """A short text by language; in a language without one the id is made readable."""

    en: Shown | None = None
    ru: Shown | None = None


class Points(Entry):
    """Talking points by language."""

    en: tuple[Point, ...] = ()
    ru: tuple[Point, ...] = ()


class Reduction(Entry):
    """Assumed relative reduction of churn risk: 0.10 turns a risk of 0.50 into 0.45."""

    low: Rate
    mid: Rate
    high: Rate

    @model_validator(mode="after")
    def _ordered(self) -> "Reduction":
        if not self.low <= self.mid <= self.high:
            raise ValueError("low <= mid <= high must hold")
        return self


class RiskReduction(Reduction):
    """The reduction, and where it is another in some segments of the RFM grid."""

    by_segment: dict[RfmSegment, Reduction] = Field(default_factory=dict)


class Capacity(Entry):
    """The most contacts with the action, intended ones, within so many days."""

    contacts: Annotated[int, Field(ge=0)]
    days: PositiveDays


class Timing(Entry):
    """The action's natural day: so many days before the likely day of the next purchase."""

    before: Literal["next_purchase"]
    days: NonNegativeDays = 0


class Action(Entry):
    """One thing that can be done for a customer. Money per contact, in the catalogue's currency."""

    id: Name
    name: Names = Names()
    talking_points: Points = Points()
    level: RelationshipLevel | None = None
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    kind: Kind = "retention"
    carried_out_by: CarriedOutBy = AUTOMATIC
    contact_cost: Annotated[Mapping[Channel, Money], Field(min_length=1)]
    incentive_cost: Money = 0.0
    accept_rate: Rate = 0.0
    risk_reduction: RiskReduction
    source: Text
    only_if: OnlyIf = OnlyIf()
    cooldown_days: NonNegativeDays = 0
    capacity: Capacity | None = None
    timing: Timing | None = None
    why: Why

    @model_validator(mode="before")
    @classmethod
    def _one_cost_for_all(cls, given: Any) -> Any:
        """A cost that is one number is that of every channel."""
        if not isinstance(given, dict) or isinstance(given.get("contact_cost"), dict | None):
            return given
        channels = given.get("channels")
        if not isinstance(channels, list | tuple) or not all(isinstance(c, str) for c in channels):
            channels = ["email"]  # what is wrong with the channels is told by themselves
        return {**given, "contact_cost": dict.fromkeys(channels, given["contact_cost"])}

    @model_validator(mode="after")
    def _consistent(self) -> "Action":
        if self.id == DO_NOTHING:
            raise ValueError(f"{DO_NOTHING} is always a candidate: leave it out of the catalogue")
        if self.incentive_cost > 0 and self.accept_rate == 0:
            raise ValueError("an incentive_cost needs an accept_rate above 0, or it would be free")
        if len(set(self.channels)) < len(self.channels):
            raise ValueError("channels names a channel twice")
        if NO_CHANNEL in self.channels and len(self.channels) > 1:
            raise ValueError(f"channels: {NO_CHANNEL} contacts nobody and stands alone")
        if set(self.contact_cost) != set(self.channels):
            raise ValueError(
                "contact_cost needs one number, or one for each of the channels "
                f"{', '.join(self.channels)}"
            )
        return self


class Catalog(Entry):
    """The actions in the order of the file; ids are unique. All money is in `currency`.

    `churn` tells what leaving means to the company that it is made for; None: either.
    """

    churn: Churn | None = None
    currency: Currency
    actions: Annotated[tuple[Action, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _unique(self) -> "Catalog":
        ids = [action.id for action in self.actions]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"id given twice: {', '.join(twice)}")
        return self

    def misfit(self, churn: str) -> str | None:
        """What to tell where it is made for another way of leaving; None where it fits."""
        if self.churn is None or churn not in SHIPPED or churn == self.churn:
            return None
        return (
            f"The catalogue of actions is made for task.churn: {self.churn}, and this run has "
            f"{churn}: for that there is {SHIPPED[churn]} (actions.catalog in params.yaml)."
        )

    def channels(self) -> tuple[str, ...]:
        """Channels in use, each once, in the order of the file."""
        return tuple(dict.fromkeys(name for action in self.actions for name in action.channels))

    def categories(self) -> tuple[str, ...]:
        """Categories that some action asks for."""
        asked = [getattr(action.only_if, CATEGORY) or () for action in self.actions]
        return tuple(dict.fromkeys(name for names in asked for name in names))

    def facts(self) -> dict[str, dict[str, Any]]:
        """By id what readers of a plan are told of each action, as JSON."""
        told = {"name", "talking_points", "level", "channels", "carried_out_by", "only_if"}
        told |= {"cooldown_days"}
        return {
            action.id: action.model_dump(mode="json", include=told, exclude_none=True)
            for action in self.actions
        }
