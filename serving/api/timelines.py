"""`GET /v1/customers/{id}/timeline` and `…/history`: what is known beside the card."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from serving.api.asking import COMMON, LanguageQuery, ReleaseQuery, Store, api_router
from serving.cards.timeline import CustomerTimeline, RiskHistory
from serving.people.access import needs
from serving.web.answers import UNCHANGED, json_answer
from serving.web.convertors import ANYTHING, EndsAsWritten
from serving.web.language import chosen_language
from serving.web.problems import documented
from serving.work.customer_timeline import customer_timeline, risk_history

router = api_router("Customers")
PROBLEMS = documented("customer-not-found", "release-not-found", "no-release", *COMMON)


class TimelineQuery(LanguageQuery, ReleaseQuery):
    """In which release, and in which language actions are named."""


def get_timeline(
    customer_id: str, query: Annotated[TimelineQuery, Query()], request: Request, store: Store
) -> Response:
    """Purchases, spend by month, engagement, tickets, answers, contacts, consents and overrides.

    In the order of the customer's page, which shows the same. Phone and e-mail are here and nowhere
    else: neither on cards nor in lists and exports.
    """
    language = chosen_language(request, query.language)
    release, _, told = customer_timeline(store, customer_id, language, query.release)
    return json_answer(request, release, told.model_dump(mode="json"))


def get_risk_history(
    customer_id: str, query: Annotated[ReleaseQuery, Query()], request: Request, store: Store
) -> Response:
    """Risk and rank in every release that is kept, oldest first.

    Where `is_new_model` is true, what stands before was said by another model: do not compare.
    """
    release, told = risk_history(store, customer_id, query.release)
    return json_answer(request, release, told.model_dump(mode="json"))


router.add_api_route(
    f"/v1/customers/{{customer_id:{ANYTHING}}}/timeline",
    get_timeline,
    methods=["GET"],
    route_class_override=EndsAsWritten,
    dependencies=[needs("cards:read")],
    summary="Everything that is known of a customer, in order",
    response_model=CustomerTimeline,
    responses={**UNCHANGED, **PROBLEMS},
)
router.add_api_route(
    f"/v1/customers/{{customer_id:{ANYTHING}}}/history",
    get_risk_history,
    methods=["GET"],
    route_class_override=EndsAsWritten,
    dependencies=[needs("cards:read")],
    summary="How a customer's risk moved over releases",
    response_model=RiskHistory,
    responses={**UNCHANGED, **PROBLEMS},
)
