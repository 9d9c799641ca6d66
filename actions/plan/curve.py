"""What other budgets and capacities would bring: gain against budget, for some capacities.

Every point is a plan that can be carried out: what is taken at a price of money, within the
capacities (priced.py). No other plan that uses no more money and contacts gains more, but for
customers who are indifferent at the prices. Points lie on a concave curve; a plan for a budget
between two of them gains as much as the straight line between them says, less at most what the
few customers gain whom such a mixture would split.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actions.plan.limits import Limits, Reached
from actions.plan.offered import ASSUMED, ESTIMATED, Offers, offers_of
from actions.plan.priced import Point, Priced
from actions.plan.prices import crossing
from core.arrays import BoolArray, FloatArray
from core.digits import TOLD, to_digits

AS_PLANNED = 1.0  # the factor of the capacities that the plan has
# Capacities for which the curve is drawn, as factors of those that the plan has.
FACTORS = (0.0, 0.5, AS_PLANNED, 1.5, 2.0, 4.0)
PRICES = 32  # of money, at most, at which points are looked for
ROUNDING = 1e-6  # of the gain: figures are rounded before the part is taken off
STRAIGHT = 1e-4  # of the largest gain: where a curve bends by less, it is drawn straight


@dataclass(frozen=True)
class CurvePoint:
    """A plan: its expected cost and gain, and how many customers get each action, (actions,).

    `estimated_gain` is the part of the gain that measured effects bring; the rest is assumed.
    """

    cost: float
    gain: float
    customers: tuple[int, ...]
    estimated_gain: float = 0.0

    @property
    def gain_by_source(self) -> dict[str, float]:
        """The gain by the source of its effects; a source of nothing is left out."""
        assumed = to_digits(self.gain - self.estimated_gain, TOLD)
        is_rest = assumed > self.gain * ROUNDING
        parts = {ASSUMED: assumed if is_rest else 0.0, ESTIMATED: self.estimated_gain}
        return {source: gain for source, gain in parts.items() if gain}


def gain_curves(
    gain: FloatArray,
    cost: FloatArray,
    reached: Reached,
    limits: Limits,
    is_estimated: BoolArray | None = None,
) -> dict[float, list[CurvePoint]]:
    """Points of increasing cost by factor of the capacities; without capacities, of factor 1 only.

    Tables and limits as those of `allocate`, `is_estimated` as that of `offers_of`; what the
    catalogue allows of an action is the same for all factors. The first point spends nothing, the
    last all that pays.
    """
    offers = offers_of(gain, cost, reached, limits, is_estimated)
    is_limited = limits.owners or not limits.capacities.keys().isdisjoint(reached.names)
    factors = FACTORS if is_limited else (AS_PLANNED,)
    places = {factor: offers.places(limits.at_capacity(factor)) for factor in factors}
    found: dict[float, dict[float, Point]] = {factor: {} for factor in factors}

    def look(price: float, near: float | None = None) -> Point:
        priced = Priced(offers, price)
        for factor in factors:
            start = None if near is None else found[factor][near].prices
            found[factor][price] = priced.within(places[factor], start).without_columns()
        return found[AS_PLANNED][price]

    _spread(look, offers)
    curves: dict[float, list[CurvePoint]] = {}
    allowed: list[Point] = []
    for factor, points in found.items():
        allowed += points.values()  # what keeps smaller capacities keeps larger ones
        curves[factor] = _concave(allowed)
    return curves


def curves_report(
    curves: Mapping[float, Sequence[CurvePoint]], actions: Sequence[str]
) -> list[dict[str, Any]]:
    """The curves as JSON: points of increasing cost by capacity.

    `actions` are the ids of the actions of the tables.
    """
    return [
        {
            "capacity": factor,
            "points": [
                {
                    "cost": point.cost,
                    "expected_gain": point.gain,
                    "expected_gain_by_source": point.gain_by_source,
                    "customers": sum(point.customers),
                    "by_action": {
                        name: count
                        for name, count in zip(actions, point.customers, strict=True)
                        if count
                    },
                }
                for point in points
            ],
        }
        for factor, points in curves.items()
    ]


def _spread(look: Callable[..., Point], offers: Offers) -> None:
    """Look at prices where the curve bends most, beginning with the dearest money and the free."""
    dear = look(2 * offers.highest_return)
    free = look(0.0, dear.price)
    pieces = [(dear, free)] if free.cost > dear.cost else []
    for _ in range(PRICES - 2):
        bends = [_bend(*piece) for piece in pieces]
        if not bends or max(bends) <= STRAIGHT * free.gain:
            break
        within, beyond = pieces.pop(int(np.argmax(bends)))
        point = look(crossing(within, beyond), within.price)
        pieces += [
            (one, other)
            for one, other in ((within, point), (point, beyond))
            if one.cost < other.cost and within.cost < point.cost < beyond.cost
        ]


def _bend(within: Point, beyond: Point) -> float:
    """How far the curve can lie above the straight line between two points, in money."""
    price = crossing(within, beyond)
    run, rise = beyond.cost - within.cost, beyond.gain - within.gain
    top = within.price - beyond.price
    if top <= 0:
        return 0.0
    # Where the two tangents cross, less the line there.
    at = min(max((rise - beyond.price * run) / top, 0.0), run)
    return (within.price - price) * at


def _concave(points: Sequence[Point]) -> list[CurvePoint]:
    """The points of the upper hull by cost, in figures as they are told.

    Indifferent customers may leave a point just below it.
    """
    hull: list[CurvePoint] = []
    rounded = [
        CurvePoint(
            to_digits(p.cost, TOLD),
            to_digits(p.gain, TOLD),
            tuple(p.customers.tolist()),
            to_digits(p.estimated_gain, TOLD),
        )
        for p in points
    ]
    for point in sorted(rounded, key=lambda point: (point.cost, -point.gain)):
        if hull and (point.cost <= hull[-1].cost or point.gain <= hull[-1].gain):
            continue
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) <= _slope(hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _slope(one: CurvePoint, other: CurvePoint) -> float:
    return (other.gain - one.gain) / (other.cost - one.cost)
