"""Middleware around every request: strict bytes, known hosts, headers."""

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.web.convertors import without_mark
from serving.web.problems import ApiProblem

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATIC = "/static/"
UNKNOWN_HOST = "unknown-host"
WITH_IDS = (
    "/v1/customers/",
    "/customers/",
    "/key-customers/",
)  # addresses that hold a customer's id
MAX_PARAMETERS = 200  # parameters in an address


class Guard:
    """Refuses requests that are not clean text or name an unknown host; adds headers.

    `refusal` makes the answer to an address that is no clean text. A page for a host that is not
    ours would be of use only to whoever sent a browser here.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: frozenset[str],
        refusal: Callable[[Scope, ApiProblem], Response],
    ):
        self.app, self.hosts, self.refusal = app, hosts, refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        problem = self._problem(scope)
        # Cards are personal: nothing between here and the reader may keep them.
        is_static = scope["path"].startswith(STATIC)
        cached = "public, max-age=3600" if is_static else "no-store"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", cached)
            await send(message)

        scope = without_mark(scope)
        if scope["method"] == "HEAD":  # treated as GET; the server leaves out the body
            scope = {**scope, "method": "GET"}
        answer: ASGIApp = self.app
        if problem is not None:
            is_ours = problem.name != UNKNOWN_HOST
            answer = self.refusal(scope, problem) if is_ours else problem.response()
        await answer(scope, receive, with_headers)

    def _problem(self, scope: Scope) -> ApiProblem | None:
        names = [value for name, value in scope["headers"] if name == b"host"]
        host = _without_port(names[0].decode("latin-1")) if len(names) == 1 else ""
        if host not in self.hosts and "*" not in self.hosts:
            return ApiProblem(
                UNKNOWN_HOST, f"The host {host!r} is not one of REGULARS_ALLOWED_HOSTS."
            )
        if scope["query_string"].count(b"&") >= MAX_PARAMETERS:
            return ApiProblem(
                "bad-request", f"The address holds more than {MAX_PARAMETERS} parameters."
            )
        # Only a customer's id may hold a line break: elsewhere it would go unnoticed.
        path = scope["path"]
        if "\n" in path and not path.startswith(WITH_IDS):
            return ApiProblem("bad-request", "The address holds a line break.")
        for part in (scope.get("raw_path") or b"", scope["query_string"].replace(b"+", b" ")):
            try:
                text = unquote_to_bytes(part).decode("utf-8")
            except UnicodeDecodeError:
                return ApiProblem("bad-request", "The address is not UTF-8.")
            if "\x00" in text:  # databases cannot store it in a text
                return ApiProblem("bad-request", "The address holds a NUL character.")
        return None


def _without_port(host: str) -> str:
    return re.sub(r":\d*$", "", host.strip().lower()).rstrip(".")
