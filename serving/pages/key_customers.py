"""Key customers as a list, and the lead's view over managers."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from serving.people.access import needs, store_of
from serving.store.visible import visible_owners
from serving.web.convertors import id_in_path
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, suffix
from serving.wording.languages import LANGUAGES, Language
from serving.work.portfolios import Wanted, key_customers, portfolios

FLAGS = ("overdue", "without_owner", "without_plan")
MOST_DIGITS = 7
router = APIRouter(include_in_schema=False)


@router.get("/key-customers", dependencies=[needs("cards:read")])
def key_customers_page(request: Request) -> Response:
    """Class A with owner, plan and next step; a page behind the last one leads to the last."""
    asked = asked_in(request)
    parts = {name: values[0] for name, values in asked.items()}
    language = language_of(request)
    wanted = Wanted(
        owner=parts.get("owner"),
        page=max(1, number_in(parts.get("page"))),
        **{flag: parts.get(flag) == "true" for flag in FLAGS},
    )
    store, kept = store_of(request), kept_in(request)
    release, found = key_customers(store, wanted)
    here = {name: v for name, v in asked.items() if name in (*FLAGS, "owner", "language")}

    def at(page: int) -> str | None:
        is_there = 1 <= page <= found.pages and page != found.page
        return "/key-customers" + suffix({**here, "page": [page]}) if is_there else None

    if wanted.page > found.pages:
        return RedirectResponse("/key-customers" + suffix({**here, "page": [found.pages]}), 303)
    return page_of(
        request,
        "key_customers.html",
        language,
        here,
        release=release,
        found=found,
        wanted=wanted,
        urls={one.customer_id: key_customer_url(one.customer_id, kept) for one in found.customers},
        filter_url=lambda flag: "/key-customers" + suffix({**kept, flag: ["true"]}),
        plain="/key-customers" + suffix(kept),
        managers="/managers" + suffix(kept),
        previous=at(found.page - 1),
        next=at(found.page + 1),
        api="/v1/key-customers" + suffix({n: v for n, v in here.items() if n != "language"}),
        expired=out_of_date(release, language),
    )


@router.get("/managers", dependencies=[needs("cards:read")])
def managers_page(request: Request) -> Response:
    """Each owner's customers, value and work; who sees some owners only, sees these lines."""
    language, kept = language_of(request), kept_in(request)
    store = store_of(request)
    release, found = portfolios(store)
    return page_of(
        request,
        "managers.html",
        language,
        kept,
        release=release,
        found=found,
        sees_all=visible_owners(store) is None,
        list_of=lambda owner: "/" + suffix({**kept, "owner": [owner]}),
        keys_of=lambda owner: "/key-customers" + suffix({**kept, "owner": [owner]}),
        late_of=lambda owner: (
            "/key-customers" + suffix({**kept, "owner": [owner], "overdue": ["true"]})
        ),
        without="/key-customers" + suffix({**kept, "without_owner": ["true"]}),
        back_to="/key-customers" + suffix(kept),
        api="/v1/managers",
        expired=out_of_date(release, language),
    )


def key_customer_url(customer_id: str, parameters: dict[str, list[Any]]) -> str:
    """The address of the page of one customer's plan."""
    return f"/key-customers/{id_in_path(customer_id)}" + suffix(parameters)


def kept_in(request: Request) -> dict[str, list[str]]:
    """The parameters that every link of these pages carries on."""
    return {name: values for name, values in asked_in(request).items() if name == "language"}


def language_of(request: Request) -> Language:
    """The language that the address asks for, else that of the browser."""
    asked = next(iter(asked_in(request).get("language", [])), None)
    return chosen_language(request, next((one for one in LANGUAGES if one == asked), None))


def number_in(text: str | None) -> int:
    """A number of a form or an address; 0 for what is none."""
    is_one = text is not None and text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_one and text is not None else 0
