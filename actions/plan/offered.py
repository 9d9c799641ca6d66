"""What can be offered to whom, in the form that prices are looked for in.

An action that reaches some customers by a channel with a capacity, and others by one without, is
two columns: every column counts against the same limits for everybody.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from actions.plan.limits import NOBODY, Limits, Reached
from core.arrays import BoolArray, FloatArray, IntArray

NOTHING = -1
ASSUMED, ESTIMATED = "assumed", "estimated"  # where the effect that a gain counts on is from


@dataclass(frozen=True)
class Offers:
    """The columns that gain something for somebody; the best gain per money comes first.

    `customers` are rows of the tables that these were made of: customers without an action that
    gains are not here. `names` are the limits that count contacts, without those of owners.
    """

    customers: IntArray
    gain: FloatArray  # (columns, customers), -inf where not allowed, not paying, or another column
    cost: FloatArray  # (actions, customers)
    is_estimated: BoolArray  # (actions, customers): whether the effect is measured, not assumed
    action: IntArray  # (columns,)
    best_return: FloatArray  # (customers,) the largest gain / cost, descending
    highest_return: float  # of all that cost something
    names: tuple[str, ...]
    counts: BoolArray  # (limits, columns)
    owner: IntArray  # (customers,), NOBODY without one
    owners: int
    by_owner: BoolArray  # (columns,)

    def dearer(self, price: float) -> int:
        """How many customers have an action that gains at least `price` per unit of money."""
        return int(np.searchsorted(-self.best_return, -price, side="right"))

    def places(self, limits: Limits) -> FloatArray:
        """How many contacts each limit allows, then each owner, (limits + owners,)."""
        of_actions = {action_limit(action): most for action, most in limits.actions.items()}
        by_name = {**limits.capacities, **of_actions}
        of_owner = limits.owners.capacity if limits.owners else ()
        return np.array([*(by_name[name] for name in self.names), *of_owner], dtype=np.float64)


def at_choice(values: npt.NDArray[Any], choice: IntArray) -> FloatArray:
    """Values per customer and action at each customer's choice, 0 without one; (customers,)."""
    found, rows = np.zeros(len(choice)), np.flatnonzero(choice != NOTHING)
    found[rows] = values[rows, choice[rows]]
    return found


def action_limit(action: int) -> str:
    """The name of an action's limit; no channel is called so."""
    return f"action {action}"


def offers_of(
    gain: FloatArray,
    cost: FloatArray,
    reached: Reached,
    limits: Limits,
    is_estimated: BoolArray | None = None,
) -> Offers:
    """The offers of tables (customers, actions), gain NaN where an action is not allowed.

    Without `is_estimated` all effects are assumed.
    """
    measured = np.zeros(gain.shape, dtype=bool) if is_estimated is None else is_estimated
    rows = np.flatnonzero((gain > 0).any(axis=1))
    returns, highest = _best_returns(gain, cost, rows)
    order = np.argsort(-returns, kind="stable")
    rows = rows[order]
    of_channels = [name for name in reached.names if name in limits.capacities]
    columns: list[tuple[int, str | None, FloatArray]] = []
    for action in range(gain.shape[1]):
        columns += _columns(action, gain[rows, action], rows, reached, of_channels)
    taken = dict.fromkeys(name for _, name, _ in columns)
    names = [name for name in of_channels if name in taken]
    counts = [[name == wanted for _, name, _ in columns] for wanted in names]
    for action in limits.actions:
        names.append(action_limit(action))
        counts.append([action == its for its, _, _ in columns])
    of_column = np.array([action for action, _, _ in columns], dtype=np.int64)
    owners = limits.owners
    return Offers(
        customers=rows,
        gain=np.array([some for _, _, some in columns]).reshape(len(columns), len(rows)),
        cost=np.array([of_action[rows] for of_action in cost.T]),
        is_estimated=np.array([of_action[rows] for of_action in measured.T]),
        action=of_column,
        best_return=returns[order],
        highest_return=highest,
        names=tuple(names),
        counts=np.array(counts, dtype=bool).reshape(len(names), len(columns)),
        owner=owners.owner[rows] if owners else np.full(len(rows), NOBODY),
        owners=len(owners.capacity) if owners else 0,
        by_owner=owners.by_owner[of_column] if owners else np.zeros(len(columns), dtype=bool),
    )


def _best_returns(gain: FloatArray, cost: FloatArray, rows: IntArray) -> tuple[FloatArray, float]:
    """The largest gain / cost of each of these customers; and of all, of what costs something."""
    best, highest = np.zeros(len(rows)), 0.0
    for gains, costs in zip(gain.T, cost.T, strict=True):
        pays = np.flatnonzero(gains[rows] > 0)
        with np.errstate(divide="ignore"):
            returns = gains[rows[pays]] / costs[rows[pays]]
        highest = max(highest, float(returns[np.isfinite(returns)].max(initial=0.0)))
        best[pays] = np.maximum(best[pays], returns)
    return best, highest


def _columns(
    action: int, gain: FloatArray, rows: IntArray, reached: Reached, of_channels: list[str]
) -> list[tuple[int, str | None, FloatArray]]:
    """The columns of an action: by channel with a capacity, and by all others."""
    rest = gain > 0
    found: list[tuple[int, str | None, FloatArray]] = []
    for name in of_channels:
        is_by = reached.is_by(action, name)[rows] & rest
        if is_by.any():
            found.append((action, name, np.where(is_by, gain, -np.inf)))
            rest &= ~is_by
    if rest.any() or not found:
        found.append((action, None, np.where(rest, gain, -np.inf)))
    return found
