"""Who asks, and whether they may: every route declares the scope that it needs.

While the store knows neither a key nor a user, this machine may do everything: nobody else can
reach the service then, as it listens on 127.0.0.1. From the first key or user on everybody has to
be known, also when all keys have been revoked.
"""

import asyncio
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from core.errors import AccountError, EnvironmentProblem, StoreError
from serving.people.errors import NotAllowedError, NotKnownError, TooManyError
from serving.people.failures import Failures
from serving.people.foreign import refuse_foreign_page
from serving.people.keys import Key, all_keys, fits, key_id_of
from serving.people.rates import Rate
from serving.people.scopes import ROLES, SCOPES, WRITES, Scope, scopes_within
from serving.people.sessions import (
    COOKIE,
    TO_SET,
    Session,
    begin_session,
    end_session,
    ended,
    read_session,
    renewed,
)
from serving.people.throttle import FREE_OF_AN_ADDRESS, Throttle
from serving.people.users import LONGEST as LONGEST_PASSWORD
from serving.people.users import User, all_users, is_password, normal
from serving.store.database import unreachable, version
from serving.store.outage import Outage
from serving.store.own_secrets import SESSIONS, secret
from serving.store.read_only import refuse_read_only
from serving.store.visible import only_of

REREAD_SECONDS = 2.0  # how long a revoked key may still open something
RETRY_SECONDS = 0.5  # until a store that did not answer is asked again
KEY = "key "  # how `Caller.who` begins for a key
RATE = "regulars.rate"  # in the scope of a request: what its key may still ask for
READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Caller:
    """Who asks, what they may do, and whose customers they see (`owners`; None: everybody's)."""

    who: str
    scopes: frozenset[Scope]
    owners: frozenset[str] | None = None
    user: str | None = None


MACHINE = Caller("this machine", frozenset(SCOPES))
NOBODY = Caller("nobody", frozenset(), frozenset())


@dataclass(frozen=True)
class Known:
    """Everybody whom the store knows."""

    keys: dict[str, Key] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()  # sessions
    signing: bytes | None = None  # signs cookies; made with the first user

    @property
    def anybody(self) -> bool:
        """Whether there has ever been a key or a user."""
        return bool(self.keys or self.users) or self.signing is not None

    def session(self, cookie: str | None) -> Session | None:
        """The session of a cookie, if it has not ended."""
        if cookie is None or self.signing is None:
            return None
        found = read_session(cookie, self.signing)
        if found is None or found.session_id in self.ended or found.name not in self.users:
            return None
        is_same = found.password_number == self.users[found.name].password_number
        return found if is_same else None


@dataclass(frozen=True)
class Tried:
    """What became of a log-in: the cookie of a session, or none, and the seconds to wait."""

    cookie: str | None
    wait: float = 0.0


class Access:
    """Answers who asks; what the store knows is read again every REREAD_SECONDS."""

    def __init__(
        self,
        engine: Engine,
        host: str,
        clock: Callable[[], float] = time.monotonic,
        key_rate: int = 0,
    ) -> None:
        self.engine, self.is_local, self.clock = engine, is_loopback(host), clock
        self._known, self._until = Known(), -1.0
        self._rereading, self._reading = asyncio.Lock(), CapacityLimiter(1)
        self._failure: StoreError | None = None
        self.outage, self.key_rate = Outage(), Rate(key_rate, clock)
        self._limited: dict[frozenset[str], Engine] = {}
        # One log-in at a time: each takes 64 MB, and must not keep all cores busy.
        self._hashing = CapacityLimiter(1)
        self._failures = Failures(engine)
        self._of_name, self._of_address = Throttle(clock), Throttle(clock, FREE_OF_AN_ADDRESS)

    async def caller(self, request: Request) -> Caller:
        """Who asks. Raises NotKnownError, StoreError when the store does not answer."""
        known = await self._current()
        authorization = request.headers.get("authorization")
        if authorization is not None:
            try:
                return _by_key(known, authorization)
            except NotKnownError as error:
                if error.why is not None:
                    self._failures.failed(address_of(request), error.why)
                raise
        session = known.session(request.cookies.get(COOKIE))
        if session is not None and known.signing is not None:
            if session.is_to_be_renewed:
                setattr(request.state, TO_SET, renewed(session, known.signing))
            user = known.users[session.name]
            scopes = scopes_within(ROLES[user.role], user.owners)
            return Caller(f"user {user.name}", scopes, user.owners, user.name)
        if not known.anybody and self.is_local:
            return MACHINE
        raise NotKnownError("Send a key: `Authorization: Bearer regulars_…`.")

    async def signed_in(self, name: str, password: str, address: str) -> Tried:
        """Begin a session where name and password belong together; the address slows failures.

        Raises WriteError where the store cannot note it.
        """
        refuse_read_only(self.engine)
        known = await self._current()
        name = normal(name)
        wait = max(self._of_name.wait(name), self._of_address.wait(address))
        whom = f"user {name}" if name in known.users else "an unknown user"
        if wait > 0:
            self._failures.failed(address, f"{whom} too soon")
            return Tried(None, wait)
        user = known.users.get(name)
        given = password[:LONGEST_PASSWORD]
        fits_it = await to_thread.run_sync(is_password, user, given, limiter=self._hashing)
        if not fits_it or user is None or known.signing is None:
            self._failures.failed(address, f"{whom} with a wrong password")
            self._of_name.failed(name)
            self._of_address.failed(address)
            return Tried(None)
        self._of_name.succeeded(name)
        begun = await to_thread.run_sync(begin_session, self.engine, user, known.signing)
        return Tried(begun)

    async def signed_in_elsewhere(self, name: str) -> str:
        """The cookie of a session of this user, whom a provider has named.

        Raises AccountError where there is no such user.
        """
        known = await self._current()
        user = known.users.get(normal(name))
        if user is None or known.signing is None:
            raise AccountError("There is no such user here.")
        return await to_thread.run_sync(begin_session, self.engine, user, known.signing)

    async def signing(self) -> bytes:
        """What signs cookies. Raises AccountError where there are no users yet."""
        key = (await self._current()).signing
        if key is None:
            raise AccountError("There are no users here yet.")
        return key

    async def signed_out(self, request: Request) -> None:
        """End the session of this request, if it has one."""
        known = await self._current()
        session = known.session(request.cookies.get(COOKIE))
        if session is not None:
            await to_thread.run_sync(end_session, self.engine, session)
            self._until = -1.0

    def store_of(self, caller: Caller) -> Engine:
        """The store as this caller sees it."""
        if caller.owners is None:
            return self.engine
        return self._limited.setdefault(caller.owners, only_of(self.engine, caller.owners))

    async def _current(self) -> Known:
        if self.clock() >= self._until:
            async with self._rereading:
                if self.clock() >= self._until:
                    await self._reread()
        if self._failure is not None:
            raise StoreError(str(self._failure))
        return self._known

    async def _reread(self) -> None:
        """Read who is known; where the store does not answer, all who wait are told so at once."""
        begun, self._failure = self.clock(), None
        try:
            # With a thread of its own: requests that take all the others must not lock it out.
            self._known = await to_thread.run_sync(known_to, self.engine, limiter=self._reading)
            self._until = begun + REREAD_SECONDS
            self.outage.over()
        except StoreError as error:
            self._failure, self._until = error, self.clock() + RETRY_SECONDS


def known_to(engine: Engine) -> Known:
    """Everybody whom the store knows; nobody before its tables were made."""
    try:
        if version(engine) is None:
            return Known()
        with engine.connect() as connection:
            return Known(
                keys={key.key_id: key for key in all_keys(connection)},
                users={user.name: user for user in all_users(connection)},
                ended=ended(connection),
                signing=secret(connection, SESSIONS),
            )
    except DBAPIError as error:
        raise unreachable(engine, error) from None


class Needs:
    """A dependency of a route: whoever asks must have the scope, and the store must take it."""

    def __init__(self, scope: Scope | Literal["public"]) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> None:
        """Notes the caller in `request.state.caller`. Raises AccessError, ReadOnlyError."""
        # A key is never sent by a browser of its own accord; everything else may be.
        if request.method not in READING and "authorization" not in request.headers:
            refuse_foreign_page(request.headers)
        scope = self.scope
        request.state.caller = NOBODY if scope == "public" else await _admitted(request, scope)


async def _admitted(request: Request, scope: Scope) -> Caller:
    access: Access = request.app.state.access
    caller = await access.caller(request)
    if caller.who.startswith(KEY):
        try:
            request.scope[RATE] = access.key_rate.counted(caller.who)
        except TooManyError as error:
            request.scope[RATE] = error.headers
            raise
    if scope not in caller.scopes:
        raise NotAllowedError(scope)
    if scope in WRITES:  # before anything is read that the caller sent
        refuse_read_only(access.engine)
    return caller


def needs(scope: Scope | Literal["public"]) -> Any:
    """To be given as a dependency to every route: the scope that a caller must have."""
    return Depends(Needs(scope))


def store_of(request: Request) -> Engine:
    """The store as the caller of this request sees it."""
    access: Access = request.app.state.access
    return access.store_of(request.state.caller)


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy on this machine what that says of it."""
    return request.client.host if request.client else ""


def refuse_unguarded(engine: Engine, host: str) -> None:
    """Raises EnvironmentProblem where others could reach a service that lets everybody in."""
    if not is_loopback(host) and not known_to(engine).anybody:
        raise EnvironmentProblem(
            f"REGULARS_HOST={host} would show every customer to whoever can reach this machine. "
            "Make a key first, or add a user: `python -m serving.cli keys create --name crm "
            "--scopes cards:read,figures:read`, `python -m serving.cli users add --name anna`."
        )


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
        why = "an unknown key" if key is None else f"key {key.key_id} with a wrong secret"
        raise NotKnownError("This key is not known here.", with_key=True, why=why)
    problem = key.problem(utc_now())
    if problem is not None:
        why = f"key {key.key_id}, which {problem}"
        raise NotKnownError(f"The key {key.key_id} {problem}.", with_key=True, why=why)
    return Caller(KEY + key.key_id, scopes_within(key.scopes, key.owners), key.owners)
