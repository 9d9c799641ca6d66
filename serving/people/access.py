"""Who asks, and whether they may: every route declares the scope that it needs.

While the store knows neither a key nor a user, this machine may do everything: nobody else can
reach the service then, as it listens on 127.0.0.1. From the first key or user on everybody has to
be known, also when all keys have been revoked.
"""

import asyncio
import ipaddress
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from anyio import to_thread
from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import Headers
from starlette.routing import BaseRoute

from core.clock import utc_now
from core.errors import EnvironmentProblem
from serving.people.errors import ForeignPageError, NotAllowedError, NotKnownError
from serving.people.keys import Key, all_keys, fits, key_id_of
from serving.people.scopes import PUBLIC, SCOPES, Scope
from serving.store.database import unreachable, version
from serving.store.visible import only_of

REREAD_SECONDS = 2.0  # how long a revoked key may still open something
READING = ("GET", "HEAD", "OPTIONS")
OPEN_PATHS = ("/openapi.json", "/static/{path}")  # routes that are no functions of ours: public


@dataclass(frozen=True)
class Caller:
    """Who asks, what they may do, and whose customers they see (`owners`; None: everybody's)."""

    who: str
    scopes: frozenset[Scope]
    owners: frozenset[str] | None = None


MACHINE = Caller("this machine", frozenset(SCOPES))
NOBODY = Caller("nobody", frozenset(), frozenset())


@dataclass(frozen=True)
class Known:
    """Everybody whom the store knows."""

    keys: dict[str, Key] = field(default_factory=dict)

    @property
    def anybody(self) -> bool:
        """Whether there has ever been a key or a user."""
        return bool(self.keys)


class Access:
    """Answers who asks; what the store knows is read again every REREAD_SECONDS."""

    def __init__(
        self, engine: Engine, host: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.engine, self.is_local, self.clock = engine, is_loopback(host), clock
        self._known, self._until = Known(), -1.0
        self._rereading = asyncio.Lock()
        self._limited: dict[frozenset[str], Engine] = {}

    async def caller(self, request: Request) -> Caller:
        """Who asks. Raises NotKnownError, StoreError when the store does not answer."""
        known = await self._current()
        authorization = request.headers.get("authorization")
        if authorization is not None:
            return _by_key(known, authorization)
        if not known.anybody and self.is_local:
            return MACHINE
        raise NotKnownError("Send a key: `Authorization: Bearer regulars_…`.")

    def store_of(self, caller: Caller) -> Engine:
        """The store as this caller sees it."""
        if caller.owners is None:
            return self.engine
        return self._limited.setdefault(caller.owners, only_of(self.engine, caller.owners))

    async def _current(self) -> Known:
        if self.clock() < self._until:
            return self._known
        async with self._rereading:
            if self.clock() >= self._until:
                begun = self.clock()
                self._known = await to_thread.run_sync(known_to, self.engine)
                self._until = begun + REREAD_SECONDS
        return self._known


def known_to(engine: Engine) -> Known:
    """Everybody whom the store knows; nobody before its tables were made."""
    try:
        if version(engine) is None:
            return Known()
        with engine.connect() as connection:
            return Known({key.key_id: key for key in all_keys(connection)})
    except DBAPIError as error:
        raise unreachable(engine, error) from None


class Needs:
    """A dependency of a route: whoever asks must be known and have the scope."""

    def __init__(self, scope: Scope | Literal["public"]) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> None:
        """Notes the caller in `request.state.caller`. Raises AccessError where they may not."""
        request.state.caller = NOBODY if self.scope == PUBLIC else await self._admitted(request)

    async def _admitted(self, request: Request) -> Caller:
        access: Access = request.app.state.access
        caller = await access.caller(request)
        # A key is never sent by a browser of its own accord; everything else may be.
        if request.method not in READING and "authorization" not in request.headers:
            refuse_foreign_page(request.headers)
        if self.scope not in caller.scopes:
            raise NotAllowedError(f"This needs the scope {self.scope}.", self.scope)  # type: ignore
        return caller


def needs(scope: Scope | Literal["public"]) -> Any:
    """To be given as a dependency to every route: the scope that a caller must have."""
    return Depends(Needs(scope))


def store_of(request: Request) -> Engine:
    """The store as the caller of this request sees it."""
    access: Access = request.app.state.access
    return access.store_of(request.state.caller)


def declared_scopes(routes: Iterable[BaseRoute]) -> dict[tuple[str, str], str | None]:
    """The scope of every (method, path); None where none is declared."""
    found: dict[tuple[str, str], str | None] = {}
    for route in _every(routes):
        path = str(getattr(route, "path_format", getattr(route, "path", "")))
        scopes = [
            part.dependency.scope
            for part in getattr(route, "dependencies", ())
            if isinstance(part.dependency, Needs)
        ]
        scope = scopes[0] if len(scopes) == 1 else None
        if path in OPEN_PATHS:
            scope = PUBLIC
        for method in sorted(getattr(route, "methods", None) or {"GET"}):
            found[method, path] = scope
    return found


def refuse_undeclared(routes: Iterable[BaseRoute]) -> None:
    """Raises LookupError for a route without a scope: the service does not start with one."""
    undeclared = [" ".join(route) for route, scope in declared_scopes(routes).items() if not scope]
    if undeclared:
        raise LookupError(
            f"No scope is declared for {', '.join(undeclared)}: give each "
            "`dependencies=[needs(…)]` with one of serving/people/scopes.py."
        )


def refuse_unguarded(engine: Engine, host: str) -> None:
    """Raises EnvironmentProblem where others could reach a service that lets everybody in."""
    if not is_loopback(host) and not known_to(engine).anybody:
        raise EnvironmentProblem(
            f"REGULARS_HOST={host} would show every customer to whoever can reach this machine. "
            "Make a key first: `python -m serving.cli keys create --name crm --scopes "
            "cards:read,figures:read`."
        )


def refuse_foreign_page(headers: Headers) -> None:
    """Raises ForeignPageError where a browser says that another site's page sends this."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        is_foreign = site not in ("same-origin", "none")
    else:
        is_foreign = origin is not None and origin.partition("://")[2] != headers.get("host")
    if is_foreign:
        raise ForeignPageError("A page of another site may not change anything here.")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _by_key(known: Known, authorization: str) -> Caller:
    kind, _, text = authorization.partition(" ")
    if kind.lower() != "bearer":
        raise NotKnownError("Send the key as `Authorization: Bearer regulars_…`.", with_key=True)
    key_id = key_id_of(text.strip())
    key = None if key_id is None else known.keys.get(key_id)
    if key is None or not fits(key, text.strip()):
        raise NotKnownError("This key is not known here.", with_key=True)
    problem = key.problem(utc_now())
    if problem is not None:
        raise NotKnownError(f"The key {key.key_id} {problem}.", with_key=True)
    return Caller(f"key {key.key_id}", key.scopes, key.owners)


def _every(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """The routes, those of included routers too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from _every(included.routes)
