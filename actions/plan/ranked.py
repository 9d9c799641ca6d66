"""The choice where no gain is known: down a ranking, each the first action that there is room for.

Whoever has most at stake comes first, and gets the first action in the order of the catalogue that
the gates allow and that budget and capacities still have room for.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from actions.plan.allocation import BUDGET, TOLERANCE, Allocation, Limits
from actions.plan.priced import NOTHING, IntArray
from core.arrays import BoolArray, FloatArray

RANKED_BY = ("value_at_risk", "churn_risk")  # the first that is known


def ranked_by(cards: pd.DataFrame) -> str:
    """The column that customers are ranked by: the value at risk, or the risk where it is unknown.

    One for all: a value and a risk cannot be compared.
    """
    value, risk = RANKED_BY
    return value if value in cards and cards[value].notna().any() else risk


def ranking(cards: pd.DataFrame) -> IntArray:
    """Positions of the customers, who has most at stake first; of equals the first of the cards."""
    stake = pd.to_numeric(cards[ranked_by(cards)]).to_numpy(np.float64, na_value=np.nan)
    return np.argsort(-np.nan_to_num(stake, nan=-np.inf), kind="stable")


def down_the_ranking(
    admissible: BoolArray,
    cost: FloatArray,
    channels: Sequence[str],
    limits: Limits,
    order: IntArray,
) -> Allocation:
    """Choose for every customer, in this order. `admissible` and `cost` are (customers, actions).

    A channel that is full is closed to all who follow, and so is an action that the money that is
    left does not pay for at its cost for the customer whose turn it is.
    """
    channel_of = np.array(channels, dtype=object)
    left, money = dict(limits.capacities), limits.budget * (1 + TOLERANCE)
    is_open = np.array([left.get(name, 1) > 0 for name in channels], dtype=bool)
    binding = [name for name, places in left.items() if places == 0]
    choice = np.full(len(admissible), NOTHING, dtype=np.int64)
    while len(order) and is_open.any():
        can = admissible[order] & is_open
        action = np.where(can.any(axis=1), can.argmax(axis=1), NOTHING)
        spent = np.cumsum(np.where(action == NOTHING, 0.0, cost[order, action]))
        full = {name: _position_of(channel_of[action], action, name, n) for name, n in left.items()}
        dear = int(np.searchsorted(spent, money, side="right"))
        stop = min([dear, *full.values()])
        choice[order[:stop]] = action[:stop]
        if stop == len(order):
            break
        money -= spent[stop - 1] if stop else 0.0
        taken = channel_of[action[:stop]][action[:stop] != NOTHING]
        left = {name: n - int((taken == name).sum()) for name, n in left.items()}
        if stop == dear:
            is_open[action[stop]] = False
            binding.append(BUDGET)
        for name in [name for name, position in full.items() if position == stop]:
            is_open[channel_of == name] = False
            binding.append(name)
        order = order[stop:]
    return Allocation(choice, 0.0, 0.0, 0.0, tuple(dict.fromkeys(binding)), {}, {})


def _position_of(channel: "np.ndarray", action: IntArray, name: str, places: int) -> int:
    """Where the customer stands for whom the channel has no place left; the end where it has."""
    takers = np.flatnonzero((channel == name) & (action != NOTHING))
    return int(takers[places]) if len(takers) > places else len(action)
