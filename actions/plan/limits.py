"""Limits of a plan, and what each contact counts against: budget, channels, actions and owners.

A contact costs money, and counts once against its channel's capacity, once against that of its
action, and where the customer's owner carries it out, once against what one owner can do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core.arrays import BoolArray, FloatArray, IntArray

NOBODY = -1  # the owner of a customer without one


@dataclass(frozen=True)
class Owners:
    """Who carries out what: the owner of each customer, and the most contacts of each owner.

    `owner` is (customers,), a number from 0 on, or NOBODY: contacts with customers of nobody are
    limited by their channel and action only. `by_owner` is (actions,), `capacity` (owners,).
    """

    owner: IntArray
    by_owner: BoolArray
    capacity: IntArray

    def carried_out(self, choice: IntArray) -> IntArray:
        """How many contacts of a choice (customers,) each owner carries out, (owners,)."""
        rows = np.flatnonzero((choice >= 0) & (self.owner >= 0))
        theirs = self.owner[rows[self.by_owner[choice[rows]]]]
        return np.bincount(theirs, minlength=len(self.capacity))


@dataclass(frozen=True)
class Limits:
    """The budget, and the contacts of each channel, action (by its index) and owner; none: all.

    What is not named has no limit.
    """

    budget: float
    capacities: Mapping[str, int] = field(default_factory=dict)
    actions: Mapping[int, int] = field(default_factory=dict)
    owners: Owners | None = None

    def at_capacity(self, factor: float) -> "Limits":
        """The same where channels and owners can make so many times the contacts."""
        owners = self.owners
        if owners is not None:
            owners = replace(
                owners, capacity=np.array([contacts_at(int(n), factor) for n in owners.capacity])
            )
        channels = at_capacity(self.capacities, factor)
        return replace(self, capacities=channels, owners=owners)

    def left_by(self, choice: IntArray, reached: "Reached") -> "Limits":
        """What a choice (customers,) leaves of the capacities; the budget as it is."""
        names = reached.names_of(choice)
        capacities = {
            name: limit - int((names == name).sum()) for name, limit in self.capacities.items()
        }
        actions = {one: most - int((choice == one).sum()) for one, most in self.actions.items()}
        owners = self.owners
        if owners is not None:
            owners = replace(owners, capacity=owners.capacity - owners.carried_out(choice))
        return replace(self, capacities=capacities, actions=actions, owners=owners)

    def set_aside(
        self, places: IntArray, cost: FloatArray, is_used: Mapping[str, BoolArray]
    ) -> "Limits":
        """What is left where so many places of each action (actions,) are kept free for others.

        Whoever takes them: each may cost as much as `cost` says, use any channel that `is_used`
        says of its action (both (actions,)), and be carried out by any owner.
        """
        capacities = {
            name: limit - int(places[is_used[name]].sum())
            for name, limit in self.capacities.items()
        }
        actions = {one: most - int(places[one]) for one, most in self.actions.items()}
        owners = self.owners
        if owners is not None:
            owners = replace(owners, capacity=owners.capacity - int(places[owners.by_owner].sum()))
        budget = max(self.budget - float(places @ cost), 0.0)
        return Limits(budget, capacities, actions, owners)


@dataclass(frozen=True)
class Reached:
    """The channel of each customer and action: an index into `names`, (customers, actions)."""

    names: tuple[str, ...]
    channel: npt.NDArray[np.integer[Any]]

    def of(self, rows: slice) -> "Reached":
        """The channels of some of the customers."""
        return replace(self, channel=self.channel[rows])

    def is_by(self, action: int, name: str) -> BoolArray:
        """Which customers are reached by this channel with an action, (customers,)."""
        if name not in self.names:
            return np.zeros(len(self.channel), dtype=bool)
        return np.asarray(self.channel[:, action] == self.names.index(name))

    def names_of(self, choice: IntArray) -> npt.NDArray[np.object_]:
        """The channel of each customer's choice, None without one; (customers,)."""
        found = np.full(len(choice), None, dtype=object)
        rows = np.flatnonzero(choice >= 0)
        found[rows] = np.array(self.names, dtype=object)[self.channel[rows, choice[rows]]]
        return found

    def used_by(self, name: str, admissible: BoolArray) -> BoolArray:
        """Which actions reach some admissible customer by this channel, (actions,)."""
        if name not in self.names:
            return np.zeros(admissible.shape[1], dtype=bool)
        is_by = self.channel == self.names.index(name)
        return np.asarray((is_by & admissible).any(axis=0))


def by_one_channel(channels: Sequence[str], customers: int) -> Reached:
    """Everybody is reached with each action by the same channel."""
    names = tuple(dict.fromkeys(channels))
    of_action = np.array([names.index(name) for name in channels], dtype=np.int64)
    return Reached(names, np.broadcast_to(of_action, (customers, len(channels))))


def at_capacity(capacities: Mapping[str, int], factor: float) -> dict[str, int]:
    """The contacts that each channel can make at a factor of the capacities."""
    return {name: contacts_at(limit, factor) for name, limit in capacities.items()}


def contacts_at(limit: int, factor: float) -> int:
    """So many times the contacts, whole ones."""
    return int(factor * limit + 1e-9)
