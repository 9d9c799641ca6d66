"""API keys: `regulars_<id>_<secret>`, shown once; the store keeps only a hash.

The secret has 160 random bits, so a plain sha256 is enough: nobody can try them all.
"""

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from core.clock import utc_now
from core.errors import AccountError, did_you_mean
from serving.people.audit import COMMAND, note
from serving.people.scopes import SCOPES, Scope
from serving.store.database import writing
from serving.store.people_tables import api_keys

PREFIX = "regulars"
ID_BYTES, SECRET_BYTES = 4, 20
LONGEST = 200  # characters of what is taken for a key at all


@dataclass(frozen=True)
class Key:
    """What the store knows of a key. `owners`: whose customers it sees; None: everybody's."""

    key_id: str
    name: str
    sha256: str
    scopes: frozenset[Scope]
    owners: frozenset[str] | None
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None

    def problem(self, now: dt.datetime) -> str | None:
        """Why the key opens nothing at this time (UTC); None while it does."""
        if self.revoked_at is not None:
            return "was revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return f"expired on {self.expires_at:%Y-%m-%d}"
        return None


def create_key(
    engine: Engine,
    name: str,
    scopes: Collection[str],
    owners: Collection[str] | None = None,
    lifetime: dt.timedelta | None = None,
    who: str = COMMAND,
) -> tuple[Key, str]:
    """Make a key; returns what is stored of it and the key itself, which is not.

    Raises AccountError for no name, an unknown scope, none at all, or an empty list of owners.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise AccountError(
                f"There is no scope {scope!r}.{did_you_mean(scope, SCOPES)} "
                f"The scopes: {', '.join(SCOPES)}."
            )
    if not name.strip() or not scopes:
        raise AccountError("A key needs a name and at least one scope.")
    if owners is not None and not owners:
        raise AccountError("A key that sees nobody's customers is of no use: name an owner.")
    if lifetime is not None and lifetime <= dt.timedelta(0):
        raise AccountError("A key has to be valid for at least a day.")
    key_id, now = secrets.token_hex(ID_BYTES), utc_now()
    text = f"{PREFIX}_{key_id}_{secrets.token_hex(SECRET_BYTES)}"
    with writing(engine) as connection:
        connection.execute(
            insert(api_keys).values(
                key_id=key_id,
                name=name.strip(),
                sha256=_hashed(text),
                scopes=sorted(set(scopes)),
                owners=None if owners is None else sorted(set(owners)),
                created_at=now,
                expires_at=None if lifetime is None else now + lifetime,
            )
        )
        note(connection, who, "made a key", f"key {key_id}")
        return _key(connection, key_id), text


def all_keys(connection: Connection) -> list[Key]:
    """Every key there ever was, oldest first."""
    rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id))
    return [_as_key(row) for row in rows]


def revoke_key(engine: Engine, key_id: str, who: str = COMMAND) -> None:
    """The key opens nothing any more. Raises AccountError where there is no such key."""
    of_it = api_keys.c.key_id == key_id
    with writing(engine) as connection:
        if connection.scalar(select(api_keys.c.key_id).where(of_it)) is None:
            raise AccountError(
                f"There is no key {key_id}: `python -m serving.cli keys list` shows them all."
            )
        connection.execute(
            update(api_keys)
            .where(of_it, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=utc_now())
        )
        note(connection, who, "revoked a key", f"key {key_id}")


def key_id_of(text: str) -> str | None:
    """The id within a key; None where the text has not the form of one."""
    parts = text.split("_")
    return parts[1] if len(text) <= LONGEST and len(parts) == 3 and parts[0] == PREFIX else None


def fits(key: Key, text: str) -> bool:
    """Whether this is the key, compared in a time that tells nothing."""
    return hmac.compare_digest(_hashed(text), key.sha256)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _key(connection: Connection, key_id: str) -> Key:
    return _as_key(connection.execute(select(api_keys).where(api_keys.c.key_id == key_id)).one())


def _as_key(row: Row[Any]) -> Key:
    owners = None if row.owners is None else frozenset(row.owners)
    return Key(**{**row._asdict(), "scopes": frozenset(row.scopes), "owners": owners})
