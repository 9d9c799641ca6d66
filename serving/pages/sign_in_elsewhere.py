"""Signing in at the provider of the settings: there, and back."""

import logging
from functools import partial

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from core.errors import AccountError
from serving.people.access import Access, needs
from serving.people.oidc import COOKIE, FLOW_SECONDS, Provider, new_flow, sealed, unsealed
from serving.people.scopes import PUBLIC
from serving.people.sessions import TO_SET
from serving.web.page import own_path, sign_in_page
from serving.web.problems import ApiProblem

THERE, BACK = "/sign-in/elsewhere", "/sign-in/elsewhere/back"
AT_ONCE = CapacityLimiter(4)  # a provider that hangs takes no other threads
log = logging.getLogger("uvicorn.error")
router = APIRouter(include_in_schema=False)


@router.get(THERE, dependencies=[needs(PUBLIC)])
async def go_there(request: Request) -> Response:
    """Send the browser to the provider."""
    access: Access = request.app.state.access
    provider, flow = _provider(request), new_flow(own_path(request.query_params.get("next", "")))
    try:
        key = await access.signing()
        address = partial(provider.address, flow, _back(request))
        answer = RedirectResponse(await to_thread.run_sync(address, limiter=AT_ONCE), 303)
    except AccountError as error:
        return _refused(request, error, flow.following)
    is_secure = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, sealed(flow, key), FLOW_SECONDS, path=THERE, secure=is_secure, httponly=True
    )
    return answer


@router.get(BACK, dependencies=[needs(PUBLIC)])
async def come_back(request: Request) -> Response:
    """Begin a session for whom the provider names."""
    access: Access = request.app.state.access
    provider, sent = _provider(request), dict(request.query_params)
    try:
        flow = unsealed(request.cookies.get(COOKIE, ""), await access.signing())
        named = partial(provider.name, flow, sent, _back(request))
        name = await to_thread.run_sync(named, limiter=AT_ONCE)
        setattr(request.state, TO_SET, await access.signed_in_elsewhere(name))
    except AccountError as error:
        answer: Response = _refused(request, error, "/")
    else:
        answer = RedirectResponse(flow.following, 303)
    answer.delete_cookie(COOKIE, path=THERE)
    return answer


def _refused(request: Request, error: AccountError, following: str) -> Response:
    """The form again; only the log says why, as whoever reads it may be anybody."""
    log.warning("Nobody was signed in by the provider: %s", error)
    return sign_in_page(request, 401, following, "page.sign_in_elsewhere_wrong")


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise ApiProblem("not-found", "No provider is set up: docs/security.md.")
    return provider


def _back(request: Request) -> str:
    """Our address that the provider sends the browser back to; the guard has checked the host."""
    return f"{request.url.scheme}://{request.headers['host']}{BACK}"
