"""The prices of budget and capacities that bound the gain of any plan within them most tightly."""

from dataclasses import dataclass

import numpy as np

from actions.plan.offered import NOTHING, Offers
from actions.plan.priced import Point, Priced
from core.arrays import FloatArray, IntArray
from core.digits import to_digits

ENOUGH = 1e-9  # of the bound: no nearer to the best price of money is looked for
TRIALS = 100  # of prices of money
DIGITS = 12  # of a price of money, which is a ratio of sums


@dataclass(frozen=True)
class Prices:
    """The best prices, and the choices on both sides of the price of money.

    `within` keeps the budget, `beyond` does not, unless the budget is enough for all that pays;
    both keep the capacities. They are columns of the offers, -1 for none. `contacts` are the
    prices of the limits, then of the owners.
    """

    money: float
    contacts: FloatArray
    within: IntArray
    beyond: IntArray


def best_prices(offers: Offers, budget: float, places: FloatArray) -> Prices:
    """The prices at which the Lagrangian is least: the bound is convex in the price of money.

    Each trial is where the bounds of the two nearest prices cross, one on each side: what is
    bought there lies between what is bought at these (as in the dichotomic search for the supported
    solutions of two objectives, Aneja & Nair 1979).
    """
    beyond = Priced(offers, 0.0).within(places)
    if beyond.cost <= budget:
        return _prices(beyond, beyond, beyond, len(offers.customers))
    within = Priced(offers, offers.highest_return * 2).within(places)
    best = min((within, beyond), key=lambda point: point.bound(budget))
    for _ in range(TRIALS):
        price = crossing(within, beyond)
        least = within.reached + (budget - within.cost) * price
        if best.bound(budget) - least <= ENOUGH * best.bound(budget):
            break
        near = within if abs(within.price - price) < abs(beyond.price - price) else beyond
        point = Priced(offers, price).within(places, near.prices)
        best = min((best, point), key=lambda point: point.bound(budget))
        if point.cost in (within.cost, beyond.cost):
            break
        if point.cost <= budget:
            within = point
        else:
            beyond = point
    return _prices(best, within, beyond, len(offers.customers))


def crossing(within: Point, beyond: Point) -> float:
    """The price of money at which both points are worth the same."""
    return to_digits((beyond.reached - within.reached) / (beyond.cost - within.cost), DIGITS)


def _prices(best: Point, within: Point, beyond: Point, people: int) -> Prices:
    def everybody(point: Point) -> IntArray:
        rest = np.full(people - len(point.column), NOTHING)
        return np.concatenate([point.column, rest])

    return Prices(best.price, best.prices, everybody(within), everybody(beyond))
