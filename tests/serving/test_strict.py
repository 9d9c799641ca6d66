"""What is not a clean request gets a 4xx through a real server, and never a 500."""

import socket

import pytest

from models.customers.relationship import HELD_BY, RELATIONSHIP_LEVELS, UNKNOWN
from models.customers.segments import ABC_CLASSES, LIFECYCLE_STAGES, RFM_SEGMENTS, RISK_BANDS
from serving.cards.query import AtRiskQuery
from serving.web.problems import PROBLEMS
from tests.serving.asking import problem


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        "nonsense=1",
        "Risk_band=high",
        "limit=0",
        "limit=1001",
        "limit=1e3",
        "limit=5.0",
        "limit=1_0",
        "limit=%205",
        "limit=%D9%A5",
        "to_contact=yes",
        "to_contact=1",
        "relationship_declined=True",
        "min_churn_risk=.5",
        "min_churn_risk=0_1",
        "limit=ten",
        "limit=",
        "limit=5&limit=6",
        "sort=value_at_risk&sort=churn_risk",
        "sort=customer_id",
        "order=up",
        "min_churn_risk=nan",
        "min_churn_risk=NaN",
        "min_churn_risk=1.01",
        "min_churn_risk=-0.1",
        "min_value_at_risk=1e999",
        "min_value_at_risk=-1e999",
        "min_value_at_risk=Infinity",
        "min_value_at_risk=-1",
        "risk_band=",
        "risk_band=HIGH",
        "risk_band=high,low",
        "language=de",
        "format=pdf",
        "q=",
        "q=a%0Ab",
        "q=%C2%85",
        f"q={'x' * 201}",
        f"cursor={'x' * 4001}",
        "owner=%09",
        "&".join(["risk_band=high"] * 21),
        "intended_action=%E2%80%AE",
        "purchases=true",
    ],
    ids=lambda asked: asked[:40],
)
def test_a_parameter_that_cannot_be_used_is_named(service, asked):
    answer = service.get(f"/v1/at-risk?{asked}")
    content = problem(answer, "invalid-parameters")
    name = asked.split("=")[0]
    assert name in {error["parameter"].split(".")[0] for error in content["errors"]}
    assert "Input" in content["detail"] or name in content["detail"]


@pytest.mark.parametrize(
    "target",
    [
        "/v1/customers/1?language=xx",
        "/v1/customers/1?limit=5",
        "/v1/customers/1?purchases=maybe",
        "/v1/releases/current?x=1",
        "/health?x=1",
        "/ready?x=1",
    ],
)
def test_every_address_refuses_parameters_it_does_not_know(service, target):
    problem(service.get(target), "invalid-parameters")


@pytest.mark.parametrize(
    "target",
    [
        "/v1/at-risk?q=%ED%A0%80",  # a lone surrogate
        "/v1/at-risk?q=%ff",
        "/v1/at-risk?q=%C3",
        "/v1/at-risk?q=%00",
        "/v1/at-risk?%ED%B0%80=1",
        "/v1/customers/%ED%A0%80",
        "/v1/customers/%00",
        "/v1/customers/a%C0%AFb",
        "/health?%00",
    ],
)
def test_an_address_that_is_no_text_is_a_bad_request(service, target):
    problem(service.get(target), "bad-request")


@pytest.mark.parametrize(
    "target", ["/?q=%ED%A0%80", "/customers/%00", "/key-customers/%ff?x=%00", "/?q=%00"]
)
def test_nor_does_the_page_take_it_and_says_so_in_the_reader_s_language(service, target):
    for language, said in (("en", "cannot be read"), ("ru", "не прочитать")):
        answer = service.get(target, Accept_Language=language)
        assert answer.status == 400 and said in answer.text
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_a_method_nobody_offers_is_refused(service, method):
    for target in ("/v1/at-risk", "/v1/releases/current", "/health"):
        answer = service.get(target, method)
        problem(answer, "method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/v1/customers/1", "DELETE, GET, HEAD"),
        ("/v1/customers/1/explain", "GET, HEAD"),
        ("/v1/scores:lookup", "POST"),
    ],
)
def test_the_methods_that_an_address_takes_are_all_named(service, target, allowed):
    answer = service.get(target, "PUT")
    problem(answer, "method-not-allowed")
    assert answer.headers["allow"] == allowed


def test_nobody_is_erased_by_the_address_of_an_explanation(service):
    problem(service.get("/v1/customers/00001/explain", "DELETE"), "method-not-allowed")


def test_head_is_get_without_a_body(service):
    for target in ("/", "/health", "/v1/at-risk?limit=1", "/v1/customers/00001", "/v1/nothing"):
        got, head = service.get(target), service.get(target, "HEAD")
        assert (head.status, head.body) == (got.status, b"")
        assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    "asked", ["intended_action=no_such", "owner=nobody", "intended_action=do_nothing&owner=anna"]
)
def test_a_name_that_nobody_has_is_refused(service, asked):
    content = problem(service.get(f"/v1/at-risk?{asked}"), "invalid-parameters")
    assert "do" in content["detail"] and "release" in content["detail"]


@pytest.mark.parametrize("body", [b'{"a": NaN}', b'{"a": 1e999}', b'"\\ud800"', b"\xff" * 100])
def test_a_body_where_none_is_asked_for_changes_nothing(service, body):
    answer = service.get("/v1/at-risk?limit=1", body=body, Content_Type="application/json")
    assert answer.status == 200


@pytest.mark.parametrize("target", ["/v1", "/v1/", "/v1/at-risk/", "/v1/nothing", "/v2/at-risk"])
def test_an_address_that_is_none_is_not_found(service, target):
    answer = service.get(target)
    assert answer.status == 404
    if target.startswith("/v1"):
        problem(answer, "not-found")


@pytest.mark.parametrize("host", ["evil.example", "", "127.0.0.1.evil.example", "a b", "[::2]"])
def test_a_foreign_page_cannot_call_it_by_a_name_of_its_own(service, host):
    problem(service.get("/v1/at-risk", Host=host), "unknown-host")
    assert service.get("/v1/at-risk", Host="LOCALHOST:8000").status == 200


def test_every_answer_carries_the_headers_that_keep_it_safe(service):
    targets = ("/", "/v1/at-risk", "/v1/nothing", "/health", "/docs", "/static/regulars.css")
    for target in targets:
        headers = service.get(target).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert service.get("/v1/at-risk").headers["cache-control"] == "private, no-cache"
    assert "max-age" in service.get("/static/regulars.css").headers["cache-control"]
    refused = service.get("/", Host="evil.example").headers
    assert refused["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
        b"GET /v1/at-risk?q=\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET \x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["no host", "two hosts", "raw bytes", "nul", "no http", "endless"],
)
def test_raw_bytes_that_are_no_request_get_a_4xx(service, sent):
    with socket.create_connection((service.host, service.port), timeout=10) as connection:
        connection.sendall(sent)
        answer = connection.recv(100)
    assert answer.startswith(b"HTTP/1.1 4"), answer
    assert service.get("/health").status == 200


def test_filters_take_every_value_that_a_card_can_hold():
    values = {
        "risk_band": RISK_BANDS,
        "lifecycle_stage": LIFECYCLE_STAGES,
        "rfm_segment": RFM_SEGMENTS,
        "abc_class": ABC_CLASSES,
        "relationship_level": (*RELATIONSHIP_LEVELS, UNKNOWN),
        "suggested_level": RELATIONSHIP_LEVELS,
        "held_by": HELD_BY,
    }
    query = AtRiskQuery.model_validate({name: list(known) for name, known in values.items()})
    assert query.model_dump(include=set(values)) == {n: list(v) for n, v in values.items()}


def test_every_problem_is_documented():
    from tests.test_docs import ROOT

    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    for name, (status, _) in PROBLEMS.items():
        assert f"| `{name}` | {status} |" in page
