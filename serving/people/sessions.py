"""Sessions of users: a signed cookie, which ends after hours without a request, and after days.

Nothing is stored while a session runs, so that a read-only copy of the store can serve it; its
beginning is noted in the audit log, and signing out is stored until it would have ended by itself.
"""

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import Connection, Engine, delete, insert, select
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.clock import utc_now
from serving.people.audit import note
from serving.people.users import User
from serving.store.database import writing
from serving.store.people_tables import ended_sessions

COOKIE = "regulars_session"
IDLE = dt.timedelta(hours=8)  # without a request
LONGEST = dt.timedelta(days=7)  # since the password was given
RENEWED_AFTER = dt.timedelta(minutes=5)
TO_SET = "session_cookie"  # in the state of a request: the cookie that its answer sets


@dataclass(frozen=True)
class Session:
    """A session as its cookie tells it; times are UTC."""

    session_id: str
    name: str
    password_number: int
    began_at: dt.datetime
    seen_at: dt.datetime

    @property
    def is_to_be_renewed(self) -> bool:
        """Whether the cookie is old enough to be written anew."""
        return utc_now() - self.seen_at > RENEWED_AFTER


def begin_session(engine: Engine, user: User, key: bytes) -> str:
    """The cookie of a session that begins now, noted in the audit log."""
    with writing(engine) as connection:
        note(connection, f"user {user.name}", "signed in")
    return new_session(user, key)


def new_session(user: User, key: bytes) -> str:
    """The cookie of a session that begins now."""
    return _signed(key, secrets.token_hex(16), user.name, user.password_number, utc_now())


def renewed(session: Session, key: bytes) -> str:
    """The cookie of the same session, seen now."""
    parts = (session.session_id, session.name, session.password_number, session.began_at)
    return _signed(key, *parts)


def read_session(cookie: str, key: bytes) -> Session | None:
    """The session of a cookie; None where it was forged or has ended by its times."""
    try:
        (session_id, name, number, began), seen = _signer(key).loads(
            cookie, max_age=int(IDLE.total_seconds()), return_timestamp=True
        )
        began_at = dt.datetime.fromisoformat(began)
    except (BadData, ValueError, TypeError):
        return None
    if utc_now() - began_at > LONGEST:
        return None
    return Session(session_id, name, number, began_at, seen.replace(tzinfo=None))


def end_session(engine: Engine, session: Session) -> None:
    """The cookie opens nothing any more, wherever a copy of it lies."""
    now = utc_now()
    with writing(engine) as connection:
        connection.execute(delete(ended_sessions).where(ended_sessions.c.until < now))
        if session.session_id not in ended(connection):
            until = session.began_at + LONGEST
            row = {"session_id": session.session_id, "until": until}
            connection.execute(insert(ended_sessions).values(row))
            note(connection, f"user {session.name}", "signed out")


def ended(connection: Connection) -> frozenset[str]:
    """The sessions that were ended by hand."""
    return frozenset(connection.scalars(select(ended_sessions.c.session_id)))


def as_header(cookie: str, scope: Mapping[str, object]) -> str:
    """The value of Set-Cookie; an empty cookie takes it back."""
    age = int(LONGEST.total_seconds()) if cookie else 0
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return f"{COOKIE}={cookie}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"


class SessionCookie:
    """Sets the cookie that a request's state holds on whatever answers it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        state = scope.setdefault("state", {})

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and TO_SET in state:
                headers = MutableHeaders(scope=message)
                headers.append("Set-Cookie", as_header(state[TO_SET], scope))
            await send(message)

        await self.app(scope, receive, with_cookie)


def _signed(key: bytes, session_id: str, name: str, number: int, began: dt.datetime) -> str:
    content = [session_id, name, number, began.isoformat()]
    signed: str = _signer(key).dumps(content)
    return signed


def _signer(key: bytes) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(key, salt="regulars session")
