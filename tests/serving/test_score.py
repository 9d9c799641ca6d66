"""Histories that are sent: what is taken, what is refused, and what they become."""

import datetime as dt
import json

import ibis
import pytest

from serving.api.live import BODY
from serving.live.golden import check_golden, made_up, write_golden
from serving.live.histories import MOST_CUSTOMERS, Sent
from serving.store.errors import HistoryError
from serving.web.problems import ApiProblem
from tests.serving.asking import problem

SCHEMAS = {
    "orders": ibis.schema(
        {
            "customer_id": "string",
            "order_id": "string",
            "event_time": "timestamp(6)",
            "line_id": "string",
            "amount": "float64",
        }
    ),
    "events": ibis.schema(
        {"customer_id": "string", "event_time": "timestamp(6)", "kind": "string"}
    ),
    "customers": ibis.schema({"customer_id": "string", "age": "string", "visits": "float64"}),
}
ORDER = {"order_id": "1", "event_time": "2024-05-01T10:00:00+02:00", "amount": 5}


def sent(*customers, currency=None, **body):
    histories = BODY.parsed(json.dumps({"customers": customers, **body}).encode())
    return Sent(histories.customers, SCHEMAS, currency)


def one(customer="a", **tables):
    return {"customer_id": customer, **tables}


def rows(found, table):
    return found.tables[table].to_pylist()


def test_rows_get_the_types_of_the_release_and_times_are_utc():
    found = sent(one(orders=[ORDER]), one("b", orders=[ORDER | {"amount": None}]))
    (first, second) = rows(found, "orders")
    assert first == {
        "customer_id": "a",
        "order_id": "1",
        "event_time": dt.datetime(2024, 5, 1, 8),  # noqa: DTZ001
        "line_id": "#1",
        "amount": 5.0,
    }
    assert (second["customer_id"], second["amount"]) == ("b", None)
    assert found.newest_day() == dt.date(2024, 5, 1)


def test_lines_without_a_number_are_lines_of_their_own():
    found = sent(one(orders=[ORDER, ORDER, ORDER | {"order_id": "2"}]))
    assert [row["line_id"] for row in rows(found, "orders")] == ["#1", "#2", "#1"]


def test_words_of_closed_lists_are_those_of_the_tables():
    visit = {"event_time": ORDER["event_time"], "kind": "AppOpen"}
    assert [row["kind"] for row in rows(sent(one(events=[visit])), "events")] == ["app_open"]


def test_what_the_release_does_not_have_is_named():
    ticket = {"ticket_id": "t", "opened_at": ORDER["event_time"]}
    found = sent(one(orders=[ORDER | {"discount": 1.0}], tickets=[ticket]))
    assert found.left_out == ["orders.discount", "tickets"]
    found = sent(one(customers={"attributes": {"age": "35-44", "shoe": 41.0, "visits": 3}}))
    assert found.left_out == ["customers.shoe"]
    assert rows(found, "customers") == [{"customer_id": "a", "age": "35-44", "visits": 3.0}]


@pytest.mark.parametrize(
    ("customers", "why"),
    [
        ([one(), one()], "'a' is there twice"),
        ([one(orders=[ORDER | {"line_id": "1"}] * 2)], "line_id '1' is there twice"),
        ([one(orders=[ORDER | {"currency": "RUB"}])], "convert it first"),
        ([one(orders=[ORDER | {"currency": "doubloons"}])], "doubloons"),
        ([one(customers={"attributes": {"age": 7}})], "age of 'a' is to be text"),
    ],
)
def test_a_history_that_cannot_be_scored_is_named(customers, why):
    with pytest.raises(HistoryError, match=why):
        sent(*customers, currency="USD")


def test_money_in_the_currency_of_the_release_is_taken_however_it_is_written():
    assert len(rows(sent(one(orders=[ORDER | {"currency": "usd"}]), currency="USD"), "orders")) == 1


WRONG = {
    "no customers": {"customers": []},
    "too many customers": {"customers": [one(str(n)) for n in range(MOST_CUSTOMERS + 1)]},
    "an unknown field": {"customers": [one(colour="red")]},
    "an unknown column": {"customers": [one(orders=[ORDER | {"colour": "red"}])]},
    "another body": [one()],
    "a number for an id": {"customers": [one(7)]},
    "no time": {"customers": [one(orders=[{"order_id": "1"}])]},
    "a time without its offset": {
        "customers": [one(orders=[ORDER | {"event_time": "2024-05-01T10:00:00"}])]
    },
    "the future": {"customers": [one(orders=[ORDER | {"event_time": "2999-05-01T10:00:00Z"}])]},
    "a date to come": {"customers": [one()], "as_of_date": "2999-01-01"},
    "a date that is none": {"customers": [one()], "as_of_date": "2024-02-30"},
    "text for a number": {"customers": [one(orders=[ORDER | {"amount": "5"}])]},
    "yes for true": {"customers": [one()], "reasons": "yes"},
    "a NUL": {"customers": [one("a\x00")]},
    "too much money": {"customers": [one(orders=[ORDER | {"amount": 1e300}])]},
    "a list of attributes": {"customers": [one(customers={"attributes": {"age": [1]}})]},
}
BYTES = {
    "NaN": b'{"customers": [{"customer_id": "a", "orders": [{"amount": NaN}]}]}',
    "1e999": b'{"customers": [{"customer_id": "a", "orders": [{"amount": 1e999}]}]}',
    "a lone surrogate": b'{"customers": [{"customer_id": "\\ud800"}]}',
    "no text": b'{"customers": "\xff"}',
    "deep nesting": b'{"customers": ' + b"[" * 100_000,
    "a long number": b'{"customers": [{"customer_id": "a", "orders": ' + b"9" * 10_000 + b"}]}",
    "nothing": b"",
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_a_body_that_is_no_history_is_refused(body):
    with pytest.raises(ApiProblem) as refused:
        BODY.parsed(json.dumps(body).encode())
    assert refused.value.name == "invalid-parameters"
    assert refused.value.status == 422


@pytest.mark.parametrize("body", BYTES.values(), ids=BYTES)
def test_hostile_bytes_get_a_4xx_from_a_real_server(service, body):
    answer = service.get("/v1/score", "POST", body, Content_Type="application/json")
    problem(answer, "invalid-parameters")


def test_ten_megabytes_are_too_many(service):
    answer = service.get("/v1/score", "POST", b" " * 10_000_000, Content_Type="application/json")
    problem(answer, "body-too-large")


def test_a_release_without_models_is_said_to_have_none(service):
    body = json.dumps({"customers": [one(orders=[ORDER])]})
    answer = service.get("/v1/score", "POST", body, Content_Type="application/json")
    content = problem(answer, "no-models")
    assert "make run" in content["detail"]


def test_made_up_rows_are_the_same_wherever_they_are_made():
    units = {"b": "days", "a": "text", "c": "money"}
    texts = frozenset({"a"})
    rows = made_up(units, texts)
    assert rows.equals(made_up(dict(sorted(units.items())), texts)[list(rows.columns)])
    assert rows["a"].nunique() > 3 and rows["b"].isna().any() and rows["b"].nunique() > 3


def test_a_rule_that_answers_otherwise_here_is_found(tmp_path):
    from core.errors import ArtifactError
    from models.gate import Gate
    from models.simple.silence_rule import Rule

    gate = Gate("why", ())
    names = ("days_since_last_purchase", "gap_mean", "orders_total", "orders_per_purchase_day")
    rows = made_up(dict.fromkeys(names, "days"), frozenset())
    write_golden(tmp_path, rows, Rule(30.0, gate))
    check_golden(tmp_path, rows, Rule(30.0, gate))
    with pytest.raises(ArtifactError, match="silence_over_usual"):
        check_golden(tmp_path, rows, Rule(31.0, gate))
