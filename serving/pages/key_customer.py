"""The plan and the steps of one customer: forms that come back with what was typed."""

import datetime as dt
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from core.clock import utc_now
from models.customers.relationship import RELATIONSHIP_LEVELS
from serving.cards.key_customers import (
    LONGEST,
    LONGEST_AGO,
    LONGEST_AHEAD,
    LONGEST_PERSON,
    LONGEST_REPEAT,
    LONGEST_STEP,
    MovedStep,
    NewPlan,
    NewStep,
    RelationshipPlan,
)
from serving.pages.key_customers import kept_in, key_customer_url, language_of, number_in
from serving.people.access import needs, store_of
from serving.store.errors import KeyCustomerChangedError, StepNotFoundError, UnknownNameError
from serving.store.reading import one_card, reading_of
from serving.web.convertors import ANYTHING, id_in_path
from serving.web.form import form_of
from serving.web.page import asked_in, out_of_date, page_of, suffix
from serving.wording.people import person
from serving.work.assignees import assignees
from serving.work.key_customers import add_step, change_plan, lines_of, move_step, plan_of

DONE = ("changed", "added", "done", "drop", "undo")
COLLIDED = "collided"
TOLD = (*DONE, "late", "unusable")
FIELDS = {
    "plan": ("owner", "goal", "level", "duties", "version"),
    "add": ("what", "due_on", "responsible", "repeat_days"),
}
router = APIRouter(include_in_schema=False)
PATH = f"/key-customers/{{customer_id:{ANYTHING}}}"


@dataclass(frozen=True)
class Typed:
    """What a form told that was not kept, and why: `told` is the key of the sentence.

    `wrong`: the fields that have to change; none where somebody was faster.
    """

    do: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    told: str | None = None
    wrong: frozenset[str] = frozenset()

    @property
    def status(self) -> int:
        """422 where the form was not complete, 409 where somebody was faster."""
        return 422 if self.wrong else 409


@router.get(PATH, dependencies=[needs("cards:read")])
def key_customer_page(customer_id: str, request: Request) -> Response:
    """The plan of one customer as a form, and the steps with what can be done about each."""
    return _page(customer_id, request)


def _page(customer_id: str, request: Request, typed: Typed | None = None) -> Response:
    language, kept, store = language_of(request), kept_in(request), store_of(request)
    release, card = one_card(store, customer_id, False)
    with reading_of(store) as (connection, found):
        people = assignees(connection, found).names_for(card["owner"])
    done = next(iter(asked_in(request).get("told", [])), None)
    told = typed.told if typed else done if done in TOLD else None
    today, plan = utc_now().date(), plan_of(store, customer_id)
    return page_of(
        request,
        "key_customer.html",
        language,
        kept,
        typed.status if typed else 200,
        release=release,
        card=card,
        plan=plan,
        there_now=_there_now(plan, typed) if typed else {},
        people=people,
        levels=RELATIONSHIP_LEVELS,
        told=told,
        is_bad=told not in DONE,
        typed=typed or Typed(),
        may_write="work:write" in request.state.caller.scopes,
        who=partial(person, language=language),
        limits={
            "text": LONGEST,
            "step": LONGEST_STEP,
            "person": LONGEST_PERSON,
            "repeat": LONGEST_REPEAT,
            "first": today - dt.timedelta(days=LONGEST_AGO),
            "last": today + dt.timedelta(days=LONGEST_AHEAD),
        },
        action=key_customer_url(customer_id, kept),
        customer_url=f"/customers/{id_in_path(customer_id)}" + suffix(kept),
        back_to="/key-customers" + suffix(kept),
        api=f"/v1/customers/{id_in_path(customer_id)}/relationship",
        expired=out_of_date(release, language),
    )


def _there_now(plan: RelationshipPlan, typed: Typed) -> dict[str, str]:
    """Of a form whose sender was too late: the fields that are kept otherwise, as they are kept."""
    if typed.told != COLLIDED:
        return {}
    kept = {
        "owner": plan.planned_owner or "",
        "goal": plan.goal or "",
        "level": plan.level or "",
        "duties": "; ".join(plan.duties),
    }
    own = {**typed.fields, "duties": "; ".join(lines_of(typed.fields.get("duties")))}
    return {name: text for name, text in kept.items() if text != own.get(name, "").strip()}


async def _form(request: Request) -> dict[str, list[str]]:
    return await form_of(request)


Form = Annotated[dict[str, list[str]], Depends(_form)]


@router.post(PATH, dependencies=[needs("work:write")])
def post_key_customer(customer_id: str, request: Request, form: Form) -> Response:
    """Change the plan, agree on a step, or say what became of one; `do` says which.

    What was typed and is not kept comes back in its form: beside what is there now where somebody
    was faster.
    """
    sent = {name: values[0] for name, values in form.items()}
    do = sent.get("do", "")
    its = {name: sent[name] for name in FIELDS.get(do, ()) if name in sent}
    wrong: set[str] = set()
    try:
        told = _done(request, customer_id, do, its, sent.get("step"))
        return RedirectResponse(key_customer_url(customer_id, _with(request, told)), 303)
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors(include_url=False) if each["loc"]}
    except UnknownNameError as error:
        wrong = {error.parameter}
    except (KeyCustomerChangedError, StepNotFoundError):
        pass
    if do not in FIELDS or "version" in wrong:  # no form of the page sends this
        told = "unusable" if wrong else "late"
        return RedirectResponse(key_customer_url(customer_id, _with(request, told)), 303)
    typed = Typed(do, its, "wrong" if wrong else COLLIDED, frozenset(wrong))
    return _page(customer_id, request, typed)


def _done(
    request: Request, customer_id: str, do: str, fields: dict[str, str], step: str | None
) -> str:
    store, who = store_of(request), request.state.caller.who
    if do == "plan":
        change_plan(store, customer_id, NewPlan.model_validate(fields, strict=False), who)
        return "changed"
    if do == "add":
        add_step(store, customer_id, NewStep.model_validate(fields, strict=False), who)
        return "added"
    moved = MovedStep.model_validate_strings({"move": do})
    move_step(store, customer_id, number_in(step), moved, who)
    return str(moved.move)


def _with(request: Request, told: str) -> dict[str, list[str]]:
    return {**kept_in(request), "told": [told]}
