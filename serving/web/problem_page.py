"""The page of a problem: in the words of the case, in the page's language, with the way back."""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from serving.people.access import READING
from serving.web.page import (
    SECTIONS,
    asked_in,
    asked_language,
    came_from,
    page_of,
    path_of,
    query_text,
    sign_in_page,
    suffix,
)
from serving.web.problems import ApiProblem
from serving.wording.languages import Language
from serving.wording.people import person
from serving.wording.sentences import listing, sentence

PROBLEM_WORDS = {  # problems that people may meet → their words
    "customer-not-found": ("page.customer_not_found", "page.customer_not_found_detail"),
    "release-not-found": ("page.release_gone", "page.release_gone_detail"),
    "not-allowed": ("page.not_allowed", "page.not_allowed_detail"),
    "foreign-page": ("page.foreign_page", "page.foreign_page_detail"),
    "bad-request": ("page.bad_address", "page.bad_address_detail"),
    "not-found": ("page.not_found", "page.not_found_detail"),
    "method-not-allowed": ("page.not_found", "page.not_found_detail"),
    "task-changed": ("tasks.changed", "tasks.changed_detail"),
    "do-not-contact": ("tasks.do_not_contact", "tasks.do_not_contact_detail"),
    "not-assignable": ("tasks.not_assignable", "tasks.not_assignable_detail"),
    "no-task": ("tasks.none", "tasks.none_detail"),
    "cursor-gone": ("page.cursor_gone", "page.cursor_gone_detail"),
    "invalid-cursor": ("page.bad_parameters", "page.bad_cursor_detail"),
    "invalid-parameters": ("page.bad_parameters", "page.bad_parameters_detail"),
    "no-money": ("page.bad_parameters", "page.not_found_detail"),
    "no-forecast": ("forecast.none", "forecast.none_detail"),
    "no-overview": ("overview.none", "overview.none_detail"),
    "no-report": ("monitor.none", "page.needs_models_detail"),
    "read-only": ("page.read_only", "page.read_only_detail"),
    "writes-refused": ("page.writes_refused", "page.writes_refused_detail"),
    "too-many-requests": ("page.too_many", "page.too_many_detail"),
    "too-many-at-once": ("page.too_many", "page.too_many_detail"),
    "store-unavailable": ("page.unavailable", "page.unavailable_detail"),
    "no-release": ("page.no_release", "page.no_release_detail"),
}
BROKEN = ("page.broken", "page.broken_detail")
# Where it is a form that cannot be answered, and not an address.
FORM_WORDS = {
    "not-allowed": ("page.not_allowed_change", "page.not_allowed_detail"),
    "invalid-parameters": ("page.bad_form", "page.bad_form_detail"),
}


def problem_page(request: Request, problem: ApiProblem) -> HTMLResponse:
    """The page of a problem, the same one that the API would return."""
    if problem.name == "not-signed-in":
        page = sign_in_page(request, problem.status, path_of(request) + query_text(request))
        page.headers.update(problem.headers)
        return page
    is_form = request.method not in READING
    back = problem.back or (came_from(request) if is_form else None)
    language = asked_language(request, back)
    known = PROBLEM_WORDS | (FORM_WORDS if is_form else {})
    title, detail = problem.words or known.get(problem.name, BROKEN)
    names = listing((error.parameter for error in problem.errors), language)
    words: dict[str, str | None] = {
        "title": sentence(title, language),
        "detail": sentence(detail, language, names=names, **_in_words(problem, language)),
    }
    words["way_back"] = back
    page = page_of(request, "problem.html", language, {}, problem.status, **words)
    page.headers.update(problem.headers)
    if is_form:  # for htmx: the page in the browser's history stays the one with the form
        page.headers["HX-Push-Url"] = "false"
    return page


def _in_words(problem: ApiProblem, language: Language) -> dict[str, Any]:
    """The values of a problem, its codes as words: `state` of a task, and who changed it."""
    values = dict(problem.values)
    if "state" in values:
        values["state"] = sentence(f"tasks.state.{values['state']}", language)
        values["who"] = values["who"] and person(values["who"], language)
    return values


def page_of_form(request: Request) -> str:
    """The page to which the address of a form belongs, which can only be sent to."""
    path = path_of(request)
    customer, is_override, _ = path.rpartition("/overrides/")
    inside = next((page for page in SECTIONS if page != "/" and path.startswith(f"{page}/")), "/")
    inside = "/views" if path.startswith("/views/") else inside
    kept = {name: values for name, values in asked_in(request).items() if name == "language"}
    return (customer if is_override else inside) + suffix(kept)
