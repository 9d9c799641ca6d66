"""The API over a real server, on both databases."""

import csv
import io
import json
import re
from urllib.parse import quote, urlencode, urljoin

import pytest

from serving.cards.card import (
    ScoreCard,
)
from serving.cards.csv import COLUMNS
from serving.cards.release import Release
from serving.store.database import open_store
from serving.store.publishing import publish
from serving.web.convertors import id_in_path
from tests.serving.asking import ROWS, SCORED, listed, problem, whole_list
from tests.serving.conftest import Running
from tests.serving.releases import NAMES, card_row, company, write_release


def test_a_card_is_the_row_of_the_release(service):
    row = ROWS["00002"]
    card = ScoreCard.model_validate_json(service.get("/v1/customers/00002").body)
    for name in ("churn_risk", "risk_band", "risk_rank", "value_at_risk", "name", "owner", "arm"):
        assert getattr(card, name) == row[name], name
    assert card.purchase_probability == {str(d): d / 100 for d in (7, 14, 30, 60, 90)}
    assert card.next_purchase_date.low == row["next_purchase_date_low"].date()
    assert card.next_purchase_date.reach_days == 90
    assert card.intended_action.action_id == row["intended_action"]
    assert card.intended_action.expected_gain == row["expected_gain"]
    assert card.reasons[0].value == 31.0
    told = card.next_categories.model_dump()
    assert told["any"] == row["next_categories_any"]
    assert told["new"] == row["next_categories_new"]
    assert told["new_days"] == 90
    assert [one.model_dump() for one in card.category_risks] == row["category_risks"]
    assert card.purchases is None
    assert card.risk_change is None


def test_a_card_has_its_sentences_in_the_language_asked_for(service):
    said = {}
    for language in ("en", "ru"):
        card = service.get(f"/v1/customers/00001?language={language}").json()
        said[language] = (
            card["reasons"][0]["sentence"],
            card["intended_action"]["name"],
            card["intended_action"]["blocked"][0]["sentence"],
            card["intended_action"]["why"]["sentence"],
        )
    assert said["en"][0] == "Usually buys every 9 days, last bought 31 days ago"
    assert said["en"][1:3] == (
        "Check-in e-mail",
        "Contacted a short time ago: left in peace for now",
    )
    assert all(re.search("[а-я]", text) for text in said["ru"])


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("en;q=0.5, ru;q=0.9", "ru"),
        ("de, fr", "en"),
        ("ru;q=0, en", "en"),
        ("ru;q=abc, *;q=x,,;", "en"),
        ("", "en"),
    ],
)
def test_without_a_wish_the_browser_decides_the_language(service, header, language):
    name = service.get("/v1/customers/00001", Accept_Language=header).json()["intended_action"]
    assert (name["name"] == "Check-in e-mail") == (language == "en")


def test_purchases_come_where_they_are_asked_for(service):
    card = service.get("/v1/customers/00000?purchases=true").json()
    assert len(card["purchases"]) == 3
    assert card["purchases"][0] == {"day": "2023-09-23", "orders": 1, "amount": 20.5}


def test_someone_gone_has_a_card_without_a_forecast(service):
    card = service.get("/v1/customers/gone-1").json()
    assert card["status"] == "already_churned"
    assert card["churn_risk"] is card["intended_action"] is card["next_purchase_date"] is None
    assert card["last_purchase_date"] == "2024-04-10"
    assert card["reasons"] == []


@pytest.mark.parametrize(
    "who", ["nobody", "00001/", "00001%2Fpurchases", "%20", "", "..%2f..", "'"]
)
def test_an_unknown_customer_is_not_found(service, who):
    content = problem(service.get(f"/v1/customers/{who}"), "customer-not-found")
    assert "release" in content["detail"]


@pytest.mark.slow
@pytest.mark.parametrize("who", ["a/b", "a b", "ключ", "50%", "a?b#c", "a+b", "-1", "e\u0301"])
def test_any_printable_id_can_be_asked_for(tmp_path, new_store_url, who):
    engine = open_store(new_store_url("sqlite"))
    publish(write_release(tmp_path / "r", [card_row(who)]), engine, keep=2)
    with Running(engine) as service:
        answer = service.get(f"/v1/customers/{quote(who, safe='')}")
    engine.dispose()
    assert answer.json()["customer_id"] == who


@pytest.mark.slow
def test_ids_of_dots_can_be_asked_for_by_clients_that_resolve_them(tmp_path, engine):
    rows = [card_row(who) for who in (".", "..", "=..", "=", "..=")]
    publish(write_release(tmp_path / "r", rows), engine, keep=2)
    with Running(engine) as service:
        for who in (".", "..", "=..", "=", "..="):
            path = f"/v1/customers/{id_in_path(who)}"
            assert urljoin(service.url, path) == service.url + path  # nothing is left to resolve
            assert service.get(path).json()["customer_id"] == who
            page = service.get(f"/customers/{id_in_path(who)}?language=en").text
            assert f'href="{path}?language=en"' in page
            assert f'href="/customers/{id_in_path(who)}?language=ru"' in page
            assert f'href="/customers/{id_in_path(who)}"' in service.get("/").text
        assert service.get("/v1/customers/%2E%2E").json()["customer_id"] == ".."
        problem(service.get("/v1/customers/=..."), "customer-not-found")


@pytest.mark.slow_after(5)
@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        ({"risk_band": "high"}, lambda row: row["risk_band"] == "high"),
        ({"risk_band": ["high", "low"]}, lambda row: row["risk_band"] in ("high", "low")),
        ({"lifecycle_stage": "fading"}, lambda row: row["lifecycle_stage"] == "fading"),
        ({"abc_class": ["A", "B"]}, lambda row: row["abc_class"] in "AB"),
        ({"rfm_segment": "champions"}, lambda row: row["rfm_segment"] == "champions"),
        ({"relationship_level": "unknown"}, lambda row: row["relationship_level"] == "unknown"),
        (
            {"relationship_level": ["basic", "reactive"], "suggested_level": "accountable"},
            lambda row: (
                row["relationship_level"] in ("basic", "reactive")
                and row["suggested_level"] == "accountable"
            ),
        ),
        ({"held_by": "discounts"}, lambda row: row["held_by"] == "discounts"),
        ({"relationship_declined": "true"}, lambda row: row["relationship_declined"] is True),
        ({"relationship_declined": "false"}, lambda row: True),
        ({"arm": "holdout"}, lambda row: row["arm"] == "holdout"),
        ({"owner": "Борис"}, lambda row: row["owner"] == "Борис"),
        ({"intended_action": "do_nothing"}, lambda row: row["intended_action"] == "do_nothing"),
        (
            {"to_contact": "true"},
            lambda row: row["intended_action"] != "do_nothing" and row["arm"] == "treated",
        ),
        ({"to_contact": "false"}, lambda row: True),
        ({"min_churn_risk": 0.5}, lambda row: row["churn_risk"] >= 0.5),
        ({"min_value_at_risk": 100}, lambda row: row["value_at_risk"] >= 100),
        ({"q": "ЁЛКИНА"}, lambda row: row["customer_id"] == "00002"),
        ({"q": "0010"}, lambda row: "0010" in row["customer_id"]),
        ({"q": "%"}, lambda row: "%" in (row["name"] or "")),
        ({"q": "_"}, lambda row: "_" in (row["name"] or "")),
        ({"q": "\\"}, lambda row: False),
        ({"q": "<SCRIPT"}, lambda row: "<script" in (row["name"] or "")),
        (
            {"risk_band": "high", "arm": "treated", "abc_class": "C"},
            lambda row: (
                (row["risk_band"], row["arm"], row["abc_class"]) == ("high", "treated", "C")
            ),
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "rows",
)
def test_a_filter_leaves_exactly_those_it_names(service, asked, holds):
    found = {card.customer_id for card in whole_list(service, limit=20, **asked)}
    assert found == {row["customer_id"] for row in SCORED if holds(row)}


@pytest.mark.slow
def test_csv_has_the_same_customers_in_the_same_order(service):
    for parameters in ({}, {"risk_band": "high"}, {"sort": "next_purchase_date"}):
        answer = service.get(f"/v1/at-risk?{urlencode({**parameters, 'format': 'csv'})}")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert 'filename="at-risk-2024-10-27.csv"' in answer.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        cards = whole_list(service, **parameters)
        assert [row["customer_id"] for row in rows] == [card.customer_id for card in cards]
        assert [float(row["churn_risk"]) for row in rows] == [card.churn_risk for card in cards]
        assert [row["reason"] for row in rows] == [card.reasons[0].sentence for card in cards]
        assert list(rows[0]) == list(COLUMNS)


def test_csv_is_also_what_the_accept_header_asks_for(service):
    answer = service.get("/v1/at-risk?limit=3", Accept="text/csv")
    assert len(answer.text.splitlines()) == 4
    assert service.get("/v1/at-risk?limit=3", Accept="*/*").json()["total"] == 130


def test_an_error_in_csv_is_a_problem_all_the_same(service):
    problem(service.get("/v1/at-risk?format=csv&sort=name"), "invalid-parameters")
    problem(service.get("/v1/at-risk?format=csv&cursor=x"), "invalid-cursor")


@pytest.mark.slow
def test_without_money_the_list_is_ranked_by_risk(tmp_path, engine):
    publish(write_release(tmp_path / "r", company(), money=False), engine, keep=2)
    with Running(engine) as service:
        page = listed(service)
        assert (page.sort, page.total_value_at_risk) == ("churn_risk", None)
        assert page.customers[0].value_at_risk is None
        for sort in ("value_at_risk", "expected_value", "expected_gain"):
            problem(service.get(f"/v1/at-risk?sort={sort}"), "no-money")
        problem(service.get("/v1/at-risk?min_value_at_risk=1"), "no-money")
        assert Release.model_validate_json(service.get("/v1/releases/current").body).has_money is (
            False
        )
        assert service.get("/").status == 200
        assert service.get("/customers/00001").status == 200


def test_the_current_release_is_told(service, release):
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    found = Release.model_validate_json(service.get("/v1/releases/current").body)
    assert found.release_id == manifest["release_id"]
    assert found.is_current


def test_health_and_readiness(service):
    assert service.get("/health").json() == {"status": "ok"}
    assert service.get("/ready").status == 200


def test_before_the_first_release_it_is_healthy_and_not_ready(empty_service):
    assert empty_service.get("/health").status == 200
    for target in ("/ready", "/v1/at-risk", "/v1/customers/1", "/v1/releases/current"):
        answer = empty_service.get(target)
        content = problem(answer, "no-release")
        assert "make run" in content["detail"]
        assert answer.headers["retry-after"] == "60"


@pytest.mark.slow
def test_a_store_that_went_away_is_a_503_and_says_no_secret(tmp_path, new_store_url):
    url = new_store_url("postgresql")
    engine = open_store(url.replace("regulars", "no_such_database"))
    with Running(engine) as service:
        for target in ("/ready", "/v1/at-risk", "/v1/customers/1"):
            content = problem(service.get(target), "store-unavailable")
            assert "no_such_database" not in content["detail"]
        assert service.get("/").status == 503
        assert service.get("/health").status == 200
    engine.dispose()


def test_names_come_back_as_they_were_written(service):
    for customer, name in NAMES.items():
        assert service.get(f"/v1/customers/{customer}").json()["name"] == name
