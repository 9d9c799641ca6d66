"""Forms that a page sends: their fields, and the way back to the page they came from."""

from urllib.parse import parse_qs

from fastapi import Request

from serving.web.page import came_from, own_path

LARGEST_FORM = 200_000  # bytes: the ids of a whole page of the list, each as long as they may be
MAX_FIELDS = 2_000
BACK = "back"  # the field that says where to go afterwards


async def form_of(request: Request, largest: int = LARGEST_FORM) -> dict[str, list[str]]:
    """The fields of a form, as they were sent; one that is too large or no text is empty.

    Fields left empty are left out, as in an address.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > largest:
            return {}
    try:
        return parse_qs(body.decode("ascii"), errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}


def one(form: dict[str, list[str]], name: str) -> str | None:
    """The value of a field; None where it is empty or not there."""
    return next(iter(form.get(name, [])), None)


def back_of(request: Request, form: dict[str, list[str]]) -> str:
    """The page that a form was on: as it says itself, else as the browser does."""
    return own_path(one(form, BACK) or came_from(request) or "/")
