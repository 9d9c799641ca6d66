"""The scoring API, version 1: the card, the ranked list, the release, and whether we are well."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from serving.cards.card import ScoreCard
from serving.cards.csv import csv_lines
from serving.cards.forecast import PublishedForecast, current_forecast
from serving.cards.monitor import PublishedMonitor, current_report
from serving.cards.query import LARGEST_PAGE, SEVERAL, AtRiskQuery
from serving.cards.release import AtRisk, Health, Release
from serving.cards.worded import worded
from serving.store.database import check_version
from serving.store.reading import at_risk, current, one_card
from serving.web.convertors import ANYTHING
from serving.web.problems import MOST, ApiProblem, InvalidParameter, documented
from serving.wording.languages import chosen_language
from serving.wording.sentences import Language


class NoParameters(BaseModel):
    """Nothing may be asked beside the address."""

    model_config = ConfigDict(extra="forbid")


class CardQuery(NoParameters):
    """What may be asked of a card."""

    language: Language | None = Field(default=None, description="Default: Accept-Language.")
    purchases: bool = Field(default=False, description="Also the days with purchases.")


def _once(request: Request) -> None:
    """A parameter that takes one value is given once: which of two counts is anyone's guess."""
    times = Counter(name for name, _ in request.query_params.multi_items())
    twice = sorted(name for name, count in times.items() if count > 1 and name not in SEVERAL)
    twice = twice[:MOST]
    if twice:
        raise ApiProblem(
            "invalid-parameters",
            f"Given more than once: {', '.join(twice)}.",
            [InvalidParameter(parameter=name, problem="given more than once") for name in twice],
        )


def store_of(request: Request) -> Engine:
    """The store that this application reads."""
    engine: Engine = request.app.state.engine
    return engine


Store = Annotated[Engine, Depends(store_of)]
Nothing = Annotated[NoParameters, Query()]
router = APIRouter(dependencies=[Depends(_once)], tags=["Score cards and the service"])
COMMON = ("bad-request", "unknown-host", "invalid-parameters", "store-unavailable")


@router.get(
    f"/v1/customers/{{customer_id:{ANYTHING}}}",
    summary="One customer's score card",
    responses=documented("customer-not-found", "no-release", *COMMON),
)
def get_card(
    customer_id: str, query: Annotated[CardQuery, Query()], request: Request, store: Store
) -> ScoreCard:
    """Risk, next purchase, money at stake, reasons and the intended action, as published."""
    _, card = one_card(store, customer_id, query.purchases)
    return worded(card, chosen_language(request, query.language))


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
    """Page by page as JSON, or whole as CSV. Every page of a list comes from one release."""
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


@router.get(
    "/v1/releases/current",
    summary="What was published",
    responses=documented("no-release", *COMMON),
)
def get_current_release(_: Nothing, store: Store) -> Release:
    """Dates, horizon, model version, how good the model was, and the plan in figures."""
    return current(store)


@router.get(
    "/v1/forecast",
    summary="Sales to expect",
    responses=documented("no-forecast", "no-release", *COMMON),
)
def get_forecast(_: Nothing, store: Store) -> PublishedForecast:
    """Orders and revenue by month and segment, beside last period and last year, backtested."""
    return current_forecast(store)[1]


class LanguageQuery(NoParameters):
    """The language of sentences."""

    language: Language | None = Field(default=None, description="Default: Accept-Language.")


@router.get(
    "/v1/monitor",
    summary="Is the model still right",
    responses=documented("no-report", "no-release", *COMMON),
)
def get_monitor(
    query: Annotated[LanguageQuery, Query()], request: Request, store: Store
) -> PublishedMonitor:
    """Drift since training, what past releases came to beside what they promised, and advice."""
    return current_report(store, chosen_language(request, query.language))[1]


@router.get("/health", summary="The service runs", responses=documented(*COMMON[:3]))
async def get_health(_: Nothing) -> Health:
    """Answers as long as the process does; says nothing of the store."""
    return Health(status="ok")


@router.get(
    "/ready",
    summary="Cards can be read",
    responses=documented("no-release", *COMMON),
)
def get_ready(_: Nothing, store: Store) -> Health:
    """The store answers, its tables are of this version, and a release is published."""
    check_version(store)
    current(store)
    return Health(status="ok")


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
    # The first page is read before the answer begins, so that an error still has its status.
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
