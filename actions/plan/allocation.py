"""Allocation: at most one action a customer, the largest total gain within budget and capacities.

Where no limit binds, everyone gets the best action and there is nothing to solve. Otherwise this is
a multiple-choice knapsack with a few side limits. Prices of the limits (priced.py) bound its gain
and settle all but a few customers. Those for whom another choice costs little at these prices are
the core, which is solved exactly (Balas & Zemel 1980; for multiple choice Pisinger 1995); a problem
that is no larger than a core is solved exactly as a whole. Any other choice costs at least `regret`
against the bound of the prices:

    upper bound = min(bound of the prices, max(bound of the core, bound of the prices - regret))
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from actions.plan.limits import Limits, Reached
from actions.plan.offered import NOTHING, offers_of
from actions.plan.prices import Prices, best_prices
from actions.plan.quiet import without_output
from actions.plan.use import Problem
from core.arrays import BoolArray, FloatArray, IntArray

CORES = (250, 1000)  # customers solved exactly; the second size where the first leaves a gap
GAP = 1e-6  # of the total gain: a smaller gap is as good as exact
NODES = 1000  # a limit in nodes, unlike one in seconds, gives the same answer on every machine
TOLERANCE = 1e-6  # limits are kept to within this share of themselves: the solver's own precision
FILLED = 50_000  # customers who are tried at once, the best first
ROUNDS = 100  # of filling what is left; each ends at a customer for whom it is not enough


@dataclass(frozen=True)
class Allocation:
    """The choice of each customer (index of the action, -1 for none), and a bound on its quality.

    `gap` is (upper_bound - objective) / upper_bound; `binding` names the limits that keep some
    customer from a better action; `used` is how much of each limit is used; `price` is what a
    little more of each limit would gain per unit, as far as the bound tells. Owners are one name in
    both: all contacts that they carry out, and the dearest of them.
    """

    choice: IntArray
    objective: float
    upper_bound: float
    gap: float
    binding: tuple[str, ...]
    used: dict[str, float]
    price: dict[str, float]


def allocate(gain: FloatArray, cost: FloatArray, reached: Reached, limits: Limits) -> Allocation:
    """Choose for every customer the action that makes the total expected gain largest.

    `gain` and `cost` are (customers, actions), gain NaN where an action is not allowed. Only
    positive gains are chosen. The same input gives the same choice; where no limit binds, the
    cheaper of equally good actions is taken, then the first.
    """
    problem = Problem(offers_of(gain, cost, reached, limits), limits)
    best = _best_for_each(problem)
    if (problem.used(best) <= problem.limits).all():
        return _result(problem, best, np.zeros(len(problem.limits)), 0.0, len(gain))
    return _solve(problem, limits.budget, len(gain))


def _best_for_each(problem: Problem) -> IntArray:
    """Everybody's best column; of equally good ones the cheaper, then the first."""
    offers = problem.offers
    people = len(offers.customers)
    gain, cost = np.zeros(people), np.full(people, np.inf)
    best = np.full(people, NOTHING, dtype=np.int64)
    for column, gains in enumerate(offers.gain):
        costs = offers.cost[offers.action[column]]
        is_better = (gains > gain) | ((gains == gain) & (costs < cost))
        gain[is_better], cost[is_better] = gains[is_better], costs[is_better]
        best[is_better] = column
    return best


def _solve(problem: Problem, budget: float, people: int) -> Allocation:
    """Price the limits, fill them, and solve the core exactly; a larger one where a gap is left."""
    found = best_prices(problem.offers, budget, problem.places)
    price = np.array([*([found.money] if problem.has_budget else []), *found.contacts])
    values, best = _priced(problem, price)
    relaxation = float(best.sum() + price @ problem.limits)
    column = _filled(problem, found, values)
    regret = _regret_of_another(values, best, column)
    order = np.argsort(regret, kind="stable")
    result = _result(problem, column, price, relaxation, people)
    for size in CORES:
        if result.gap <= GAP:
            break
        outside = float(regret[order[size]]) if size < len(order) else np.inf
        rows = np.sort(order[:size])
        inside = np.isfinite(values[:, rows]) & (best[rows] - values[:, rows] <= outside)
        taken, core_bound = _solve_core(problem, column, rows, inside, GAP * relaxation)
        bound = min(relaxation, max(core_bound, relaxation - max(outside, 0.0)))
        if problem.total(taken) > problem.total(column):  # else within the solver's slack of it
            column = taken
        result = _result(problem, column, price, bound, people)
        if size >= len(order):
            break
    return result


def _priced(problem: Problem, price: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The gain of each column less its use at these prices; and the best, or 0 for none."""
    values = problem.offers.gain.copy()
    for column, value in enumerate(values):
        value -= problem.priced_use(column, price)
    return values, np.maximum(values.max(axis=0, initial=0.0), 0.0)


def _regret_of_another(values: FloatArray, best: FloatArray, column: IntArray) -> FloatArray:
    """What the best choice other than `column` costs each customer at the prices."""
    other = np.where(column == NOTHING, -np.inf, 0.0)
    for number, value in enumerate(values):
        np.maximum(other, np.where(column == number, -np.inf, value), out=other)
    return np.asarray(best - other, dtype=np.float64)


def _filled(problem: Problem, found: Prices, values: FloatArray) -> IntArray:
    """What is taken within the limits, and from there towards what is taken at a lower price.

    The two differ in customers who are all but indifferent at the price between them: they change
    one by one, the best first, as long as no limit is broken.
    """
    column = found.within.copy()
    rows = np.flatnonzero(column != found.beyond)
    now, then = column[rows], found.beyond[rows]
    better = np.where(then == NOTHING, 0.0, values[then, rows])
    better -= np.where(now == NOTHING, 0.0, values[now, rows])
    rows = rows[np.argsort(-better, kind="stable")]
    left = problem.limits - problem.used(column)
    for _ in range(ROUNDS):
        rows = rows[:FILLED]
        more = problem.use(found.beyond[rows], rows) - problem.use(column[rows], rows)
        fits = (more <= left[:, None]).all(axis=0)
        rows, more = rows[fits], more[:, fits]
        if not len(rows):
            break
        total = np.cumsum(more, axis=1)
        breaks = (total > left[:, None]).any(axis=0)
        count = int(breaks.argmax()) if breaks.any() else len(rows)
        column[rows[:count]] = found.beyond[rows[:count]]
        left -= total[:, count - 1]
        rows = rows[count:]
    return column


def _solve_core(
    problem: Problem, column: IntArray, people: IntArray, inside: BoolArray, slack: float
) -> tuple[IntArray, float]:
    """The best choice when only the core `people` may change, each to a column that is `inside`.

    Returns every customer's choice and an upper bound of the total gain under that condition; the
    two may differ by `slack` (money).
    """
    others = column.copy()
    others[people] = NOTHING
    kept = problem.total(others)
    left = problem.limits - problem.used(others)
    columns, places = np.nonzero(inside)
    use = problem.use(columns, people[places])
    most = problem.limits * (1 + TOLERANCE)  # nothing that alone is more than a limit can be taken
    fits = (use <= most[:, None]).all(axis=0)
    columns, places, use = columns[fits], places[fits], use[:, fits]
    gain = problem.gain(columns, people[places])
    if not len(gain):
        return others, kept
    scale = np.where(problem.limits > 0, problem.limits, 1.0)  # the solver's precision is absolute
    count = len(gain)
    each = csr_array((np.ones(count), (places, np.arange(count))), shape=(len(people), count))
    with without_output():
        solved = milp(
            -gain,
            constraints=[
                LinearConstraint(each, -np.inf, 1),
                LinearConstraint(
                    csr_array(use / scale[:, None]), -np.inf, np.maximum(left / scale, 0.0)
                ),
            ],
            integrality=np.ones(count),
            bounds=Bounds(0, 1),
            options={"mip_rel_gap": slack / max(gain.sum(), slack, 1e-12), "node_limit": NODES},
        )
    taken = solved.x > 0.5
    others[people[places[taken]]] = columns[taken]
    return others, float(kept - solved.mip_dual_bound)


def _result(
    problem: Problem, column: IntArray, price: FloatArray, bound: float, people: int
) -> Allocation:
    objective, used = problem.total(column), problem.used(column)
    upper = max(bound, objective)
    offers = problem.offers
    choice = np.full(people, NOTHING, dtype=np.int64)
    choice[offers.customers] = np.where(column == NOTHING, NOTHING, offers.action[column])
    return Allocation(
        choice=choice,
        objective=objective,
        upper_bound=upper,
        gap=(upper - objective) / upper if upper > 0 else 0.0,
        binding=problem.binding(column, TOLERANCE),
        used=problem.used_by_name(used),
        price=problem.price_by_name(price),
    )
