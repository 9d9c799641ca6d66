"""What a cut of the list reaches, from the calibrated risks of all whom the filters leave."""

from itertools import pairwise

import numpy as np
from sqlalchemy import Engine

from serving.cards.query import AtRiskQuery
from serving.cards.release import Release
from serving.cards.threshold import Cut, CutPoint
from serving.store.listing import risks_of
from serving.work.task_reading import task_states

USUAL_CUT = 0.5
STEPS = 20  # of the curve, and of the slider


def threshold(engine: Engine, query: AtRiskQuery) -> tuple[Release, Cut | None]:
    """The cut at `min_churn_risk` (USUAL_CUT without one) of the list as it is filtered.

    None where a rule ranks. Raises as `formed_list`.
    """
    release, risks = risks_of(engine, query, task_states)
    if release.gate is not None:
        return release, None
    at = USUAL_CUT if query.min_churn_risk is None else query.min_churn_risk
    return release, cut_of(risks, at)


def cut_of(risks: np.ndarray, at: float) -> Cut:
    """What a cut of these risks reaches."""
    point, total = _point(risks, at), float(risks.sum())
    return Cut(
        **point.model_dump(),
        customers=len(risks),
        expected_leavers=total,
        leavers_share=min(1.0, point.leavers / total) if total > 0 else None,
        wasted=point.reached - point.leavers,
        curve=_changing([_point(risks, step / STEPS) for step in range(STEPS + 1)]),
    )


def _point(risks: np.ndarray, at: float) -> CutPoint:
    reached = risks[risks >= at]
    return CutPoint(min_churn_risk=at, reached=len(reached), leavers=float(reached.sum()))


def _changing(points: list[CutPoint]) -> list[CutPoint]:
    """The points without those that reach nobody as the one before them."""
    kept = [after for before, after in pairwise(points) if before.reached]
    return [points[0], *kept]
