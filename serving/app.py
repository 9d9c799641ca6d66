"""The application: API, page and static files behind one guard, every error in one shape."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from core.errors import QueryError, StoreError
from serving.api import at_risk, customers, health, releases
from serving.pages import customer, docs, figures, worklist
from serving.settings import Settings
from serving.web.guard import Guard
from serving.web.page import problem_page
from serving.web.problems import ApiProblem, Problem, as_problem
from serving.web.templates import STATIC

# In the order in which the documentation shows them.
PARTS = (customers, at_risk, releases, health, worklist, customer, docs, figures)
MACHINES = ("/v1", "/health", "/ready", "/openapi.json", "/static")
DESCRIPTION = (
    "Score cards of customers: calibrated risk, next purchase, money at stake, reasons and one "
    "action each. Everything stands as of the release's date and looks horizon_days ahead; money "
    "looks value_horizon_days ahead. Errors are application/problem+json."
)


def create_app(settings: Settings, engine: Engine) -> ASGIApp:
    """The application that reads the store behind `engine`, behind its guard."""
    app = FastAPI(
        title="Regulars",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_url="/openapi.json",
    )
    app.state.settings, app.state.engine = settings, engine
    for part in PARTS:
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(ApiProblem, _problem)
    app.add_exception_handler(RequestValidationError, _problem)
    app.add_exception_handler(HTTPException, _problem)
    app.add_exception_handler(StoreError, _problem)
    app.add_exception_handler(QueryError, _problem)
    app.add_exception_handler(SQLAlchemyError, _problem)
    app.add_exception_handler(Exception, _problem)
    _document_problems(app)
    # Outermost, so that errors raised anywhere carry the same headers.
    return Guard(app, settings.hosts | {settings.host})


def _problem(request: Request, error: Exception) -> Response:
    """A problem document for programs, a page for people."""
    problem = as_problem(error)
    if request.url.path.startswith(MACHINES):
        return problem.response()
    return problem_page(request, problem)


def _document_problems(app: FastAPI) -> None:
    """The problem's schema in OpenAPI, and nothing of FastAPI's own error shape."""
    original = app.openapi

    def openapi() -> dict[str, object]:
        content = original()
        schemas = content["components"]["schemas"]
        template = "#/components/schemas/{model}"
        problem = Problem.model_json_schema(ref_template=template)
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        return content

    app.openapi = openapi  # type: ignore[method-assign]
