"""Exploration: a small share of customers gets an action drawn at random among the admissible ones.

Without it the plan never learns of an action that its assumptions rank low: nobody gets it. Every
customer draws a candidate among the actions that the gates allow, each equally likely, and explores
with probability `share`. Places are set aside before anything is drawn, so that budget and
capacities hold whatever is drawn; where more than an action's places explore with it, those with
the least draws are taken, and the others keep the action of the plan. The plan is made for
everybody, with the limits less those places: it knows nothing of the draws.

The chance of customer i to explore with action a, given the candidates of all others, is

    e(i, a) = f(n) / k(i),    f(n) = E[min(B, places of a)] / n,    B ~ Binomial(n, share)

with k(i) the number of admissible actions of i, and n the number of candidates of a, i among them.
An average over the candidates of the others, it is the chance without them: weights 1 / e(i, a) are
unbiased.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from actions.plan.limits import Limits, Reached
from actions.plan.offered import NOTHING, at_choice
from core.arrays import BoolArray, FloatArray, IntArray, blocks

LARGEST_PART = 0.1  # of the budget, and of each capacity, that is set aside


@dataclass(frozen=True)
class Explored:
    """The choice of each customer after exploring; arrays (customers,).

    `choice` is the index of the action, NOTHING for none; `propensity` is the chance that it is
    this one.
    """

    choice: IntArray
    is_exploration: BoolArray
    propensity: FloatArray


def places_for(
    admissible: BoolArray,
    cost: FloatArray,
    reached: Reached,
    limits: Limits,
    share: float,
) -> IntArray:
    """How many customers may explore with each action, (actions,): known before anything is drawn.

    As many as are expected, and some for chance; no more than LARGEST_PART of a limit pays for at
    the highest cost of each action. `admissible` and `cost` are (customers, actions).
    """
    expected = share * _equally_likely(admissible)
    places = np.where(expected > 0, np.ceil(expected + 2 * np.sqrt(expected)), 0.0)
    for channel, capacity in limits.capacities.items():
        its = reached.used_by(channel, admissible)
        places = _within(places, its.astype(np.float64), LARGEST_PART * capacity)
    for action, most in limits.actions.items():
        places[action] = min(places[action], np.floor(LARGEST_PART * most))
    if limits.owners is not None:  # all may fall to one owner
        least = limits.owners.capacity.min(initial=0)
        places = _within(places, limits.owners.by_owner.astype(np.float64), LARGEST_PART * least)
    return _within(places, _dearest(admissible, cost), LARGEST_PART * limits.budget).astype(
        np.int64
    )


def limits_beside(
    places: IntArray,
    admissible: BoolArray,
    cost: FloatArray,
    reached: Reached,
    limits: Limits,
) -> Limits:
    """The limits that are left for the plan, with these places set aside."""
    is_used = {name: reached.used_by(name, admissible) for name in limits.capacities}
    return limits.set_aside(places, _dearest(admissible, cost), is_used)


def explore(
    planned: IntArray, admissible: BoolArray, places: IntArray, draws: FloatArray, share: float
) -> Explored:
    """Draw who explores with which action, and the chance of what each customer then has.

    `planned` is the plan's choice, (customers,); `draws` are numbers in [0, 1), (customers, 3):
    whether, with what, and who comes first.
    """
    people, actions = admissible.shape
    candidate = np.concatenate(
        [_candidates(admissible[rows], draws[rows, 1]) for rows in blocks(people)]
    )
    explores = np.zeros(people, dtype=bool)
    with_me, without = np.zeros(actions), np.zeros(actions)
    for action, count in enumerate(places.tolist()):
        mine = candidate == action
        rows = np.flatnonzero(mine & (draws[:, 0] < share))
        explores[rows[np.argsort(draws[rows, 2], kind="stable")[:count]]] = True
        there = int(mine.sum())
        with_me[action], without[action] = (_taken(n, count, share) for n in (there, there + 1))
    choice = np.where(explores, candidate, planned)
    propensity = np.zeros(people)
    for some in blocks(people):
        is_candidate = candidate[some, None] == np.arange(actions)
        chance = np.where(is_candidate, with_me, without)
        chance /= np.maximum(admissible[some].sum(axis=1, keepdims=True), 1)
        chance[~admissible[some]] = 0.0
        propensity[some] = at_choice(chance, choice[some]) + np.where(
            choice[some] == planned[some], 1.0 - chance.sum(axis=1), 0.0
        )
    return Explored(choice, explores, propensity)


def _equally_likely(admissible: BoolArray) -> FloatArray:
    """How many would get each action, (actions,), were one of each customer's drawn."""
    many = admissible.sum(axis=1)
    some = np.arange(1, admissible.shape[1] + 1)
    times = [np.bincount(many[its], minlength=len(some) + 1)[1:] for its in admissible.T]
    return np.asarray((np.array(times) / some).sum(axis=1), dtype=np.float64)


def _dearest(admissible: BoolArray, cost: FloatArray) -> FloatArray:
    """The highest cost of each action for anybody who may get it, (actions,)."""
    pairs = zip(cost.T, admissible.T, strict=True)
    return np.array([costs[its].max(initial=0.0) for costs, its in pairs])


def _candidates(admissible: BoolArray, draw: FloatArray) -> IntArray:
    """One admissible action of each customer, all equally likely; NOTHING where there is none."""
    many = admissible.sum(axis=1)
    place = np.minimum((draw * many).astype(np.int64), many - 1)
    number = np.cumsum(admissible, axis=1) - 1
    found = (admissible & (number == place[:, None])).argmax(axis=1)
    return np.where(many > 0, found, NOTHING)


def _taken(candidates: int, places: int, share: float) -> float:
    """The chance of one of so many candidates to explore: E[min(B, places)] / candidates."""
    if candidates == 0:
        return 0.0
    if places >= candidates:
        return share
    return float(binom.sf(np.arange(places), candidates, share).sum()) / candidates


def _within(places: FloatArray, use: FloatArray, limit: float) -> FloatArray:
    """The places scaled down, where they use something, until all of them together keep a limit."""
    total = float(places @ use)
    if total <= limit or total == 0:
        return places
    return np.where(use > 0, np.floor(places * (limit / total)), places)
