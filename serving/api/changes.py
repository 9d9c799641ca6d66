"""`GET /v1/changes`: what changed since the release before."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import Field

from serving.api.asking import COMMON, ReleaseQuery, Store, api_router
from serving.cards.changes import Changes
from serving.cards.query import Whole
from serving.people.access import needs
from serving.web.answers import UNCHANGED, json_answer
from serving.web.problems import documented
from serving.work.changes import FEW, changes

MOST = 1000
router = api_router("Releases")


class ChangesQuery(ReleaseQuery):
    """Of which release, and how many customers to name."""

    limit: Annotated[Whole, Field(ge=0, le=MOST)] = Field(
        default=FEW, description="How many customers of each group are named."
    )


@router.get(
    "/v1/changes",
    dependencies=[needs("cards:read")],
    summary="What changed since the release before",
    response_model=Changes,
    responses={**UNCHANGED, **documented("release-not-found", "no-release", *COMMON)},
)
def get_changes(
    query: Annotated[ChangesQuery, Query()], request: Request, store: Store
) -> Response:
    """Who is new in high, back, off the list, or lost though told safe; counts are exact."""
    release, found = changes(store, query.release, query.limit)
    return json_answer(request, release, found.model_dump(mode="json"))
