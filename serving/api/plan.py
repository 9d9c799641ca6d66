"""`GET /v1/plan` and its approvals; `GET /v1/plan:what-if`: another budget, other capacities."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from actions.plan.curve import FACTORS
from core.params import TOO_LARGE
from serving.api.asking import (
    COMMON,
    SENT,
    WRITING,
    LanguageQuery,
    Nothing,
    ReleaseQuery,
    Store,
    api_router,
)
from serving.cards.parts import NO_NUL, Text
from serving.cards.plan import WhatIf
from serving.cards.planned import PlanApproval, PublishedPlan
from serving.cards.query import Real
from serving.people.access import needs
from serving.web.answers import UNCHANGED, json_answer
from serving.web.body import JsonBody
from serving.web.language import chosen_language
from serving.web.problems import documented
from serving.work.approvals import LONGEST_NOTE, approval_of, approve, withdraw
from serving.work.planned import planned
from serving.work.what_if import what_if

router = api_router("Releases")
MAX_BYTES = 1_000_000


class PlanQuery(LanguageQuery, ReleaseQuery):
    """Of which release, and in which language names are."""


class ApprovalGiven(BaseModel):
    """A yes to the plan of the current release."""

    model_config = ConfigDict(extra="forbid")

    release_id: Text = Field(description="Whose plan was looked at: that of the current release.")
    note: Annotated[str, Field(max_length=LONGEST_NOTE, pattern=NO_NUL)] | None = None


BODY: JsonBody[ApprovalGiven] = JsonBody(ApprovalGiven, MAX_BYTES)
Given = Annotated[ApprovalGiven, Depends(BODY.read)]
ApprovalNumber = Annotated[int, Path(ge=1, lt=2**31)]
OF_PLAN = ("no-plan", "release-not-found", "no-release")


@router.get(
    "/v1/plan",
    dependencies=[needs("figures:read")],
    summary="Who is offered what",
    response_model=PublishedPlan,
    responses={**UNCHANGED, **documented(*OF_PLAN, *COMMON)},
)
def get_plan(query: Annotated[PlanQuery, Query()], request: Request, store: Store) -> Response:
    """By action: customers, contacts, cost and gain; what gates stopped, limits, and approval."""
    language = chosen_language(request, query.language)
    release, found = planned(store, language, query.release)
    return json_answer(request, release, found.model_dump(mode="json"))


@router.get(
    "/v1/plan/approvals",
    dependencies=[needs("figures:read")],
    summary="Whether the plan is approved",
    response_model=PlanApproval,
    responses={**UNCHANGED, **documented(*OF_PLAN, *COMMON)},
)
def list_approvals(
    query: Annotated[ReleaseQuery, Query()], request: Request, store: Store
) -> Response:
    """The approval in force, and those that were withdrawn."""
    release, found = approval_of(store, query.release)
    return json_answer(request, release, found.model_dump(mode="json"))


@router.post(
    "/v1/plan/approvals",
    dependencies=[needs("plan:approve")],
    summary="Approve the plan",
    status_code=201,
    openapi_extra=BODY.documented,
    responses=documented(
        "no-plan",
        "plan-decided",
        *SENT,
        "no-release",
        *WRITING,
        *COMMON,
    ),
)
def record_approval(_: Nothing, given: Given, request: Request, store: Store) -> PlanApproval:
    """Noted with who and when. Of two at once one counts, and the other is told."""
    return approve(store, given.release_id, request.state.caller.who, given.note)


@router.delete(
    "/v1/plan/approvals/{number}",
    dependencies=[needs("plan:approve")],
    summary="Withdraw an approval",
    responses=documented("release-not-found", "plan-decided", *WRITING, *COMMON),
)
def withdraw_approval(
    number: ApprovalNumber, _: Nothing, request: Request, store: Store
) -> PlanApproval:
    """It is no longer in force, and stays in the list of those that were withdrawn."""
    return withdraw(store, number, request.state.caller.who)


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
    responses={**UNCHANGED, **documented(*OF_PLAN, *COMMON)},
)
def ask_what_if(query: Annotated[WhatIfQuery, Query()], request: Request, store: Store) -> Response:
    """The best plan within a budget and capacities, and what the last money of it gains."""
    release, found = what_if(store, query.budget, query.capacity, query.release)
    return json_answer(request, release, found.model_dump(mode="json"))
