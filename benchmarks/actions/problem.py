"""Plans of any size to solve: gains, costs, channels and limits, the same for the same size."""

from dataclasses import dataclass

import numpy as np

from actions.plan.limits import Limits, Reached
from core.arrays import BoolArray, FloatArray

ACTIONS = 8
# By which each action reaches customers: most by the first, some by the second.
CHANNELS = ("email", "app", "email", "post", "phone", "sms", "email", "post")
OTHERS = ("app", "email", "sms", "email", "phone", "app", "phone", "post")
BY_OTHER = 0.3
EFFECT = np.array([0.01, 0.015, 0.05, 0.06, 0.12, 0.03, 0.02, 0.08])  # of the risk
CONTACT = np.array([0.02, 0.01, 0.02, 0.6, 2.0, 0.1, 0.05, 1.0])
INCENTIVE = np.array([0.0, 0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 3.0])
REDEEMED, MARGIN, BLOCKED = 0.15, 0.25, 0.3
BUDGET, CALLS, LETTERS = 0.1, 0.01, 0.02  # for each customer; all three bind


@dataclass(frozen=True)
class Problem:
    """Gains and expected costs (customers, actions), gain NaN where an action is blocked."""

    gain: FloatArray
    cost: FloatArray
    reached: Reached
    limits: Limits

    def is_by(self, channel: str) -> BoolArray:
        """Where a channel is that of the customer and action, (customers, actions)."""
        return np.asarray(self.reached.channel == self.reached.names.index(channel))


def made(customers: int) -> Problem:
    """Customers with risks and stakes as a shop has them; three in ten actions are blocked."""
    rng = np.random.default_rng(customers)
    risk, stake = rng.beta(1, 3, customers)[:, None], rng.lognormal(5, 1, customers)[:, None]
    shape = (customers, ACTIONS)
    cost = CONTACT + INCENTIVE * REDEEMED * (1 - risk * (1 - EFFECT))
    gain = EFFECT * rng.uniform(0.5, 1.5, shape) * risk * stake * MARGIN - cost
    gain[rng.random(shape) < BLOCKED] = np.nan
    capacities = {"phone": int(CALLS * customers), "post": int(LETTERS * customers)}
    return Problem(gain, cost, _reached(rng, shape), Limits(BUDGET * customers, capacities))


def _reached(rng: np.random.Generator, shape: tuple[int, int]) -> Reached:
    names = tuple(dict.fromkeys((*CHANNELS, *OTHERS)))
    first, other = ([names.index(name) for name in some] for some in (CHANNELS, OTHERS))
    return Reached(names, np.where(rng.random(shape) < BY_OTHER, other, first))
