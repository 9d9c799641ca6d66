"""`GET /v1/profit`: from which risk on a contact pays, at any costs."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from serving.api.asking import COMMON, Store, api_router
from serving.cards.profit import Profit, ProfitQuery
from serving.people.access import needs
from serving.web.answers import UNCHANGED, json_answer
from serving.web.problems import documented
from serving.work.profit import profit

router = api_router("Releases")


@router.get(
    "/v1/profit",
    dependencies=[needs("figures:read")],
    summary="From which risk on a contact pays",
    response_model=Profit,
    responses={**UNCHANGED, **documented("no-report", "release-not-found", "no-release", *COMMON)},
)
def get_profit(query: Annotated[ProfitQuery, Query()], request: Request, store: Store) -> Response:
    """What contacting everybody from a risk on would have earned on the test dates.

    With its interval, the best cut, and what that reaches of the list of today.
    """
    release, found = profit(store, query)
    return json_answer(request, release, found.model_dump(mode="json"))
