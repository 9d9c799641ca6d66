"""What the plan intends for each customer, before anybody explores and before the arms.

Where gains are known, the plan that gains most (allocation.py); where they are not, down a ranking
(ranked.py). Where the budget pays for no action at all, what the plan would intend without a budget
is intended beside it, and cannot be carried out: so intended actions are logged, and their gates
and arms known, from the first release on.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from actions.plan.allocation import Allocation, allocate
from actions.plan.limits import Limits, Reached
from actions.plan.offered import NOTHING
from actions.plan.ranked import down_the_ranking
from core.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Candidates:
    """What can be chosen: tables (customers, actions), and by which channel.

    `gain` is NaN where it is unknown or not admissible; `waits` are the actions that answer a
    complaint, (actions,). `ranking` are positions of customers, used where no gain is known: None
    where gains are.
    """

    admissible: BoolArray
    gain: FloatArray
    cost: FloatArray
    reached: Reached
    waits: BoolArray
    ranking: IntArray | None


@dataclass(frozen=True)
class Choice:
    """The allocation within the limits, what is intended, and for whom no budget pays for it."""

    allocation: Allocation
    planned: IntArray
    unpaid: BoolArray


def choose(candidates: Candidates, limits: Limits) -> Choice:
    """Choose at most one action for each customer within the limits."""
    allocation = _solver(candidates)(candidates.admissible, limits)
    planned = allocation.choice
    nobody = np.zeros(len(planned), dtype=bool)
    rows = np.flatnonzero(planned != NOTHING)
    if (candidates.cost[rows, planned[rows]] > 0).any():
        return Choice(allocation, planned, nobody)
    free = planned == NOTHING
    # Who waits for an answer to a complaint is no subject of a trial: an answer is given, or not.
    open_to = candidates.admissible & free[:, None] & ~candidates.waits
    beside = _solver(candidates)(open_to, _without_budget(candidates, planned, limits)).choice
    return Choice(allocation, np.where(free, beside, planned), free & (beside != NOTHING))


def _solver(candidates: Candidates) -> Callable[[BoolArray, Limits], Allocation]:
    def solve(admissible: BoolArray, limits: Limits) -> Allocation:
        cost, reached, ranking = candidates.cost, candidates.reached, candidates.ranking
        if ranking is not None:
            return down_the_ranking(admissible, cost, reached, limits, ranking)
        gain = candidates.gain
        if admissible is not candidates.admissible:
            gain = np.where(admissible, gain, np.nan)
        return allocate(gain, cost, reached, limits)

    return solve


def _without_budget(candidates: Candidates, planned: IntArray, limits: Limits) -> Limits:
    """Any money, and the capacities that the plan leaves."""
    return replace(limits.left_by(planned, candidates.reached), budget=np.inf)
