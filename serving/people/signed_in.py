"""Who is signed in, for answers that no route gives: the page of a problem offers to sign out."""

from contextlib import suppress

from fastapi import Request

from core.errors import AccessError, StoreError
from serving.people.access import Access
from serving.people.sessions import COOKIE


async def note_user(request: Request) -> None:
    """Note in `request.state.caller` whose session this is, where no route has noted a caller."""
    is_known = hasattr(request.state, "caller") or "authorization" in request.headers
    if is_known or COOKIE not in request.cookies:
        return
    access: Access = request.app.state.access
    with suppress(AccessError, StoreError):
        request.state.caller = await access.caller(request)
