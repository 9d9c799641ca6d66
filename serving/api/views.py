"""`/v1/views`: filters of the list under a name, mine or shared."""

from typing import Annotated, Any

from fastapi import Depends, Path, Request

from serving.api.asking import COMMON, SENT, WRITING, Nothing, Store, api_router
from serving.cards.views import NewView, SavedView, SavedViews
from serving.people.access import needs
from serving.web.body import JsonBody
from serving.web.problems import documented
from serving.work.views import remove_view, save_view, views_of

MAX_BYTES = 20_000
MOST = 2**31 - 1
BODY: JsonBody[Any] = JsonBody(NewView, MAX_BYTES)
New = Annotated[Any, Depends(BODY.read)]
Number = Annotated[int, Path(ge=0, le=MOST)]
router = api_router("Customers")


@router.get(
    "/v1/views",
    dependencies=[needs("cards:read")],
    summary="Filters of the list that are kept under a name",
    responses=documented("no-release", *COMMON),
)
def list_views(_: Nothing, request: Request, store: Store) -> SavedViews:
    """Mine by name, then those that others share."""
    return SavedViews(views=views_of(store, request.state.caller.who))


@router.post(
    "/v1/views",
    dependencies=[needs("work:write")],
    summary="Keep a filter of the list under a name",
    status_code=201,
    openapi_extra=BODY.documented,
    responses=documented(
        "view-refused",
        "view-taken",
        *SENT,
        "no-release",
        *WRITING,
        *COMMON,
    ),
)
def save_saved_view(_: Nothing, new: New, request: Request, store: Store) -> SavedView:
    """A query that the list would refuse is refused here too."""
    return save_view(store, new, request.state.caller.who)


@router.delete(
    "/v1/views/{number}",
    dependencies=[needs("work:write")],
    summary="Remove a view of mine",
    responses=documented("view-not-found", "no-release", *WRITING, *COMMON),
)
def remove_saved_view(number: Number, _: Nothing, request: Request, store: Store) -> SavedView:
    """Whoever may approve plans also removes those that others share."""
    caller = request.state.caller
    return remove_view(store, number, caller.who, "plan:approve" in caller.scopes)
