"""Contacts: who is contacted is drawn from what was known, and what they change lies ahead.

Each round is a plan of a company that knows its customers' purchases, consents and earlier
contacts; some contacts go to customers who are gone, because nobody can know it yet. Everything
random is drawn for all customers and rounds, whoever is contacted: what happens before a contact
is the same with and without it.
"""

from dataclasses import dataclass

import numpy as np

from core.arrays import BoolArray as Flags
from core.arrays import FloatArray as Floats
from core.arrays import IntArray as Ints
from sources.kinds.simulator.people import NEVER, People, Rng, slowing
from sources.kinds.simulator.process import FAR, Clock, Phases, happenings, possible
from sources.kinds.simulator.worlds import PERSUADABLE, REDEEMS, SLEEPING_DOG, World

ABOUT_TO = 60.0  # days: who would leave so soon can be kept, and is what a contact aims at
SOON = 14.0  # days: mean time until who is driven away is gone
MONTH = 30.0  # days that a payment of a subscription covers
AT_RISK, OTHERS = 0.6, 0.08  # share contacted where somebody looks at them and nothing is random
SILENT = 2.0  # mean gaps between purchases, after which somebody notices


@dataclass(frozen=True)
class Contacts:
    """One entry a contact, in order of time."""

    who: Ints  # position in People
    day: Floats
    action: Ints
    is_treated: Flags
    chance: Floats  # that this action was intended, given what was known on the day
    outcome: Ints  # 1 kept, -1 driven away, 0 neither
    coupon: Floats  # day of the order on which a coupon could be redeemed; NEVER where none could
    takes: Flags  # whether the customer would redeem it

    @property
    def redeemed(self) -> Floats:
        """The day on which a coupon is redeemed; NEVER where none is."""
        return np.where(self.takes, self.coupon, NEVER)


@dataclass(frozen=True)
class Luck:
    """What is drawn for a round, one entry a customer, whoever is contacted."""

    chosen: Floats
    action: Floats
    arm: Floats
    works: Floats
    tires: Floats
    redeems: Floats
    kept: tuple[Floats, Floats]  # onset and end of the next phase of who is kept
    repelled: tuple[Floats, Floats]  # the same of who is driven away

    @classmethod
    def drawn(cls, world: World, day: float, n: int, rng: Rng) -> "Luck":
        """The luck of `n` customers in the round of a day."""
        chosen, action, arm, works, tires, redeems = rng.random((6, n))
        stays = day + ABOUT_TO + rng.exponential(world.mean_life, n)
        goes = day + rng.exponential(SOON, n)
        kept, repelled = slowing(world, day, stays, rng), slowing(world, day, goes, rng)
        return cls(chosen, action, arm, works, tires, redeems, (kept, stays), (repelled, goes))


class Life:
    """What happens to customers, round by round: contacts, and what these make of their lives."""

    def __init__(self, world: World, people: People, on: Clock, rng: Rng):
        self.world, self.people, self.on = world, people, on
        n = len(people.number)
        self.phases = Phases(np.arange(n), people.joined, people.onset, people.would_leave)
        rate = people.rate if world.kind == "lapse" else np.zeros(n)
        is_new = people.joined > 0
        self.purchases = possible(rate, people.joined, is_new, world.gap_shape, on, rng)
        self.bought = happenings(self.purchases, people.rate, self.phases, on)
        self.rounds: list[Contacts] = []
        self.intended: list[tuple[float, Flags]] = []
        self.last, self.before_last = np.full(n, -NEVER), np.full(n, -NEVER)

    def contacts(self) -> Contacts:
        """All contacts so far."""
        kinds = (int, float, int, bool, float, int, float, bool)
        empty = Contacts(*(np.empty(0, kind) for kind in kinds))
        names = Contacts.__dataclass_fields__
        rounds = [empty, *self.rounds]
        return Contacts(**{n: np.concatenate([getattr(one, n) for one in rounds]) for n in names})

    def now(self, day: float) -> Phases:
        """Everybody's phase on a day."""
        n = len(self.people.number)
        return self.phases.at(np.maximum(self.people.joined, day), n)

    def round(self, day: float, rng: Rng, is_withheld: bool = False) -> None:
        """One plan, and what comes of it."""
        world, people = self.world, self.people
        luck = Luck.drawn(world, day, len(people.number), rng)
        who, action, chance = self._planned(day, luck)
        share = np.where(people.is_control[who], 0.0, 1.0 if world.is_confounded else world.treated)
        is_treated = (luck.arm[who] < share) & (not is_withheld)
        self.contact(who, action, is_treated, chance, day, luck)

    def contact(
        self, who: Ints, action: Ints, is_treated: Flags, chance: Floats, day: float, luck: Luck
    ) -> None:
        """Contact these customers, or withhold it, with the luck of everybody."""
        outcome = np.zeros(len(who), int)
        outcome[is_treated] = self._changed(who[is_treated], action[is_treated], day, luck)
        is_coupon = np.array([a.incentive_cost > 0 for a in self.world.actions])[action]
        takes = luck.redeems[who] < np.array(REDEEMS)[self.people.response[who]]
        coupon = np.where(is_treated & is_coupon, self._next_order(who, day), NEVER)
        days = np.full(len(who), day)
        self.rounds.append(Contacts(who, days, action, is_treated, chance, outcome, coupon, takes))
        touched = who[is_treated]
        self.before_last[touched], self.last[touched] = self.last[touched], day

    def _planned(self, day: float, luck: Luck) -> tuple[Ints, Ints, Floats]:
        """Who is contacted, with what, and how likely that was: from what was known on the day."""
        world, people = self.world, self.people
        may = self._is_listed(day) & self._is_rested(day)
        admissible = np.array([people.consents(a.channel, day) for a in world.actions]) & may
        count = admissible.sum(axis=0)
        share = np.full(len(may), world.contacted)
        if world.is_confounded:
            share = np.where(self._seems_to_leave(day), AT_RISK, OTHERS)
        is_chosen = (count > 0) & (luck.chosen < share)
        self.intended.append((day, is_chosen))
        who = np.flatnonzero(is_chosen)
        nth = np.floor(luck.action[who] * count[who])
        action = (np.cumsum(admissible[:, who], axis=0) <= nth).sum(axis=0)
        return who, action, share[who] / count[who]

    def _is_listed(self, day: float) -> Flags:
        """Who is on the company's list: bought lately, or has a contract that has not ended."""
        people = self.people
        if self.world.kind == "cancellation":
            paid = paid_until(people.began, self.now(day).leaves)
            return (people.joined < day) & (day < paid)
        return np.asarray(day - self._bought(day) < self.world.listed_days)

    def _is_rested(self, day: float) -> Flags:
        """Whom neither the quiet period nor the cap stops; withheld contacts count as made."""
        world = self.world
        lately = [who for on, who in self.intended if day - on < world.max_contacts_days]
        just_now = [who for on, who in self.intended if day - on < world.quiet_days]
        nobody = np.zeros(len(self.last), bool)
        is_full = np.sum([nobody, *lately], axis=0) >= world.max_contacts
        return np.asarray(~(is_full | np.any([nobody, *just_now], axis=0)))

    def _seems_to_leave(self, day: float) -> Flags:
        """Who has slowed down, is angry, or has been silent for long: somebody has seen it."""
        people = self.people
        is_angry = (people.complained < day) & ~people.is_resolved
        is_silent = (day - self._bought(day)) * people.rate > SILENT
        return (self.now(day).onset < day) | is_angry | is_silent

    def _bought(self, day: float) -> Floats:
        """Everybody's last purchase before a day; -NEVER where there is none."""
        at = self._position(np.arange(len(self.last)), day) - 1
        found = np.append(self.purchases.who, -1)[at] == np.arange(len(self.last))
        return np.where(found, np.append(self.bought, 0.0)[at], -NEVER)

    def _next_order(self, who: Ints, day: float) -> Floats:
        """The customers' next order while a coupon is good, or next payment; NEVER without one."""
        people, world = self.people, self.world
        if world.kind == "cancellation":
            began = people.began[who]
            due = began + MONTH * np.ceil((day - began) / MONTH)
            return np.where(due < paid_until(began, self.now(day).leaves[who]), due, NEVER)
        at = self._position(who, day)
        found = np.append(self.purchases.who, -1)[at] == who
        bought = np.append(self.bought, NEVER)[at]
        return np.where(found & (bought - day <= world.coupon_days), bought, NEVER)

    def _position(self, who: Ints, day: float) -> Ints:
        """Positions of the first purchases of some customers after a day."""
        keys = self.purchases.who * FAR + np.minimum(self.bought, FAR / 2)
        return np.asarray(np.searchsorted(keys, who * FAR + day, side="right"))

    def _changed(self, who: Ints, action: Ints, day: float, luck: Luck) -> Ints:
        """Change the lives of those who are treated: 1 kept, -1 driven away, 0 neither."""
        world, now = self.world, self.now(day)
        kind, left = self.people.response[who], now.leaves[who] - day
        keeps = np.array([a.keeps for a in world.actions])[action]
        repels = np.array([a.repels for a in world.actions])[action]
        is_there, works = left > 0, luck.works[who]
        is_kept = is_there & (kind == PERSUADABLE) & (left < ABOUT_TO) & (works < keeps)
        is_third = day - self.before_last[who] < ABOUT_TO
        is_tired = is_third & (luck.tires[who] < world.fatigue)
        is_repelled = is_there & ((kind == SLEEPING_DOG) & (works < repels) | is_tired) & ~is_kept
        goes_at = luck.repelled[1][who]
        is_repelled &= goes_at < now.leaves[who]
        # Who is slowing down already goes on doing so.
        slows = np.where(now.onset[who] < day, now.onset[who], luck.repelled[0][who])
        new = Phases(
            who,
            np.full(len(who), day),
            np.where(is_kept, luck.kept[0][who], slows),
            np.where(is_kept, luck.kept[1][who], goes_at),
        ).take(is_kept | is_repelled)
        self.phases = self.phases.then(new)
        is_new = np.isin(self.purchases.who, new.who)
        theirs = self.phases.take(np.isin(self.phases.who, new.who))
        these = self.purchases.take(is_new)
        if len(these.who):
            self.bought[is_new] = happenings(these, self.people.rate, theirs, self.on)
        return np.where(is_kept, 1, np.where(is_repelled, -1, 0))


def live(
    world: World,
    people: People,
    on: Clock,
    rng: Rng,
    rounds: range | None = None,
    withheld_from: float = NEVER,
) -> Life:
    """The customers' lives with a round of contacts every month, or in each of `rounds` (days).

    From the day `withheld_from` on contacts are planned, and withheld.
    """
    buying, contacting = rng.spawn(2)
    life = Life(world, people, on, buying)
    monthly = range(world.contact_days, len(on.ticks) - 1, world.contact_days)
    starts = monthly if rounds is None else rounds
    for start, stream in zip(starts, contacting.spawn(len(starts)), strict=True):
        day = min(start + stream.uniform(0, 3), len(on.ticks) - 1.01)
        life.round(day, stream, is_withheld=day >= withheld_from)
    return life


def paid_until(began: Floats, leaves: Floats) -> Floats:
    """Subscriptions end with a month that was paid."""
    months = np.ceil(np.maximum(leaves - began, 1e-6) / MONTH)
    return began + MONTH * months
