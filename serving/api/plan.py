"""`GET /v1/plan:what-if`: another budget, other capacities."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import Field

from actions.plan.curve import FACTORS
from core.params import TOO_LARGE
from serving.api.asking import COMMON, ReleaseQuery, Store, api_router
from serving.cards.plan import WhatIf
from serving.cards.query import Real
from serving.people.access import needs
from serving.web.answers import UNCHANGED, json_answer
from serving.web.problems import documented
from serving.work.what_if import what_if

router = api_router("Releases")


class WhatIfQuery(ReleaseQuery):
    """Which budget and capacities; those of the plan where they are not given."""

    budget: Annotated[Real, Field(ge=0, lt=TOO_LARGE, allow_inf_nan=False)] | None = Field(
        default=None, description="Money for the plan. Default: the budget of the plan."
    )
    capacity: Annotated[Real, Field(ge=0, le=max(FACTORS), allow_inf_nan=False)] | None = Field(
        default=None,
        description="A factor of the contacts that each channel can make: 2 means twice as many as "
        "the plan had. Default: 1.",
    )


@router.get(
    "/v1/plan:what-if",
    dependencies=[needs("figures:read")],
    summary="What another budget would gain",
    response_model=WhatIf,
    responses={**UNCHANGED, **documented("no-plan", "release-not-found", "no-release", *COMMON)},
)
def ask_what_if(query: Annotated[WhatIfQuery, Query()], request: Request, store: Store) -> Response:
    """The best plan within a budget and capacities, and what the last money of it gains."""
    release, found = what_if(store, query.budget, query.capacity, query.release)
    return json_answer(request, release, found.model_dump(mode="json"))
