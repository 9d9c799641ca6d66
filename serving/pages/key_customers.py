"""Key customers: what is agreed with them, a form for each, and the lead's view over managers."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from models.customers.relationship import RELATIONSHIP_LEVELS
from serving.cards.key_customers import (
    LONGEST,
    LONGEST_PERSON,
    LONGEST_REPEAT,
    LONGEST_STEP,
    MovedStep,
    NewPlan,
    NewStep,
)
from serving.people.access import needs, store_of
from serving.store.errors import KeyCustomerChangedError, StepNotFoundError
from serving.store.reading import one_card
from serving.store.visible import visible_owners
from serving.web.convertors import ANYTHING, id_in_path
from serving.web.form import form_of
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, suffix
from serving.wording.languages import LANGUAGES, Language
from serving.wording.people import person
from serving.work.key_customers import add_step, change_plan, move_step, plan_of
from serving.work.portfolios import Wanted, key_customers, portfolios

FLAGS = ("overdue", "without_owner", "without_plan")
TOLD = ("changed", "added", "done", "drop", "undo", "late", "unusable")
BAD = ("late", "unusable")
MOST_DIGITS = 7
router = APIRouter(include_in_schema=False)


@router.get("/key-customers", dependencies=[needs("cards:read")])
def key_customers_page(request: Request) -> Response:
    """Class A with owner, plan and next step; a page behind the last one leads to the last."""
    asked = asked_in(request)
    parts = {name: values[0] for name, values in asked.items()}
    language = _language(request, parts)
    wanted = Wanted(
        owner=parts.get("owner"),
        page=max(1, _number(parts.get("page"))),
        **{flag: parts.get(flag) == "true" for flag in FLAGS},
    )
    store, kept = store_of(request), _kept(request)
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
        urls={one.customer_id: _url(one.customer_id, kept) for one in found.customers},
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
    parts = {name: values[0] for name, values in asked_in(request).items()}
    language, kept = _language(request, parts), _kept(request)
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


@router.get(f"/key-customers/{{customer_id:{ANYTHING}}}", dependencies=[needs("cards:read")])
def key_customer_page(customer_id: str, request: Request) -> Response:
    """The plan of one customer as a form, and the steps with what can be done about each."""
    parts = {name: values[0] for name, values in asked_in(request).items()}
    language, kept = _language(request, parts), _kept(request)
    store = store_of(request)
    release, card = one_card(store, customer_id, False)
    told = parts.get("told")
    return page_of(
        request,
        "key_customer.html",
        language,
        kept,
        release=release,
        card=card,
        plan=plan_of(store, customer_id),
        owners=release.owners,
        levels=RELATIONSHIP_LEVELS,
        told=told if told in TOLD else None,
        is_bad=told in BAD,
        may_write="work:write" in request.state.caller.scopes,
        who=partial(person, language=language),
        limits={
            "text": LONGEST,
            "step": LONGEST_STEP,
            "person": LONGEST_PERSON,
            "repeat": LONGEST_REPEAT,
        },
        action=_url(customer_id, kept),
        customer_url=f"/customers/{id_in_path(customer_id)}" + suffix(kept),
        back_to="/key-customers" + suffix(kept),
        api=f"/v1/customers/{id_in_path(customer_id)}/relationship",
        expired=out_of_date(release, language),
    )


async def _form(request: Request) -> dict[str, list[str]]:
    return await form_of(request)


Form = Annotated[dict[str, list[str]], Depends(_form)]


@router.post(f"/key-customers/{{customer_id:{ANYTHING}}}", dependencies=[needs("work:write")])
def post_key_customer(customer_id: str, request: Request, form: Form) -> Response:
    """Change the plan, agree on a step, or say what became of one; `do` says which."""
    try:
        told = _done(request, customer_id, {name: values[0] for name, values in form.items()})
    except ValidationError:
        told = "unusable"
    except (KeyCustomerChangedError, StepNotFoundError):
        told = "late"
    return RedirectResponse(_url(customer_id, {**_kept(request), "told": [told]}), 303)


def _done(request: Request, customer_id: str, form: dict[str, str]) -> str:
    store, who = store_of(request), request.state.caller.who
    do = form.get("do")
    if do == "plan":
        names = ("owner", "goal", "level", "duties", "version")
        new = NewPlan.model_validate({n: form[n] for n in names if n in form}, strict=False)
        change_plan(store, customer_id, new, who)
        return "changed"
    if do == "add":
        fields = ("what", "due_on", "responsible", "repeat_days")
        step = NewStep.model_validate({n: form[n] for n in fields if n in form}, strict=False)
        add_step(store, customer_id, step, who)
        return "added"
    moved = MovedStep.model_validate_strings({"move": do or ""})
    move_step(store, customer_id, _number(form.get("step")), moved, who)
    return str(moved.move)


def _url(customer_id: str, parameters: dict[str, list[Any]]) -> str:
    return f"/key-customers/{id_in_path(customer_id)}" + suffix(parameters)


def _kept(request: Request) -> dict[str, list[str]]:
    return {name: values for name, values in asked_in(request).items() if name == "language"}


def _language(request: Request, parts: dict[str, str]) -> Language:
    asked = parts.get("language")
    return chosen_language(request, next((one for one in LANGUAGES if one == asked), None))


def _number(text: str | None) -> int:
    is_one = text is not None and text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_one and text is not None else 0
