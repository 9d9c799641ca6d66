import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.plan.exploration import LARGEST_PART, explore, limits_beside, places_for
from actions.plan.limits import Limits, by_one_channel
from actions.plan.offered import NOTHING
from tests.plugin_slow import examples

CHANNELS = ("email", "phone", "email")


def company(customers, seed):
    """Who may get what at which cost, and a plan without regard to either."""
    rng = np.random.default_rng(seed)
    admissible = rng.random((customers, 3)) < (0.9, 0.5, 0.2)
    cost = rng.uniform(0.5, 1.5, (customers, 3)) * (0.1, 2.0, 0.0)
    planned = np.where(admissible.any(axis=1), admissible.argmax(axis=1), NOTHING)
    return admissible, cost, planned


@pytest.mark.slow
@pytest.mark.parametrize("places", [(100, 100, 100), (3, 1, 0)], ids=["roomy", "tight"])
def test_the_chance_that_is_logged_is_the_frequency_of_many_draws(places):
    """Of 30 customers, for each with every action: 1 / propensity has the mean 1 over many draws.

    Of explored and planned actions alike. Within 4.5 standard errors of 86 means.
    """
    admissible, _, planned = company(30, 1)
    rng, share, draws = np.random.default_rng(2), 0.2, 1_000
    weight, weight_squared = np.zeros((30, 4)), np.zeros((30, 4))
    for _ in range(draws):
        found = explore(planned, admissible, np.array(places), rng.random((30, 3)), share)
        rows = (np.arange(30), found.choice)
        weight[rows] += 1 / found.propensity
        weight_squared[rows] += 1 / found.propensity**2
    mean = weight / draws
    error = np.sqrt(weight_squared / draws - mean**2) / np.sqrt(draws)
    can = admissible & (np.array(places) > 0)
    can = np.hstack([can, (planned == NOTHING)[:, None]])
    can[np.arange(30), planned] = True
    assert (weight[~can] == 0).all()
    deviation = (mean[can] - 1) / np.maximum(error[can], 1e-12)
    assert np.abs(deviation[error[can] > 0]).max() < 4.5
    assert np.allclose(mean[can][error[can] == 0], 1)


def test_without_tight_places_a_share_explores_with_every_action_alike():
    admissible = np.ones((60_000, 3), dtype=bool)
    planned = np.zeros(60_000, dtype=np.int64)
    draws = np.random.default_rng(3).random((60_000, 3))
    found = explore(planned, admissible, np.array([10**6] * 3), draws, 0.06)
    assert abs(found.is_exploration.mean() - 0.06) < 4 * (0.06 * 0.94 / 60_000) ** 0.5
    drawn = np.bincount(found.choice[found.is_exploration], minlength=3) / 60_000
    assert np.abs(drawn - 0.02).max() < 4 * (0.02 / 60_000) ** 0.5
    assert np.allclose(found.propensity[found.choice == 0], 0.96)
    assert np.allclose(found.propensity[found.choice == 1], 0.02)


def test_who_may_get_nothing_explores_nothing():
    admissible = np.zeros((50, 3), dtype=bool)
    found = explore(np.full(50, NOTHING), admissible, np.array([9, 9, 9]), np.zeros((50, 3)), 0.5)
    assert not found.is_exploration.any()
    assert (found.propensity == 1).all() and (found.choice == NOTHING).all()


@settings(max_examples=examples(300))
@given(
    customers=st.integers(0, 120),
    seed=st.integers(0, 10_000),
    share=st.sampled_from([0.0, 0.02, 0.2, 0.5]),
    budget=st.sampled_from([0.0, 1.0, 7.5, 1e6, np.inf]),
    capacity=st.integers(0, 40),
)
def test_whatever_is_drawn_it_fits_beside_the_plan(customers, seed, share, budget, capacity):
    admissible, cost, planned = company(customers, seed)
    limits = Limits(budget, {"phone": capacity})
    places = places_for(admissible, cost, by_one_channel(CHANNELS, customers), limits, share)
    left = limits_beside(places, admissible, cost, by_one_channel(CHANNELS, customers), limits)
    draws = np.random.default_rng(seed + 1).random((customers, 3))
    found = explore(planned, admissible, places, draws, share)
    rows = np.flatnonzero(found.is_exploration)
    chosen = found.choice[rows]
    assert admissible[rows, chosen].all()
    assert left.budget >= (1 - LARGEST_PART) * budget - 1e-9
    assert left.capacities["phone"] >= (1 - LARGEST_PART) * capacity
    spent, calls = float(cost[rows, chosen].sum()), int((chosen == 1).sum())
    assert spent <= LARGEST_PART * budget + 1e-9
    assert left.budget + spent <= budget * (1 + 1e-12)
    assert left.capacities["phone"] + calls <= capacity
    assert ((found.propensity > 0) & (found.propensity <= 1 + 1e-12)).all()
