"""Cursors: where a page of a list ended, sealed so that nobody can make or change one.

A cursor names the release that its list began in, and tells no figure: totals are counted anew for
each page. The seal is an HMAC under a secret of the store's own, so that every process on one store
takes the cursors of every other, also after a restart.
"""

import base64
import datetime as dt
import hashlib
import hmac
import re

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Connection

from serving.cards.codes import Order, Sort
from serving.cards.parts import (
    NO_NUL,
    Number,
)
from serving.cards.sorting import DATED
from serving.store.own_secrets import CURSORS, secret

SEAL_BYTES = 16


class Cursor(BaseModel):
    """Where a page ended, in which release and order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release_id: str
    sort: Sort
    order: Order
    filters: str
    value: Number | str
    customer_id: str = Field(pattern=NO_NUL)
    seen: int = Field(ge=0, le=2**53)
    live_until: int | None = Field(default=None, ge=0, le=2**53)  # None: as it was published

    @model_validator(mode="after")
    def _fits(self) -> "Cursor":
        is_day = isinstance(self.value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", self.value)
        if self.sort in DATED:
            if not is_day:
                raise ValueError("a day is wanted")
            dt.date.fromisoformat(str(self.value))
        elif isinstance(self.value, str):
            raise ValueError("a number is wanted")
        return self


def sealed(connection: Connection, cursor: Cursor) -> str:
    """The cursor as opaque text for a URL."""
    content = cursor.model_dump_json().encode()
    return _written(_seal(connection, content) + content)


def unsealed(connection: Connection, text: str) -> Cursor | None:
    """The cursor that `sealed` wrote in this store; None for any other text."""
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if _written(whole) != text:  # the last letter holds bits that decoding leaves out
            return None
        seal, content = whole[:SEAL_BYTES], whole[SEAL_BYTES:]
        if not hmac.compare_digest(seal, _seal(connection, content)):
            return None
        return Cursor.model_validate_json(content, strict=True)
    except (ValueError, ValidationError):
        return None


def _written(whole: bytes) -> str:
    return base64.urlsafe_b64encode(whole).decode().rstrip("=")


def _seal(connection: Connection, content: bytes) -> bytes:
    # Read each time: a store that was deleted and written anew has another secret.
    key = secret(connection, CURSORS)
    if key is None:
        raise LookupError("The store has no secret for cursors: publishing makes it.")
    return hmac.new(key, content, hashlib.sha256).digest()[:SEAL_BYTES]
