"""OpenTelemetry: a span and figures of each request, where its environment variables ask for it.

`OTEL_EXPORTER_OTLP_ENDPOINT` (or that of one signal) says where a collector listens; without it
nothing here imports anything. No personal data is sent: a request is known by its route, as in the
log, and never by its path, its parameters or an address.
"""

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import EnvironmentProblem

SIGNALS = ("TRACES", "METRICS")
GENERAL = "OTEL_EXPORTER_OTLP_ENDPOINT"
GRACE = 3.0  # seconds in which what is left is sent when the service ends
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
REFUSED_FROM = 500  # statuses that are errors of the service


def traced(
    app: ASGIApp, route_of: Callable[[str], str], method_of: Callable[[str], str]
) -> ASGIApp:
    """The application, which tells a collector of its requests where the environment names one.

    Raises EnvironmentProblem where it does and the packages are missing.
    """
    wanted = wanted_signals(os.environ)
    return Traced(app, route_of, method_of, wanted) if wanted else app


def wanted_signals(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The signals that the environment names a collector for."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ()
    return tuple(
        signal
        for signal in SIGNALS
        if environ.get(f"OTEL_{signal}_EXPORTER", "otlp") == "otlp"
        and (environ.get(GENERAL) or environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"))
    )


class Traced:
    """Sends a span and figures of each request to the collector, in a thread of their own."""

    def __init__(
        self,
        app: ASGIApp,
        route_of: Callable[[str], str],
        method_of: Callable[[str], str],
        signals: tuple[str, ...],
    ) -> None:
        self.app, self.route_of, self.method_of = app, route_of, method_of
        try:
            self._begin(signals)
        except ImportError as error:
            raise EnvironmentProblem(
                f"{GENERAL} is set, and {error.name} is not installed: install the extra "
                "`telemetry`, or unset the variable."
            ) from None

    def _begin(self, signals: tuple[str, ...]) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "regulars"}
        resource = Resource.create(named)
        # Providers of our own, so that no other library sends anything through them.
        self.tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        if "TRACES" in signals:
            self.tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        readers = []
        if "METRICS" in signals:
            readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
        self.meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        meter = self.meters.get_meter("regulars")
        self.seconds = meter.create_histogram(
            "http.server.request.duration", "s", explicit_bucket_boundaries_advisory=BUCKETS
        )
        self.active = meter.create_up_down_counter("http.server.active_requests", "{request}")
        self.tracer = self.tracers.get_tracer("regulars")
        self._propagator, self._kind, self._error = (
            TraceContextTextMapPropagator(),
            SpanKind.SERVER,
            StatusCode.ERROR,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._at_the_end(send))
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        known = {
            "http.request.method": self.method_of(scope["method"]),
            "url.scheme": scope["scheme"],
        }
        route = self.route_of(scope["path"])
        told = {**known, "http.route": route}
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        parent = headers.get("traceparent", b"").decode("latin-1")
        context = self._propagator.extract({"traceparent": parent} if parent else {})
        name = f"{known['http.request.method']} {route}"
        begun = time.perf_counter()
        self.active.add(1, known)
        with self.tracer.start_as_current_span(
            name, context, self._kind, told, record_exception=False
        ) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    told["http.response.status_code"] = message["status"]
                await send(message)

            try:
                await self.app(_within(scope, span.get_span_context()), receive, noted)
            finally:
                status = told.get("http.response.status_code", REFUSED_FROM)
                if status >= REFUSED_FROM:
                    told["error.type"] = str(status)
                    span.set_status(self._error)
                span.set_attributes(told)
                self.active.add(-1, known)
                self.seconds.record(time.perf_counter() - begun, told)

    def _at_the_end(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown"):
                self.end()
            await send(message)

        return sending

    def end(self) -> None:
        """Send what is left, and wait for it for GRACE seconds at most."""
        for provider in (self.tracers, self.meters):
            # A collector that is away must not keep the service from ending.
            ending = threading.Thread(target=provider.shutdown, daemon=True)
            ending.start()
            ending.join(GRACE)


def _within(scope: Scope, context: Any) -> Scope:
    """The request with the span as its trace, which is its id in the log where it brings none."""
    headers = [pair for pair in scope["headers"] if pair[0] != b"traceparent"]
    trace = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    return {**scope, "headers": [*headers, (b"traceparent", trace.encode())]}
