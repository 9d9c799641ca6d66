"""The application: API, page and static files behind one guard, every error in one shape."""

from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Scope

from core.errors import AccessError, QueryError, StoreError
from serving.api import (
    at_risk,
    changes,
    customers,
    effects,
    erasure,
    events,
    health,
    key_customers,
    live,
    metrics,
    missed,
    model,
    outcomes,
    overrides,
    overview,
    plan,
    profit,
    releases,
    scores,
    timelines,
    views,
    win_back,
)
from serving.api import tasks as task_list
from serving.api.document import operation_id, tidy_document
from serving.live.anew import LiveCards
from serving.live.process import LiveModels
from serving.pages import (
    customer,
    customer_overrides,
    cut,
    docs,
    figures,
    sign_in,
    sign_in_elsewhere,
    tasks,
    worklist,
)
from serving.pages import key_customer as key_customer_page
from serving.pages import key_customers as key_customers_page
from serving.pages import missed as missed_page
from serving.pages import model as model_page
from serving.pages import overview as overview_page
from serving.pages import plan as plan_page
from serving.pages import profit as profit_page
from serving.pages import proof as proof_page
from serving.pages import views as views_page
from serving.pages import win_back as win_back_page
from serving.people.access import Access
from serving.people.oidc import Provider
from serving.people.routes import every_route, refuse_undeclared
from serving.people.sessions import SessionCookie
from serving.people.signed_in import note_user
from serving.settings import Settings
from serving.web.answered import Answered
from serving.web.compressed import Compressed
from serving.web.convertors import methods_at
from serving.web.guard import Guard
from serving.web.limits import Limits
from serving.web.observed import Figures, Observed, Shape, method_of
from serving.web.problem_page import page_of_form, problem_page
from serving.web.problems import ApiProblem, as_problem
from serving.web.telemetry import traced
from serving.web.templates import STATIC
from serving.web.texts import Texts
from serving.wording.languages import LANGUAGES
from serving.wording.writing import messages_of

# In the order in which the documentation shows them.
PARTS = (
    key_customers,
    timelines,  # before the card, which would take their ends for parts of the id
    overrides,
    customers,
    erasure,
    live,
    events,
    at_risk,
    changes,
    views,
    scores,
    releases,
    overview,
    model,
    missed,
    profit,
    win_back,
    plan,
    effects,
    outcomes,
    task_list,
    health,
    metrics,
    worklist,
    customer_overrides,
    customer,
    cut,
    overview_page,
    docs,
    figures,
    model_page,
    missed_page,
    profit_page,
    win_back_page,
    plan_page,
    proof_page,
    views_page,
    key_customers_page,
    key_customer_page,
    sign_in,
    sign_in_elsewhere,
    tasks,
)
MACHINES = ("/v1", "/health", "/ready", "/metrics", "/openapi.json", "/static")
# FastAPI's own spans would hold paths, and with them ids: serving/web/telemetry.py makes ours.
OWN_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False}
DESCRIPTION = (
    "Score cards of customers: calibrated risk, next purchase, money at stake, reasons and one "
    "action each. Everything stands as of the release's date and looks horizon_days ahead; money "
    "looks value_horizon_days ahead. Errors are application/problem+json."
)
TAGS = [
    {"name": "Customers", "description": "Score cards: one, a ranked list, or those of given ids."},
    {"name": "Releases", "description": "What was published, whole and as figures."},
    {"name": "Outcomes", "description": "What the CRM did, and what came of it."},
    {"name": "Tasks", "description": "What people do with suggestions."},
    {"name": "Service", "description": "Whether it runs, for load balancers and monitors."},
]


def create_app(settings: Settings, engine: Engine) -> ASGIApp:
    """The application that reads the store behind `engine`, behind its guard."""
    for language in LANGUAGES:  # read now, and not while the first requests wait
        messages_of(language)
    app = FastAPI(
        title="Regulars",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url="/openapi.json",
        openapi_tags=TAGS,
        servers=[{"url": "/", "description": "This service."}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        generate_unique_id_function=operation_id,
        telemetry=OWN_TELEMETRY,
    )
    app.state.settings, app.state.engine = settings, engine
    app.state.live = LiveModels(engine)
    app.state.live_cards = LiveCards(engine, app.state.live)
    app.state.access = Access(engine, settings.host, key_rate=settings.key_rate_limit)
    app.state.figures, app.state.texts = Figures(), Texts()
    app.state.provider = Provider(settings) if settings.oidc_issuer else None
    for part in PARTS:
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(ApiProblem, _problem)
    app.add_exception_handler(RequestValidationError, _problem)
    app.add_exception_handler(HTTPException, _problem)
    app.add_exception_handler(StoreError, _problem)
    app.add_exception_handler(QueryError, _problem)
    app.add_exception_handler(AccessError, _problem)
    app.add_exception_handler(SQLAlchemyError, _problem)
    app.add_exception_handler(Exception, _problem)
    app.add_middleware(SessionCookie)
    refuse_undeclared(app.routes)
    tidy_document(app)
    places = {
        "exports": settings.max_exports,
        "searches": settings.max_searches,
        "scores": settings.max_scores,
        "requests": settings.max_requests,
    }
    limited = Limits(Compressed(Answered(app)), places, settings.rate_limit, partial(_refusal, app))
    # Outermost, so that errors raised anywhere carry the same headers.
    guarded = Guard(limited, settings.hosts | {settings.host}, partial(_refusal, app))
    observed = Observed(guarded, app.state.figures, shapes(app.routes))
    return traced(observed, observed.route_of, method_of)


def shapes(routes: Iterable[BaseRoute]) -> list[Shape]:
    """The form of each route's paths and its name, in the order in which they are tried."""
    return [
        (route.path_regex, route.path_format)
        for route in every_route(routes)
        if isinstance(route, Route | Mount)
    ]


async def _problem(request: Request, error: Exception) -> Response:
    """A problem document for programs, a page for people."""
    if not _is_for_machines(request):
        await note_user(request)
    return await run_in_threadpool(_answered, request, error)


def _answered(request: Request, error: Exception) -> Response:
    problem = as_problem(error)
    if problem.name == "store-unavailable":
        request.app.state.access.outage.note(error)
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = methods_at(every_route(request.app.routes), request.scope)
        others = [method for method in methods if method != request.method]
        problem.headers = {"Allow": ", ".join(others)}
        # The address of a form, kept or loaded again: only its page can be opened.
        if request.method == "GET" and "POST" in others and not _is_for_machines(request):
            return RedirectResponse(page_of_form(request), 303)
    return _told(request, problem)


def _refusal(app: FastAPI, scope: Scope, problem: ApiProblem) -> Response:
    """The same for a request that the application does not get to see."""
    return _told(Request({**scope, "app": app}), problem)


def _told(request: Request, problem: ApiProblem) -> Response:
    if _is_for_machines(request):
        return problem.response()
    return problem_page(request, problem)


def _is_for_machines(request: Request) -> bool:
    return request.url.path.startswith(MACHINES)
