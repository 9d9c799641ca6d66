"""Errors of the API: one shape, `application/problem+json` (RFC 9457).

docs/serving.md lists them; `type` is a name, not an address.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from core.errors import NoReleaseError, ReadOnlyError, StoreError, WriteError
from serving.people.errors import ForeignPageError, NotAllowedError, NotKnownError, TooManyError
from serving.store.errors import (
    CursorGoneError,
    CustomerNotFoundError,
    DoNotContactError,
    HistoryError,
    IdempotencyKeyReusedError,
    InvalidCursorError,
    KeyCustomerChangedError,
    NoForecastError,
    NoModelsError,
    NoMoneyError,
    NoOverviewError,
    NoPlanError,
    NoReportError,
    NoTaskError,
    NotAssignableError,
    OverrideNotFoundError,
    PlanDecidedError,
    ReleaseNotFoundError,
    StepNotFoundError,
    TaskChangedError,
    TaskHeldError,
    UnknownNameError,
    ViewNotFoundError,
    ViewRefusedError,
    ViewTakenError,
)

MAX_ERRORS = 20  # wrong parameters that one response names
MEDIA_TYPE = "application/problem+json"
PROBLEMS = {
    "bad-request": (400, "The request is not valid HTTP text"),
    "not-signed-in": (401, "Whoever asks has to be known"),
    "not-allowed": (403, "Whoever asks may not do this"),
    "foreign-page": (403, "A page of another site may not do this"),
    "customer-not-found": (404, "There is no such customer"),
    "override-not-found": (404, "The customer has no such override"),
    "no-forecast": (404, "The release has no forecast"),
    "no-overview": (404, "The release has no overview"),
    "no-plan": (404, "The release has no plan that tells gains"),
    "no-report": (404, "The release was not monitored"),
    "release-not-found": (404, "There is no such release"),
    "step-not-found": (404, "The customer has no such step"),
    "view-not-found": (404, "There is no such view"),
    "not-found": (404, "There is nothing at this address"),
    "method-not-allowed": (405, "This address does not take this method"),
    "read-only": (405, "This service only reads"),
    "task-changed": (409, "Somebody has changed the task meanwhile"),
    "do-not-contact": (409, "The customer is not to be contacted"),
    "not-assignable": (409, "The task cannot be given to them"),
    "no-task": (409, "Nothing is suggested for the customer"),
    "key-customer-changed": (409, "Somebody has changed it meanwhile"),
    "view-refused": (409, "The view cannot be kept"),
    "view-taken": (409, "There is a view of that name"),
    "plan-decided": (409, "The plan was decided on meanwhile"),
    "cursor-gone": (410, "The list can no longer be continued"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body is not JSON"),
    "unknown-host": (421, "This service is not called by that name"),
    "invalid-parameters": (422, "A parameter cannot be used"),
    "invalid-cursor": (422, "The cursor cannot be used"),
    "no-money": (422, "The release has no money"),
    "idempotency-key-reused": (422, "The key belongs to another request"),
    "invalid-history": (422, "A history cannot be scored"),
    "too-many-requests": (429, "Too many requests in this minute"),
    "too-many-at-once": (429, "Too many requests of this kind at once"),
    "internal-error": (500, "Something went wrong here"),
    "no-models": (503, "No models answer here"),
    "no-release": (503, "Nothing was published yet"),
    "store-unavailable": (503, "The store cannot be read"),
    "writes-refused": (503, "The store takes no writes now"),
}
# What the store cannot answer → the problem that the API returns.
ANSWERS: dict[type[Exception], str] = {
    CustomerNotFoundError: "customer-not-found",
    OverrideNotFoundError: "override-not-found",
    ReleaseNotFoundError: "release-not-found",
    InvalidCursorError: "invalid-cursor",
    CursorGoneError: "cursor-gone",
    NoMoneyError: "no-money",
    IdempotencyKeyReusedError: "idempotency-key-reused",
    HistoryError: "invalid-history",
    NoModelsError: "no-models",
    NoForecastError: "no-forecast",
    NoOverviewError: "no-overview",
    NoPlanError: "no-plan",
    NoReportError: "no-report",
    PlanDecidedError: "plan-decided",
    UnknownNameError: "invalid-parameters",
    ViewNotFoundError: "view-not-found",
    KeyCustomerChangedError: "key-customer-changed",
    StepNotFoundError: "step-not-found",
    ViewRefusedError: "view-refused",
    ViewTakenError: "view-taken",
    TaskChangedError: "task-changed",
    TaskHeldError: "task-changed",
    NotAssignableError: "not-assignable",
    DoNotContactError: "do-not-contact",
    NoTaskError: "no-task",
    NoReleaseError: "no-release",
    NotKnownError: "not-signed-in",
    NotAllowedError: "not-allowed",
    ForeignPageError: "foreign-page",
    ReadOnlyError: "read-only",
    TooManyError: "too-many-requests",
    WriteError: "writes-refused",
}
RETRY = "60"  # seconds after which a store may answer again


class InvalidParameter(BaseModel):
    """Which parameter, and what is wrong with it."""

    parameter: str
    problem: str


class Problem(BaseModel):
    """What went wrong, for a program (`type`) and for a person (`detail`)."""

    type: str = Field(examples=["urn:regulars:problem:customer-not-found"])
    title: str
    status: int
    detail: str
    errors: list[InvalidParameter] = []


class ApiProblem(Exception):  # noqa: N818
    """Raised where a request cannot be answered; `name` is a key of PROBLEMS."""

    def __init__(self, name: str, detail: str, errors: list[InvalidParameter] | None = None):
        super().__init__(detail)
        self.name, self.detail, self.errors = name, detail, errors or []
        self.values: dict[str, Any] = {}  # what the words of its page need
        # The messages of its page, title and detail, where they are not those of its name.
        self.words: tuple[str, str] | None = None
        self.back: str | None = None  # the page that its page leads back to
        self.headers = {"Retry-After": RETRY} if self.status == 503 else {}

    @property
    def status(self) -> int:
        """The HTTP status."""
        return PROBLEMS[self.name][0]

    def body(self) -> dict[str, Any]:
        """The body."""
        status, title = PROBLEMS[self.name]
        content = Problem(
            type=f"urn:regulars:problem:{self.name}",
            title=title,
            status=status,
            detail=self.detail,
            errors=self.errors,
        )
        return content.model_dump(exclude_defaults=True)

    def response(self) -> JSONResponse:
        """The response of the API."""
        return JSONResponse(
            self.body(),
            self.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )


def as_problem(error: Exception) -> ApiProblem:
    """The problem for any error."""
    if isinstance(error, ApiProblem):
        return error
    if isinstance(error, RequestValidationError):
        return parameter_problem(error.errors())
    if isinstance(error, UnknownNameError):
        wrong = InvalidParameter(parameter=error.parameter, problem=error.problem)
        return ApiProblem(ANSWERS[UnknownNameError], str(error), [wrong])
    for kind, name in ANSWERS.items():
        if isinstance(error, kind):
            problem = ApiProblem(name, str(error))
            problem.headers |= _challenge(error)
            if isinstance(error, TaskChangedError):
                problem.values = {"who": error.who, "since": error.since, "state": error.state}
            elif isinstance(error, NotAssignableError):
                problem.values = {"to": error.to}
            return problem
    if isinstance(error, StoreError | SQLAlchemyError):
        return ApiProblem("store-unavailable", "The store cannot be read; the log says why.")
    if isinstance(error, HTTPException):
        name = "method-not-allowed" if error.status_code == 405 else "not-found"
        return ApiProblem(name, "See /docs for the addresses and methods there are.")
    return ApiProblem("internal-error", "It was logged; the release itself is whole.")


def _challenge(error: Exception) -> dict[str, str]:
    """The headers that tell a program how to be let in (RFC 6750), or when again."""
    challenge = 'Bearer realm="regulars"'
    if isinstance(error, NotAllowedError):
        challenge += f', error="insufficient_scope", scope="{error.scope}"'
    elif isinstance(error, TooManyError):
        return error.headers
    elif isinstance(error, NotKnownError):
        challenge += ', error="invalid_token"' if error.with_key else ""
    else:
        return {}
    return {"WWW-Authenticate": challenge}


def parameter_problem(errors: Iterable[Any]) -> ApiProblem:
    """Pydantic's errors, without repeating what was sent: it may not be valid JSON."""
    found = []
    for error in islice(errors, MAX_ERRORS):
        place = error["loc"] if isinstance(error["loc"], tuple) else ()
        names = [part for part in place if isinstance(part, str)]
        names = [name for name in names if name not in ("query", "path", "body")]
        why = str(error["msg"]).removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            why = "is not a parameter of this address"
        found.append(InvalidParameter(parameter=".".join(names), problem=why))
    detail = "; ".join(f"{part.parameter}: {part.problem}" for part in found)
    return ApiProblem("invalid-parameters", detail, found)


def documented(*names: str) -> dict[int | str, dict[str, Any]]:
    """The problems that an endpoint may return, in the form of OpenAPI."""
    found: dict[int | str, dict[str, Any]] = {}
    for name in names:
        status, title = PROBLEMS[name]
        text = f"`{name}`: {title}."
        if status in found:
            text = f"{found[status]['description']} {text}"
        examples = found.get(status, {}).get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
        examples |= {name: {"value": ApiProblem(name, f"{title}.").body()}}
        schema = {"$ref": "#/components/schemas/Problem"}
        content = {MEDIA_TYPE: {"schema": schema, "examples": examples}}
        found[status] = {"description": text, "content": content}
    return found
