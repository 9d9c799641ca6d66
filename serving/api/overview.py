"""`GET /v1/overview`: the company over time, and where its customers stand."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from serving.api.asking import COMMON, ReleaseQuery, Store, api_router
from serving.cards.overview import Overview
from serving.people.access import needs
from serving.store.overview import overview_of
from serving.web.answers import UNCHANGED, json_answer
from serving.web.problems import documented

router = api_router("Releases")


@router.get(
    "/v1/overview",
    dependencies=[needs("figures:read")],
    summary="The company over time",
    response_model=Overview,
    responses={
        **UNCHANGED,
        **documented("no-overview", "release-not-found", "no-release", *COMMON),
    },
)
def get_overview(
    query: Annotated[ReleaseQuery, Query()], request: Request, store: Store
) -> Response:
    """Churn, retention and revenue by month, cohorts, the RFM grid, and value at risk by owner."""
    with_customers = "cards:read" in request.state.caller.scopes
    release, overview = overview_of(store, query.release, with_customers)
    return json_answer(request, release, overview.model_dump(mode="json"))
