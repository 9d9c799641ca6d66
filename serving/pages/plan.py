"""The plan: what another budget would bring, who is offered what, and a lead's yes to it."""

from dataclasses import dataclass
from functools import partial
from math import ceil, floor
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Engine

from actions.plan.curve import AS_PLANNED, FACTORS
from actions.plan.talking_points import FOUND
from core.params import TOO_LARGE
from serving.cards.codes import ExportFormat, Language
from serving.cards.plan import PlanCurve, PlanCurves, PlanPoint, WhatIf
from serving.cards.query import Real
from serving.cards.release import Release
from serving.pages import plan_chart
from serving.people.access import needs, store_of
from serving.store.errors import NoPlanError, PlanDecidedError
from serving.store.reports import plan_curves
from serving.web.form import form_of, one
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, suffix
from serving.web.problems import parameter_problem
from serving.wording.people import person
from serving.wording.sentences import sentence
from serving.work.approvals import LONGEST_NOTE, approve, withdraw
from serving.work.planned import planned
from serving.work.what_if import ROUNDING, answer, curve_for

TOLD = ("approved", "withdrawn", "late")  # what a form did, told on the page that follows
PARTS = 40  # steps of the slider
WIDER = 1.15  # the slider ends a little beyond all that pays
UNITS = (1000.0, 100.0, 10.0, 1.0)  # of money, in which the last of it is told
MOST_DIGITS = 10  # of the number of an approval
router = APIRouter(include_in_schema=False)
Budget = Annotated[Real, Field(ge=0, lt=TOO_LARGE, allow_inf_nan=False)]


class PlanQuery(BaseModel):
    """What the page is asked: another budget, other capacities.

    The form sends the budget it shows, and what an exact one or the slider would have in its place.
    """

    model_config = ConfigDict(extra="forbid")

    budget: Budget | None = None
    exact: Budget | None = None
    slider: Budget | None = None
    capacity: Annotated[Real, Field(ge=0, le=max(FACTORS), allow_inf_nan=False)] | None = None
    language: Language | None = None
    told: str | None = None


@dataclass(frozen=True)
class Slider:
    """The slider of the budget: it stops at whole steps, and ends a little beyond all that pays."""

    end: float
    step: float

    def stop(self, budget: float) -> float:
        """Where it stands for a budget: at the nearest stop, as a browser would put it."""
        return self.step * floor(min(budget, self.end) / self.step + 0.5)


@dataclass(frozen=True)
class Asked:
    """What the sliders show, and what comes of it."""

    what_if: WhatIf
    curve: PlanCurve
    drawing: plan_chart.Drawing
    slider: Slider
    of_plan: float  # the budget of the plan itself
    explored: int
    has_capacity: bool
    unit: float
    withheld: int
    to_spend: float

    @property
    def lots_cost_gain(self) -> bool:
        """Whether the plan would gain more if nobody in it got an action by lot."""
        found = self.what_if
        best = found.expected_gain_at_budget
        return bool(self.explored) and best > found.expected_gain * (1 + ROUNDING)

    @property
    def without_lots(self) -> dict[str, Any]:
        """The gain of the best plan for the same money."""
        found = self.what_if
        by_source = found.expected_gain_at_budget_by_source
        return {
            "expected_gain": found.expected_gain_at_budget,
            "expected_gain_by_source": by_source,
        }

    def budget(self, slider: float) -> float:
        """What the slider asks for: left where it stood, the budget it stood for to the cent.

        Moved to where the plan's own budget stands, it asks for that.
        """
        stops = {self.slider.stop(one): one for one in (self.of_plan, self.what_if.budget)}
        return stops.get(self.slider.stop(slider), slider)

    @property
    def capacities(self) -> list[float]:
        """The factors that the slider of the capacities can take."""
        return [number / 2 for number in range(int(max(FACTORS) * 2) + 1)]


@router.get("/plan", dependencies=[needs("figures:read")])
def plan_page(request: Request) -> Response:
    """Sliders, what they bring, who is offered what, what stopped it; everything in the URL."""
    asked = asked_in(request)
    try:
        query = PlanQuery.model_validate({n: v if len(v) > 1 else v[0] for n, v in asked.items()})
    except ValidationError as error:
        raise parameter_problem(error.errors(include_input=False, include_url=False)) from None
    here = {name: values for name, values in asked.items() if name != "told"}
    language = chosen_language(request, query.language)
    store = store_of(request)
    kept = {"language": [language]} if "language" in asked else {}
    try:
        release, plan = planned(store, language)
    except NoPlanError:
        return page_of(request, "no_plan.html", language, here)
    sliders = _asked(store, query, language)
    if query.exact is not None or query.slider is not None:
        return RedirectResponse("/plan" + suffix(_settled(here, query, sliders)), 303)
    return page_of(
        request,
        "plan.html",
        language,
        here,
        plan=plan,
        release=release,
        asked=sliders,
        told=query.told if query.told in TOLD else None,
        may_approve="plan:approve" in request.state.caller.scopes,
        who=partial(person, language=language),
        longest_note=LONGEST_NOTE,
        placeholders=_placeholders(language),
        list_url=lambda **wanted: "/" + suffix({**kept, **{n: [v] for n, v in wanted.items()}}),
        exports=[(form, _export(form, language)) for form in ("csv", "excel", "xlsx") if _is(form)],
        action=lambda what: f"/plan/{what}" + suffix(kept),
        plain="/plan" + suffix(kept),
        api="/v1/plan" + suffix({"language": [language]}),
        expired=out_of_date(release, language),
    )


async def _form(request: Request) -> dict[str, list[str]]:
    return await form_of(request)


Form = Annotated[dict[str, list[str]], Depends(_form)]


@router.post("/plan/approve", dependencies=[needs("plan:approve")])
def post_approve(request: Request, form: Form) -> Response:
    """Approve the plan that the form showed; whoever comes second is told."""
    note = (one(form, "note") or "").replace("\x00", "").strip()[:LONGEST_NOTE] or None
    try:
        approve(store_of(request), one(form, "release") or "", request.state.caller.who, note)
    except PlanDecidedError:
        return _back(request, "late")
    return _back(request, "approved")


@router.post("/plan/withdraw", dependencies=[needs("plan:approve")])
def post_withdraw(request: Request, form: Form) -> Response:
    """Withdraw the approval that the form showed."""
    number = one(form, "number") or ""
    is_number = number.isascii() and number.isdecimal() and len(number) < MOST_DIGITS
    try:
        withdraw(store_of(request), int(number) if is_number else 0, request.state.caller.who)
    except PlanDecidedError:
        return _back(request, "late")
    return _back(request, "withdrawn")


def _asked(store: Engine, query: PlanQuery, language: Language) -> Asked | None:
    """What the sliders bring; None where no plan tells gains."""
    try:
        release, kept = plan_curves(store)
    except NoPlanError:
        return None
    budget = kept.budget if query.budget is None else query.budget
    capacity = AS_PLANNED if query.capacity is None else query.capacity
    found = WhatIf.model_validate({**release.stamp(), **answer(kept, budget, capacity)})
    dearest = max(curve.points[-1].cost for curve in kept.curves)
    most = max(dearest, kept.planned.cost) * WIDER or 1.0
    step = plan_chart.round_step(most, PARTS)
    slider = Slider(end=step * ceil(most / step), step=step)
    curve = curve_for(kept, capacity)
    shown = PlanPoint.model_validate(found.model_dump())
    withheld, to_spend = _carried_out(found, release, kept)
    return Asked(
        what_if=found,
        curve=curve,
        drawing=plan_chart.draw(curve.points, shown, budget, slider.end, language),
        slider=slider,
        of_plan=kept.budget,
        explored=kept.explored,
        has_capacity=len(kept.curves) > 1,
        unit=next((unit for unit in UNITS if unit <= min(found.cost, budget)), UNITS[-1]),
        withheld=withheld,
        to_spend=to_spend,
    )


def _carried_out(found: WhatIf, release: Release, kept: PlanCurves) -> tuple[int, float]:
    """How many of the customers are withheld, and what is really spent; of the plan exactly."""
    if found.is_the_plan:
        totals = release.plan
        return totals.withheld, totals.cost if totals.cost is not None else found.cost
    share = kept.holdout_share
    return round(found.customers * share), found.cost * (1 - share)


def _settled(
    here: dict[str, list[str]], query: PlanQuery, asked: Asked | None
) -> dict[str, list[str]]:
    """The parameters with one budget: the exact one, else what the slider asks for."""
    settled = {n: values for n, values in here.items() if n not in ("exact", "slider", "budget")}
    if query.exact is not None:
        return {"budget": here["exact"], **settled}
    if asked is None or query.slider is None:
        return settled
    return {"budget": [f"{asked.budget(query.slider):.15g}"], **settled}


def _back(request: Request, told: str) -> Response:
    asked = {name: values for name, values in asked_in(request).items() if name == "language"}
    return RedirectResponse("/plan" + suffix({**asked, "told": [told]}), 303)


def _placeholders(language: Language) -> Any:
    """A talking point as it stands in the catalogue, with words in place of its placeholders."""

    def named(text: str) -> str:
        return FOUND.sub(lambda found: sentence(f"plan.point.{found[1]}", language), text)

    return named


def _is(form: str) -> bool:
    return form in get_args(ExportFormat.__value__)


def _export(form: str, language: Language) -> str:
    wanted: dict[str, list[str]] = {
        "to_contact": ["true"],
        "format": [form],
        "language": [language],
    }
    return "/v1/at-risk" + suffix(wanted)
