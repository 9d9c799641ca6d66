"""`GET /v1/at-risk`: the ranked list, page by page as JSON or whole as CSV."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from sqlalchemy import Engine

from serving.api.asking import COMMON, Store, api_router
from serving.cards.card import ScoreCard
from serving.cards.csv import csv_lines
from serving.cards.query import LARGEST_PAGE, AtRiskQuery
from serving.cards.release import AtRisk
from serving.cards.worded import worded
from serving.store.reading import at_risk
from serving.web.language import chosen_language
from serving.web.problems import documented
from serving.wording.languages import Language

router = api_router()


@router.get(
    "/v1/at-risk",
    summary="Customers ranked by what is at risk",
    response_model=AtRisk,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
        **documented("invalid-cursor", "no-money", "cursor-gone", "no-release", *COMMON),
    },
)
def get_at_risk(query: Annotated[AtRiskQuery, Query()], request: Request, store: Store) -> Any:
    """Page by page as JSON, or whole as CSV. All pages of a list come from one release."""
    language = chosen_language(request, query.language)
    if _format(query, request) != "json":
        return _csv(store, query, language, _format(query, request) == "excel")
    page = at_risk(store, query)
    release = page.release
    answer = AtRisk(
        release_id=release.release_id,
        as_of_date=release.as_of_date,
        expires_at=release.expires_at,
        horizon_days=release.horizon_days,
        value_horizon_days=release.value_horizon_days,
        value_extrapolated_from=release.value_extrapolated_from,
        sort=page.sort,
        order=page.order,
        total=page.total,
        total_value_at_risk=page.total_value_at_risk,
        next=page.next_cursor and "/v1/at-risk?" + _parameters(query, cursor=page.next_cursor),
        customers=[worded(card, language) for card in page.cards],
    )
    return JSONResponse(answer.model_dump(mode="json"))


def _format(query: AtRiskQuery, request: Request) -> str:
    if query.format:
        return query.format
    accepted = request.headers.get("accept", "").lower()
    return "csv" if "text/csv" in accepted and "json" not in accepted else "json"


def _parameters(query: AtRiskQuery, **changed: Any) -> str:
    asked = {**query.model_dump(exclude_defaults=True), **changed}
    return urlencode(asked, doseq=True)


def _csv(store: Engine, query: AtRiskQuery, language: Language, for_excel: bool) -> Response:
    size = min(query.limit or LARGEST_PAGE, LARGEST_PAGE)
    # The first page is read before the response begins, so that an error still has its status.
    page = at_risk(store, query.model_copy(update={"limit": size}))

    def cards() -> Iterator[ScoreCard]:
        here = page
        yield from here.cards
        while query.limit is None and here.next_cursor:
            further = {"limit": size, "cursor": here.next_cursor}
            here = at_risk(store, query.model_copy(update=further))
            yield from here.cards

    name = f"at-risk-{page.release.as_of_date}.csv"
    return StreamingResponse(
        csv_lines(cards(), language, for_excel),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
