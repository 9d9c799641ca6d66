"""Key customers and what the company wants with them, and managers' portfolios, as of the API."""

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from core.clock import utc_now
from serving.cards.codes import RiskBand, Status, SuggestedLevel
from serving.cards.parts import NO_NUL, Id, Number, Probability, Schema, Total, WholeNumber
from serving.cards.release import Stamp

LONGEST = 2_000  # characters of a goal, or of all duties
LONGEST_STEP, LONGEST_PERSON = 300, 200
LONGEST_REPEAT = LONGEST_AHEAD = 3_660  # days
LONGEST_AGO = 366  # days: what was promised in the past year may be written down late
VISIBLE = r"^[^\x00]*[^\s\x00][^\x00]*$"  # at least one letter that is seen
Long = Annotated[str, Field(max_length=LONGEST, pattern=NO_NUL)]
Person = Annotated[str, Field(min_length=1, max_length=LONGEST_PERSON, pattern=VISIBLE)]
StepMove = TypeAliasType("StepMove", Literal["done", "drop", "undo"])


def _near(day: dt.date) -> dt.date:
    days = (day - utc_now().date()).days
    if not -LONGEST_AGO <= days <= LONGEST_AHEAD:
        raise ValueError(f"is at most {LONGEST_AGO} days ago and {LONGEST_AHEAD} days ahead")
    return day


class Step(Schema):
    """A step that was agreed for a customer."""

    number: int
    what: str
    due_on: dt.date
    responsible: str | None
    repeat_days: int | None = Field(
        description="Of a duty: its next step is due so many days after it was done."
    )
    is_overdue: bool
    done_at: AwareDatetime | None
    done_by: str | None
    dropped_at: AwareDatetime | None
    dropped_by: str | None


class RelationshipPlan(Stamp):
    """What the company wants with a customer."""

    customer_id: Id
    owner: str | None = Field(
        description="Who answers for the customer: of the plan, else the data."
    )
    planned_owner: str | None = Field(description="Of the plan alone.")
    goal: str | None
    level: SuggestedLevel | None = Field(description="Of the relationship, that is aimed at.")
    duties: list[str] = Field(description="What is owed to the customer regularly.")
    version: int = Field(description="Send it with a change; 0: there is no plan yet.")
    changed_at: AwareDatetime | None
    changed_by: str | None
    steps: list[Step] = Field(description="Open ones by day, then what was done or dropped lately.")


class KeyCustomer(Schema):
    """A customer of class A, with what is agreed."""

    customer_id: Id
    name: Id | None
    owner: str | None = Field(description="Who answers for them: of the plan, else of the data.")
    status: Status
    risk_band: RiskBand | None
    churn_risk: Probability | None
    value_at_risk: Number | None
    expected_value: Number | None
    relationship_level: str | None
    suggested_level: str | None
    days_since_contact: int | None = Field(
        description="At the as-of date; 0: then or since, as was told. Null: none is known."
    )
    goal: str | None
    level: SuggestedLevel | None
    has_plan: bool
    next_step: Step | None
    open_steps: int
    overdue_steps: int


class KeyCustomers(Stamp):
    """Key customers: whose steps are overdue first, the others by value at risk."""

    value_horizon_days: int
    total: int
    overdue: int = Field(description="Of all of them: customers with an overdue step.")
    without_plan: int
    without_owner: int
    page: int
    pages: int
    customers: list[KeyCustomer]


class Portfolio(Schema):
    """The customers of one owner, and how the work on them goes."""

    owner: str | None = Field(description="Null: customers without an owner.")
    customers: int
    key_customers: int
    expected_value: Total | None
    value_at_risk: Total | None
    value_change: Total | None = Field(
        description="expected_value minus that of the release before; null: nothing to compare."
    )
    tasks_open: int = Field(description="To be contacted, and nobody has begun.")
    tasks_taken: int
    tasks_done: int = Field(description="This week, from Monday on.")
    tasks_overdue: int = Field(
        description="Past the day they were due, begun or not, and neither closed nor put off."
    )
    steps_done: int = Field(description="This week.")
    steps_overdue: int


class Portfolios(Stamp):
    """Owners, the largest value at risk first."""

    value_horizon_days: int
    compared_with: str | None
    week_from: dt.date
    managers: list[Portfolio]


class NewPlan(BaseModel):
    """What a customer's plan is from now on."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Annotated[WholeNumber, Field(ge=0, le=2**31 - 1)] = Field(
        description="That was read. Where it is another by now, nothing is changed."
    )
    owner: Person | None = Field(
        default=None,
        description="An owner of customers whom the caller sees, or a user here; null: the owner "
        "of the data.",
    )
    goal: Long | None = None
    level: SuggestedLevel | None = None
    duties: Long | None = Field(default=None, description="One a line.")


class NewStep(BaseModel):
    """A step to agree on."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    what: Annotated[str, Field(min_length=1, max_length=LONGEST_STEP, pattern=VISIBLE)]
    due_on: Annotated[dt.date, AfterValidator(_near)] = Field(
        description=f"At most {LONGEST_AGO} days ago and {LONGEST_AHEAD} days ahead."
    )
    responsible: Person | None = None
    repeat_days: Annotated[WholeNumber, Field(ge=1, le=LONGEST_REPEAT)] | None = None


class MovedStep(BaseModel):
    """What became of a step."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    move: StepMove = Field(
        description="done: a duty that repeats makes its next step; undo takes done and drop back."
    )
