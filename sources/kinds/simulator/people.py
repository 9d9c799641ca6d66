"""The planted truth: who the customers are, when they leave, and what contacts changed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sources.kinds.simulator.worlds import RESPONSE_SHARES, RESPONSES, World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Rng = np.random.Generator

NEVER = 1e6  # days: beyond every simulation
ABOUT_TO = 60.0  # days: who would leave so soon can be kept, and is what a contact aims at


@dataclass
class People:
    """One entry a customer. Days are counted from the first day of the data."""

    number: Ints
    joined: Floats
    rate: Floats  # purchases a day while active
    satisfaction: Floats  # standard normal
    response: Ints  # index into RESPONSES
    would_leave: Floats  # when the customer would leave if nobody did anything
    leaves: Floats  # when the customer leaves
    onset: Floats  # when buying begins to slow down; `leaves` where it does not
    complained: Floats  # NEVER where not
    closed: Floats  # NEVER where the complaint stays open
    is_resolved: Flags
    consents: Flags  # to e-mail


@dataclass
class Contacts:
    """One entry a contact, in order of time."""

    who: Ints  # position in People
    day: Floats
    action: Ints
    is_treated: Flags
    propensity: Floats
    outcome: Ints  # 1 kept, -1 driven away, 0 neither


def draw_people(world: World, numbers: Ints, days: int, rng: Rng) -> People:
    """Customers before anybody contacts them; complaints have had their effect."""
    n = len(numbers)
    is_old = rng.random(n) < world.already_there
    joined = np.where(is_old, 0.0, rng.uniform(0, days, n))
    if world.heavy_tail:
        spread = 1.1  # of the log: the same mean as the gamma, a longer tail
        rate = np.exp(rng.normal(-(spread**2) / 2, spread, n)) / world.mean_gap
    else:
        rate = rng.gamma(world.rate_shape, 1 / world.rate_shape, n) / world.mean_gap
    rate = np.maximum(rate, 1e-4)
    satisfaction = rng.normal(size=n)
    hazard = rng.gamma(world.life_shape, 1 / world.life_shape, n) / world.mean_life
    hazard = hazard * np.exp(-world.satisfaction * satisfaction)
    leaves = joined + np.minimum(rng.exponential(size=n) / np.maximum(hazard, 1e-9), NEVER)
    complained, closed, is_resolved = _complaints(world, joined, leaves, satisfaction, rng)
    ratio = np.where(is_resolved, 1.0, world.unresolved_hazard)
    has_complained = complained < leaves
    # The time that is left is exponential: a higher hazard shortens it by its ratio.
    leaves = np.where(has_complained, complained + (leaves - complained) / ratio, leaves)
    return People(
        number=numbers,
        joined=joined,
        rate=rate,
        satisfaction=satisfaction,
        response=rng.choice(len(RESPONSES), n, p=[*RESPONSE_SHARES.values()]),
        would_leave=leaves.copy(),
        leaves=leaves,
        onset=leaves.copy(),
        complained=np.where(has_complained, complained, NEVER),
        closed=np.where(has_complained, closed, NEVER),
        is_resolved=is_resolved & has_complained,
        consents=rng.random(n) < 0.72,
    )


def contact(world: World, people: People, days: int, rng: Rng) -> Contacts:
    """Rounds of contacts; changes `people.leaves` as they keep customers or drive them away."""
    keeps = np.array([action.keeps for action in world.actions])
    repels = np.array([action.repels for action in world.actions])
    last, before_last = np.full(len(people.number), -NEVER), np.full(len(people.number), -NEVER)
    rounds = []
    for start in range(world.contact_days, days, world.contact_days):
        day = start + rng.uniform(0, 3)
        left = people.leaves - day
        chance = np.full(len(left), world.contacted)
        if world.is_confounded:  # somebody sees who is about to leave, and calls them
            chance = np.where(left < ABOUT_TO, 0.6, 0.08)
        is_there = (people.joined < day) & (left > 0)
        who = np.flatnonzero(is_there & people.consents & (rng.random(len(left)) < chance))
        action = rng.integers(len(world.actions), size=len(who))
        share = 1.0 if world.is_confounded else world.treated
        is_treated = rng.random(len(who)) < share
        kind, luck = people.response[who], rng.random(len(who))
        is_kept = (kind == 1) & (left[who] < ABOUT_TO) & (luck < keeps[action]) & is_treated
        is_tired = (day - before_last[who] < ABOUT_TO) & (rng.random(len(who)) < world.fatigue)
        is_repelled = ((kind == 3) & (luck < repels[action]) | is_tired) & is_treated & ~is_kept
        later = day + ABOUT_TO + rng.exponential(world.mean_life, len(who))
        soon = day + rng.exponential(14.0, len(who))
        leaves = np.where(is_kept, later, people.leaves[who])
        people.leaves[who] = np.where(is_repelled, np.minimum(soon, leaves), leaves)
        outcome = is_kept.astype(np.int64) - (is_repelled & (soon < leaves))
        touched = who[is_treated]
        before_last[touched], last[touched] = last[touched], day
        rounds.append(
            Contacts(
                who, np.full(len(who), day), action, is_treated, np.full(len(who), share), outcome
            )
        )
    return _joined(rounds)


def slow_down(world: World, people: People, rng: Rng) -> None:
    """Set `people.onset`: most leavers buy and visit less and less before they leave."""
    n = len(people.number)
    does = rng.random(n) < world.fades
    lead = rng.uniform(*world.fade_days, size=n)
    onset = np.maximum(people.leaves - lead, people.joined)
    people.onset = np.where(does, onset, people.leaves)


def _complaints(
    world: World, joined: Floats, leaves: Floats, satisfaction: Floats, rng: Rng
) -> tuple[Floats, Floats, Flags]:
    n = len(joined)
    rate = world.complaints_a_year / 365 * np.exp(-0.5 * satisfaction - 0.125)
    complained = joined + rng.exponential(size=n) / rate
    is_resolved = rng.random(n) < world.resolved
    took = rng.lognormal(np.log(4.0), 0.9, n)
    # Half of the unresolved are closed all the same, late and to nobody's liking.
    is_closed = is_resolved | (rng.random(n) < 0.5)
    closed = complained + np.where(is_resolved, took, 20 + 5 * took)
    return complained, np.where(is_closed, closed, NEVER), is_resolved & (complained < leaves)


def _joined(rounds: list[Contacts]) -> Contacts:
    names = Contacts.__dataclass_fields__
    parts = {name: [getattr(part, name) for part in rounds] for name in names}
    empty = {"who": np.int64, "action": np.int64, "outcome": np.int64, "is_treated": np.bool_}
    return Contacts(
        **{
            name: np.concatenate(arrays) if arrays else np.empty(0, empty.get(name, np.float64))
            for name, arrays in parts.items()
        }
    )
