"""How much is done at once, and how much one client may ask for.

Each kind of work has places. A request that finds none waits in a queue for a while; where the
queue is full, or the while has passed, it is refused (429) and told when to come back. So a crowd
of one kind of request never keeps the others waiting, and never the health check.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.web.problems import ApiProblem

UNLIMITED = ("/health", "/ready", "/metrics", "/static/", "/favicon.ico")
MINUTE = 60.0
PATIENCE = 10.0  # seconds that a request waits for a place
QUEUED = 25  # requests that wait for each place
TABLES = ("csv", "excel", "ndjson")


@dataclass
class Places:
    """Places for one kind of work."""

    kind: str
    number: int
    taken: int = 0
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    async def take(self) -> None:
        """Take a place, as soon as one is free. Raises ApiProblem where that takes too long."""
        if self.taken < self.number:
            self.taken += 1
            return
        if len(self.waiting) >= self.number * QUEUED:
            raise self._full()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await asyncio.wait_for(asyncio.shield(turn), PATIENCE)
        except BaseException as error:
            if turn.done():  # the place came at the same moment
                self.free()
            else:
                self.waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise self._full() from None
            raise

    def free(self) -> None:
        """Give the place to the one who has waited longest."""
        if self.waiting:
            self.waiting.pop(0).set_result(None)
        else:
            self.taken -= 1

    def _full(self) -> ApiProblem:
        problem = ApiProblem(
            "too-many-at-once",
            f"{self.number} {self.kind} are being worked on, and others wait: try again.",
        )
        problem.headers["Retry-After"] = str(math.ceil(PATIENCE))
        return problem


class Limits:
    """Lets a request through when it is its turn; counts the requests of each client."""

    def __init__(
        self,
        app: ASGIApp,
        places: dict[str, int],
        rate: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self.rate, self.clock = app, rate, clock
        self.places = {kind: Places(kind, number) for kind, number in places.items()}
        self._minute, self._asked = 0, Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNLIMITED):
            await self.app(scope, receive, send)
            return
        headers = self._counted(scope) if self.rate else {}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        if headers and int(headers["RateLimit-Remaining"]) < 0:
            headers["RateLimit-Remaining"] = "0"
            problem = ApiProblem(
                "too-many-requests",
                f"A client may make {self.rate} requests in a minute (REGULARS_RATE_LIMIT).",
            )
            problem.headers["Retry-After"] = headers["RateLimit-Reset"]
            await problem.response()(scope, receive, with_headers)
            return
        places = self.places[kind_of(scope)]
        try:
            await places.take()
        except ApiProblem as problem:
            await problem.response()(scope, receive, with_headers)
            return
        try:
            await self.app(scope, receive, with_headers)
        finally:
            places.free()

    def _counted(self, scope: Scope) -> dict[str, str]:
        """Count the request; what its client may still ask for in this minute."""
        now = self.clock()
        if int(now // MINUTE) != self._minute:
            self._minute = int(now // MINUTE)
            self._asked.clear()
        client = (scope.get("client") or ("",))[0]
        self._asked[client] += 1
        return {
            "RateLimit-Limit": str(self.rate),
            "RateLimit-Remaining": str(self.rate - self._asked[client]),
            "RateLimit-Reset": str(math.ceil(MINUTE - now % MINUTE)),
        }


def kind_of(scope: Scope) -> str:
    """Which work a request makes: a whole list, a search in all names, or anything else."""
    query = scope["query_string"]
    if scope["path"].endswith(("/export", "/scores")) or _asks_for_a_table(scope):
        return "exports"
    is_search = query.startswith(b"q=") or b"&q=" in query
    return "searches" if is_search else "requests"


def _asks_for_a_table(scope: Scope) -> bool:
    if b"format=" in scope["query_string"]:
        asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        return asked.get("format") in TABLES
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/csv" in accepted or b"ndjson" in accepted
