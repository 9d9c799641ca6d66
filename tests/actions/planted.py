"""Contacts withheld at random, of customers whose true effects are planted."""

from dataclasses import dataclass

import numpy as np

from actions.effects.learners import Data, Prior

LOW, HIGH = np.array([0.02, 0.05, 0.12]), np.array([0.08, 0.18, 0.3])
COST = np.array([0.05, 0.3, 2.0])
KEEPS, REPELS = np.array([0.15, 0.35, 0.5]), np.array([0.02, 0.03, 0.06])


@dataclass(frozen=True)
class Planted:
    """Customers: what is known of them, what is at stake, and the true effect of each action."""

    x: np.ndarray
    stake: np.ndarray
    leaves: np.ndarray
    effect: np.ndarray  # (n, actions): how much less likely the customer is to leave


def customers(n, rng, strength=1.0):
    """Some undecided can be persuaded, some are driven away; two of four traits partly tell."""
    persuaded, sensitive = rng.normal(size=n), rng.normal(size=n)
    leaves = rng.beta(0.8, 2.0, n)
    can_be_kept = 1 / (1 + np.exp(0.8 - persuaded))
    is_driven = 1 / (1 + np.exp(2.0 - sensitive))
    undecided = leaves * (1 - leaves)  # of those at the highest risk nearly all are gone already
    effect = np.outer(can_be_kept * undecided, KEEPS) - np.outer(is_driven * (1 - leaves), REPELS)
    seen = [persuaded + 0.5 * rng.normal(size=n), sensitive + 0.5 * rng.normal(size=n)]
    x = np.column_stack([leaves, *seen, rng.normal(size=(n, 2))])
    return Planted(x, np.exp(rng.normal(2.0, 1.2, n)), leaves, strength * effect)


def contacts(n, rng, strength=1.0, treated_share=0.7):
    """One contact each, and whether the customer stayed."""
    known = customers(n, rng, strength)
    action, treated = rng.integers(len(LOW), size=n), rng.random(n) < treated_share
    stays = 1 - known.leaves + treated * known.effect[np.arange(n), action]
    kept = (rng.random(n) < np.clip(stays, 0, 1)).astype(float)
    return known, Data(known.x, action, treated, kept, np.full(n, treated_share))


def in_money(known, data, rng):
    """The same contacts with money as outcome, whose size differs a thousandfold."""
    money = data.outcome * known.stake * rng.gamma(4.0, 0.25, len(data))
    return Data(known.x, data.action, data.treated, money, data.propensity, stake=known.stake)


PRIOR = Prior(LOW, HIGH)
