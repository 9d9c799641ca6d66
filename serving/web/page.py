"""The frame of every page: its words, its parameters, and the page of a problem."""

import datetime as dt
from collections.abc import Mapping
from functools import cache, partial
from string import punctuation
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from pydantic import ValidationError

from features.params import LABEL
from serving.cards.action_words import action_name
from serving.cards.query import SEVERAL, AtRiskQuery
from serving.cards.release import Release
from serving.people.access import NOBODY
from serving.web.answers import release_headers
from serving.web.language import chosen_language
from serving.web.problems import ApiProblem, parameter_problem
from serving.web.task_words import DID, LEFT, notice_of
from serving.web.templates import templates
from serving.wording.languages import LANGUAGES, Language
from serving.wording.people import person
from serving.wording.sentences import field_label, label, listing, period, sentence, written
from serving.wording.windows import window

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
SECTIONS = {  # pages of the menu: address → key of the name in it
    "/": "nav.list",
    "/overview": "nav.overview",
    "/key-customers": "nav.key_customers",
    "/plan": "nav.plan",
    "/proof": "nav.proof",
    "/forecast": "nav.forecast",
    "/model": "nav.model",
}
# Further addresses of a section, by how they begin: a customer belongs to the list.
WITHIN = {
    "/customers/": "/",
    "/views": "/",
    "/key-customers/": "/key-customers",
    "/managers": "/key-customers",
    "/monitor": "/model",
}
BAD_REQUEST = 400  # from here on an answer tells of a problem
# For htmx: whatever part of a page was asked for, a problem takes the place of all of it.
WHOLE = {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}
MAKE_RUN = Markup("<code>make run</code>")
YOUR_DATA = Markup("<code>docs/your-data.md</code>")
EXAMPLES = {"complete_journey", "cdnow", "simulator"}  # sources that never get newer rows


def problem_page(request: Request, problem: ApiProblem) -> HTMLResponse:
    """The page of a problem, the same one that the API would return."""
    if problem.name == "not-signed-in":
        page = sign_in_page(request, problem.status, _path(request) + _query(request))
        page.headers.update(problem.headers)
        return page
    language = _asked_language(request, problem.back)
    title, detail = PROBLEM_WORDS.get(problem.name, ("page.broken", "page.broken_detail"))
    names = listing((error.parameter for error in problem.errors), language)
    words: dict[str, str | None] = {
        "title": sentence(title, language),
        "detail": sentence(detail, language, names=names, **_in_words(problem, language)),
    }
    words["way_back"] = problem.back
    page = page_of(request, "problem.html", language, {}, problem.status, **words)
    page.headers.update(problem.headers)
    return page


def _in_words(problem: ApiProblem, language: Language) -> dict[str, Any]:
    """The values of a problem, its codes as words: `state` of a task, and who changed it."""
    values = dict(problem.values)
    if "state" in values:
        values["state"] = sentence(f"tasks.state.{values['state']}", language)
        values["who"] = values["who"] and person(values["who"], language)
    return values


def sign_in_page(
    request: Request, status: int, following: str, wrong: str | None = None, **values: Any
) -> HTMLResponse:
    """The form to sign in, which leads to `following`; `wrong` is the key of what went wrong."""
    language = _asked_language(request)
    kept = {"language": [language]} if "language" in request.query_params else {}
    said = None if wrong is None else sentence(wrong, language, **values)
    elsewhere = None
    if request.app.state.provider is not None:
        elsewhere = "/sign-in/elsewhere" + suffix({"next": [following]})
    words = {
        "following": following,
        "wrong": said,
        "kept": suffix(kept),
        "elsewhere": elsewhere,
    }
    return page_of(request, "sign_in.html", language, {}, status, **words)


def page_of(
    request: Request,
    template: str,
    language: Language,
    here: Mapping[str, list[str]],
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A template with the words of the language. `here`: the parameters to keep on this page.

    Money is in the currency of the value `release`.
    """
    release: Release | None = values.get("release")
    in_url: dict[str, list[str]] = {}
    if "language" in request.query_params:
        in_url["language"] = [language]
    text = templates.get_template(template).render(
        **words_of(language, release and release.currency),
        home="/" + suffix(in_url),
        sections=_sections(request, in_url),
        docs="/docs" + suffix(in_url),
        here_url=_path(request) + _query(request),
        back="/" + suffix(here),
        languages={
            language: _path(request) + suffix({**here, "language": [language]})
            for language in LANGUAGES
        },
        sign_out="/sign-out" + suffix(in_url),
        user=getattr(request.state, "caller", NOBODY).user,
        read_only=request.app.state.settings.read_only,
        notice=notice_of(request, language) if status == 200 else None,
        this_page=_path(request) + suffix(asked_in(request)),
        **values,
    )
    headers = {"Vary": "Accept-Language"}
    if status >= BAD_REQUEST:
        headers |= WHOLE
    if release is not None:
        headers |= release_headers(release)
    return HTMLResponse(text, status, headers=headers)


@cache
def words_of(language: Language, currency: str | None = None) -> dict[str, Any]:
    """What a template needs to write in a language, with money in this currency."""
    return {
        "language": language,
        "t": partial(_sentence, language, currency),
        "name_of": partial(_label, language),
        "action_name": partial(action_name, language=language),
        "field": partial(field_label, language=language),
        "show": partial(_written, language, currency),
        "worth": partial(_worth, language, currency),
        "period": partial(_period, language),
        "window": partial(window, language=language),
        "person": partial(person, language=language),
    }


def asked_in(request: Request) -> dict[str, list[str]]:
    """The query parameters; those that a form sends empty are left out.

    And those that say what was done just now, which no link carries on.
    """
    params = request.query_params
    names = [name for name in params if name not in (DID, LEFT)]
    found = {name: [v for v in params.getlist(name) if v] for name in names}
    return {name: values for name, values in found.items() if values}


def query_of(asked: Mapping[str, list[str]]) -> AtRiskQuery:
    """The parsed query. Raises ApiProblem for whatever the API would refuse too."""
    plain = {
        name: values if name in SEVERAL or len(values) > 1 else values[0]
        for name, values in asked.items()
    }
    try:
        return AtRiskQuery.model_validate(plain)
    except ValidationError as error:
        raise parameter_problem(error.errors(include_input=False, include_url=False)) from None


def out_of_date(release: Release, language: Language) -> Markup | None:
    """The notice on figures that are no longer valid; None while they are."""
    if not release.is_stale:
        return None
    is_example = release.source_kind in EXAMPLES
    key, command = ("page.example", YOUR_DATA) if is_example else ("page.expired", MAKE_RUN)
    if release.churn_definition == LABEL:
        key = "page.label.expired"
    dates = {"expires_at": release.expires_at, "data_until": release.data_until}
    text = sentence(key, language, **dates, command="{command}")
    return Markup.escape(text).replace("{command}", command)


def own_path(path: str) -> str:
    """The path where it leads to this service, else the list."""
    is_own = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()
    return path if is_own else "/"


def suffix(parameters: Mapping[str, list[Any]]) -> str:
    """The parameters as the query part of a URL; empty without any."""
    text = urlencode(parameters, doseq=True)
    return f"?{text}" if text else ""


def _sections(request: Request, in_url: Mapping[str, list[str]]) -> list[tuple[str, str, bool]]:
    """Of each page of the menu its address, the key of its name, and whether it is this one."""
    path = _path(request)
    inside = next((home for begin, home in WITHIN.items() if path.startswith(begin)), path)
    return [(url + suffix(in_url), key, url == inside) for url, key in SECTIONS.items()]


def _asked_language(request: Request, address: str | None = None) -> Language:
    """The language of a page whose parameters may be wrong; of a form that of its `address`."""
    asked = request.query_params.get("language")
    if asked is None and address is not None:
        asked = dict(parse_qsl(urlsplit(address).query)).get("language")
    return chosen_language(
        request, next((language for language in LANGUAGES if language == asked), None)
    )


def _query(request: Request) -> str:
    query = request.scope["query_string"].decode("ascii", "ignore")
    return f"?{query}" if query else ""


def _sentence(language: Language, currency: str | None, key: str, **values: Any) -> str:
    return sentence(key, language, **{"currency": currency, **values})


def _path(request: Request) -> str:
    """The path as it was sent; with two slashes at its start it would lead to another host."""
    sent = quote(request.scope["raw_path"], safe=punctuation)
    return "/" if sent.startswith("//") else sent


def _period(language: Language, low: dt.date, high: dt.date) -> str:
    return period(low, high, language)


def _label(language: Language, key: str) -> str:
    return label(key, language)


def _written(language: Language, currency: str | None, value: Any, kind: str) -> str:
    return written(value, kind, language, currency=currency)


def _worth(language: Language, currency: str | None, value: Any, feature: str) -> str:
    """The value of a feature in its unit, or a text."""
    return written(value, "quantity", language, feature=feature, currency=currency)
