"""What another budget or other capacities would bring, from the curves of a release's plan."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from sqlalchemy import Engine

from actions.plan.curve import AS_PLANNED
from actions.plan.limits import at_capacity, contacts_at
from serving.cards.codes import EffectSource
from serving.cards.plan import PlanCurve, PlanCurves, PlanPoint, WhatIf
from serving.cards.release import Release
from serving.store.reports import plan_curves

ROUNDING = 1e-6  # of budget and gain: figures of a release are rounded, and a plan may cost all
NOTHING = PlanPoint(
    customers=0, cost=0.0, expected_gain=0.0, expected_gain_by_source={}, by_action={}
)


def what_if(
    engine: Engine, budget: float | None, capacity: float | None, release: str | None = None
) -> tuple[Release, WhatIf]:
    """The best plan for a budget and a factor of the capacities; by default those of the plan.

    Raises NoPlanError for a release without a plan that tells gains, and as `current`.
    """
    its, kept = plan_curves(engine, release)
    budget = kept.budget if budget is None else budget
    capacity = AS_PLANNED if capacity is None else capacity
    return its, WhatIf.model_validate({**its.stamp(), **answer(kept, budget, capacity)})


def answer(kept: PlanCurves, budget: float, capacity: float) -> dict[str, object]:
    """The fields of the answer beside those that say of which release it is."""
    below, above, share = _around(kept.curves, capacity if len(kept.curves) > 1 else AS_PLANNED)
    lower, upper = ((1 - share, below), (share, above))
    # A curve leaves out what lies below its straight lines: less capacity may have the best plan.
    allowed = [c.points for c in kept.curves if c.capacity <= below.capacity]
    plan = max(
        (point for points in allowed for point in points if _fits(point, budget)),
        key=lambda point: (point.expected_gain, -point.cost),
        default=NOTHING,
    )
    is_the_plan = (
        _fits(kept.planned, budget)
        and below.capacity >= AS_PLANNED
        and (
            _asks_for_the_plan(kept, budget, capacity)
            or kept.planned.expected_gain >= plan.expected_gain * (1 - ROUNDING)
        )
    )
    plan = kept.planned if is_the_plan else plan
    curves = (lower, upper)
    at_budget = sum(part * _gain(curve.points, budget) for part, curve in curves)
    at_budget_by_source = _by_source(curves, lambda points, name: _gain(points, budget, name))
    if plan.expected_gain >= at_budget:
        at_budget, at_budget_by_source = plan.expected_gain, plan.expected_gain_by_source
    owners = kept.owner_capacity
    further = (point for point in below.points if point.cost > max(plan.cost, budget))
    return {
        "currency": kept.currency,
        "effect_source": kept.effect_source,
        "budget": budget,
        "capacity": capacity,
        "capacities": at_capacity(kept.capacities, capacity),
        "owner_capacity": None if owners is None else contacts_at(owners, capacity),
        "holdout_share": kept.holdout_share,
        "is_the_plan": is_the_plan,
        **plan.model_dump(),
        "next": next(further, None),
        "expected_gain_at_budget": at_budget,
        "expected_gain_at_budget_by_source": at_budget_by_source,
        "marginal_return": sum(part * _slope(curve.points, budget) for part, curve in curves),
        "marginal_return_by_source": _by_source(
            curves, lambda points, name: _slope(points, budget, name)
        ),
    }


def curve_for(kept: PlanCurves, capacity: float) -> PlanCurve:
    """The curve on which the plan of the answer lies: of the next smaller computed capacity."""
    return _around(kept.curves, capacity if len(kept.curves) > 1 else AS_PLANNED)[0]


def _asks_for_the_plan(kept: PlanCurves, budget: float, capacity: float) -> bool:
    """Whether a plan made within these limits would be the release's own.

    It is for its own limits, and where money binds neither it nor the one asked for. It may gain
    less than the curve for all that, as some of its customers explore.
    """
    enough = curve_for(kept, AS_PLANNED).points[-1].cost
    return capacity == AS_PLANNED and (
        budget == kept.budget or min(budget, kept.budget) >= enough * (1 - ROUNDING)
    )


def _fits(point: PlanPoint, budget: float) -> bool:
    return point.cost <= budget * (1 + ROUNDING)


def _around(curves: Sequence[PlanCurve], capacity: float) -> tuple[PlanCurve, PlanCurve, float]:
    """The curves of the next smaller and larger capacity, and how far it is on the way."""
    ordered = sorted(curves, key=lambda curve: curve.capacity)
    below = [curve for curve in ordered if curve.capacity <= capacity][-1]
    above = next((curve for curve in ordered if curve.capacity >= capacity), below)
    way = above.capacity - below.capacity
    return below, above, (capacity - below.capacity) / way if way else 0.0


def _gain(points: Sequence[PlanPoint], budget: float, source: EffectSource | None = None) -> float:
    """What a budget gains on the straight line between the points beside it, of this source."""
    for one, other in pairwise(points):
        if one.cost <= budget <= other.cost:
            share = (budget - one.cost) / (other.cost - one.cost)
            return _of(one, source) + share * (_of(other, source) - _of(one, source))
    return _of(points[-1], source) if budget >= points[0].cost else 0.0


def _slope(points: Sequence[PlanPoint], budget: float, source: EffectSource | None = None) -> float:
    """What the last unit of a budget gains, of this source only: 0 beyond the last point."""
    for one, other in pairwise(points):
        if budget <= other.cost:
            return (_of(other, source) - _of(one, source)) / (other.cost - one.cost)
    return 0.0


def _of(point: PlanPoint, source: EffectSource | None) -> float:
    """The gain of a plan, by the effects of this source only where one is named."""
    parts = point.expected_gain_by_source or {}
    return point.expected_gain if source is None else parts.get(source, 0.0)


def _by_source(
    curves: Sequence[tuple[float, PlanCurve]],
    figure: Callable[[Sequence[PlanPoint], EffectSource], float],
) -> dict[EffectSource, float] | None:
    """A figure by the source of the effects; None in a release that does not tell them apart."""
    points = [point for _, curve in curves for point in curve.points]
    if any(point.expected_gain_by_source is None for point in points):
        return None
    sources = sorted({name for point in points for name in point.expected_gain_by_source or {}})
    return {
        name: sum(part * figure(curve.points, name) for part, curve in curves) for name in sources
    }
