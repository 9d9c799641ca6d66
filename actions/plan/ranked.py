"""The choice where no gain is known: down a ranking, each the first action that there is room for.

Whoever has most at stake comes first, and gets the first action in the order of the catalogue that
the gates allow and that budget and capacities still have room for.
"""

import numpy as np
import pandas as pd

from actions.plan.allocation import TOLERANCE, Allocation
from actions.plan.limits import Limits, Reached
from actions.plan.offered import NOTHING, action_limit
from actions.plan.use import BUDGET, OWNERS
from core.arrays import BoolArray, FloatArray, IntArray

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
    admissible: BoolArray, cost: FloatArray, reached: Reached, limits: Limits, order: IntArray
) -> Allocation:
    """Choose for every customer, in this order. `admissible` and `cost` are (customers, actions).

    An action that the money that is left does not pay for at its cost for the customer whose turn
    it is, is closed to all who follow.
    """
    choice = np.full(len(admissible), NOTHING, dtype=np.int64)
    rooms = _Rooms(limits, reached)
    money, closed = limits.budget * (1 + TOLERANCE), np.zeros(admissible.shape[1], dtype=bool)
    for customer in order[admissible[order].any(axis=1)].tolist():
        for action in np.flatnonzero(admissible[customer] & ~closed).tolist():
            if not rooms.has_room(customer, action):
                continue
            if cost[customer, action] > money:
                closed[action] = True
                continue
            choice[customer] = action
            money -= cost[customer, action]
            rooms.take(customer, action)
            break
    binding = [*([BUDGET] if closed.any() else []), *rooms.full]
    return Allocation(choice, 0.0, 0.0, 0.0, tuple(binding), {}, {})


class _Rooms:
    """The contacts that are left, as customers take them one by one."""

    def __init__(self, limits: Limits, reached: Reached) -> None:
        self._reached, self._owners = reached, limits.owners
        self._channels, self._actions = dict(limits.capacities), dict(limits.actions)
        self._of_owner = None if limits.owners is None else limits.owners.capacity.copy()
        self.full: dict[str, None] = {}  # limits that kept somebody from an action, in this order

    def has_room(self, customer: int, action: int) -> bool:
        """Whether each limit that the contact counts against has a place."""
        channel, owner = self._of(customer, action)
        full = [channel] if self._channels.get(channel, 1) <= 0 else []
        full += [action_limit(action)] if self._actions.get(action, 1) <= 0 else []
        if owner is not None and self._of_owner is not None and self._of_owner[owner] <= 0:
            full.append(OWNERS)
        self.full |= dict.fromkeys(full)
        return not full

    def take(self, customer: int, action: int) -> None:
        """Count the contact."""
        channel, owner = self._of(customer, action)
        if channel in self._channels:
            self._channels[channel] -= 1
        if action in self._actions:
            self._actions[action] -= 1
        if owner is not None and self._of_owner is not None:
            self._of_owner[owner] -= 1

    def _of(self, customer: int, action: int) -> tuple[str, int | None]:
        """The channel of a contact, and the owner who carries it out, where that is counted."""
        channel = self._reached.names[self._reached.channel[customer, action]]
        if self._owners is None or not self._owners.by_owner[action]:
            return channel, None
        owner = int(self._owners.owner[customer])
        return channel, owner if owner >= 0 else None
