"""What is told of each request: a correlation id, a line in the log, and figures for Prometheus.

Nothing here holds personal data. A request is known by its route (`/v1/customers/{customer_id}`),
never by its path or its parameters, and a caller by the id of the key, never by name or address.
"""

import contextlib
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NO_ROUTE = "none"
ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
access = logging.getLogger("regulars.access")
Shape = tuple[re.Pattern[str], str]  # of the paths of a route, and its name


class Figures:
    """What Prometheus is told; each application has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        named: dict[str, Any] = {"registry": self.registry}
        self.requests = Counter(
            "regulars_requests", "Requests answered.", ("method", "route", "status"), **named
        )
        self.seconds = Histogram(
            "regulars_request_seconds",
            "Seconds from a request's headers to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            **named,
        )
        self.in_progress = Gauge(
            "regulars_requests_in_progress", "Requests that are being answered.", **named
        )
        self.as_of = Gauge(
            "regulars_release_as_of_timestamp_seconds", "The current release's as-of date.", **named
        )
        self.expires = Gauge(
            "regulars_release_expires_timestamp_seconds",
            "The end of the last day on which the current release is valid.",
            **named,
        )


class Observed:
    """Gives each request its id, and notes how it was answered."""

    def __init__(
        self,
        app: ASGIApp,
        figures: Figures,
        routes: Iterable[Shape],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.app, self.figures, self.shapes, self.clock = app, figures, tuple(routes), clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status, sent = self.clock(), 0, 0
        its_id = id_of(scope)
        token = request_id.set(its_id)

        async def noted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = its_id
            else:
                sent += len(message.get("body", b""))
            await send(message)

        self.figures.in_progress.inc()
        try:
            await self.app(scope, receive, noted)
        finally:
            self.figures.in_progress.dec()
            self._note(scope, status, sent, self.clock() - begun)
            with contextlib.suppress(ValueError):  # ended in another context than it began in
                request_id.reset(token)

    def _note(self, scope: Scope, status: int, sent: int, seconds: float) -> None:
        route, method = self.route_of(scope["path"]), method_of(scope["method"])
        self.figures.requests.labels(method, route, str(status)).inc()
        self.figures.seconds.labels(route).observe(seconds)
        if access.isEnabledFor(logging.INFO):
            told = {
                "method": method,
                "route": route,
                "status": status,
                "milliseconds": round(seconds * 1000, 2),
                "bytes": sent,
            }
            access.info("request", extra={"told": told})

    def route_of(self, path: str) -> str:
        """The route of a path, as it is told to people and machines."""
        return next((name for shape, name in self.shapes if shape.fullmatch(path)), NO_ROUTE)


def method_of(sent: str) -> str:
    """The method of a request; `other` for one that nobody knows, so that they stay few."""
    return sent if sent in METHODS else "other"


def id_of(scope: Scope) -> str:
    """The id that the client gave its request, or that of its trace, or a new one."""
    headers = dict(scope["headers"])
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    if ID.fullmatch(given):
        return str(given)
    trace = TRACE.fullmatch(headers.get(b"traceparent", b"").decode("latin-1"))
    return str(trace[1]) if trace else uuid.uuid4().hex
