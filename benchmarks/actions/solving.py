"""One way of solving one plan, measured: prints seconds of the processor, gain and bound as JSON.

    python -m benchmarks.actions.solving ours 100000

`ours` also draws the curves of other budgets; `greedy` gives customers their best action in the
order of its gain per money, while the limits last; `highs` is the whole plan as one integer
program, given up after so many seconds.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from actions.plan.allocation import allocate
from actions.plan.curve import gain_curves
from benchmarks.actions.problem import Problem, made

GAP = 1e-5  # at which HiGHS may stop
SECONDS = 300.0


def ours(problem: Problem) -> dict[str, Any]:
    """Prices, and HiGHS for those who are indifferent at them."""
    found = allocate(problem.gain, problem.cost, problem.reached, problem.limits)
    return {"gain": found.objective, "bound": found.upper_bound, "binding": found.binding}


def greedy(problem: Problem) -> dict[str, Any]:
    """The customers' best actions in the order of gain per money, while the limits last."""
    gain, cost = np.where(problem.gain > 0, problem.gain, 0.0), problem.cost
    people = np.arange(len(gain))
    best = gain.argmax(axis=1)
    gains, costs = gain[people, best], cost[people, best]
    order = np.argsort(-gains / costs, kind="stable")
    left, room = problem.limits.budget, dict(problem.limits.capacities)
    total = 0.0
    by = problem.reached.channel[order, best[order]].tolist()
    for one, price, number in zip(gains[order].tolist(), costs[order].tolist(), by, strict=True):
        channel = problem.reached.names[number]
        if one <= 0 or price > left or room.get(channel, 1) < 1:
            continue
        total, left = total + one, left - price
        if channel in room:
            room[channel] -= 1
    return {"gain": total}


def highs(problem: Problem) -> dict[str, Any]:
    """The whole plan as one integer program."""
    rows, columns = np.nonzero(problem.gain > 0)
    gain, cost = problem.gain[rows, columns], problem.cost[rows, columns]
    count = len(gain)
    each = csr_array((np.ones(count), (rows, np.arange(count))), shape=(len(problem.gain), count))
    uses = [cost / problem.limits.budget]
    for channel, limit in problem.limits.capacities.items():
        uses.append(problem.is_by(channel)[rows, columns] / limit)
    solved = milp(
        -gain,
        constraints=LinearConstraint(vstack([each, csr_array(np.array(uses))]), -np.inf, 1),
        integrality=np.ones(count),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": GAP, "time_limit": SECONDS},
    )
    if solved.x is None or solved.mip_gap > GAP:
        return {"reason": f"not within {SECONDS:.0f} s"}
    return {"gain": -float(solved.fun)}


WAYS: dict[str, Callable[[Problem], dict[str, Any]]] = {
    "ours": ours,
    "greedy": greedy,
    "highs": highs,
}


def main() -> None:
    """Solve it, and print what came of it on the last line."""
    way, customers = sys.argv[1], int(sys.argv[2])
    problem = made(customers)
    started = time.process_time()
    found = WAYS[way](problem)
    found["seconds"] = round(time.process_time() - started, 2)
    if way == "ours":
        started = time.process_time()
        curves = gain_curves(problem.gain, problem.cost, problem.reached, problem.limits)
        found["curve_seconds"] = round(time.process_time() - started, 2)
        found["curve_points"] = sum(map(len, curves.values()))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
