"""OpenTelemetry: spans and figures arrive at a collector, and hold nobody's id."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from core.errors import EnvironmentProblem
from serving.app import create_app
from serving.settings import Settings
from serving.web.telemetry import GENERAL, Traced, wanted_signals
from tests.serving.conftest import Running

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(HTTPServer):
    """Keeps what is sent to it, by path."""

    def __init__(self):
        self.got = {"/v1/traces": [], "/v1/metrics": []}
        super().__init__(("127.0.0.1", 0), Received)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Received(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got[self.path].append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector(monkeypatch):
    server = Collector()
    monkeypatch.setenv(GENERAL, server.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    yield server
    server.shutdown()
    server.server_close()


def test_spans_and_figures_of_requests_arrive_when_the_service_ends(engine, collector):
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    with Running(engine) as service:
        told = service.get(
            "/v1/customers/Anna%20Smith?language=ru",
            traceparent=f"00-{TRACE}-00f067aa0ba902b7-01",
            baggage="user=Anna",
        )
        own = service.get("/Anna?name=Anna", Host="localhost", X_Forwarded_For="8.8.8.8")
    spans = [
        span
        for body in collector.got["/v1/traces"]
        for found in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in found.scope_spans
        for span in scope.spans
    ]
    by_name = {span.name: span for span in spans}
    assert set(by_name) == {"GET /v1/customers/{customer_id}", "GET none"}
    card, nothing = by_name["GET /v1/customers/{customer_id}"], by_name["GET none"]
    assert card.trace_id.hex() == TRACE == told.headers["x-request-id"]
    assert nothing.trace_id.hex() == own.headers["x-request-id"]
    values = {pair.key: pair.value for pair in card.attributes}
    assert values["http.response.status_code"].int_value == 503  # nothing was published
    assert values["http.route"].string_value == "/v1/customers/{customer_id}"
    assert card.status.code == 2 and nothing.status.code == 0
    figures = {
        metric.name
        for body in collector.got["/v1/metrics"]
        for found in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in found.scope_metrics
        for metric in scope.metrics
    }
    assert figures == {"http.server.request.duration", "http.server.active_requests"}
    sent = b"".join(body for bodies in collector.got.values() for body in bodies)
    assert b"regulars" in sent
    for personal in (b"Anna", b"8.8.8.8", b"Smith"):
        assert personal not in sent


@pytest.mark.parametrize(
    ("environ", "signals"),
    [
        ({}, ()),
        ({GENERAL: "http://127.0.0.1:4318"}, ("TRACES", "METRICS")),
        ({GENERAL: "http://127.0.0.1:4318", "OTEL_METRICS_EXPORTER": "none"}, ("TRACES",)),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:4318/m"}, ("METRICS",)),
        ({GENERAL: "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, ()),
    ],
)
def test_the_environment_says_what_is_sent(environ, signals):
    assert wanted_signals(environ) == signals


@pytest.fixture
def without_packages(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.metric_exporter", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)


def test_without_the_variables_nothing_is_imported(engine, without_packages, monkeypatch):
    monkeypatch.delenv(GENERAL, raising=False)
    assert not isinstance(create_app(Settings(port=0), engine), Traced)


def test_missing_packages_are_named(engine, without_packages, monkeypatch):
    monkeypatch.setenv(GENERAL, "http://127.0.0.1:9")
    with pytest.raises(EnvironmentProblem, match=r"not installed: install the extra `telemetry`"):
        create_app(Settings(port=0), engine)
