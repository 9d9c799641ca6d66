"""`GET /v1/missed`: who left though told safe, who stayed though told high; and the customers."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response, StreamingResponse

from serving.api.asking import COMMON, ReleaseQuery, Store, api_router
from serving.cards.csv import row_of
from serving.cards.missed import Missed, MissedCustomer, MissedCustomers, MissedQuery
from serving.people.access import needs
from serving.web.answers import UNCHANGED, in_pieces, json_answer, release_headers
from serving.web.problems import documented
from serving.work.missed import missed, missed_customers

router = api_router("Releases")
CSV = "text/csv"
PROBLEMS = ("no-report", "release-not-found", "no-release", *COMMON)


@router.get(
    "/v1/missed",
    dependencies=[needs("figures:read")],
    summary="How many left though told safe, and stayed though told high",
    response_model=Missed,
    responses={**UNCHANGED, **documented(*PROBLEMS)},
)
def get_missed(query: Annotated[ReleaseQuery, Query()], request: Request, store: Store) -> Response:
    """Of every list whose outcomes are known, by group, beside what the risks expected."""
    release, found = missed(store, query.release)
    return json_answer(request, release, found.model_dump(mode="json"))


@router.get(
    "/v1/missed/customers",
    dependencies=[needs("cards:read")],
    summary="Who left though told safe, or stayed though told high",
    response_model=MissedCustomers,
    responses={
        **UNCHANGED,
        200: {"content": {CSV: {"schema": {"type": "string"}}}},
        **documented(*PROBLEMS),
    },
)
def list_missed(query: Annotated[MissedQuery, Query()], request: Request, store: Store) -> Any:
    """The customers of one list, dearest first; `format=csv` gives all of them as a file."""
    limit = None if query.format == "csv" else query.limit
    release, found = missed_customers(store, query, limit)
    if query.format == "json":
        return json_answer(request, release, found.model_dump(mode="json"))
    name = f"{query.kind}-{found.list_id}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **release_headers(release)}
    return StreamingResponse(in_pieces(_lines(found)), media_type=CSV, headers=headers)


def _lines(found: MissedCustomers) -> Iterator[str]:
    columns = tuple(MissedCustomer.model_fields)
    yield row_of(("list_id", "kind", *columns))
    for one in found.customers:
        told = one.model_dump(mode="json")
        yield row_of((found.list_id, found.kind, *(told[name] for name in columns)))
