"""Requests of callers who are not known, or may not do this; `serving/web` makes HTTP of them."""

from core.errors import AccessError
from serving.people.scopes import WHOLE_COMPANY, Scope


class NotKnownError(AccessError):
    """Nobody is signed in, or the key is unknown, expired or revoked.

    `with_key` tells whether a key was given; `why` is what the audit log says of it.
    """

    def __init__(self, message: str, with_key: bool = False, why: str | None = None) -> None:
        super().__init__(message)
        self.with_key, self.why = with_key, why


class NotAllowedError(AccessError):
    """The caller is known and lacks `scope`."""

    def __init__(self, scope: Scope) -> None:
        of_all = ", and to see the customers of all owners" if scope in WHOLE_COMPANY else ""
        super().__init__(f"This needs the scope {scope}{of_all}.")
        self.scope = scope


class TooManyError(AccessError):
    """The caller has asked more often in this minute than is allowed; `headers` say when again."""

    def __init__(self, limit: int, headers: dict[str, str]) -> None:
        super().__init__(f"So much may be asked in a minute: {limit} requests.")
        self.headers = {**headers, "Retry-After": headers["RateLimit-Reset"]}


class ForeignPageError(AccessError):
    """A page of another site tried to write through somebody's browser."""
