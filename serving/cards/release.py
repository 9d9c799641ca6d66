"""What the API returns about a release, and lists of its cards; rules as in card.py."""

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, computed_field

from core.clock import utc_now
from models.gate import Gate, Need
from serving.cards.action_words import ActionFacts, Words
from serving.cards.card import ScoreCard
from serving.cards.codes import (
    Age,
    ChurnDefinition,
    EffectSource,
    Grade,
    HoldoutShareBy,
    NoGains,
    Order,
    Probabilities,
    RankedBy,
    Ranks,
    RiskBand,
    Sort,
    Status,
)
from serving.cards.fields import ListedCard
from serving.cards.parts import (
    IntendedAction,
    Number,
    Probability,
    Reason,
    Schema,
    Total,
)
from serving.cards.stored import Card


class Quality(Schema):
    """How good the churn model was on later dates, in figures a manager reads."""

    grade: Grade
    test_as_of_dates: list[dt.date]
    auc: Number | None = Field(description="Null where all test rows had the same outcome.")
    auc_low: Number | None
    auc_high: Number | None
    top: int = Field(description="Of so many ranked highest …")
    top_left: Number = Field(description="… so many left …")
    top_left_by_rule: Number = Field(
        description="… and so many of those the best simple model ranks."
    )
    ranks: Ranks | None = Field(
        default=None, description="Beside the best simple model. Null in older releases."
    )
    probabilities: Probabilities | None = Field(
        default=None,
        description="Whether they hold, for all and in each value class. Null in older releases.",
    )


class Ladder(Schema):
    """How the models were made and judged: the higher the number, the less is known of them."""

    rung: int = Field(
        description="1 to 3: judged on a later time; 4: on other customers; 5: too little data for "
        "trees, and judged as far as outcomes have closed; 6: not judged; 7: a rule ranks."
    )
    tree_weight: Number = Field(description="The part of trees in the log odds, 0 to 1.")
    needs: list[Need] = Field(description="What the next higher rung asks for; empty on the first.")


class CanShow(Schema):
    """The smallest effect that is shown by a date, with a chance of 80 % and intervals of 95 %.

    As a difference of the share of customers who leave within the horizon.
    """

    date: dt.date
    plans: int = Field(description="Plans whose outcomes are there by then, this one included.")
    customers: int
    smallest_effect: Probability | None = Field(
        description="Null: no difference that is possible would be shown."
    )


class PlanTotals(Schema):
    """The plan in a few figures; money is null where no gain can be computed."""

    customers: int
    contacts: int
    withheld: int
    always_withheld: int = Field(
        default=0, description="Of those withheld: who gets no offers from any plan."
    )
    epoch: str | None = Field(default=None, description="The quarter, of older releases.")
    unpaid: int = Field(default=0, description="Intended, but no budget pays for any action.")
    no_gains: NoGains | None = Field(
        default=None, description="Why no gain can be told: then `ranked_by` says who comes first."
    )
    ranked_by: RankedBy | None = None
    holdout_share: Number | None = Field(
        default=None, description="The share withheld by the draw of this plan."
    )
    holdout_share_by: HoldoutShareBy | None = Field(
        default=None,
        description="given: by params.yaml; assumed: effects are; known: fewer, as effects are "
        "known; too_few: fewer, as this firm's customers can show no effect within a year.",
    )
    can_show: list[CanShow] = Field(
        default_factory=list,
        description="The smallest effects that plans like this one show; none where nothing is "
        "withheld by lot.",
    )
    cost: Number | None
    expected_gain: Number | None = Field(
        description="Null too where some effects are assumed and some measured: these are never "
        "added up."
    )
    expected_gain_by_source: dict[EffectSource, Number] | None = Field(
        default=None, description="By the source of the effects. Null in older releases."
    )
    budget: Number | None

    @property
    def shows_no_action(self) -> bool:
        """Whether nothing is withheld by lot, although there is something to withhold."""
        is_set_to_none = self.holdout_share_by == "given" and self.holdout_share == 0
        return is_set_to_none and self.contacts > 0 and not self.unpaid

    def gains(self) -> list[tuple[EffectSource, Number]]:
        """The expected gain by the source of the effects; of older releases all were assumed."""
        if self.expected_gain_by_source is not None:
            return sorted(self.expected_gain_by_source.items())
        return [] if self.expected_gain is None else [("assumed", self.expected_gain)]


DATES = frozenset({"as_of_date", "data_until", "expires_at"})  # of a release, and of each card


class Stamp(Schema):
    """What every answer says of the release that it was read from."""

    release_id: str
    as_of_date: dt.date
    data_until: dt.date
    expires_at: dt.date
    is_stale: bool = Field(
        default=False, description="True: expires_at has passed, and newer figures are due."
    )
    horizon_days: int
    churn_definition: ChurnDefinition
    model_version: str


# A path from the root, up to the file or folder itself; an address has a colon before its slashes.
FOLDERS = re.compile(r"(?<![\w:/])/(?:[^,]*/)?(?=[^,/])|\b[A-Za-z]:\\(?:[^,]*\\)?(?=[^,\\])")


def without_folders(source: str) -> str:
    """What a source says of itself, with files and folders by their last name."""
    return FOLDERS.sub("", source.replace("/,", ",").removesuffix("/"))


class ReleaseFacts(Schema):
    """The facts of a release."""

    release_id: str
    as_of_date: dt.date
    data_until: dt.date
    expires_at: dt.date
    horizon_days: int
    value_horizon_days: int
    value_extrapolated_from: int | None = Field(
        default=None, description="Days over which values were learned; null: over all of them."
    )
    churn_definition: ChurnDefinition
    model_version: str
    source: Annotated[str, AfterValidator(without_folders)] = Field(
        description="What was read, without the folders of the machine that read it."
    )
    source_kind: str
    customers: dict[Status, int]
    intended_actions: list[str] = Field(description="Those that occur in this release.")
    owners: list[str]
    has_money: bool = Field(
        description="Whether cards tell money: not of data without amounts, nor where a rule ranks."
    )
    currency: str | None = Field(default=None, description="Of all its money; null: not known.")
    total_value_at_risk: Total | None = Field(description="Of everybody who is scored.")
    quality: Quality | None = Field(
        default=None, description="Null where a rule ranks, or nothing has judged the model."
    )
    gate: Gate | None = Field(default=None, description="Null where a model scores.")
    ladder: Ladder | None = Field(default=None, description="Null of a release from before it.")
    actions: dict[str, ActionFacts] = Field(
        default={}, description="The catalogue that the plan was made with; empty in older ones."
    )
    plan: PlanTotals

    @property
    def words(self) -> Words:
        """What the sentences of its cards are made with."""
        return Words(self.actions, self.currency)


class Release(ReleaseFacts):
    """What was published, from which data, and when."""

    published_at: dt.datetime
    is_current: bool

    @computed_field(description="True: expires_at has passed, and newer figures are due.")  # type: ignore[prop-decorator]
    @property
    def is_stale(self) -> bool:
        """Whether the cards are older than they may be used; expires_at is the last good day."""
        return utc_now().date() > self.expires_at

    def stamp(self) -> dict[str, Any]:
        """What answers that are read from this release say of it."""
        return {name: getattr(self, name) for name in Stamp.model_fields}


def dated_as(release: Release, card: Card) -> Release:
    """The release with the dates of a card as it is stored: a card made anew has its own."""
    own = {name: dt.date.fromisoformat(card[name]) for name in sorted(DATES)}
    return release.model_copy(update=own)


class ServedCard(ScoreCard):
    """A score card, and whether it is still good."""

    is_stale: bool = Field(description="True: expires_at has passed, and a newer card is due.")


class Explanation(Stamp):
    """Why the risk of a customer is what it is, and why this action: all that is known, in words.

    Reasons are associations: nothing here says why a customer leaves.
    """

    customer_id: str
    status: Status
    churn_risk: Probability | None
    risk_band: RiskBand | None
    risk_rank: int | None
    risk_change: Number | None
    note: str = Field(description="How to read the reasons.")
    raises: list[Reason] = Field(description="Strongest first.")
    lowers: list[Reason] = Field(description="Strongest first.")
    intended_action: IntendedAction | None
    in_words: list[str] = Field(description="The same as sentences, for a note in a CRM.")


class Releases(Schema):
    """The releases that are kept, the newest first."""

    releases: list[Release]


class ByBand(Schema):
    """Customers by risk band."""

    high: int
    medium: int
    low: int


class AtRisk(Stamp):
    """A ranked list. Follow `next` until it is null: all pages come from one release."""

    value_horizon_days: int
    value_extrapolated_from: int | None
    compared_with: str | None = Field(
        default=None, description="The release that changed_since means."
    )
    sort: Sort
    order: Order
    total: int = Field(description="Customers that the filters leave, on all pages.")
    total_value_at_risk: Total | None
    by_band: ByBand = Field(description="Of the customers whom all other filters leave.")
    next: str | None
    customers: list[ListedCard]


class Health(Schema):
    """The service answers."""

    status: Literal["ok"]


class Readiness(Schema):
    """Cards can be read, and how old they are."""

    status: Age = Field(
        description="stale: expires_at has passed. Cards are served all the same, and say so."
    )
    as_of_date: dt.date
    expires_at: dt.date
    read_only: bool = Field(
        description="Nothing can be written now: the service is set to read only, or the disk of "
        "its store takes nothing."
    )
