"""The page of one customer: the card, the reasons both ways, purchases and what is expected."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.cards.card import (
    ScoreCard,
)
from serving.cards.release import dated_as
from serving.cards.worded import worded
from serving.pages.drawing import Drawing, draw
from serving.pages.task_box import task_box
from serving.people.access import needs, store_of
from serving.store.reading import one_card
from serving.web.convertors import ANYTHING, id_in_path
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, query_of, suffix
from serving.wording.languages import Language
from serving.wording.sentences import sentence
from serving.wording.windows import window
from serving.wording.writing import lower_first

router = APIRouter(include_in_schema=False)


@router.get(f"/customers/{{customer_id:{ANYTHING}}}", dependencies=[needs("cards:read")])
def customer_page(customer_id: str, request: Request) -> Response:
    """One customer: the card, the reasons both ways, purchases and what is expected."""
    asked = asked_in(request)
    query = query_of(asked)
    language = chosen_language(request, query.language)
    release, stored = one_card(store_of(request), customer_id, True, query.release)
    release = dated_as(release, stored)
    card = ScoreCard.model_validate(worded(stored, release.words, language))
    drawing = draw(card, language)
    return page_of(
        request,
        "customer.html",
        language,
        asked,
        release=release,
        card=card,
        drawing=drawing,
        summary=drawing and _summary(card, drawing, language),
        probabilities=_probabilities(card),
        api=f"/v1/customers/{id_in_path(customer_id)}" + suffix({"language": [language]}),
        expired=out_of_date(release, language),
        task_box=task_box(request, customer_id, language) if query.release is None else None,
    )


def _summary(card: ScoreCard, drawing: Drawing, language: Language) -> str:
    """The drawing in words, for those who cannot see it too."""
    when = card.next_purchase_date
    expected = sentence("not_known", language)
    if when is not None:
        key = "told" if when.median else "late" if when.low else "not_within"
        days = when.model_dump()
        if when.low:
            days["window"] = window(when.low, when.high, card.as_of_date, language)
        expected = lower_first(sentence(f"next_purchase.{key}", language, **days))
    return sentence(
        "page.timeline", language, n=len(drawing.bars), start=drawing.start, expected=expected
    )


def _probabilities(card: ScoreCard) -> list[tuple[int, float]]:
    """Days and the probability of a purchase by then, the horizon of the risk among them."""
    found = {int(days): p for days, p in card.purchase_probability.items() if p is not None}
    if card.churn_risk is not None and card.churn_definition == "lapse":
        found[card.horizon_days] = 1 - card.churn_risk
    return sorted(found.items())
