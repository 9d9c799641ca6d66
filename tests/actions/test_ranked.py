import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.plan.limits import Limits, by_one_channel
from actions.plan.offered import NOTHING
from actions.plan.ranked import down_the_ranking, ranked_by, ranking
from actions.plan.use import BUDGET
from tests.plugin_slow import examples

CHANNELS = ("email", "phone", "phone")


def one_by_one(admissible, cost, limits, order):
    """The same, stated a second time: customer by customer."""
    money, left = limits.budget * (1 + 1e-6), dict(limits.capacities)
    closed, choice = set(), np.full(len(admissible), NOTHING)
    for customer in order:
        for action in range(3):
            channel = CHANNELS[action]
            if not admissible[customer, action] or action in closed or left.get(channel, 1) == 0:
                continue
            if cost[customer, action] > money + 1e-9:
                closed.add(action)
                continue
            choice[customer] = action
            money -= cost[customer, action]
            if channel in left:
                left[channel] -= 1
            break
    return choice


@settings(max_examples=examples(300))
@given(
    customers=st.integers(0, 25),
    seed=st.integers(0, 10_000),
    budget=st.sampled_from([0, 1, 3, 8, 1000]),
    phone=st.integers(0, 12),
)
def test_the_choice_is_that_of_going_through_the_customers_one_by_one(
    customers, seed, budget, phone
):
    rng = np.random.default_rng(seed)
    admissible = rng.random((customers, 3)) < 0.6
    cost = rng.choice([0.0, 0.25, 1.0, 2.0], (customers, 3))
    limits, order = Limits(float(budget), {"phone": phone}), rng.permutation(customers)
    found = down_the_ranking(admissible, cost, by_one_channel(CHANNELS, len(cost)), limits, order)
    assert found.choice.tolist() == one_by_one(admissible, cost, limits, order).tolist()


def test_limits_that_close_something_are_named():
    everybody = np.ones((9, 3), dtype=bool)
    everybody[:, 0] = False
    limits, order = Limits(4.0, {"phone": 6}), np.arange(9)
    assert down_the_ranking(
        everybody, np.ones((9, 3)), by_one_channel(CHANNELS, 9), limits, order
    ).binding == (BUDGET,)
    free = down_the_ranking(everybody, np.zeros((9, 3)), by_one_channel(CHANNELS, 9), limits, order)
    assert free.binding == ("phone",) and (free.choice != NOTHING).sum() == 6


def test_customers_come_by_the_value_at_risk_and_without_one_by_the_risk():
    cards = pd.DataFrame(
        {"value_at_risk": [5.0, np.nan, 9.0, 5.0], "churn_risk": [0.1, 0.9, 0.2, 0.3]}
    )
    assert ranked_by(cards) == "value_at_risk" and ranking(cards).tolist() == [2, 0, 3, 1]
    for without in (cards.assign(value_at_risk=np.nan), cards.drop(columns="value_at_risk")):
        assert ranked_by(without) == "churn_risk" and ranking(without).tolist() == [1, 3, 2, 0]
