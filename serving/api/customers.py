"""`GET /v1/customers/{id}`: one customer's score card."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import Field

from serving.api.asking import COMMON, LanguageQuery, ReleaseQuery, Store, api_router
from serving.cards.explained import explanation
from serving.cards.query import Flag
from serving.cards.release import DATES, Explanation, ServedCard, dated_as
from serving.cards.stored import Card, as_json
from serving.cards.worded import worded
from serving.people.access import needs
from serving.store.reading import KeptCard, formed_card, one_card
from serving.web.answers import UNCHANGED, card_text, json_answer
from serving.web.convertors import ANYTHING, EndsAsWritten
from serving.web.language import chosen_language
from serving.web.problems import documented

router = api_router("Customers")


class CardQuery(LanguageQuery, ReleaseQuery):
    """The query parameters of a card."""

    purchases: Flag = Field(default=False, description="Also the days with purchases.")


class ExplainQuery(LanguageQuery, ReleaseQuery):
    """In which release, and in which language."""


def explain_customer(
    customer_id: str, query: Annotated[ExplainQuery, Query()], request: Request, store: Store
) -> Response:
    """All reasons of the card by direction, the action and why, and what was not allowed."""
    release, card = one_card(store, customer_id, False, query.release)
    language = chosen_language(request, query.language)
    told = explanation(release, card, language)
    return json_answer(request, dated_as(release, card), told)


# Before the card, which would take its end for a part of the id.
router.add_api_route(
    f"/v1/customers/{{customer_id:{ANYTHING}}}/explain",
    explain_customer,
    methods=["GET"],
    route_class_override=EndsAsWritten,
    dependencies=[needs("cards:read")],
    summary="Why a customer's risk is what it is",
    response_model=Explanation,
    responses={
        **UNCHANGED,
        **documented("customer-not-found", "release-not-found", "no-release", *COMMON),
    },
)


@router.get(
    f"/v1/customers/{{customer_id:{ANYTHING}}}",
    dependencies=[needs("cards:read")],
    summary="One customer's score card",
    response_model=ServedCard,
    responses={
        **UNCHANGED,
        **documented("customer-not-found", "release-not-found", "no-release", *COMMON),
    },
)
def get_score_card(
    customer_id: str, query: Annotated[CardQuery, Query()], request: Request, store: Store
) -> Response:
    """Risk, next purchase, money at stake, reasons and the intended action, as published."""
    language = chosen_language(request, query.language)
    if query.purchases:
        card: Card | None
        release, card = one_card(store, customer_id, True, query.release)
        text = as_json(worded(card, release.words, language))
    else:
        text_of = card_text(request.app.state.texts, language)

        def form(kept: KeptCard) -> tuple[bytes, Card | None]:
            return text_of(kept), kept.read(DATES) if kept.is_live else None

        release, (text, card) = formed_card(store, customer_id, form, query.release)
    release = release if card is None else dated_as(release, card)
    stale = b"true" if release.is_stale else b"false"
    return json_answer(request, release, b'%s,"is_stale":%s}' % (text[:-1], stale))
