"""`/v1/key-customers` and `/v1/managers`: class A, what is agreed with them, and whose they are."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from pydantic import Field

from serving.api.asking import COMMON, SENT, WRITING, NoParameters, Nothing, Store, api_router
from serving.cards.key_customers import (
    KeyCustomers,
    MovedStep,
    NewPlan,
    NewStep,
    Portfolios,
    RelationshipPlan,
)
from serving.cards.query import Flag, Text, Whole
from serving.people.access import needs
from serving.web.body import JsonBody
from serving.web.convertors import ANYTHING, EndsAsWritten, GoesOn
from serving.web.problems import documented
from serving.work.key_customers import add_step, change_plan, move_step, plan_of
from serving.work.portfolios import Wanted, key_customers, portfolios

MAX_BYTES, MOST_PAGES, MOST_NUMBER = 50_000, 1_000_000, 2**31 - 1
PLAN: JsonBody[Any] = JsonBody(NewPlan, MAX_BYTES)
STEP: JsonBody[Any] = JsonBody(NewStep, MAX_BYTES)
MOVE: JsonBody[Any] = JsonBody(MovedStep, MAX_BYTES)
Planned = Annotated[Any, Depends(PLAN.read)]
Agreed = Annotated[Any, Depends(STEP.read)]
Moved = Annotated[Any, Depends(MOVE.read)]
PATH = f"/v1/customers/{{customer_id:{ANYTHING}}}/relationship"
router = api_router("Customers")


class KeyCustomersQuery(NoParameters):
    """Which key customers, and which page of them."""

    owner: Text | None = Field(default=None, description="Who answers for them.")
    overdue: Flag = Field(default=False, description="Only those with an overdue step.")
    without_owner: Flag = Field(default=False, description="Only those nobody answers for.")
    without_plan: Flag = Field(default=False, description="Only those without a plan.")
    page: Annotated[Whole, Field(ge=1, le=MOST_PAGES)] = Field(
        default=1, description="Fifty customers each."
    )


def wanted_of(query: KeyCustomersQuery) -> Wanted:
    """What the query asks for."""
    return Wanted(**query.model_dump())


@router.get(
    "/v1/key-customers",
    dependencies=[needs("cards:read")],
    summary="Customers of class A with what is agreed",
    response_model=KeyCustomers,
    responses=documented("no-release", *COMMON),
)
def list_key_customers(
    query: Annotated[KeyCustomersQuery, Query()], request: Request, store: Store
) -> KeyCustomers:
    """Whose steps are overdue first, the others by value at risk."""
    return key_customers(store, wanted_of(query))[1]


@router.get(
    "/v1/managers",
    dependencies=[needs("cards:read")],
    summary="What each owner has and does",
    response_model=Portfolios,
    responses=documented("no-release", *COMMON),
)
def list_managers(_: Nothing, request: Request, store: Store) -> Portfolios:
    """Customers, value and work of each owner whom the caller sees, the most at risk first."""
    return portfolios(store)[1]


def get_relationship(customer_id: str, _: Nothing, store: Store) -> RelationshipPlan:
    """Goal, level, owner, duties and steps of one customer, of whatever class."""
    return plan_of(store, customer_id)


def record_relationship(
    customer_id: str,
    _: Nothing,
    new: Planned,
    request: Request,
    store: Store,
) -> RelationshipPlan:
    """Set them all at once; whoever read an older version is told, and changes nothing."""
    return change_plan(store, customer_id, new, request.state.caller.who)


def record_step(
    customer_id: str,
    _: Nothing,
    new: Agreed,
    request: Request,
    store: Store,
) -> RelationshipPlan:
    """Agree on a step; with `repeat_days` it comes again after it was done.

    The same once more, while it is open, is one step.
    """
    return add_step(store, customer_id, new, request.state.caller.who)


def move_relationship_step(
    customer_id: str,
    number: Annotated[int, Path(ge=0, le=MOST_NUMBER)],
    _: Nothing,
    moved: Moved,
    request: Request,
    store: Store,
) -> RelationshipPlan:
    """Say that a step is done, drop it, or take that back."""
    return move_step(store, customer_id, number, moved, request.state.caller.who)


router.add_api_route(
    PATH,
    get_relationship,
    methods=["GET"],
    route_class_override=GoesOn,
    dependencies=[needs("cards:read")],
    summary="What the company wants with a customer",
    responses=documented("customer-not-found", "no-release", *COMMON),
)
router.add_api_route(
    PATH,
    record_relationship,
    methods=["POST"],
    route_class_override=EndsAsWritten,
    dependencies=[needs("work:write")],
    summary="Set goal, level, owner and duties of a customer",
    openapi_extra=PLAN.documented,
    responses=documented(
        "customer-not-found", "key-customer-changed", *SENT, "no-release", *WRITING, *COMMON
    ),
)
router.add_api_route(
    f"{PATH}/steps",
    record_step,
    methods=["POST"],
    route_class_override=EndsAsWritten,
    dependencies=[needs("work:write")],
    summary="Agree on a step for a customer",
    status_code=201,
    openapi_extra=STEP.documented,
    responses=documented("customer-not-found", *SENT, "no-release", *WRITING, *COMMON),
)
router.add_api_route(
    f"{PATH}/steps/{{number:int}}",
    move_relationship_step,
    methods=["POST"],
    route_class_override=EndsAsWritten,
    dependencies=[needs("work:write")],
    summary="Say what became of a step",
    openapi_extra=MOVE.documented,
    responses=documented(
        "customer-not-found",
        "step-not-found",
        "key-customer-changed",
        *SENT,
        "no-release",
        *WRITING,
        *COMMON,
    ),
)
