"""What all API endpoints share: parameters, the store, the router."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from serving.cards.codes import Language
from serving.cards.query import RELEASE, SEVERAL, Text
from serving.people.access import store_of
from serving.web.problems import MAX_ERRORS, ApiProblem, InvalidParameter

LIMITS = ("too-many-requests", "too-many-at-once")
COMMON = ("bad-request", "unknown-host", "invalid-parameters", "store-unavailable", *LIMITS)

SENT = ("body-too-large", "unsupported-media-type")  # what an address that takes a body may answer
WRITING = ("read-only", "writes-refused")  # what an address that writes may answer besides


class NoParameters(BaseModel):
    """The endpoint takes no query parameters."""

    model_config = ConfigDict(extra="forbid")


class LanguageQuery(NoParameters):
    """The language of sentences."""

    language: Language | None = Field(default=None, description="Default: Accept-Language.")


class ReleaseQuery(NoParameters):
    """Which release is meant."""

    release: Text | None = Field(default=None, description=RELEASE)


async def _once(request: Request) -> None:
    """Refuse a single-valued parameter given twice: nobody can tell which of the two counts."""
    times = Counter(name for name, _ in request.query_params.multi_items())
    twice = sorted(name for name, count in times.items() if count > 1 and name not in SEVERAL)
    twice = twice[:MAX_ERRORS]
    if twice:
        raise ApiProblem(
            "invalid-parameters",
            f"Given more than once: {', '.join(twice)}.",
            [InvalidParameter(parameter=name, problem="given more than once") for name in twice],
        )


async def _store(request: Request) -> Engine:
    """As `store_of`; what is not async is run in a thread, which takes longer than this."""
    return store_of(request)


def api_router(tag: str) -> APIRouter:
    """A router whose endpoints refuse a parameter that is given twice; `tag`: one of the app's."""
    return APIRouter(dependencies=[Depends(_once)], tags=[tag])


Store = Annotated[Engine, Depends(_store)]
Nothing = Annotated[NoParameters, Query()]
