"""The page: the at-risk list each morning, and one customer; the same views the API gives out."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from pydantic import ValidationError

from models.gate import Need
from serving.cards.card import ScoreCard
from serving.cards.query import SEVERAL, AtRiskQuery
from serving.cards.release import Release
from serving.cards.worded import strongest_reason, worded
from serving.pages.drawing import Drawing, draw
from serving.store.reading import at_risk, one_card
from serving.store.tables import ASCENDING
from serving.web.convertors import ANYTHING
from serving.web.problems import ApiProblem, InvalidParameter, parameter_problem
from serving.web.templates import templates
from serving.wording.languages import chosen_language
from serving.wording.sentences import (
    LANGUAGES,
    Language,
    field_label,
    label,
    listing,
    period,
    sentence,
    written,
)

COLUMNS = {  # of the list, by what a click on their heading sorts by
    "customer": None,
    "risk": "churn_risk",
    "reason": None,
    "next_purchase": "next_purchase_date",
    "action": None,
    "value_at_risk": "value_at_risk",
}
TOLD = {  # problems that people meet → their words
    "customer-not-found": ("page.customer_not_found", "page.customer_not_found_detail"),
    "not-found": ("page.not_found", "page.not_found_detail"),
    "method-not-allowed": ("page.not_found", "page.not_found_detail"),
    "cursor-gone": ("page.cursor_gone", "page.cursor_gone_detail"),
    "invalid-cursor": ("page.bad_parameters", "page.bad_cursor_detail"),
    "invalid-parameters": ("page.bad_parameters", "page.bad_parameters_detail"),
    "no-money": ("page.bad_parameters", "page.not_found_detail"),
    "no-forecast": ("forecast.none", "page.needs_models_detail"),
    "no-report": ("monitor.none", "page.needs_models_detail"),
    "no-release": ("page.no_release", "page.no_release_detail"),
}
# Of the form; what else the address asks for is carried along.
FIELDS = {
    "risk_band",
    "lifecycle_stage",
    "held_by",
    "relationship_declined",
    "intended_action",
    "owner",
    "to_contact",
    "q",
    "sort",
    "order",
}
MAKE_RUN = Markup("<code>make run</code>")
YOUR_DATA = Markup("<code>docs/your-data.md</code>")
EXAMPLES = {"complete_journey", "cdnow", "simulator"}  # sources that never get newer rows
router = APIRouter(include_in_schema=False)


@router.get("/")
def list_page(request: Request) -> Response:
    """The ranked list; filters, order and page stand in the address."""
    asked = asked_in(request)
    if "format" in asked:
        raise ApiProblem(
            "invalid-parameters",
            "format: is a parameter of /v1/at-risk",
            [InvalidParameter(parameter="format", problem="is a parameter of /v1/at-risk")],
        )
    query = query_of(asked)
    page = at_risk(request.app.state.engine, query)
    language = chosen_language(request, query.language)
    cards = [worded(card, language) for card in page.cards]
    here = {name: values for name, values in asked.items() if name != "cursor"}
    return page_of(
        request,
        "at_risk.html",
        language,
        asked,
        page=page,
        release=page.release,
        rows=[(card, strongest_reason(card)) for card in cards],
        query=query,
        quality=_quality(page.release, language),
        columns=[(name, sort, _sorted(here, page, sort)) for name, sort in _columns(page.release)],
        offered={sort for _, sort in _columns(page.release)},
        api="/v1/at-risk" + _suffix({**here, "language": [language]}),
        excel="/v1/at-risk" + _suffix({**here, "language": [language], "format": ["excel"]}),
        next="/" + _suffix({**here, "cursor": [page.next_cursor]}) if page.next_cursor else None,
        first="/" + _suffix(here) if page.seen else None,
        kept=[(name, one) for name, all_ in here.items() if name not in FIELDS for one in all_],
        expired=out_of_date(page.release, language),
    )


@router.get(f"/customers/{{customer_id:{ANYTHING}}}")
def customer_page(customer_id: str, request: Request) -> Response:
    """One customer: the card, the reasons both ways, purchases and what is expected."""
    asked = asked_in(request)
    language = chosen_language(request, query_of(asked).language)
    release, card = one_card(request.app.state.engine, customer_id, with_purchases=True)
    drawing = draw(card, language)
    return page_of(
        request,
        "customer.html",
        language,
        asked,
        release=release,
        card=worded(card, language),
        drawing=drawing,
        summary=drawing and _summary(card, drawing, language),
        probabilities=_probabilities(card),
        api=f"/v1/customers/{quote(customer_id, safe='')}" + _suffix({"language": [language]}),
        expired=out_of_date(release, language),
    )


@router.get("/docs")
def docs_page(request: Request) -> Response:
    """The API's documentation, drawn by scripts of this package."""
    asked = {name: values for name, values in asked_in(request).items() if name == "language"}
    return page_of(request, "docs.html", chosen_language(request, query_of(asked).language), asked)


@router.get("/favicon.ico")
async def favicon() -> Response:
    """Browsers ask for it whatever a page says."""
    return RedirectResponse("/static/icon.svg", 308)


def problem_page(request: Request, problem: ApiProblem) -> Response:
    """The same problem that the API would tell, for a person."""
    asked = request.query_params.get("language")
    language = chosen_language(request, next((one for one in LANGUAGES if one == asked), None))
    title, detail = TOLD.get(problem.name, ("page.broken", "page.broken_detail"))
    names = listing((error.parameter for error in problem.errors), language)
    told = {
        "title": sentence(title, language),
        "detail": sentence(detail, language, names=names),
    }
    return page_of(request, "problem.html", language, {}, problem.status, **told)


def page_of(
    request: Request,
    template: str,
    language: Language,
    here: Mapping[str, list[str]],
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A template with the words of the language. `here`: the parameters to keep on this page."""
    in_url = {"language": [language]} if "language" in request.query_params else {}
    text = templates.get_template(template).render(
        language=language,
        t=partial(_said, language),
        name_of=partial(_label, language),
        field=partial(field_label, language=language),
        show=partial(_shown, language),
        period=partial(_period, language),
        home="/" + _suffix(in_url),
        forecast_url="/forecast" + _suffix(in_url),
        monitor_url="/monitor" + _suffix(in_url),
        docs="/docs" + _suffix(in_url),
        back="/" + _suffix(here),
        customer_url=partial(_customer_url, here),
        languages={one: _path(request) + _suffix({**here, "language": [one]}) for one in LANGUAGES},
        **values,
    )
    return HTMLResponse(text, status, headers={"Vary": "Accept-Language"})


def _said(language: Language, key: str, **values: Any) -> str:
    return sentence(key, language, **values)


def _path(request: Request) -> str:
    """The path as it was sent; two slashes at its start would lead to another host."""
    sent: str = request.scope["raw_path"].decode("ascii")
    return "/" if sent.startswith("//") else sent


def _period(language: Language, low: dt.date, high: dt.date) -> str:
    return period(low, high, language)


def _customer_url(here: Mapping[str, list[str]], customer_id: str) -> str:
    """The customer's page; it keeps where the list stood, for the way back."""
    return f"/customers/{quote(customer_id, safe='')}" + _suffix(here)


def _label(language: Language, key: str) -> str:
    return label(key, language)


def _shown(language: Language, value: Any, kind: str) -> str:
    return written(value, kind, language)


def asked_in(request: Request) -> dict[str, list[str]]:
    """The parameters of the address; a form sends those left empty too, and they ask nothing."""
    params = request.query_params
    found = {name: [v for v in params.getlist(name) if v] for name in params}
    return {name: values for name, values in found.items() if values}


def query_of(asked: Mapping[str, list[str]]) -> AtRiskQuery:
    """Raises ApiProblem for what the API would refuse too."""
    plain = {
        name: values if name in SEVERAL or len(values) > 1 else values[0]
        for name, values in asked.items()
    }
    try:
        return AtRiskQuery.model_validate(plain)
    except ValidationError as error:
        raise parameter_problem(error.errors(include_input=False, include_url=False)) from None


def _columns(release: Release) -> list[tuple[str, str | None]]:
    """COLUMNS that this release has: a rule tells no date and no action, other data no money."""
    absent = set() if release.has_money else {"value_at_risk"}
    if release.gate is not None:
        absent |= {"next_purchase", "action"}
    return [(name, sort) for name, sort in COLUMNS.items() if name not in absent]


def _quality(release: Release, language: Language) -> str:
    """How good the model was; below the data gates, how far it is away."""
    figures = release.quality
    if figures is None:
        needs = release.gate.distance if release.gate else _ladder_needs(release)
        told = (
            sentence(f"gate.{need.what}", language, have=need.have, need=need.need)
            for need in needs
        )
        return "; ".join(told)
    dates = listing((written(day, "day", language) for day in figures.test_as_of_dates), language)
    return sentence("page.quality", language, **figures.model_dump() | {"dates": dates})


def _ladder_needs(release: Release) -> Sequence[Need]:
    return release.ladder.needs if release.ladder else []


def _summary(card: ScoreCard, drawing: Drawing, language: Language) -> str:
    """The drawing in words, also for those who cannot see it."""
    when = card.next_purchase_date
    expected = sentence("not_known", language)
    if when is not None:
        keys = ("between", "from", "late", "not_within")
        known = (when.high and when.median, when.median, when.low, True)
        key = next(key for key, is_known in zip(keys, known, strict=True) if is_known)
        expected = sentence(f"next_purchase.{key}", language, **when.model_dump())
        if key in ("late", "not_within"):  # within a sentence
            expected = expected[:1].lower() + expected[1:]
    days = len(drawing.bars)
    return sentence("page.timeline", language, n=days, start=drawing.start, expected=expected)


def _probabilities(card: ScoreCard) -> list[tuple[int, float]]:
    """Days and the probability of a purchase by then, the horizon of the risk among them."""
    found = {int(days): p for days, p in card.purchase_probability.items() if p is not None}
    if card.churn_risk is not None and card.churn_definition == "lapse":
        found[card.horizon_days] = 1 - card.churn_risk
    return sorted(found.items())


def _sorted(here: Mapping[str, list[str]], page: Any, sort: str | None) -> str | None:
    """Where a click on a column's heading leads: sorted by it, or turned round."""
    if sort is None:
        return None
    usual = "asc" if sort in ASCENDING else "desc"
    other = "desc" if page.order == "asc" else "asc"
    order = other if page.sort == sort else usual
    return "/" + _suffix({**here, "sort": [sort], "order": [order]})


def _suffix(parameters: Mapping[str, list[Any]]) -> str:
    text = urlencode(parameters, doseq=True)
    return f"?{text}" if text else ""


def out_of_date(release: Release, language: Language) -> Markup | None:
    """What to say of figures that are no longer valid; None while they are."""
    if dt.datetime.now(dt.UTC).date() <= release.expires_at:
        return None
    is_example = release.source_kind in EXAMPLES
    key, command = ("page.example", YOUR_DATA) if is_example else ("page.expired", MAKE_RUN)
    dates = {"expires_at": release.expires_at, "data_until": release.data_until}
    text = sentence(key, language, **dates, command="{command}")
    return Markup.escape(text).replace("{command}", command)
