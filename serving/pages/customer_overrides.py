"""What a person knows better of a customer, told and ended by forms on the customer's page."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from serving.pages.customer import PATH, customer_page_of
from serving.people.access import needs, store_of
from serving.web.convertors import EndsAsWritten, GoesOn, id_in_path
from serving.web.form import form_of, one
from serving.web.page import asked_in, suffix
from serving.work.overrides import LEVEL, NewOverride, end_override, make_override

LARGEST_FORM = 20_000  # bytes
FIELDS = ("kind", "level", "reason", "expires_on")
router = APIRouter(include_in_schema=False)


def overrides_page(customer_id: str, request: Request) -> Response:
    """The address of the form, opened by hand or in the other language: the customer's page."""
    return customer_page_of(customer_id, request)


async def post_override(customer_id: str, request: Request) -> Response:
    """Keep what the form tells; where it is not complete, the page says so beside the field."""
    form = await form_of(request, LARGEST_FORM)
    told = {name: one(form, name) for name in FIELDS}
    if told["kind"] != LEVEL:
        told["level"] = None
    try:
        new = NewOverride.model_validate(told)
    except ValidationError as error:
        wrong = {_field(each["loc"]) for each in error.errors()}
        return await run_in_threadpool(
            customer_page_of, customer_id, request, {**told, "wrong": wrong}
        )
    who = request.state.caller.who
    await run_in_threadpool(make_override, store_of(request), customer_id, new, who)
    return _to(customer_id, request)


async def post_end(customer_id: str, number: int, request: Request) -> Response:
    """End one before its last day."""
    who = request.state.caller.who
    await run_in_threadpool(end_override, store_of(request), customer_id, number, who)
    return _to(customer_id, request)


def _field(place: tuple[Any, ...]) -> str:
    return str(place[0]) if place else "level"


def _to(customer_id: str, request: Request) -> Response:
    """Back to the customer's page, by a GET."""
    path = f"/customers/{id_in_path(customer_id)}" + suffix(asked_in(request))
    return RedirectResponse(f"{path}#overrides", 303)


READ, WRITE = [needs("cards:read")], [needs("work:write")]
router.add_api_route(
    f"{PATH}/overrides",
    overrides_page,
    methods=["GET"],
    route_class_override=GoesOn,
    dependencies=READ,
)
router.add_api_route(
    f"{PATH}/overrides",
    post_override,
    methods=["POST"],
    route_class_override=EndsAsWritten,
    dependencies=WRITE,
)
router.add_api_route(
    f"{PATH}/overrides/{{number:int}}/end",
    post_end,
    methods=["POST"],
    route_class_override=EndsAsWritten,
    dependencies=WRITE,
)
