"""What any plan would have brought in a simulated company: its truth, applied to the plan.

The company is taken as it stands at a date, with everything hidden about its customers except how
they respond: that is averaged over, by the chances their traits give and what their contacts so far
have shown. So are the chances within a response, and how long a customer who is kept or driven
away stays. A customer's gain depends on nobody else, and every draw is the same for all plans
(common random numbers): plans differ by what they do alone.

    gain = margin x (revenue with the contact - revenue without) - cost of contact - coupon redeemed

over so many days of average business: neither season nor drift, no discounting. Whether an order
comes while a coupon is good is the chance of it, whenever the last one came; the revenue of a
subscription comes evenly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy.special import gammaincc

from core.arrays import BoolArray as Flags
from core.arrays import FloatArray as Floats
from core.errors import SourceError
from core.files import read_json
from sources.kinds.simulator.contacts import ABOUT_TO, SOON
from sources.kinds.simulator.past import Past, chances_of
from sources.kinds.simulator.people import slowing
from sources.kinds.simulator.process import Clock, Phases
from sources.kinds.simulator.worlds import (
    REDEEMS,
    SLEEPING_DOG,
    WORLDS,
    Action,
    World,
)
from sources.meanings.vocabulary import DO_NOTHING

YEAR = 365
DRAWS = 8  # of how long a customer who is kept, or driven away, stays


@dataclass(frozen=True)
class Replay:
    """What a plan gains: one entry a row of the plan, money of the world."""

    gain: Floats
    sleeping_dog: Floats  # chance that the plan contacts a sleeping dog: 0 where it contacts nobody
    is_contacted: Flags

    @property
    def total(self) -> float:
        """The gain of the whole plan."""
        return float(self.gain.sum())

    @property
    def se(self) -> float:
        """Standard error of the total, customers being a sample of the world's."""
        return float(np.sqrt(len(self.gain)) * self.gain.std(ddof=1))

    @property
    def sleeping_dogs_share(self) -> float:
        """Share of the contacts that go to sleeping dogs; 0 without contacts."""
        return float(self.sleeping_dog.sum() / max(self.is_contacted.sum(), 1))

    def minus(self, other: "Replay") -> "Replay":
        """How much more this plan gains than another for the same customers, in the same order."""
        dogs = self.sleeping_dog - other.sleeping_dog
        return Replay(self.gain - other.gain, dogs, self.is_contacted | other.is_contacted)


@dataclass(frozen=True)
class Future:
    """What each action of the world gains with each customer, from a date on."""

    actions: tuple[str, ...]
    customers: "pd.Index[str]"
    gain: Floats  # (customers, actions), as expected
    responses: Floats  # (customers, responses): their chances at the date

    def replay(self, plan: pd.DataFrame) -> Replay:
        """What a plan gains: columns customer_id, action_id, is_treated, one row a customer.

        Raises SourceError for a customer or an action that the company does not have, and where a
        customer stands twice.
        """
        rows = self.customers.get_indexer(pd.Index(plan["customer_id"]))
        names = [*self.actions, DO_NOTHING]
        action = pd.Index(names).get_indexer(pd.Index(plan["action_id"]))
        for found, column in ((rows, "customer_id"), (action, "action_id")):
            if (found < 0).any():
                first = plan[column].iloc[int(np.argmin(found))]
                raise SourceError(
                    f"The plan has {(found < 0).sum():,} rows with a {column} that the simulated "
                    f"company does not have (first: {first}). Make the plan of this company; its "
                    f"actions are {', '.join(names)}."
                )
        if plan["customer_id"].duplicated().any():
            raise SourceError("The plan has several rows of a customer: keep one of each.")
        is_contacted = plan["is_treated"].to_numpy(bool) & (action < len(self.actions))
        action = np.minimum(action, len(self.actions) - 1)
        gain = np.where(is_contacted, self.gain[rows, action], 0.0)
        dogs = np.where(is_contacted, self.responses[rows, SLEEPING_DOG], 0.0)
        return Replay(gain, dogs, is_contacted)


def replay(
    folder: Path, plan: pd.DataFrame, date: pd.Timestamp | float, seed: int, days: int = YEAR
) -> Replay:
    """What a plan of a date gains in the company that lies in `folder`, over so many days."""
    return future(folder, date, seed, days).replay(plan)


def future(folder: Path, date: pd.Timestamp | float, seed: int, days: int = YEAR) -> Future:
    """What each action gains with each customer of the company in `folder`, from a date on.

    `date` is a time, or a number of days since the data begins. Reads the truth only.
    """
    facts = read_json(folder / "truth" / "world.json")
    if isinstance(date, pd.Timestamp):
        date = (date - pd.Timestamp(facts["start"])) / pd.Timedelta(days=1)
    names = ("customers", "phases", "contacts")
    truth = {
        name: pq.read_table(folder / "truth" / f"{name}.parquet").to_pandas() for name in names
    }
    return future_of(WORLDS[facts["world"]], truth, float(date), seed, days)


def future_of(
    world: World, truth: Mapping[str, pd.DataFrame], date: float, seed: int, days: int = YEAR
) -> Future:
    """The same of a truth that is at hand."""
    customers = truth["customers"].sort_values("customer_id", ignore_index=True, kind="stable")
    ids = pd.Index(customers["customer_id"])
    phases = _phases(world, truth["phases"], ids)
    past = Past.of(truth["contacts"], ids, date)
    responses = past.responses(world, phases, customers)
    state = _State.at(world, phases, customers, date, days, seed)
    third = past.would_tire(date, len(ids))
    gains = [
        state.gain(action, responses, np.where(third, world.fatigue, 0.0))
        for action in world.actions
    ]
    return Future(
        tuple(action.id for action in world.actions), ids, np.column_stack(gains), responses
    )


def _phases(world: World, rows: pd.DataFrame, ids: "pd.Index[str]") -> Phases:
    who = ids.get_indexer(pd.Index(rows["customer_id"]))
    order = np.lexsort((rows["begins"].to_numpy(), who))
    begins, onset, leaves = (
        rows[name].to_numpy(float)[order] for name in ("begins", "onset", "leaves")
    )
    # A subscription is paid in full until it ends, however little it is used.
    return Phases(who[order], begins, leaves if world.kind == "cancellation" else onset, leaves)


@dataclass(frozen=True)
class _State:
    """Customers at a date: what they will bring, and what it would be if a contact changed it."""

    world: World
    is_there: Flags
    is_about_to: Flags
    kept: Floats  # revenue that keeping the customer brings
    repelled: Floats  # the same of driving them away: at most 0
    buys: tuple[
        Floats, Floats, Floats
    ]  # chance to order while a coupon is good: as is, kept, repelled

    @classmethod
    def at(
        cls,
        world: World,
        phases: Phases,
        customers: pd.DataFrame,
        date: float,
        days: int,
        seed: int,
    ) -> "_State":
        n = len(customers)
        now = phases.at(np.maximum(customers["joined_day"].to_numpy(float), date), n)
        worth, rate = (customers[name].to_numpy(float) for name in ("worth", "rate"))
        is_there = (customers["joined_day"].to_numpy(float) <= date) & (now.leaves > date)
        is_about_to = is_there & (now.leaves - date < ABOUT_TO)
        ahead = _Ahead(world, date, days, rate)
        revenue, buys = ahead.of(now)
        kept, repelled = np.zeros((2, n)), np.zeros((2, n))
        rng = np.random.default_rng([seed, 0])
        for draw in range(DRAWS):  # one in each part of equal chance
            long, soon = -np.log1p(-(draw + rng.random((2, n))) / DRAWS)
            stays, goes = date + ABOUT_TO + long * world.mean_life, date + soon * SOON
            onset, slows = slowing(world, date, stays, rng), slowing(world, date, goes, rng)
            if world.kind == "cancellation":
                onset, slows = stays, goes
            kept += ahead.of(Phases(now.who, np.full(n, date), onset, stays))
            # Who is slowing down already goes on doing so; who leaves sooner is not driven away.
            slows = np.where(now.onset < date, now.onset, slows)
            sooner = goes < now.leaves
            slows, goes = np.where(sooner, slows, now.onset), np.where(sooner, goes, now.leaves)
            repelled += ahead.of(Phases(now.who, now.begins, slows, goes))
        more, less = (
            np.where(is_there, worth * (x[0] / DRAWS - revenue), 0.0) for x in (kept, repelled)
        )
        return cls(
            world, is_there, is_about_to, more, less, (buys, kept[1] / DRAWS, repelled[1] / DRAWS)
        )

    def gain(self, action: Action, responses: Floats, tires: Floats) -> Floats:
        """The expected gain of an action with each customer."""
        kept, repelled = chances_of(self.world, action, self.is_about_to, tires)
        revenue = kept * self.kept[:, None] + repelled * self.repelled[:, None]
        as_is, if_kept, if_repelled = (one[:, None] for one in self.buys)
        buys = as_is + kept * (if_kept - as_is) + repelled * (if_repelled - as_is)
        buys = np.where(self.is_there[:, None], buys, 0.0)
        each = self.world.margin * revenue - action.incentive_cost * buys * np.array(REDEEMS)
        return np.asarray((responses * each).sum(axis=1) - action.contact_cost)


@dataclass(frozen=True)
class _Ahead:
    """What lies ahead of customers in a phase: days of usual activity, and the next order."""

    world: World
    date: float
    days: int
    rate: Floats

    def of(self, phases: Phases) -> Floats:
        """Days of usual activity, and the chance of an order while a coupon is good: (2, n)."""
        even = Clock(np.arange(self.date + self.days + 2.0))
        n = len(phases.who)
        date = np.full(n, self.date)
        active = phases.length(date, date + self.days, even)
        if self.world.kind == "cancellation":
            return np.stack([active, (active > 0).astype(float)])
        soon = self.rate * phases.length(date, date + self.world.coupon_days, even)
        # The chance that nothing happens so soon in a renewal process with gamma gaps (Cox 1962).
        shape = self.world.gap_shape
        none = gammaincc(shape + 1, shape * soon) - soon * gammaincc(shape, shape * soon)
        return np.stack([active, 1 - none])
