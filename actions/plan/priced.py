"""What everybody would take at prices of money and of contacts: the Lagrangian of the allocation.

With a price on each limit the customers no longer compete: each takes the column whose gain less
its priced use of the limits is largest, or none. What comes of it gains as much as anything can
that uses no more money and contacts (Everett 1963). Only prices are looked for: one of money, given
here, one for each limit that counts contacts, and one for each owner. A customer asks for one
contact at most, so that the sum over customers is L-natural convex in the prices of the channels
(Murota 2003, chapter 7): where no set of channels can be made dearer or cheaper together with
profit, these prices are the best. A contact that counts against an action or an owner besides has
the sum of their prices. These are moved one by one, all owners at once since no customer has two;
with many customers the sum has no sharp edges at which that would end too early, and how far from
the best it ended is the gap that the plan reports.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from actions.plan.offered import NOTHING, Offers
from core.arrays import BoolArray, FloatArray, IntArray

ALL_SETS = 4  # channels with a capacity up to which all sets of them are tried
SWEEPS = 20  # through the sets; each step is a whole line search, so that few are needed
PRECISION = 1e-12  # of the largest value: what differs by less is equal
SETTLED = 1e-7  # of the largest price: smaller steps of prices are not worth another sweep


@dataclass(frozen=True)
class Point:
    """What is taken at a price of money, within the capacities.

    `dual` is the value of the Lagrangian without the budget's part: with `price` x budget it bounds
    the gain of every plan within the budget and the capacities. `column` is that of the first
    customers of the offers, -1 for none; all others have none. `prices` are those of the limits,
    then of the owners.
    """

    price: float
    prices: FloatArray
    cost: float
    gain: float
    estimated_gain: float  # the part of the gain that measured effects bring
    customers: IntArray  # (actions,)
    dual: float
    column: IntArray

    @property
    def reached(self) -> float:
        """Its gain, and the priced capacity that indifferent customers leave unused."""
        return self.dual + self.price * self.cost

    def without_columns(self) -> "Point":
        """The same without saying who takes what."""
        return replace(self, column=self.column[:0])

    def bound(self, budget: float) -> float:
        """No plan within the budget and the capacities gains more."""
        return self.dual + self.price * budget


class Priced:
    """The best column of each group for every customer at one price of money.

    A group is of columns that count against the same limits; the last counts against none.
    """

    def __init__(self, offers: Offers, price: float) -> None:
        self.offers, self.price = offers, price
        self._groups, self._by_owner, group_of = _groups(offers)  # (limits, groups), (groups,)
        people = offers.dearer(price)
        self._value = np.full((len(self._by_owner), people), -np.inf)
        self._column = np.full(self._value.shape, NOTHING, dtype=np.int64)
        self._owner = offers.owner[:people]
        for column, group in enumerate(group_of):
            self._try(group, column)
        self._value[-1] = np.maximum(self._value[-1], 0.0)  # nobody has to be contacted

    def _try(self, group: int, column: int) -> None:
        offers, best = self.offers, self._value[group]
        people = len(best)
        cost = offers.cost[offers.action[column], :people]
        value = offers.gain[column, :people] - self.price * cost
        is_free = group == len(self._value) - 1
        is_better = value > (np.maximum(best, 0.0) if is_free else best)
        np.copyto(best, value, where=is_better)
        self._column[group][is_better] = column

    def within(self, places: FloatArray, start: FloatArray | None = None) -> Point:
        """What is taken within these places; `start` are prices to begin with."""
        prices = np.zeros(len(places)) if start is None else start.copy()
        net = self._value[:-1].copy()
        for group in range(len(net)):
            self._reprice(net, prices, group)
        sets = self._sets()
        for _ in range(SWEEPS if len(places) > 1 else 1):
            moved = [self._move(net, prices, places, some) for some in sets]
            moved.append(self.offers.owners > 0 and self._move_owners(net, prices, places))
            if not any(moved):
                break
        best = np.maximum(net.max(axis=0, initial=-np.inf), self._value[-1])
        column = self._taken(net, places)
        rows = np.flatnonzero(column != NOTHING)
        offers, action = self.offers, self.offers.action[column[rows]]
        gain = offers.gain[column[rows], rows]
        return Point(
            price=self.price,
            prices=prices,
            cost=float(offers.cost[action, rows].sum()),
            gain=float(gain.sum()),
            estimated_gain=float(gain[offers.is_estimated[action, rows]].sum()),
            customers=np.bincount(action, minlength=len(offers.cost)),
            dual=float(best.sum() + prices[prices > 0] @ places[prices > 0]),
            column=column,
        )

    def _reprice(self, net: FloatArray, prices: FloatArray, group: int) -> None:
        """Write the values of a group less the prices of what it counts against."""
        scalar = len(self._groups)
        np.subtract(
            self._value[group], float(prices[:scalar] @ self._groups[:, group]), out=net[group]
        )
        if self._by_owner[group]:
            # The last of the padded prices is that of customers of nobody.
            net[group] -= np.append(prices[scalar:], 0.0)[self._owner]

    def _move(
        self, net: FloatArray, prices: FloatArray, places: FloatArray, some: list[int]
    ) -> bool:
        """Make these limits dearer or cheaper together, as far as it pays; whether it did.

        `net` are the values less `prices`; both are changed. The number after the last limit
        stands for all owners that have a price already.
        """
        scalar = len(self._groups)
        moving = np.array([number for number in some if number != scalar], dtype=np.int64)
        inside = np.flatnonzero(self._groups[moving, :-1].any(axis=0)).tolist()
        priced = prices[scalar:] > 0
        if scalar in some:
            if not priced.any():
                return False
            moving = np.concatenate([moving, scalar + np.flatnonzero(priced)])
        surplus = self._surplus(net, inside, priced if scalar in some else None)
        room, least = places[moving].sum(), -float(prices[moving].min())
        step, wanting = least, surplus[surplus > least]
        if room < len(wanting):  # as many want more than this as there are places
            position = len(wanting) - 1 - int(room)
            wanting.partition(position)
            step = float(wanting[position])
        if abs(step) <= SETTLED * float(prices.max()):
            return False
        prices[moving] = np.maximum(prices[moving] + step, 0.0)
        owned = np.flatnonzero(self._by_owner).tolist() if scalar in some else []
        for group in (*inside, *owned):
            self._reprice(net, prices, group)
        return True

    def _move_owners(self, net: FloatArray, prices: FloatArray, places: FloatArray) -> bool:
        """The same for each owner alone, all at once."""
        inside, scalar = np.flatnonzero(self._by_owner).tolist(), len(self._groups)
        if not inside:
            return False
        old, room = prices[scalar:].copy(), places[scalar:].astype(np.int64)
        surplus = self._surplus(net, inside)
        rows = np.flatnonzero(self._owner >= 0)
        rows = rows[surplus[rows] > -old[self._owner[rows]]]
        rows = rows[np.lexsort((-surplus[rows], self._owner[rows]))]
        owner = self._owner[rows]
        wanting = np.bincount(owner, minlength=len(old))
        step = -old
        is_full = wanting > room
        first = np.concatenate([[0], np.cumsum(wanting)[:-1]])
        step[is_full] = surplus[rows[(first + room)[is_full]]]
        if np.abs(step).max(initial=0.0) <= SETTLED * float(prices.max()):
            return False
        prices[scalar:] = np.maximum(old + step, 0.0)
        for group in inside:
            self._reprice(net, prices, group)
        return True

    def _surplus(
        self, net: FloatArray, inside: list[int], owners: BoolArray | None = None
    ) -> FloatArray:
        """What the best of these groups gains each customer over the best of all others.

        With `owners` (owners,), groups by owner are among them for the customers of these.
        """
        best, rest = np.full(net.shape[1], -np.inf), self._value[-1].copy()
        is_theirs = None if owners is None else np.append(owners, False)[self._owner]
        for group, values in enumerate(net):
            if group in inside:
                np.maximum(best, values, out=best)
            elif is_theirs is not None and self._by_owner[group]:
                np.maximum(best, values, out=best, where=is_theirs)
                np.maximum(rest, values, out=rest, where=~is_theirs)
            else:
                np.maximum(rest, values, out=rest)
        with np.errstate(invalid="ignore"):
            return np.asarray(best - rest)

    def _taken(self, net: FloatArray, places: FloatArray) -> IntArray:
        """The column of each customer: group by group, who gains most by it over the rest.

        Who is indifferent is taken as long as there is room.
        """
        column: IntArray = self._column[-1].copy()
        rest, is_free = self._value[-1], np.ones(len(column), dtype=bool)
        room = places.copy()
        for group, values in enumerate(net):
            next_best = np.maximum(net[group + 1 :].max(axis=0, initial=-np.inf), rest)
            with np.errstate(invalid="ignore"):
                margin = np.where(is_free, values - next_best, -np.inf)
            finite = values[np.isfinite(values)]
            slack = PRECISION * (np.abs(finite).max(initial=0.0) + self.price)
            rows = self._fitting(np.flatnonzero(margin >= -slack), margin, group, room)
            column[rows] = self._column[group, rows]
            is_free[rows] = False
        return column

    def _fitting(
        self, rows: IntArray, margin: FloatArray, group: int, room: FloatArray
    ) -> IntArray:
        """Those of the rows with the largest margin for whom there is room; takes it."""
        scalar = len(self._groups)
        its = np.flatnonzero(self._groups[:, group])
        if self._by_owner[group]:
            rows = rows[np.lexsort((rows, -margin[rows]))]
            allowed = np.append(room[scalar:], np.inf)[self._owner[rows]]
            rows = rows[_place_within(self._owner[rows]) < allowed]
        most = int(room[its].min(initial=len(rows)))
        if len(rows) > most:
            rows = _largest(margin, rows, most)
        room[its] -= len(rows)
        if self._by_owner[group] and self.offers.owners:
            owned = self._owner[rows]
            room[scalar:] -= np.bincount(owned[owned >= 0], minlength=self.offers.owners)
        return rows

    def _sets(self) -> list[list[int]]:
        """Sets of limits whose prices move together: no contact counts against two of them.

        All of them, or where there are many limits, some. The last number stands for the owners.
        """
        limits = self._groups[:, :-1]
        if self.offers.owners:
            limits = np.vstack([limits, self._by_owner[:-1]])
        shared = limits.astype(np.int64) @ limits.T.astype(np.int64)
        every = len(limits)
        sizes = range(1, every + 1) if every <= ALL_SETS else (1, 2, every)
        sets = [list(some) for size in sizes for some in combinations(range(every), size)]
        return [some for some in sets if not np.triu(shared[np.ix_(some, some)], 1).any()]


def _groups(offers: Offers) -> tuple[BoolArray, BoolArray, list[int]]:
    """What each group counts against, whether by owner, and the group of each column."""
    patterns: dict[tuple[bool, ...], int] = {}
    free = (False,) * (len(offers.names) + 1)
    of_column = [
        (*map(bool, offers.counts[:, column]), bool(offers.by_owner[column]))
        for column in range(len(offers.action))
    ]
    for pattern in sorted((p for p in of_column if p != free), reverse=True):
        patterns.setdefault(pattern, len(patterns))
    patterns[free] = len(patterns)
    table = np.array([*patterns], dtype=bool).T.reshape(len(free), len(patterns))
    return table[:-1], table[-1], [patterns[pattern] for pattern in of_column]


def _place_within(owner: IntArray) -> IntArray:
    """The place of each row among those of its owner, in the order given, from 0 on."""
    order = np.argsort(owner, kind="stable")
    sorted_owner = owner[order]
    starts = (
        np.flatnonzero(np.r_[True, sorted_owner[1:] != sorted_owner[:-1]]) if len(owner) else owner
    )
    sizes = np.diff(np.append(starts, len(owner)))
    place = np.empty(len(owner), dtype=np.int64)
    place[order] = np.arange(len(owner)) - np.repeat(starts, sizes)
    return place


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
