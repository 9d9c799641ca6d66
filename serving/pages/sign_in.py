"""Signing in and out, by a form that needs no script."""

import math
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from serving.people.access import Access, address_of, needs
from serving.people.scopes import PUBLIC
from serving.people.sessions import TO_SET
from serving.web.page import asked_in, own_path, sign_in_page, suffix

LARGEST_FORM = 10_000  # bytes
router = APIRouter(include_in_schema=False)


@router.get("/sign-in", dependencies=[needs(PUBLIC)])
async def get_sign_in(request: Request) -> Response:
    """The form."""
    return sign_in_page(request, 200, "/")


@router.post("/sign-in", dependencies=[needs(PUBLIC)])
async def post_sign_in(request: Request) -> Response:
    """Begin a session; wrong names and passwords are answered alike, and ever more slowly."""
    access: Access = request.app.state.access
    form = await _form(request)
    following = own_path(form.get("next", ""))
    address = address_of(request)
    tried = await access.signed_in(form.get("name", ""), form.get("password", ""), address)
    if tried.cookie is None:
        wait = math.ceil(tried.wait)
        key = "page.sign_in_later" if wait else "page.sign_in_wrong"
        page = sign_in_page(request, 429 if wait else 401, following, key, seconds=wait)
        if wait:
            page.headers["Retry-After"] = str(wait)
        return page
    setattr(request.state, TO_SET, tried.cookie)
    return RedirectResponse(following, 303)


@router.post("/sign-out", dependencies=[needs(PUBLIC)])
async def post_sign_out(request: Request) -> Response:
    """End the session, whether or not there is one, and show the form."""
    access: Access = request.app.state.access
    await access.signed_out(request)
    setattr(request.state, TO_SET, "")
    asked = {name: values for name, values in asked_in(request).items() if name == "language"}
    return RedirectResponse("/sign-in" + suffix(asked), 303)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; one that is too large or no text is empty."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            return {}
    try:
        fields = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
