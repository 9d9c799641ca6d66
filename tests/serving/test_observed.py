"""Each request has an id, a line in the log and its figures; none of them holds personal data."""

import datetime as dt
import json
import re
import signal

import pytest

from serving.web.observed import id_of
from tests.processes import python
from tests.serving.conftest import Running
from tests.serving.test_cli import first_lines

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("sent", "its_id"),
    [
        ({"x-request-id": "crm-17.a_B"}, "crm-17.a_B"),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"x-request-id": "mine", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, "mine"),
        ({"x-request-id": "a b"}, None),
        ({"x-request-id": "x" * 65}, None),
        ({"traceparent": "00-nothing"}, None),
        ({}, None),
    ],
)
def test_a_request_keeps_its_id_or_gets_one(sent, its_id):
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]
    found = id_of({"headers": headers})
    assert found == its_id if its_id else re.fullmatch("[0-9a-f]{32}", found)


def test_every_answer_says_its_id_refused_or_not(service):
    for target in ("/health", "/v1/customers/none", "/nowhere", "/"):
        assert service.get(target, X_Request_ID="mine").headers["x-request-id"] == "mine"
        assert service.get(target, Host="elsewhere").headers["x-request-id"]


def test_figures_are_told_by_route_and_name_nobody(engine):
    with Running(engine) as service:
        before = service.get("/metrics").text
        for target in (
            "/v1/customers/Anna%20Smith",
            "/customers/Anna",
            "/Anna",
            "/v1/at-risk?q=Anna",
        ):
            service.get(target)
        told = service.get("/metrics").text
    assert "Anna" not in told and "Anna" not in before
    route = "/v1/customers/{customer_id}"
    assert f'regulars_requests_total{{method="GET",route="{route}",status="503"}} 1.0' in told
    assert 'route="none",status="404"} 1.0' in told
    assert f'regulars_request_seconds_count{{route="{route}"}} 1.0' in told
    assert "regulars_release_expires_timestamp_seconds 0.0" in told


def test_they_say_until_when_the_release_is_valid(service):
    told = service.get("/metrics").text
    days = {"as_of": "2024-10-27", "expires": "2024-11-11"}  # valid to the end of the 10th
    for name, day in days.items():
        figure = re.search(rf"^regulars_release_{name}_timestamp_seconds (.*)$", told, re.MULTILINE)
        assert dt.datetime.fromtimestamp(float(figure[1]), dt.UTC).date().isoformat() == day


@pytest.mark.slow
def test_the_log_as_json_has_a_line_for_each_request_without_personal_data(tmp_path):
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    set_ = {"REGULARS_STORE_URL": url, "REGULARS_PORT": "0", "REGULARS_LOGS": "json"}
    with python("-m", "serving.cli", "serve", **set_) as process:
        port = int(re.search(r":(\d+)\s", first_lines(process)[0])[1])
        from tests.serving.conftest import Service

        service = Service("127.0.0.1", port)
        service.get(
            "/v1/customers/Anna?language=ru", X_Request_ID="mine", X_Forwarded_For="8.8.8.8"
        )
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    lines = [json.loads(line) for line in errors.splitlines()]
    [line] = [line for line in lines if line["logger"] == "regulars.access"]
    assert line["request_id"] == "mine"
    assert (line["route"], line["status"]) == ("/v1/customers/{customer_id}", 503)
    assert "Anna" not in errors and "8.8.8.8" not in errors and "127.0.0.1" not in errors
