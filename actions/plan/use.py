"""How much of each limit is used: the budget, what counts contacts, and each owner's time."""

from collections.abc import Callable

import numpy as np

from actions.plan.limits import Limits
from actions.plan.offered import NOTHING, Offers
from core.arrays import FloatArray, IntArray

BUDGET = "budget"
OWNERS = "owners"


class Problem:
    """The offers and the limits on them: the budget, if there is one, the limits, the owners."""

    def __init__(self, offers: Offers, limits: Limits) -> None:
        self.offers = offers
        self.has_budget = bool(np.isfinite(limits.budget))
        self.places = offers.places(limits)
        self.limits = np.array([*([limits.budget] if self.has_budget else []), *self.places])

    def gain(self, column: IntArray, rows: IntArray) -> FloatArray:
        """What these customers' columns gain, 0 without one."""
        return np.where(column == NOTHING, 0.0, self.offers.gain[column, rows])

    def total(self, column: IntArray) -> float:
        """What they gain together, everybody's columns given."""
        return float(self.gain(column, np.arange(len(column))).sum())

    def cost(self, column: IntArray, rows: IntArray) -> FloatArray:
        """What these customers' columns cost, 0 without one."""
        return np.where(column == NOTHING, 0.0, self.offers.cost[self.offers.action[column], rows])

    def use(self, column: IntArray, rows: IntArray) -> FloatArray:
        """How much of each limit some customers' columns use, (limits, customers)."""
        taken = column != NOTHING
        parts = [self.cost(column, rows)[None, :]] if self.has_budget else []
        parts.append((self.offers.counts[:, column] & taken).astype(np.float64))
        owner = self.offers.owner[rows]
        is_owned = taken & self.offers.by_owner[column]
        owners = np.arange(self.offers.owners)[:, None]
        parts.append(((owner == owners) & is_owned).astype(np.float64))
        return np.concatenate(parts)

    def used(self, column: IntArray) -> FloatArray:
        """The sum of that over everybody, (limits,)."""
        rows = np.flatnonzero(column != NOTHING)
        taken, offers = column[rows], self.offers
        times = np.bincount(taken, minlength=len(offers.action))
        owner = offers.owner[rows[offers.by_owner[taken]]]
        by_owner = np.bincount(owner[owner >= 0], minlength=offers.owners)
        cost = [float(offers.cost[offers.action[taken], rows].sum())] if self.has_budget else []
        return np.array([*cost, *(offers.counts @ times), *by_owner], dtype=np.float64)

    def priced_use(self, column: int, price: FloatArray) -> FloatArray | float:
        """What a column uses of the limits at these prices, for everybody."""
        offers, of_contacts = self.offers, price[int(self.has_budget) :]
        names = len(offers.names)
        use: FloatArray | float = float(of_contacts[:names] @ offers.counts[:, column])
        if self.has_budget:
            use = use + price[0] * offers.cost[offers.action[column]]
        if offers.by_owner[column]:
            use = use + np.append(of_contacts[names:], 0.0)[offers.owner]
        return use

    def binding(self, column: IntArray, tolerance: float) -> tuple[str, ...]:
        """The names of the limits that keep somebody from a better column."""
        offers, rows = self.offers, np.arange(len(column))
        left = self.limits * (1 + tolerance) - self.used(column)
        gain, cost = self.gain(column, rows), self.cost(column, rows)
        now = offers.counts[:, column] & (column != NOTHING)
        is_owned = offers.by_owner[column] & (column != NOTHING)
        contacts = left[int(self.has_budget) :]
        of_names = contacts[: len(offers.names)]
        of_owner = np.append(contacts[len(offers.names) :], np.inf)[offers.owner]
        keeps = np.zeros(len(self.names()), dtype=bool)
        of_contact = int(self.has_budget)
        for other, gains in enumerate(offers.gain):
            is_better = gains > gain
            if self.has_budget:
                more = offers.cost[offers.action[other]] - cost
                keeps[0] |= (is_better & (more > left[0])).any()
            for number in np.flatnonzero(offers.counts[:, other] & (of_names < 1)):
                keeps[of_contact + number] |= (is_better & ~now[number]).any()
            if offers.by_owner[other]:
                keeps[-1] |= (is_better & ~is_owned & (of_owner < 1)).any()
        return tuple(name for name, is_kept in zip(self.names(), keeps, strict=True) if is_kept)

    def names(self) -> tuple[str, ...]:
        """The names of the limits; those of all owners together are one."""
        budget = (BUDGET,) if self.has_budget else ()
        return (*budget, *self.offers.names, *((OWNERS,) if self.offers.owners else ()))

    def used_by_name(self, used: FloatArray) -> dict[str, float]:
        """How much of each limit is used; of owners, all contacts that they carry out."""
        return self._named(used, np.sum)

    def price_by_name(self, price: FloatArray) -> dict[str, float]:
        """The price of each limit; of owners, the dearest one's."""
        return self._named(price, np.max)

    def _named(
        self, values: FloatArray, of_owners: Callable[[FloatArray], float]
    ) -> dict[str, float]:
        first = len(values) - self.offers.owners
        owners = [float(of_owners(values[first:]))] if self.offers.owners else []
        return dict(zip(self.names(), [*values[:first].tolist(), *owners], strict=True))
