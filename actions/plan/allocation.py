"""Allocation: at most one action a customer, the largest total gain within budget and capacities.

Where no limit binds, everyone gets the best action and there is nothing to solve. Otherwise this is
a multiple-choice knapsack with a few side limits. Its linear relaxation prices the limits (dual
values) and settles all but a few customers. The core, which is solved exactly (Balas & Zemel 1980;
for multiple choice Pisinger 1995), is made of the customers whom the relaxation splits between
choices, and of those for whom another choice costs little at these prices. Any other choice costs
at least `regret` against the relaxation:

    upper bound = min(relaxation, max(bound of the core, relaxation - regret))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
NOTHING = -1
BUDGET = "budget"
CORES = (250, 1000)  # customers solved exactly; the second size where the first leaves a gap
GAP = 1e-6  # of the total gain: a smaller gap is as good as exact
NODES = 1000  # a limit in nodes, unlike one in seconds, gives the same answer on every machine
TOLERANCE = 1e-6  # limits are kept to within this share of themselves: the solver's own precision


@dataclass(frozen=True)
class Limits:
    """The budget, and the contacts that each channel can make; a channel not named has no limit."""

    budget: float
    capacities: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Allocation:
    """The choice of each customer (index of the action, -1 for none), and a bound on its quality.

    `gap` is (upper_bound - objective) / upper_bound; `binding` names the limits that keep some
    customer from a better action; `used` is how much of each limit is used.
    """

    choice: IntArray
    objective: float
    upper_bound: float
    gap: float
    binding: tuple[str, ...]
    used: dict[str, float]


@dataclass(frozen=True)
class _Problem:
    """The last column is no action. Gain is -inf where an action is not allowed or does not pay."""

    gain: FloatArray  # (customers, actions + 1)
    cost: FloatArray  # (customers, actions + 1)
    use: FloatArray  # (limits, customers, actions + 1)
    limits: FloatArray  # (limits,)
    names: tuple[str, ...]

    def of(self, table: FloatArray, choice: IntArray) -> FloatArray:
        """The entries of a table (..., customers, actions + 1) at each customer's choice."""
        return np.asarray(table[..., np.arange(len(choice)), choice])


def allocate(
    gain: FloatArray, cost: FloatArray, channels: Sequence[str], limits: Limits
) -> Allocation:
    """Choose for every customer the action that makes the total expected gain largest.

    `gain` and `cost` are (customers, actions), gain NaN where an action is not allowed; `channels`
    names the channel of each action. Only positive gains are chosen. The same input gives the same
    choice; where no limit binds, the cheaper of equally good actions is taken, then the first.
    """
    problem = _problem(gain, cost, channels, limits)
    is_best = problem.gain == problem.gain.max(axis=1, keepdims=True)
    choice = np.where(is_best, problem.cost, np.inf).argmin(axis=1)
    if (_used(problem, choice) <= problem.limits).all():
        return _result(problem, choice, bound=0.0)
    return _solve(problem)


def _problem(
    gain: FloatArray, cost: FloatArray, channels: Sequence[str], limits: Limits
) -> _Problem:
    nothing = np.zeros((len(gain), 1))
    costs = np.hstack([cost, nothing])
    # A list, since a channel may well be called budget.
    rows = [(BUDGET, costs, limits.budget)] if np.isfinite(limits.budget) else []
    for channel in dict.fromkeys(channels):
        if channel in limits.capacities:
            member = np.array([*(name == channel for name in channels), False], dtype=np.float64)
            rows.append((channel, np.broadcast_to(member, costs.shape), limits.capacities[channel]))
    return _Problem(
        gain=np.hstack([np.where(gain > 0, gain, -np.inf), nothing]),
        cost=costs,
        use=np.array([use for _, use, _ in rows]).reshape(len(rows), *costs.shape),
        limits=np.array([limit for _, _, limit in rows], dtype=np.float64),
        names=tuple(name for name, _, _ in rows),
    )


def _used(problem: _Problem, choice: IntArray) -> FloatArray:
    return np.asarray(problem.of(problem.use, choice).sum(axis=-1), dtype=np.float64)


def _solve(problem: _Problem) -> Allocation:
    """Relax, solve the core exactly, and solve again with a larger core when a gap is left."""
    share, price = _relax(problem)
    priced = problem.gain - np.tensordot(price, problem.use, axes=1)
    best = priced.max(axis=1, keepdims=True)
    relaxation = float(best.sum() + price @ problem.limits)
    regret = best - priced
    choice = share.argmax(axis=1)
    is_split = share.max(axis=1) < 1 - TOLERANCE
    others = regret.copy()
    others[np.arange(len(choice)), choice] = np.inf
    nearest = np.where(is_split, -1.0, others.min(axis=1))
    order = np.argsort(nearest, kind="stable")
    for size in (max(size, int(is_split.sum())) for size in CORES):
        outside = float(nearest[order[size]]) if size < len(order) else np.inf
        people = np.sort(order[:size])
        inside = np.isfinite(regret[people]) & (regret[people] <= outside)
        inside[:, -1] = True
        found, core_bound = _solve_core(problem, choice, people, inside, GAP * relaxation)
        bound = min(relaxation, max(core_bound, relaxation - max(outside, 0.0)))
        result = _result(problem, found, bound)
        if result.gap <= GAP or size >= len(order):
            break
    return result


def _relax(problem: _Problem) -> tuple[FloatArray, FloatArray]:
    """The linear relaxation: share of each choice (customers, actions + 1), prices (limits,)."""
    rows, columns = np.nonzero(np.isfinite(problem.gain))
    people = len(problem.gain)
    solved = linprog(
        -problem.gain[rows, columns],
        A_eq=_one_each(rows, people),
        b_eq=np.ones(people),
        A_ub=csr_array(problem.use[:, rows, columns]),
        b_ub=problem.limits,
        method="highs-ipm",  # ends with a crossover: at a vertex few customers are split
    )
    share = np.zeros_like(problem.gain)
    share[rows, columns] = solved.x
    return share, np.maximum(-solved.ineqlin.marginals, 0.0)


def _solve_core(
    problem: _Problem,
    choice: IntArray,
    people: IntArray,
    inside: npt.NDArray[np.bool_],
    slack: float,
) -> tuple[IntArray, float]:
    """The best choice when only the core `people` may change, each to a column that is `inside`.

    Returns every customer's choice and an upper bound of the total gain under that condition; the
    two may differ by `slack` (money).
    """
    fixed = np.ones(len(choice), dtype=bool)
    fixed[people] = False
    kept = float(problem.of(problem.gain, choice)[fixed].sum())
    left = problem.limits - problem.of(problem.use, choice)[:, fixed].sum(axis=1)
    rows, columns = np.nonzero(inside)
    gain = problem.gain[people[rows], columns]
    use = csr_array(problem.use[:, people[rows], columns])
    solved = milp(
        -gain,
        constraints=[
            LinearConstraint(_one_each(rows, len(people)), 1, 1),
            LinearConstraint(use, -np.inf, np.maximum(left, 0.0)),
        ],
        integrality=np.ones(len(gain)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": slack / max(gain.sum(), slack, 1e-12), "node_limit": NODES},
    )
    taken = solved.x > 0.5
    found = choice.copy()
    found[people[rows[taken]]] = columns[taken]
    return found, kept - float(solved.mip_dual_bound)


def _one_each(rows: IntArray, people: int) -> csr_array:
    """The constraint matrix that sums the columns of each customer."""
    count = len(rows)
    return csr_array((np.ones(count), (rows, np.arange(count))), shape=(people, count))


def _result(problem: _Problem, choice: IntArray, bound: float) -> Allocation:
    objective = float(problem.of(problem.gain, choice).sum())
    upper = max(bound, objective)
    used = _used(problem, choice)
    left = problem.limits - used + TOLERANCE * problem.limits
    is_better = problem.gain > problem.of(problem.gain, choice)[:, None]
    more = problem.use - problem.of(problem.use, choice)[:, :, None]
    keeps = np.asarray(((more > left[:, None, None]) & is_better).any(axis=(1, 2)))
    return Allocation(
        choice=np.where(choice == problem.gain.shape[1] - 1, NOTHING, choice),
        objective=objective,
        upper_bound=upper,
        gap=(upper - objective) / upper if upper > 0 else 0.0,
        binding=tuple(name for name, kept in zip(problem.names, keeps, strict=True) if kept),
        used=dict(zip(problem.names, used.tolist(), strict=True)),
    )
