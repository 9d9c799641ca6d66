"""Allocation: at most one action a customer, the largest total gain within budget and capacities.

Where no limit binds, everyone gets the best action and there is nothing to solve. Otherwise this is
a multiple-choice knapsack with a few side limits. Prices of the limits (priced.py) bound its gain
and settle all but a few customers. Those for whom another choice costs little at these prices are
the core, which is solved exactly (Balas & Zemel 1980; for multiple choice Pisinger 1995); a problem
that is no larger than a core is solved exactly as a whole. Any other choice costs at least `regret`
against the bound of the prices:

    upper bound = min(bound of the prices, max(bound of the core, bound of the prices - regret))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from actions.plan.priced import NOTHING, IntArray, Offers, offers_of
from actions.plan.prices import Prices, best_prices
from core.arrays import FloatArray

BUDGET = "budget"
CORES = (250, 1000)  # customers solved exactly; the second size where the first leaves a gap
GAP = 1e-6  # of the total gain: a smaller gap is as good as exact
NODES = 1000  # a limit in nodes, unlike one in seconds, gives the same answer on every machine
TOLERANCE = 1e-6  # limits are kept to within this share of themselves: the solver's own precision
ROUNDS = 100  # of filling what is left; each ends at a customer for whom it is not enough


@dataclass(frozen=True)
class Limits:
    """The budget, and the contacts that each channel can make; a channel not named has no limit."""

    budget: float
    capacities: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Allocation:
    """The choice of each customer (index of the action, -1 for none), and a bound on its quality.

    `gap` is (upper_bound - objective) / upper_bound; `binding` names the limits that keep some
    customer from a better action; `used` is how much of each limit is used; `price` is what a
    little more of each limit would gain per unit, as far as the bound tells.
    """

    choice: IntArray
    objective: float
    upper_bound: float
    gap: float
    binding: tuple[str, ...]
    used: dict[str, float]
    price: dict[str, float]


@dataclass(frozen=True)
class _Problem:
    """The offers and the limits on them: the budget, if there is one, then the channels."""

    offers: Offers
    limits: FloatArray  # (limits,)
    names: tuple[str, ...]
    channel: npt.NDArray[np.bool_]  # (limits, actions + 1): does it count? Last: no action
    is_budget: npt.NDArray[np.bool_]  # (limits,)

    def gain(self, action: IntArray, rows: IntArray) -> FloatArray:
        """What these customers' actions gain, 0 without one."""
        return np.where(action == NOTHING, 0.0, self.offers.gain[action, rows])

    def use(self, action: IntArray, rows: IntArray) -> FloatArray:
        """How much of each limit these customers' actions use, (limits, customers)."""
        cost = np.where(action == NOTHING, 0.0, self.offers.cost[action, rows])
        return np.where(self.is_budget[:, None], cost, self.channel[:, action])

    def total(self, action: IntArray) -> float:
        """What they gain together, everybody's actions given."""
        return float(self.gain(action, np.arange(len(action))).sum())

    def used(self, action: IntArray) -> FloatArray:
        """The sum of that over everybody."""
        return np.asarray(self.use(action, np.arange(len(action))).sum(axis=1), dtype=np.float64)


def allocate(
    gain: FloatArray, cost: FloatArray, channels: Sequence[str], limits: Limits
) -> Allocation:
    """Choose for every customer the action that makes the total expected gain largest.

    `gain` and `cost` are (customers, actions), gain NaN where an action is not allowed; `channels`
    names the channel of each action. Only positive gains are chosen. The same input gives the same
    choice; where no limit binds, the cheaper of equally good actions is taken, then the first.
    """
    problem = _problem(offers_of(gain, cost, channels, tuple(limits.capacities)), channels, limits)
    best = _best_for_each(problem.offers)
    if (problem.used(best) <= problem.limits).all():
        return _result(problem, best, np.zeros(len(problem.limits)), 0.0, len(gain))
    return _solve(problem, limits, len(gain))


def _problem(offers: Offers, channels: Sequence[str], limits: Limits) -> _Problem:
    # A list, since a channel may well be called budget.
    rows = [(BUDGET, True, limits.budget)] if np.isfinite(limits.budget) else []
    rows += [(name, False, limits.capacities[name]) for name in offers.channels]
    counts = [
        [*(not is_budget and name == channel for channel in channels), False]
        for name, is_budget, _ in rows
    ]
    return _Problem(
        offers=offers,
        limits=np.array([limit for *_, limit in rows], dtype=np.float64),
        names=tuple(name for name, *_ in rows),
        channel=np.array(counts, dtype=bool).reshape(len(rows), len(channels) + 1),
        is_budget=np.array([is_budget for _, is_budget, _ in rows], dtype=bool),
    )


def _best_for_each(offers: Offers) -> IntArray:
    """Everybody's best action; of equally good ones the cheaper, then the first."""
    people = len(offers.customers)
    gain, cost = np.zeros(people), np.full(people, np.inf)
    action = np.full(people, NOTHING, dtype=np.int64)
    for number, (gains, costs) in enumerate(zip(offers.gain, offers.cost, strict=True)):
        is_better = (gains > gain) | ((gains == gain) & (costs < cost))
        gain[is_better], cost[is_better] = gains[is_better], costs[is_better]
        action[is_better] = number
    return action


def _solve(problem: _Problem, limits: Limits, people: int) -> Allocation:
    """Price the limits, fill them, and solve the core exactly; a larger one where a gap is left."""
    found = best_prices(problem.offers, limits.budget, limits.capacities)
    price = np.array([*([found.money] if problem.is_budget.any() else []), *found.channels])
    values, best = _priced(problem, price)
    relaxation = float(best.sum() + price @ problem.limits)
    action = _filled(problem, found, values)
    regret = _regret_of_another(values, best, action)
    order = np.argsort(regret, kind="stable")
    result = _result(problem, action, price, relaxation, people)
    for size in CORES:
        if result.gap <= GAP:
            break
        outside = float(regret[order[size]]) if size < len(order) else np.inf
        rows = np.sort(order[:size])
        inside = np.isfinite(values[:, rows]) & (best[rows] - values[:, rows] <= outside)
        taken, core_bound = _solve_core(problem, action, rows, inside, GAP * relaxation)
        bound = min(relaxation, max(core_bound, relaxation - max(outside, 0.0)))
        if problem.total(taken) > problem.total(action):  # else within the solver's slack of it
            action = taken
        result = _result(problem, action, price, bound, people)
        if size >= len(order):
            break
    return result


def _priced(problem: _Problem, price: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The gain of each action less its use at these prices; and the best, or 0 for no action."""
    values = problem.offers.gain.copy()
    for number, value in enumerate(values):
        value -= float(price @ problem.channel[:, number])
        for money in price[problem.is_budget]:
            value -= money * problem.offers.cost[number]
    return values, np.maximum(values.max(axis=0, initial=0.0), 0.0)


def _regret_of_another(values: FloatArray, best: FloatArray, action: IntArray) -> FloatArray:
    """What the best choice other than `action` costs each customer at the prices."""
    other = np.where(action == NOTHING, -np.inf, 0.0)
    for number, value in enumerate(values):
        np.maximum(other, np.where(action == number, -np.inf, value), out=other)
    return np.asarray(best - other, dtype=np.float64)


def _filled(problem: _Problem, found: Prices, values: FloatArray) -> IntArray:
    """What is taken within the limits, and from there towards what is taken at a lower price.

    The two differ in customers who are all but indifferent at the price between them: they change
    one by one, the best first, as long as no limit is broken.
    """
    action = found.within.copy()
    rows = np.flatnonzero(action != found.beyond)
    now, then = action[rows], found.beyond[rows]
    better = np.where(then == NOTHING, 0.0, values[then, rows])
    better -= np.where(now == NOTHING, 0.0, values[now, rows])
    rows = rows[np.argsort(-better, kind="stable")]
    left = problem.limits - problem.used(action)
    for _ in range(ROUNDS):
        more = problem.use(found.beyond[rows], rows) - problem.use(action[rows], rows)
        fits = (more <= left[:, None]).all(axis=0)
        rows, more = rows[fits], more[:, fits]
        if not len(rows):
            break
        total = np.cumsum(more, axis=1)
        breaks = (total > left[:, None]).any(axis=0)
        count = int(breaks.argmax()) if breaks.any() else len(rows)
        action[rows[:count]] = found.beyond[rows[:count]]
        left -= total[:, count - 1]
        rows = rows[count:]
    return action


def _solve_core(
    problem: _Problem,
    action: IntArray,
    people: IntArray,
    inside: npt.NDArray[np.bool_],
    slack: float,
) -> tuple[IntArray, float]:
    """The best choice when only the core `people` may change, each to an action that is `inside`.

    Returns every customer's choice and an upper bound of the total gain under that condition; the
    two may differ by `slack` (money).
    """
    fixed = np.ones(len(action), dtype=bool)
    fixed[people] = False
    others = np.flatnonzero(fixed)
    kept = problem.gain(action[others], others).sum()
    left = problem.limits - problem.use(action[others], others).sum(axis=1)
    columns, places = np.nonzero(inside)
    most = problem.limits * (1 + TOLERANCE)  # nothing that alone is more than a limit can be taken
    fits = (problem.use(columns, people[places]) <= most[:, None]).all(axis=0)
    columns, places = columns[fits], places[fits]
    gain = problem.gain(columns, people[places])
    if not len(gain):
        return np.where(fixed, action, NOTHING), float(kept)
    scale = np.where(problem.limits > 0, problem.limits, 1.0)  # the solver's precision is absolute
    use = csr_array(problem.use(columns, people[places]) / scale[:, None])
    count = len(gain)
    each = csr_array((np.ones(count), (places, np.arange(count))), shape=(len(people), count))
    solved = milp(
        -gain,
        constraints=[
            LinearConstraint(each, -np.inf, 1),
            LinearConstraint(use, -np.inf, np.maximum(left / scale, 0.0)),
        ],
        integrality=np.ones(count),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": slack / max(gain.sum(), slack, 1e-12), "node_limit": NODES},
    )
    taken = solved.x > 0.5
    chosen = action.copy()
    chosen[people] = NOTHING
    chosen[people[places[taken]]] = columns[taken]
    return chosen, float(kept - solved.mip_dual_bound)


def _result(
    problem: _Problem, action: IntArray, price: FloatArray, bound: float, people: int
) -> Allocation:
    rows = np.arange(len(action))
    gain, use = problem.gain(action, rows), problem.use(action, rows)
    objective, used = float(gain.sum()), use.sum(axis=1)
    upper = max(bound, objective)
    left = problem.limits - used + TOLERANCE * problem.limits
    keeps = np.zeros(len(problem.limits), dtype=bool)
    for number in range(len(problem.offers.gain)):
        more = problem.use(np.full(len(rows), number), rows) - use > left[:, None]
        keeps |= (more & (problem.offers.gain[number] > gain)).any(axis=1)
    choice = np.full(people, NOTHING, dtype=np.int64)
    choice[problem.offers.customers] = action
    return Allocation(
        choice=choice,
        objective=objective,
        upper_bound=upper,
        gap=(upper - objective) / upper if upper > 0 else 0.0,
        binding=tuple(name for name, kept in zip(problem.names, keeps, strict=True) if kept),
        used=dict(zip(problem.names, used.tolist(), strict=True)),
        price=dict(zip(problem.names, price.tolist(), strict=True)),
    )
