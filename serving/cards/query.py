"""The query of the at-risk list: filters, order, page; any other parameter is refused."""

import hashlib
import json
import re
import unicodedata
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from models.customers.segments import A_SHARE
from serving.cards.codes import (
    AbcClass,
    Arm,
    ExportFormat,
    Format,
    HeldBy,
    Language,
    LifecycleStage,
    Order,
    RelationshipLevel,
    RfmSegment,
    RiskBand,
    Sort,
    Status,
    SuggestedLevel,
    TaskFilter,
)
from serving.cards.fields import CardFields

LARGEST_PAGE = 1000
RISK_MOVED = 0.05  # a change of the risk that is told, with the band staying the same
RELEASE = "The id of a kept release. Default: the current one."
UNDOCUMENTED = "x-undocumented"  # marks a parameter that the OpenAPI document leaves out


def printable(text: str) -> str:
    """The text. Raises ValueError where it holds control characters."""
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        raise ValueError("must not hold control characters")
    return text


def _spelt(pattern: str, wanted: str) -> BeforeValidator:
    """Pydantic alone also takes 5.0, 1_000, " 7" and yes, which the document does not offer."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"must be {wanted}")
        return value

    return BeforeValidator(check)


PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"  # the same for who reads the document
Text = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"pattern": PRINTABLE}),
    AfterValidator(printable),
]
# Values of parameters, spelt as in JSON.
Whole = Annotated[int, _spelt(r"-?\d+", "a whole number, in digits")]
Real = Annotated[float, _spelt(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", "a number, with a decimal point")]
Flag = Annotated[bool, _spelt("true|false", "true or false")]


class Filters(BaseModel):
    """Which customers to list: any value of a filter may match, and all filters must."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: list[Status] = Field(
        default=[],
        max_length=20,
        description="Default: scored and rule. Others have no rank: already_churned lists those "
        "whose scores a CRM has to clear.",
    )
    changed_since: Text | None = Field(
        default=None,
        description="The id of a kept release, or a date, which means the newest kept one of that "
        "as_of_date or before: only customers without a card there, or whose status, risk band, "
        f"action or arm is another now, or whose risk has moved by {RISK_MOVED} or more. Of any "
        "status, unless status is given.",
    )
    risk_band: list[RiskBand] = Field(
        default=[], max_length=20, description="By churn_risk; repeat it for several."
    )
    lifecycle_stage: list[LifecycleStage] = Field(
        default=[], max_length=20, description="By their rhythm: docs/segments.md."
    )
    rfm_segment: list[RfmSegment] = Field(
        default=[], max_length=20, description="By recency, frequency and money."
    )
    abc_class: list[AbcClass] = Field(
        default=[],
        max_length=20,
        description=f"A brings the first {100 * A_SHARE:.0f} % of revenue.",
    )
    relationship_level: list[RelationshipLevel] = Field(
        default=[], max_length=20, description="What we do for them."
    )
    suggested_level: list[SuggestedLevel] = Field(
        default=[], max_length=20, description="What their value suggests to do for them."
    )
    held_by: list[HeldBy] = Field(default=[], max_length=20, description="What holds them.")
    relationship_declined: Flag = Field(
        default=False, description="Only those whose relationship has weakened."
    )
    intended_action: list[Text] = Field(
        default=[], max_length=20, description="Ids of the catalogue, as in the current release."
    )
    arm: Arm | None = Field(default=None, description="holdout: left untreated on purpose.")
    owner: Text | None = Field(default=None, description="Whose customers.")
    risk_rose: Flag = Field(
        default=False,
        description=f"Only those whose risk has risen by {RISK_MOVED} or more since the last "
        "release of the same models.",
    )
    not_contacted_days: Whole | None = Field(
        default=None,
        ge=1,
        le=3_660,
        description="Only those whom nobody contacted for at least so many days before the "
        "release's date, or ever, as far as its data tells, nor since, as far as was told.",
    )
    task_state: TaskFilter | None = Field(
        default=None,
        description="to_do: without those whose task is done, put off or not relevant; the page "
        "shows these unless told otherwise. open: with an action that nobody has begun. all: "
        "the default here.",
    )
    assignee: Text | None = Field(default=None, description="Who has taken the task.")
    to_contact: Flag = Field(
        default=False, description="Only those with an action to carry out: planned, not withheld."
    )
    to_win_back: Flag = Field(
        default=False,
        description="Only customers who have lapsed and whom it can pay to ask to come back, and "
        "whom nothing forbids to ask.",
    )
    min_churn_risk: Real | None = Field(
        default=None, ge=0, le=1, allow_inf_nan=False, description="At least this probability."
    )
    min_value_at_risk: Real | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="At least this much money."
    )
    q: Text | None = Field(default=None, description="Part of the name or id, in any case.")

    def fingerprint(self) -> str:
        """A text that is equal for equal filters, whatever the order and page."""
        asked = self.model_dump(include=set(Filters.model_fields), exclude_defaults=True)
        text = json.dumps(asked, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class ListQuery(Filters):
    """Filters, release, order and language of the at-risk list."""

    release: Text | None = Field(default=None, description=RELEASE)

    sort: Sort | None = Field(
        default=None, description="Default: value_at_risk, or churn_risk without money."
    )
    order: Order | None = Field(
        default=None, description="Default: largest first, for dates earliest first."
    )
    language: Language | None = Field(default=None, description="Default: Accept-Language.")
    fields: CardFields = Field(
        default=[], description="Only these of the card, and the id. Default: the whole card."
    )


class AtRiskQuery(ListQuery):
    """The query of `GET /v1/at-risk`."""

    limit: Whole | None = Field(
        default=None,
        ge=1,
        le=LARGEST_PAGE,
        description="Customers on a page. Default: 50; in other formats than JSON everybody.",
    )
    cursor: str | None = Field(
        default=None,
        max_length=4000,
        description="From `next`.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    )
    # A generated client reads one shape for each operation: exportAtRisk documents the others.
    format: Format | None = Field(
        default=None,
        description="Default: what the header Accept asks for, else json.",
        json_schema_extra={UNDOCUMENTED: True},
    )


class CutQuery(Filters):
    """The query of `GET /v1/at-risk/threshold`."""

    release: Text | None = Field(default=None, description=RELEASE)


class ExportQuery(ListQuery):
    """The query of `GET /v1/at-risk/export`."""

    format: ExportFormat = Field(
        default="csv",
        description="csv: for programs; excel: CSV as Excel of the language opens it; ndjson: a "
        "score card as JSON on each line; xlsx: a workbook, with words, dates and money as such.",
    )


SEVERAL = {name for name, field in AtRiskQuery.model_fields.items() if field.default == []}
