"""Saved views: filters of the list that somebody keeps under a name, as the API has them."""

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from serving.cards.parts import Schema
from serving.cards.query import printable

LONGEST_NAME, LONGEST_QUERY = 80, 4_000
# At least one letter that is seen, and none that controls: the same for who reads the document.
NAME = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"


def _not_blank(name: str) -> str:
    stripped = " ".join(name.split())
    if not stripped:
        raise ValueError("is blank")
    return stripped


ViewName = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_NAME, json_schema_extra={"pattern": NAME}),
    AfterValidator(printable),
    AfterValidator(_not_blank),
]


class SavedView(Schema):
    """A filter of the list under a name."""

    number: int
    name: str
    who: str = Field(description="Who keeps it, as the audit log writes it.")
    is_mine: bool
    is_shared: bool = Field(description="Everybody sees it; what it lists, each of their own.")
    query: str = Field(description="The query part of the list's address, of page and API alike.")
    problem: str | None = Field(
        description="Why the current release does not list it: a filter is gone. Null: it does."
    )
    saved_at: AwareDatetime


class SavedViews(Schema):
    """Mine by name, then those that others share."""

    views: list[SavedView]


class NewView(BaseModel):
    """A filter to keep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ViewName
    query: Annotated[str, Field(max_length=LONGEST_QUERY)] = Field(
        description="The query part of the list's address: risk_band=high&owner=anna. Cursor, "
        "language, release, format and fields are left out."
    )
    is_shared: bool = Field(
        default=False,
        description="True: everybody sees it. A search by name or id is never shared.",
    )
    replace: bool = Field(
        default=False, description="True: take the place of mine of the same name."
    )


def in_utc(time: dt.datetime) -> dt.datetime:
    """A time of the store with its zone."""
    return time.replace(tzinfo=dt.UTC)
