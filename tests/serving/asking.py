"""What tests of the API share: the customers there are, whole lists, the one shape of errors."""

from urllib.parse import urlencode

from serving.cards.card import (
    ScoreCard,
)
from serving.cards.release import AtRisk
from serving.store.reading import one_card
from tests.serving.releases import company

ROWS = {row["customer_id"]: row for row in company()}
SCORED = [row for row in ROWS.values() if row["status"] == "scored"]


def listed(service, **parameters):
    """The answer of the list, checked against its schema."""
    answer = service.get(f"/v1/at-risk?{urlencode(parameters, doseq=True)}")
    assert answer.status == 200, answer.text
    return AtRisk.model_validate_json(answer.body)


def card_of(engine, customer_id, with_purchases=False):
    """The customer's card in the store, checked against its schema."""
    return ScoreCard.model_validate(one_card(engine, customer_id, with_purchases)[1])


def whole_list(service, **parameters):
    """All customers of the list, page by page as its links lead."""
    page = listed(service, **parameters)
    found, total = list(page.customers), page.total
    while page.next:
        page = AtRisk.model_validate_json(service.get(page.next).body)
        assert page.total == total
        found += page.customers
    assert len(found) == total
    return found


def problem(answer, name):
    """Check the one shape of errors."""
    content = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert content["type"] == f"urn:regulars:problem:{name}"
    assert content["status"] == answer.status
    assert content["title"] and content["detail"]
    assert set(content) <= {"type", "title", "status", "detail", "errors"}
    return content
