"""Where to cut: the slider of the list, and the part of the page that follows it."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from serving.cards.threshold import Cut
from serving.pages.charts import Scale
from serving.pages.list_tasks import list_query
from serving.people.access import needs, store_of
from serving.web.language import chosen_language
from serving.web.page import asked_in, page_of
from serving.work.threshold import STEPS, threshold

WIDTH, HEIGHT, MARGIN = 260, 130, 8
CLOSE = 1e-9  # of steps: 0.15 / 0.05 is not quite 3
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class CutDrawing:
    """Customers reached against leavers among them, both as shares, and where the cut is."""

    points: str
    mark: tuple[float, float]
    end: tuple[float, float]
    start: tuple[float, float]

    def step_at(self, risk: float) -> float | str:
        """The step of a slider that stands at this risk; "any" where no step leads there.

        A browser would move it to the nearest step, and the form would ask for that.
        """
        steps = risk * STEPS
        return 1 / STEPS if abs(steps - round(steps)) < CLOSE else "any"


@router.get("/cut", dependencies=[needs("cards:read")])
def cut_part(request: Request) -> Response:
    """The part of the page that the slider changes."""
    asked = asked_in(request)
    query = list_query(asked)
    language = chosen_language(request, query.language)
    release, cut = threshold(store_of(request), query)
    return page_of(
        request,
        "at_risk_cut.html",
        language,
        asked,
        release=release,
        cut=cut,
        drawing=cut and drawn(cut),
    )


def drawn(cut: Cut) -> CutDrawing:
    """The curve of a cut, from nobody to everybody."""
    across = Scale(0, max(1, cut.customers), MARGIN, WIDTH - MARGIN)
    up = Scale(0, max(cut.expected_leavers, 1e-9), HEIGHT - MARGIN, MARGIN)
    places = [(across.at(point.reached), up.at(point.leavers)) for point in cut.curve]
    places.append((across.at(0), up.at(0)))
    return CutDrawing(
        points=" ".join(f"{x},{y}" for x, y in places),
        mark=(across.at(cut.reached), up.at(cut.leavers)),
        start=(across.at(0), up.at(0)),
        end=(across.at(max(1, cut.customers)), up.at(max(cut.expected_leavers, 1e-9))),
    )
