"""The page of one customer: who, what to do and say, why; then everything that is known."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, get_args

from fastapi import APIRouter, Request
from fastapi.responses import Response

from core.clock import utc_now
from models.customers.relationship import RELATIONSHIP_LEVELS
from serving.cards.card import ScoreCard
from serving.cards.codes import OverrideKind
from serving.cards.release import dated_as
from serving.cards.worded import worded
from serving.pages.customer_sections import sections_of
from serving.pages.drawing import Drawing, draw
from serving.pages.no_contact import no_contact
from serving.pages.task_box import task_box
from serving.people.access import needs, store_of
from serving.web.convertors import ANYTHING, id_in_path
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, query_of, suffix
from serving.wording.languages import Language
from serving.wording.sentences import sentence
from serving.wording.windows import window
from serving.wording.writing import lower_first
from serving.work.customer_timeline import customer_timeline
from serving.work.overrides import LONGEST_DAYS

router = APIRouter(include_in_schema=False)
PATH = f"/customers/{{customer_id:{ANYTHING}}}"
WRITES = "work:write"


@router.get(PATH, dependencies=[needs("cards:read")])
def customer_page(customer_id: str, request: Request) -> Response:
    """Who it is, what to do and to say, why; then all that is known of the customer."""
    return customer_page_of(customer_id, request)


def customer_page_of(
    customer_id: str, request: Request, entered: Mapping[str, Any] | None = None
) -> Response:
    """The page; `entered` is what a form told that was not complete, with `wrong`: its fields."""
    asked = asked_in(request)
    query = query_of(asked)
    language = chosen_language(request, query.language)
    release, stored, told = customer_timeline(
        store_of(request), customer_id, language, query.release
    )
    release = dated_as(release, stored)
    card = ScoreCard.model_validate(worded(stored, release.words, language))
    drawing = draw(card, language)
    today = utc_now().date()
    address = f"/customers/{id_in_path(customer_id)}"
    may_write = WRITES in request.state.caller.scopes and not request.app.state.settings.read_only
    kept = suffix({name: asked[name] for name in ("language",) if name in asked})
    return page_of(
        request,
        "customer.html",
        language,
        asked,
        422 if entered else 200,
        release=release,
        card=card,
        told=told,
        view=sections_of(card, told, language),
        no_contact=no_contact(card, told, today, language) if release.is_current else [],
        drawing=drawing,
        summary=drawing and _summary(card, drawing, language),
        probabilities=_probabilities(card),
        api=f"/v1{address}" + suffix({"language": [language]}),
        api_timeline=f"/v1{address}/timeline" + suffix({"language": [language]}),
        overrides_url=f"{address}/overrides",
        relationship_url=f"/key-customers/{id_in_path(customer_id)}{kept}",
        kept=kept,
        may_write=may_write and release.is_current,
        entered=entered or {},
        kinds=get_args(OverrideKind.__value__),
        levels=RELATIONSHIP_LEVELS,
        first_day=today,
        last_day=today + dt.timedelta(days=LONGEST_DAYS),
        expired=out_of_date(release, language),
        task_box=task_box(request, customer_id, language) if query.release is None else None,
    )


def _summary(card: ScoreCard, drawing: Drawing, language: Language) -> str:
    """The drawing in words, for those who cannot see it too."""
    when, seen = card.next_purchase_date, {"n": len(drawing.bars), "start": drawing.start}
    if when is None:
        return sentence("page.timeline_past", language, **seen)
    key = "told" if when.median else "late" if when.low else "not_within"
    days = when.model_dump()
    if when.low:
        days["window"] = window(when.low, when.high, card.as_of_date, language)
    expected = lower_first(sentence(f"next_purchase.{key}", language, **days))
    return sentence("page.timeline", language, **seen, expected=expected)


def _probabilities(card: ScoreCard) -> list[tuple[int, float]]:
    """Days and the probability of a purchase by then, the horizon of the risk among them."""
    found = {int(days): p for days, p in card.purchase_probability.items() if p is not None}
    if card.churn_risk is not None and card.churn_definition == "lapse":
        found[card.horizon_days] = 1 - card.churn_risk
    return sorted(found.items())
