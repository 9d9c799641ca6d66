"""Signing in and out, by a form that needs no script."""

import math

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from serving.people.access import Access, address_of, needs
from serving.people.scopes import PUBLIC
from serving.people.sessions import TO_SET
from serving.web.form import form_of, one
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
    form = await form_of(request, LARGEST_FORM)
    following = own_path(one(form, "next") or "")
    address = address_of(request)
    tried = await access.signed_in(one(form, "name") or "", one(form, "password") or "", address)
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
