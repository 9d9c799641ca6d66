"""What everybody would take at prices of money and of contacts: the Lagrangian of the allocation.

With a price on each limit the customers no longer compete: each takes the action whose gain less
its priced use of the limits is largest, or none. What comes of it gains as much as anything can
that uses no more money and contacts (Everett 1963). Only prices are looked for: one of money, given
here, and one for each channel with a capacity. A customer asks for one contact at most, so that the
sum over customers is L-natural convex in the prices of the channels (Murota 2003, chapter 7): where
no set of channels can be made dearer or cheaper together with profit, the prices are the best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations

import numpy as np
import numpy.typing as npt

from core.arrays import FloatArray

IntArray = npt.NDArray[np.int64]
NOTHING = -1
ALL_SETS = 4  # channels with a capacity up to which all sets of them are tried
SWEEPS = 20  # through the sets; each step is a whole line search, so that few are needed
PRECISION = 1e-12  # of the largest value: what differs by less is equal
SETTLED = 1e-7  # of the largest price: smaller steps of prices are not worth another sweep


@dataclass(frozen=True)
class Offers:
    """The actions that gain something, (actions, customers); the best gain per money comes first.

    `customers` are rows of the tables that these were made of: customers without such an action
    are not here. `groups` are the actions of each channel in `channels` and, last, all others.
    """

    customers: IntArray
    gain: FloatArray  # -inf where an action is not allowed or does not pay
    cost: FloatArray
    best_return: FloatArray  # (customers,) the largest gain / cost, descending
    highest_return: float  # of all that cost something
    channels: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]

    def dearer(self, price: float) -> int:
        """How many customers have an action that gains at least `price` per unit of money."""
        return int(np.searchsorted(-self.best_return, -price, side="right"))


@dataclass(frozen=True)
class Point:
    """What is taken at a price of money, within the capacities.

    `dual` is the value of the Lagrangian without the budget's part: with `price` x budget it bounds
    the gain of every plan within the budget and the capacities. `action` is that of the first
    customers of the offers, -1 for none; all others have none.
    """

    price: float
    channel_prices: FloatArray
    cost: float
    gain: float
    customers: IntArray  # (actions,)
    dual: float
    action: IntArray

    @property
    def reached(self) -> float:
        """Its gain, and the priced capacity that indifferent customers leave unused."""
        return self.dual + self.price * self.cost

    def without_actions(self) -> "Point":
        """The same without saying who takes what."""
        return replace(self, action=self.action[:0])

    def bound(self, budget: float) -> float:
        """No plan within the budget and the capacities gains more."""
        return self.dual + self.price * budget


def offers_of(
    gain: FloatArray, cost: FloatArray, channels: Sequence[str], capped: Sequence[str]
) -> Offers:
    """The offers of tables (customers, actions), gain NaN where an action is not allowed.

    `channels` names the channel of each action, `capped` the channels with a capacity.
    """
    rows = np.flatnonzero((gain > 0).any(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.where(gain[rows] > 0, gain[rows] / cost[rows], -np.inf)
    highest = float(returns[np.isfinite(returns)].max(initial=0.0))
    returns = returns.max(axis=1, initial=0.0)
    order = np.argsort(-returns, kind="stable")
    rows = rows[order]
    some = np.ascontiguousarray(gain[rows].T)
    some[~(some > 0)] = -np.inf
    own = tuple(name for name in dict.fromkeys(channels) if name in capped)
    groups = [tuple(j for j, name in enumerate(channels) if name == wanted) for wanted in own]
    free = tuple(j for j, name in enumerate(channels) if name not in own)
    return Offers(
        customers=rows,
        gain=some,
        cost=np.ascontiguousarray(cost[rows].T),
        best_return=returns[order],
        highest_return=highest,
        channels=own,
        groups=(*groups, free),
    )


class Priced:
    """The best action of each channel for every customer at one price of money."""

    def __init__(self, offers: Offers, price: float) -> None:
        self.offers, self.price = offers, price
        shape = (len(offers.groups), offers.dearer(price))
        self._value = np.full(shape, -np.inf)
        self._action = np.full(shape, NOTHING, dtype=np.int64)
        for group, actions in enumerate(offers.groups):
            for action in actions:
                self._try(group, action)
        self._value[-1] = np.maximum(self._value[-1], 0.0)  # nobody has to be contacted

    def _try(self, group: int, action: int) -> None:
        offers, best = self.offers, self._value[group]
        value = offers.gain[action, : len(best)] - self.price * offers.cost[action, : len(best)]
        is_better = value > (np.maximum(best, 0.0) if group == len(offers.channels) else best)
        np.copyto(best, value, where=is_better)
        self._action[group][is_better] = action

    def within(self, capacities: Mapping[str, float], start: FloatArray | None = None) -> Point:
        """What is taken within the capacities; `start` are prices of channels to begin with."""
        limits = np.array([capacities[name] for name in self.offers.channels], dtype=np.float64)
        prices = np.zeros(len(limits)) if start is None else start.copy()
        net = self._value[:-1] - prices[:, None]
        for _ in range(SWEEPS if len(limits) > 1 else 1):
            moved = [self._move(net, prices, limits, some) for some in _sets(len(limits))]
            if not any(moved):
                break
        best = np.maximum(net.max(axis=0, initial=-np.inf), self._value[-1])
        action = self._taken(net, limits)
        rows = np.flatnonzero(action != NOTHING)
        return Point(
            price=self.price,
            channel_prices=prices,
            cost=float(self.offers.cost[action[rows], rows].sum()),
            gain=float(self.offers.gain[action[rows], rows].sum()),
            customers=np.bincount(action[rows], minlength=len(self.offers.gain)),
            dual=float(best.sum() + prices[prices > 0] @ limits[prices > 0]),
            action=action,
        )

    def _move(
        self, net: FloatArray, prices: FloatArray, limits: FloatArray, channels: list[int]
    ) -> bool:
        """Make these channels dearer or cheaper together, as far as it pays; whether it did.

        `net` are the values less `prices`; both are changed.
        """
        others = [net[k] for k in range(len(prices)) if k not in channels]
        inside = reduce(np.maximum, [net[k] for k in channels])
        surplus = inside - reduce(np.maximum, others, self._value[-1])
        places, least = limits[channels].sum(), -float(prices[channels].min())
        step, wanting = least, surplus[surplus > least]
        if places < len(wanting):  # as many want more than this as there are places
            position = len(wanting) - 1 - int(places)
            wanting.partition(position)
            step = float(wanting[position])
        if abs(step) <= SETTLED * float(prices.max()):
            return False
        prices[channels] = np.maximum(prices[channels] + step, 0.0)
        for channel in channels:
            np.subtract(self._value[channel], prices[channel], out=net[channel])
        return True

    def _taken(self, others: FloatArray, limits: FloatArray) -> IntArray:
        """The action of each customer: channel by channel, who gains most by it over the rest.

        Who is indifferent is taken as long as there is room.
        """
        action: IntArray = self._action[-1].copy()
        rest, is_free = self._value[-1], np.ones(len(action), dtype=bool)
        for channel, limit in enumerate(limits):
            next_best = np.maximum(others[channel + 1 :].max(axis=0, initial=-np.inf), rest)
            margin = np.where(is_free, others[channel] - next_best, -np.inf)
            finite = others[channel][np.isfinite(others[channel])]
            slack = PRECISION * (np.abs(finite).max(initial=0.0) + self.price)
            rows = np.flatnonzero(margin >= -slack)
            if len(rows) > limit:
                rows = _largest(margin, rows, int(limit))
            action[rows] = self._action[channel, rows]
            is_free[rows] = False
        return action


def _largest(margin: FloatArray, rows: IntArray, count: int) -> IntArray:
    """The `count` rows with the largest margin; of equals the first."""
    if count == 0:
        return rows[:0]
    among = margin[rows]
    least = np.partition(among, len(among) - count)[len(among) - count]
    kept = among > least
    kept[np.flatnonzero(among == least)[: count - int(kept.sum())]] = True
    largest: IntArray = rows[kept]
    return largest


def _sets(channels: int) -> list[list[int]]:
    """Sets of channels whose prices move together: all of them, or where there are many, some."""
    sizes = range(1, channels + 1) if channels <= ALL_SETS else (1, 2, channels)
    return [list(some) for size in sizes for some in combinations(range(channels), size)]
