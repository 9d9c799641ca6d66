"""`GET /v1/win-back`: by whom of the lapsed it pays to be asked to come back."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import Response

from serving.api.asking import COMMON, Store, api_router
from serving.cards.win_back import WinBack, WinBackQuery
from serving.people.access import needs
from serving.web.answers import UNCHANGED, json_answer
from serving.web.problems import documented
from serving.work.win_back import win_back

router = api_router("Customers")
PATH = "/v1/win-back"


@router.get(
    PATH,
    dependencies=[needs("cards:read")],
    summary="Lapsed customers by what one return pays for",
    response_model=WinBack,
    responses={
        **UNCHANGED,
        **documented("invalid-cursor", "cursor-gone", "release-not-found", "no-release", *COMMON),
    },
)
def list_win_back(
    query: Annotated[WinBackQuery, Query()], request: Request, store: Store
) -> Response:
    """Where asking pays if it brings back at least one of so many, the largest number first.

    Left out are those whom nobody may ask: without consent, lately contacted, with an open
    complaint, left without offers on purpose, or whom a colleague asks to leave alone.
    """
    release, found, cursor = win_back(store, query)
    if cursor is not None:
        asked = {**query.model_dump(exclude_defaults=True), "cursor": cursor}
        spelt = {n: str(v).lower() if isinstance(v, bool) else v for n, v in asked.items()}
        found = found.model_copy(update={"next": f"{PATH}?{urlencode(spelt)}"})
    return json_answer(request, release, found.model_dump(mode="json"))
