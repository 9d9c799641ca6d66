"""`/v1/customers/{id}/overrides`: what a person knows better than the model, until a day."""

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from serving.api.asking import COMMON, SENT, WRITING, Nothing, Store, api_router
from serving.cards.parts import Schema
from serving.cards.timeline import Override
from serving.people.access import needs
from serving.web.body import JsonBody
from serving.web.convertors import ANYTHING, EndsAsWritten, GoesOn
from serving.web.problems import documented
from serving.work import overrides
from serving.work.overrides import NewOverride, make_override, read_overrides

MAX_BYTES = 20_000
BODY: JsonBody[Any] = JsonBody(NewOverride, MAX_BYTES)
Made = Annotated[Any, Depends(BODY.read)]
PATH = f"/v1/customers/{{customer_id:{ANYTHING}}}/overrides"
router = api_router("Customers")


class Overrides(Schema):
    """What people know of one customer."""

    customer_id: str
    overrides: list[Override] = Field(description="Those that hold, then the others, newest first.")


def list_overrides(customer_id: str, _: Nothing, store: Store) -> Overrides:
    """Those that hold, and those that were ended or have run out."""
    return Overrides(customer_id=customer_id, overrides=read_overrides(store, customer_id))


def record_override(
    customer_id: str, _: Nothing, made: Made, request: Request, store: Store
) -> Override:
    """Keep one, with its reason, until its last day; one of the same kind ends with it.

    So does its opposite: a customer leaves or stays, and never both.
    It stands beside what the model says, and changes neither card nor plan.
    """
    return make_override(store, customer_id, made, request.state.caller.who)


def end_override(
    customer_id: str, number: int, _: Nothing, request: Request, store: Store
) -> Override:
    """End one before its last day. May be repeated."""
    return overrides.end_override(store, customer_id, number, request.state.caller.who)


router.add_api_route(
    PATH,
    list_overrides,
    methods=["GET"],
    route_class_override=GoesOn,
    dependencies=[needs("cards:read")],
    summary="What people know better of a customer",
    responses=documented("customer-not-found", "no-release", *COMMON),
)
router.add_api_route(
    PATH,
    record_override,
    methods=["POST"],
    route_class_override=EndsAsWritten,
    dependencies=[needs("work:write")],
    summary="Tell what the model cannot know",
    status_code=201,
    openapi_extra=BODY.documented,
    responses=documented(
        "customer-not-found",
        *SENT,
        "no-release",
        *WRITING,
        *COMMON,
    ),
)
router.add_api_route(
    f"{PATH}/{{number:int}}/end",
    end_override,
    methods=["POST"],
    route_class_override=EndsAsWritten,
    dependencies=[needs("work:write")],
    summary="End what was told of a customer",
    responses=documented(
        "customer-not-found", "override-not-found", "no-release", *WRITING, *COMMON
    ),
)
