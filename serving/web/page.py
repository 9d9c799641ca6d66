"""The frame of every page: its words and its parameters."""

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
from serving.web.notice import notice_of, take_back
from serving.web.problems import parameter_problem
from serving.web.templates import templates
from serving.wording.languages import LANGUAGES, Language
from serving.wording.people import person
from serving.wording.sentences import field_label, label, period, sentence, written
from serving.wording.windows import window

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
    "/win-back": "/",
    "/key-customers/": "/key-customers",
    "/managers": "/key-customers",
    "/monitor": "/model",
    "/missed": "/model",
    "/profit": "/model",
}
OPENED = ("note", "dismiss")  # in the address of the list: the customer whose row is opened
BAD_REQUEST = 400  # from here on an answer tells of a problem
# For htmx: whatever part of a page was asked for, a problem takes the place of all of it.
WHOLE = {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}
MAKE_RUN = Markup("<code>make run</code>")
YOUR_DATA = Markup("<code>docs/your-data.md</code>")
EXAMPLES = {"complete_journey", "cdnow", "simulator"}  # sources that never get newer rows


def sign_in_page(
    request: Request, status: int, following: str, wrong: str | None = None, **values: Any
) -> HTMLResponse:
    """The form to sign in, which leads to `following`; `wrong` is the key of what went wrong."""
    language = asked_language(request)
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
        here_url=path_of(request) + query_text(request),
        back="/" + suffix(here),
        languages={
            language: path_of(request) + suffix({**here, "language": [language]})
            for language in LANGUAGES
        },
        sign_out="/sign-out" + suffix(in_url),
        user=getattr(request.state, "caller", NOBODY).user,
        read_only=request.app.state.settings.read_only,
        notice=notice_of(request, language) if status == 200 else None,
        this_page=path_of(request) + suffix(asked_in(request)),
        **values,
    )
    headers = {"Vary": "Accept-Language"}
    if status >= BAD_REQUEST:
        headers |= WHOLE
    if release is not None:
        headers |= release_headers(release)
    page = HTMLResponse(text, status, headers=headers)
    if status == 200:
        take_back(page, request)
    return page


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

    And which row is opened, which no link carries on.
    """
    params = request.query_params
    names = [name for name in params if name not in OPENED]
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


def came_from(request: Request) -> str | None:
    """The page of this service on which a request was made, where the browser tells it."""
    try:
        parts = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return None
    if not parts.netloc or parts.netloc != request.headers.get("host"):
        return None
    return own_path(parts._replace(scheme="", netloc="").geturl())


def suffix(parameters: Mapping[str, list[Any]]) -> str:
    """The parameters as the query part of a URL; empty without any."""
    text = urlencode(parameters, doseq=True)
    return f"?{text}" if text else ""


def asked_language(request: Request, address: str | None = None) -> Language:
    """The language of a page whose parameters may be wrong; of a form that of its `address`."""
    asked = request.query_params.get("language")
    if asked is None and address is not None:
        asked = dict(parse_qsl(urlsplit(address).query)).get("language")
    return chosen_language(
        request, next((language for language in LANGUAGES if language == asked), None)
    )


def _sections(request: Request, in_url: Mapping[str, list[str]]) -> list[tuple[str, str, bool]]:
    """Of each page of the menu its address, the key of its name, and whether it is this one."""
    path = path_of(request)
    inside = next((home for begin, home in WITHIN.items() if path.startswith(begin)), path)
    return [(url + suffix(in_url), key, url == inside) for url, key in SECTIONS.items()]


def query_text(request: Request) -> str:
    query = request.scope["query_string"].decode("ascii", "ignore")
    return f"?{query}" if query else ""


def _sentence(language: Language, currency: str | None, key: str, **values: Any) -> str:
    return sentence(key, language, **{"currency": currency, **values})


def path_of(request: Request) -> str:
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
