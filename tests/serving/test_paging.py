"""The list page by page: order, ties, cursors, and releases that come in between."""

import json
import re
from itertools import pairwise

import pytest

from serving.cards.query import AtRiskQuery, Cursor, read_cursor
from serving.cards.release import AtRisk
from serving.store.publishing import publish
from tests.serving.asking import SCORED, listed, problem, whole_list
from tests.serving.conftest import Running
from tests.serving.releases import card_row, write_release

NEVER = "9999-12-31"


def sort_key(name):
    def key(row):
        if name.endswith("_date"):
            column = "next_purchase_date_median" if name.startswith("next") else name
            value = NEVER if row[column] is None else str(row[column].date())
        else:
            value = row[name]
        return value

    return key


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    "sort",
    [
        "value_at_risk",
        "churn_risk",
        "expected_value",
        "expected_gain",
        "next_purchase_date",
        "last_purchase_date",
    ],
)
def test_page_by_page_every_customer_comes_once_and_in_order(service, sort, order):
    found = [card.customer_id for card in whole_list(service, sort=sort, order=order, limit=17)]
    by_id = sorted(SCORED, key=lambda row: row["customer_id"])
    wanted = sorted(by_id, key=sort_key(sort), reverse=False)
    if order == "desc":  # equal ones stay in the order of their ids
        keys = sorted({sort_key(sort)(row) for row in by_id}, reverse=True)
        wanted = [row for key in keys for row in by_id if sort_key(sort)(row) == key]
    assert found == [row["customer_id"] for row in wanted]


def test_by_default_the_most_value_at_risk_comes_first(service):
    page = listed(service)
    assert (page.sort, page.order, page.total) == ("value_at_risk", "desc", 130)
    assert len(page.customers) == 50
    assert all(a.value_at_risk >= b.value_at_risk for a, b in pairwise(page.customers))
    assert page.total_value_at_risk == pytest.approx(sum(row["value_at_risk"] for row in SCORED))
    assert all(card.status == "scored" for card in page.customers)


@pytest.mark.slow
def test_a_list_stays_with_its_release_when_a_newer_one_is_published(tmp_path, engine):
    def release(name, risk):
        rows = [card_row(f"{n:03d}", churn_risk=risk, value_at_risk=float(n)) for n in range(60)]
        return write_release(tmp_path / name, rows)

    publish(release("old", 0.2), engine, keep=2)
    with Running(engine) as service:
        first = listed(service, limit=40)
        publish(release("new", 0.4), engine, keep=2)
        second = AtRisk.model_validate_json(service.get(first.next).body)
        assert second.release_id == first.release_id != listed(service).release_id
        ids = [card.customer_id for card in (*first.customers, *second.customers)]
        assert len(set(ids)) == 60
        assert {card.churn_risk for card in second.customers} == {0.2}
        publish(release("newest", 0.6), engine, keep=2)
        problem(service.get(first.next), "cursor-gone")


def test_a_cursor_of_another_list_is_refused(service):
    target = listed(service, limit=5).next
    cursor = target.split("cursor=")[1]
    for other in ("risk_band=high&", "sort=churn_risk&", "order=asc&"):
        problem(service.get(f"/v1/at-risk?{other}cursor={cursor}"), "invalid-cursor")


@pytest.mark.parametrize("cursor", ["x", "e30", "%2B", "bnVsbA", "W10", "e30" * 400, "null"])
def test_a_cursor_that_is_none_is_refused(service, cursor):
    problem(service.get(f"/v1/at-risk?cursor={cursor}"), "invalid-cursor")


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 0},
        {"number": 2**63},
        {"value": float("nan")},
        {"value": "2024-01-01"},
        {"value": None},
        {"customer_id": 5},
        {"customer_id": "\x00"},
        {"customer_id": "\ud800"},
        {"total": "many"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_cursor_that_somebody_changed_is_refused(service, changes):
    import base64

    cursor = read_cursor(listed(service, limit=5).next.split("cursor=")[1])
    content = json.dumps(cursor.model_dump() | changes).encode()
    text = base64.urlsafe_b64encode(content).decode().rstrip("=")
    answer = service.get(f"/v1/at-risk?cursor={text}")
    assert answer.status in (410, 422), answer.text


def test_a_cursor_survives_the_url():
    cursor = Cursor(
        number=1,
        sort="churn_risk",
        order="desc",
        filters=AtRiskQuery().fingerprint(),
        value=0.1 + 0.2,
        customer_id="Ёлка/ /+?&=",
        total=3,
        total_value_at_risk=None,
        seen=2,
    )
    assert read_cursor(cursor.written()) == cursor
    assert re.fullmatch(r"[\w-]+", cursor.written())
