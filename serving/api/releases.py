"""`GET /v1/releases/current`, `/v1/forecast`, `/v1/monitor`: the published release as a whole."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from serving.api.asking import COMMON, LanguageQuery, Nothing, ReleaseQuery, Store, api_router
from serving.cards.forecast import PublishedForecast
from serving.cards.monitor import PublishedMonitor
from serving.cards.query import Text
from serving.cards.release import Release, Releases
from serving.cards.worded import worded_report
from serving.people.access import needs
from serving.store.reading import current, current_forecast, kept_releases
from serving.store.reports import current_report
from serving.web.answers import UNCHANGED, json_answer
from serving.web.language import chosen_language
from serving.web.problems import documented

router = api_router("Releases")


class ReportQuery(LanguageQuery, ReleaseQuery):
    """Which report, in which language."""


@router.get(
    "/v1/releases/current",
    dependencies=[needs("figures:read")],
    summary="What was published",
    response_model=Release,
    responses={**UNCHANGED, **documented("no-release", *COMMON)},
)
def get_current_release(_: Nothing, request: Request, store: Store) -> Response:
    """Dates, horizon, model version, how good the model was, and the plan in figures."""
    release = current(store)
    return json_answer(request, release, release.model_dump(mode="json"))


@router.get(
    "/v1/releases",
    dependencies=[needs("figures:read")],
    summary="The releases that are kept",
    responses=documented("no-release", *COMMON),
)
def list_releases(_: Nothing, store: Store) -> Releases:
    """The newest first. Every address that reads takes the id of one of them as `release`."""
    return Releases(releases=kept_releases(store))


@router.get(
    "/v1/releases/{release_id}",
    dependencies=[needs("figures:read")],
    summary="One of the releases that are kept",
    response_model=Release,
    responses={**UNCHANGED, **documented("release-not-found", "no-release", *COMMON)},
)
def get_release(release_id: Text, _: Nothing, request: Request, store: Store) -> Response:
    """As getCurrentRelease, of the release of this id."""
    release = current(store, release_id)
    return json_answer(request, release, release.model_dump(mode="json"))


@router.get(
    "/v1/forecast",
    dependencies=[needs("figures:read")],
    summary="Sales to expect",
    response_model=PublishedForecast,
    responses={
        **UNCHANGED,
        **documented("no-forecast", "release-not-found", "no-release", *COMMON),
    },
)
def get_forecast(
    query: Annotated[ReleaseQuery, Query()], request: Request, store: Store
) -> Response:
    """Orders and revenue by month and segment, beside last period and last year, backtested."""
    release, forecast = current_forecast(store, query.release)
    return json_answer(request, release, forecast.model_dump(mode="json"))


@router.get(
    "/v1/monitor",
    dependencies=[needs("figures:read")],
    summary="Is the model still right",
    response_model=PublishedMonitor,
    responses={**UNCHANGED, **documented("no-report", "release-not-found", "no-release", *COMMON)},
)
def get_monitor(query: Annotated[ReportQuery, Query()], request: Request, store: Store) -> Response:
    """Drift since training, past releases against what they predicted, and advice."""
    release, report = current_report(store, query.release)
    told = worded_report(report, chosen_language(request, query.language))
    return json_answer(request, release, told.model_dump(mode="json"))
