"""Users: a name, a password and a role; the store keeps the password's argon2id hash."""

import datetime as dt
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.sql import Select

from core.clock import utc_now
from core.errors import AccountError, did_you_mean
from serving.people.audit import COMMAND, note
from serving.people.scopes import ROLES, Role
from serving.store.database import writing
from serving.store.own_secrets import SESSIONS, made_secret, remade_secret
from serving.store.people_tables import users

SHORTEST, LONGEST = 12, 200  # characters of a password
HASHER = PasswordHasher()  # argon2id with the library's settings: RFC 9106, 64 MB of memory


@dataclass(frozen=True)
class User:
    """What the store knows of a user. `owners`: whose customers they see; None: everybody's."""

    name: str
    password_hash: str
    role: Role
    owners: frozenset[str] | None
    created_at: dt.datetime
    password_number: int


def add_user(
    engine: Engine,
    name: str,
    password: str | None,
    role: str,
    owners: Collection[str] | None = None,
) -> None:
    """Add a user; one without a password can only sign in at a provider.

    Raises AccountError for a name that is taken, an unknown role, a bad password.
    """
    if role not in ROLES:
        raise AccountError(
            f"There is no role {role!r}.{did_you_mean(role, ROLES)} The roles: {', '.join(ROLES)}."
        )
    name = normal(name)
    if not name or not name.isprintable() or len(name) > LONGEST:
        raise AccountError("A user needs a name of printable characters.")
    if owners is not None and not owners:
        raise AccountError("A user who sees nobody's customers is of no use: name an owner.")
    hashed = "" if password is None else _hashed(name, password)
    with writing(engine) as connection:
        if _user(connection, name) is not None:
            raise AccountError(f"There is a user {name} already.")
        made_secret(connection, SESSIONS)
        connection.execute(
            insert(users).values(
                name=name,
                password_hash=hashed,
                role=role,
                owners=None if owners is None else sorted(set(owners)),
                created_at=utc_now(),
                password_number=1,
            )
        )
        note(connection, COMMAND, f"added a user as {role}", f"user {name}")


def change_password(engine: Engine, name: str, password: str) -> None:
    """Set another password; whoever is signed in with the old one is signed out."""
    name = normal(name)
    hashed = _hashed(name, password)
    with writing(engine) as connection:
        _present(connection, name)
        following = {"password_number": users.c.password_number + 1}
        changed = update(users).where(users.c.name == name)
        connection.execute(changed.values(password_hash=hashed, **following))
        note(connection, COMMAND, "set another password", f"user {name}")


def remove_user(engine: Engine, name: str) -> None:
    """Remove a user, who is signed out within seconds."""
    name = normal(name)
    with writing(engine) as connection:
        _present(connection, name)
        connection.execute(delete(users).where(users.c.name == name))
        note(connection, COMMAND, "removed a user", f"user {name}")


def sign_out_all(engine: Engine) -> None:
    """End every session there is, and any that was forged with what signs them."""
    with writing(engine) as connection:
        remade_secret(connection, SESSIONS)
        note(connection, COMMAND, "signed out everybody")


def all_users(connection: Connection) -> list[User]:
    """Every user, by name."""
    return [_as_user(row) for row in connection.execute(_all().order_by(users.c.name))]


def is_password(user: User | None, password: str) -> bool:
    """Whether this is the user's password. It takes 50 ms of a processor, also for no user."""
    try:
        hashed = (user and user.password_hash) or _nobodys()
        return HASHER.verify(hashed, password) and user is not None
    except (VerificationError, InvalidHashError):
        return False


def normal(name: str) -> str:
    """The name as it is stored: one form for what looks the same, and in small letters."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


@cache
def _nobodys() -> str:
    """What is compared with where there is no such user, so that the time tells nothing."""
    return HASHER.hash(secrets.token_hex(16))


def _hashed(name: str, password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountError(f"A password has {SHORTEST} to {LONGEST} characters.")
    if len(set(password)) < 5 or name in password.casefold():
        raise AccountError("This password can be guessed: take several words that do not belong.")
    return HASHER.hash(password)


def _present(connection: Connection, name: str) -> None:
    if _user(connection, name) is None:
        raise AccountError(
            f"There is no user {name}: `python -m serving.cli users list` shows them all."
        )


def _user(connection: Connection, name: str) -> User | None:
    row = connection.execute(_all().where(users.c.name == name)).first()
    return None if row is None else _as_user(row)


def _all() -> Select[tuple[object, ...]]:
    return select(users)


def _as_user(row: Row[tuple[object, ...]]) -> User:
    owners = None if row.owners is None else frozenset(row.owners)
    return User(**{**row._asdict(), "owners": owners})
