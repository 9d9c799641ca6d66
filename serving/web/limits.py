"""How much is done at once, and how much one client may ask for.

Each kind of work has places. A request that finds none waits in a queue for a while; where the
queue is full, or the while has passed, it is refused (429) and told when to come back. So a crowd
of one kind of request never keeps the others waiting, and never the health check.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.people.access import RATE
from serving.people.errors import TooManyError
from serving.people.rates import Rate, stricter
from serving.web.problems import ApiProblem, as_problem

UNLIMITED = ("/health", "/ready", "/metrics", "/static/", "/favicon.ico")
PATIENCE = 10.0  # seconds that a request waits for a place
QUEUED = 25  # requests that wait for each place
SCORE = "/v1/score"
TABLES = ("csv", "excel", "ndjson", "xlsx")


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
        refusal: Callable[[Scope, ApiProblem], ASGIApp] = lambda _, problem: problem.response(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self.refusal, self.rate = app, refusal, Rate(rate, clock)
        self.places = {kind: Places(kind, number) for kind, number in places.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNLIMITED):
            await self.app(scope, receive, send)
            return
        headers: dict[str, str] = {}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # What the key may ask for is known only where the request was let in.
                MutableHeaders(scope=message).update(stricter(headers, scope.get(RATE, {})))
            await send(message)

        try:
            headers = self.rate.counted((scope.get("client") or ("",))[0])
            places = self.places[kind_of(scope)]
            await places.take()
        except (TooManyError, ApiProblem) as error:
            await self.refusal(scope, as_problem(error))(scope, receive, with_headers)
            return
        try:
            await self.app(scope, receive, with_headers)
        finally:
            places.free()


def kind_of(scope: Scope) -> str:
    """Which work a request makes: a whole list, a live score, a search, or anything else."""
    query = scope["query_string"]
    if scope["path"] == SCORE:
        return "scores"
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
