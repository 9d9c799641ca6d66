"""The list page by page: order, ties, cursors, and releases that come in between."""

import base64
import json
import re
from itertools import pairwise
from urllib.parse import quote, urlencode

import pytest

from serving.cards.query import AtRiskQuery
from serving.cards.release import AtRisk
from serving.store.cursors import SEAL_BYTES, Cursor, sealed, unsealed
from serving.store.database import open_store, upgrade, writing
from serving.store.publishing import publish
from serving.store.removal import remove_customers
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
    "asked",
    [
        {"to_contact": "true"},
        {"relationship_declined": "true", "risk_band": ["high", "low"], "language": "ru"},
        {"min_churn_risk": "1e-3", "fields": "name,status", "sort": "next_purchase_date"},
    ],
    ids=str,
)
def test_the_next_page_asks_for_what_this_one_did(service, asked):
    query = urlencode({**asked, "limit": 4}, doseq=True)
    page = service.get(f"/v1/at-risk?{query}").json()
    further = service.get(page["next"])
    assert further.status == 200, further.text
    assert further.json()["total"] == page["total"] > 4
    assert further.json()["customers"][0].keys() == page["customers"][0].keys()


def content_of(cursor):
    """What a cursor says, and its seal."""
    whole = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return json.loads(whole[SEAL_BYTES:]), whole[:SEAL_BYTES]


def written(content, seal=b""):
    whole = seal + json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(whole).decode().rstrip("=")


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("target", ["/v1/at-risk", "/"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"release_id": "older"},
        {"seen": 0},
        {"seen": 10**2000},
        {"value": float("nan")},
        {"value": "2024-W01-1"},
        {"customer_id": "\x00"},
        {"customer_id": "\ud800"},
        {"total": 3},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_cursor_that_somebody_wrote_or_changed_is_refused(service, target, changes):
    content, seal = content_of(listed(service, limit=5).next.split("cursor=")[1])
    forged = [written(content | changes)[:3900]]
    if changes:
        forged.append(written(content | changes, seal)[:3900])
    for cursor in forged:
        answer = service.get(f"{target}?cursor={cursor}")
        assert answer.status == 422, answer.text
        assert target == "/" or problem(answer, "invalid-cursor")


def test_no_letter_of_a_cursor_can_be_changed(service):
    cursor = listed(service, limit=5).next.split("cursor=")[1]
    assert service.get(f"/v1/at-risk?limit=5&cursor={cursor}").status == 200
    for place in (0, 5, 21, 22, 60, len(cursor) // 2, len(cursor) - 1):
        for other in {"A", "B", chr(ord(cursor[place]) ^ 1)} - {cursor[place]}:
            changed = cursor[:place] + other + cursor[place + 1 :]
            answer = service.get("/v1/at-risk?limit=5&cursor=" + quote(changed))
            problem(answer, "invalid-cursor")
    problem(service.get(f"/v1/at-risk?limit=5&cursor={cursor}="), "invalid-cursor")


def test_a_cursor_names_its_release_and_tells_no_figure(service):
    page = listed(service, limit=5)
    content, _ = content_of(page.next.split("cursor=")[1])
    assert content["release_id"] == page.release_id
    assert set(content) == set(Cursor.model_fields)
    assert not [name for name in content if "total" in name]


@pytest.mark.slow
def test_a_link_to_a_later_page_counts_who_is_there_now(tmp_path, engine):
    rows = [card_row(f"{n:02d}", value_at_risk=float(n)) for n in range(20)]
    publish(write_release(tmp_path / "r", rows), engine, keep=2)
    with Running(engine) as service:
        first = listed(service, limit=5, min_churn_risk=0.1)
        assert (first.total, first.total_value_at_risk) == (20, 190.0)
        with writing(engine) as connection:
            remove_customers(connection, ["13", "14"])
        second = AtRisk.model_validate_json(service.get(first.next).body)
        assert [card.customer_id for card in second.customers] == ["12", "11", "10", "09", "08"]
        assert (second.total, second.total_value_at_risk) == (18, 163.0)


def test_processes_on_one_store_take_each_other_s_cursors_and_no_others(tmp_path, new_store_url):
    cursor = Cursor(
        release_id="r",
        sort="churn_risk",
        order="desc",
        filters=AtRiskQuery().fingerprint(),
        value=0.1 + 0.2,
        customer_id="Ёлка/ /+?&=",
        seen=2,
    )
    url, other_url = new_store_url("sqlite"), new_store_url("sqlite")
    for one in (url, other_url):
        upgrade(open_store(one))
    with open_store(url).connect() as first, open_store(url).connect() as again:
        text = sealed(first, cursor)
        assert re.fullmatch(r"[\w-]+", text)
        assert unsealed(again, text) == cursor
    with open_store(other_url).connect() as other:
        assert unsealed(other, text) is None


@pytest.mark.parametrize("target", ["/v1/at-risk", "/"])
def test_those_who_have_gone_are_listed_where_they_are_asked_for(service, target):
    answer = service.get(f"{target}?status=already_churned")
    assert answer.status == 200
    if target == "/":
        assert answer.text.count('data-customer="gone-') == 4
        return
    assert [card["customer_id"] for card in answer.json()["customers"]] == [
        f"gone-{number}" for number in range(4)
    ]
    assert (answer.json()["total"], answer.json()["total_value_at_risk"]) == (4, 0.0)
    both = listed(service, status=["scored", "already_churned"], limit=1000)
    assert both.total == len(both.customers) == 134
