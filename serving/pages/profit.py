"""The page on whom it pays to contact: costs in a form, the curve, and its best cut."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from serving.cards.action_words import action_name
from serving.cards.profit import TERMS, Profit, ProfitQuery
from serving.pages.charts import Scale, Tick, number_ticks, path
from serving.pages.plan_chart import round_step
from serving.people.access import needs, store_of
from serving.web.language import chosen_language
from serving.web.page import asked_in, out_of_date, page_of, suffix
from serving.web.problems import parameter_problem
from serving.wording.languages import Language
from serving.work.profit import profit

WIDTH, HEIGHT = 480, 300
LEFT, RIGHT, TOP, FLOOR = 76, 460, 16, 250
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
TICKS = 5
DEEPEST = -1.0  # times the best: what contacting everybody would lose is no part of a choice
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Drawing:
    """Profit by share contacted as coordinates, in units of the view box."""

    line: str
    interval: str
    best: tuple[float, float]
    zero: float
    across: list[Tick]
    up: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    floor: int = FLOOR


@router.get("/profit", dependencies=[needs("figures:read")])
def profit_page(request: Request) -> Response:
    """From which risk on a contact pays, at the costs of the catalogue or at others."""
    asked = asked_in(request)
    try:
        query = ProfitQuery.model_validate({n: v if len(v) > 1 else v[0] for n, v in asked.items()})
    except ValidationError as error:
        raise parameter_problem(error.errors(include_input=False, include_url=False)) from None
    language = chosen_language(request, query.language)
    release, found = profit(store_of(request), query)
    kept = {name: values for name, values in asked.items() if name not in TERMS}
    return page_of(
        request,
        "profit.html",
        language,
        asked,
        release=release,
        found=found,
        drawing=draw(found, language),
        terms=[(name, getattr(found, name)) for name in TERMS],
        tenths=found.curve[::10],
        offer=found.offer and action_name(found.offer, release.actions, language),
        kept={name: values[0] for name, values in kept.items()},
        plain="/profit" + suffix(kept),
        is_asked=any(name in asked for name in TERMS),
        list_url=_list_url(found, kept),
        api="/v1/profit" + suffix({**asked, "language": [language]}),
        expired=out_of_date(release, language),
    )


def draw(found: Profit, language: Language) -> Drawing | None:
    """The drawing of the curve; None without one."""
    if found.best is None:
        return None
    most = max(max(one.profit_high for one in found.curve), 1e-9)
    least = max(min(one.profit_low for one in found.curve), DEEPEST * most)
    across, up = Scale(0, 1, LEFT, RIGHT), Scale(min(least, 0.0), most, FLOOR, TOP)

    def place(share: float, money: float) -> tuple[float, float]:
        return across.at(share), up.at(max(money, up.first))

    high = [place(one.share_contacted, one.profit_high) for one in found.curve]
    low = [place(one.share_contacted, one.profit_low) for one in reversed(found.curve)]
    step = round_step(up.last - up.first, TICKS)
    first = int(up.first / step)  # towards zero
    values = [step * number for number in range(first, int(up.last / step) + 1)]
    return Drawing(
        line=path([place(one.share_contacted, one.profit) for one in found.curve]),
        interval=path([*high, *low]),
        best=place(found.best.share_contacted, found.best.profit),
        zero=up.at(0.0),
        across=number_ticks(across, SHARES, "percent", language),
        up=number_ticks(up, values, "decimal" if step >= 1 else "number", language),
    )


def _list_url(found: Profit, kept: dict[str, list[str]]) -> str | None:
    """The list from the best cut on; None where that reaches nobody, or a rule ranks today."""
    if found.best is None or found.today is None or not found.today.reached:
        return None
    cut = {"min_churn_risk": [f"{found.best.churn_risk:.6f}"]}
    return "/" + suffix({**kept, **cut})
