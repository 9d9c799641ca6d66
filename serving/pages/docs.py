"""The documentation of the API as a page, and the icon of every page."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from serving.people.access import needs
from serving.people.scopes import PUBLIC
from serving.web.language import chosen_language
from serving.web.page import asked_in, page_of, query_of

router = APIRouter(include_in_schema=False)


@router.get("/docs", dependencies=[needs(PUBLIC)])
def docs_page(request: Request) -> Response:
    """The API's documentation, drawn by scripts of this package."""
    asked = {name: values for name, values in asked_in(request).items() if name == "language"}
    return page_of(request, "docs.html", chosen_language(request, query_of(asked).language), asked)


@router.get("/favicon.ico", dependencies=[needs(PUBLIC)])
async def favicon() -> Response:
    """The icon that browsers request for every page."""
    return RedirectResponse("/static/icon.svg", 308)
