import ctypes
import sys
from dataclasses import replace
from itertools import product
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.plan import allocation
from actions.plan.allocation import allocate
from actions.plan.limits import Limits, Owners, Reached, by_one_channel
from tests.plugin_slow import examples

CHANNELS = ("email", "phone", "phone")


def best_by_trying_everything(gain, cost, limits):
    """Oracle: the largest total gain over all assignments that keep the limits."""
    best = 0.0
    for choice in product(range(-1, gain.shape[1]), repeat=len(gain)):
        taken = [(i, j) for i, j in enumerate(choice) if j >= 0 and gain[i, j] > 0]
        spent = sum(cost[i, j] for i, j in taken)
        used = {c: sum(CHANNELS[j] == c for _, j in taken) for c in limits.capacities}
        within = all(used[c] <= n for c, n in limits.capacities.items())
        if spent <= limits.budget * (1 + 1e-9) and within:
            best = max(best, sum(gain[i, j] for i, j in taken))
    return best


def kept(result, cost, limits):
    taken = np.flatnonzero(result.choice >= 0)
    spent = cost[taken, result.choice[taken]].sum()
    used = {c: sum(CHANNELS[j] == c for j in result.choice[taken]) for c in limits.capacities}
    return spent <= limits.budget * (1 + 1e-6) and all(
        used[c] <= n for c, n in limits.capacities.items()
    )


money = st.integers(min_value=-20, max_value=60).map(lambda cents: cents / 10)


@st.composite
def problems(draw):
    size = 3 * draw(st.integers(1, 5))
    gain = draw(st.lists(money, min_size=size, max_size=size))
    prices = st.sampled_from([0.0, 0.3, 1.0, 1.7, 2.5])
    cost = draw(st.lists(prices, min_size=size, max_size=size))
    is_allowed = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    limits = Limits(
        draw(st.sampled_from([0.0, 1.0, 2.0, 3.3, 5.0, 100.0, np.inf])),
        draw(st.dictionaries(st.sampled_from(["email", "phone"]), st.integers(0, 3))),
    )
    return (
        np.where(is_allowed, gain, np.nan).reshape(-1, 3),
        np.array(cost).reshape(-1, 3),
        limits,
    )


@settings(max_examples=examples(150))
@given(problem=problems())
def test_no_assignment_within_the_limits_gains_more(problem):
    gain, cost, limits = problem
    result = allocate(gain, cost, by_one_channel(CHANNELS, len(gain)), limits)
    best = best_by_trying_everything(gain, cost, limits)
    assert result.objective == pytest.approx(best, rel=1e-5, abs=1e-9)
    assert kept(result, cost, limits)
    assert result.upper_bound >= best - 1e-9
    assert result.gap <= 2e-6


@settings(max_examples=examples(150))
@given(problem=problems())
def test_however_small_the_core_the_limits_hold_and_the_bound_is_a_bound(problem):
    gain, cost, limits = problem
    with patch.object(allocation, "CORES", (1,)):
        result = allocate(gain, cost, by_one_channel(CHANNELS, len(gain)), limits)
    assert kept(result, cost, limits)
    assert result.upper_bound >= best_by_trying_everything(gain, cost, limits) - 1e-9


def test_in_the_core_doing_nothing_is_always_possible():
    """The relaxation splits a customer between two actions; the budget is enough for neither."""
    gain = np.array([[0.5, 4.0, 6.0], [2.0, 4.0, 2.0], [1.0, 8.0, 4.0], [0.5, 8.0, 1.0]])
    cost = np.array([[0.5, 3.0, 2.0], [0.5, 3.0, 1.0], [3.0, 0.5, 0.5], [0.5, 3.0, 0.5]])
    limits = Limits(1.5, {"phone": 0, "email": 2})
    with patch.object(allocation, "CORES", (1,)):
        result = allocate(gain, cost, by_one_channel(CHANNELS, len(gain)), limits)
    assert kept(result, cost, limits)
    assert result.upper_bound >= best_by_trying_everything(gain, cost, limits)


def test_a_core_holds_everyone_whom_the_relaxation_splits():
    """Both limits split somebody: the call is only 4/5 paid for, and takes the one phone line."""
    gain = np.array([[0.0, 0.0, 0.1], [0.0, 0.1, 0.0], [0.0, 0.0, 0.0]])
    cost = np.array([[0.0, 0.0, 0.0], [0.0, 2.5, 0.0], [0.0, 0.0, 0.0]])
    limits = Limits(2.0, {"phone": 1})
    with patch.object(allocation, "CORES", (1,)):
        assert kept(allocate(gain, cost, by_one_channel(CHANNELS, len(gain)), limits), cost, limits)


def large(people, seed=7):
    rng = np.random.default_rng(seed)
    stake = rng.lognormal(4, 1, people) * rng.beta(1, 2, people)
    effect, cost = np.array([0.01, 0.06, 0.12]), np.array([0.02, 1.0, 6.0])
    return effect * stake[:, None] - cost, np.broadcast_to(cost, (people, 3)) * 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "limits",
    [Limits(200.0), Limits(200.0, {"phone": 30}), Limits(1e6, {"phone": 30, "email": 100})],
)
def test_a_large_plan_keeps_its_limits_and_proves_how_near_the_best_it_is(limits):
    gain, cost = large(3000)
    result = allocate(gain, cost, by_one_channel(CHANNELS, len(gain)), limits)
    assert kept(result, cost, limits)
    assert result.objective <= result.upper_bound
    assert result.gap < 1e-3
    assert result.binding


@pytest.mark.slow
def test_solving_a_core_gives_the_answer_of_solving_everything(monkeypatch):
    """With a core of 40 customers, and with all 600 in it."""
    gain, cost = large(600)
    limits = Limits(60.0, {"phone": 25})
    exact = allocate(gain, cost, by_one_channel(CHANNELS, len(gain)), limits)
    monkeypatch.setattr(allocation, "CORES", (40,))
    result = allocate(gain, cost, by_one_channel(CHANNELS, len(gain)), limits)
    assert result.objective <= exact.upper_bound
    assert result.upper_bound >= exact.objective
    assert result.objective == pytest.approx(exact.objective, rel=2e-3)


def test_equal_customers_and_half_a_budget_treat_half_of_them():
    """Every choice is equally good: the relaxation alone would leave nothing to choose by."""
    ones = np.ones((2000, 3))
    result = allocate(ones, ones, by_one_channel(CHANNELS, len(ones)), Limits(1000.5))
    assert result.objective == 1000
    assert (result.choice >= 0).sum() == 1000


def test_without_binding_limits_everyone_gets_the_best_action():
    gain = np.array([[1.0, 3.0, 2.0], [np.nan, -1.0, 0.0], [2.0, 1.0, np.nan]])
    result = allocate(
        gain, np.ones((3, 3)), by_one_channel(CHANNELS, len(gain)), Limits(10.0, {"phone": 5})
    )
    assert result.choice.tolist() == [1, -1, 0]
    assert (result.objective, result.upper_bound, result.gap) == (5.0, 5.0, 0.0)
    assert result.binding == ()
    assert result.used == {"budget": 2.0, "phone": 1.0}


def test_of_equal_gains_the_cheaper_is_taken_and_then_the_first():
    gain = np.ones((2, 3))
    cost = np.array([[2.0, 1.0, 3.0], [1.0, 1.0, 1.0]])
    assert allocate(
        gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(10.0)
    ).choice.tolist() == [1, 0]


def test_only_the_limits_that_keep_someone_from_more_are_called_binding():
    gain = np.array([[1.0, 5.0, 0.0], [1.0, 4.0, 0.0]])
    cost = np.array([[1.0, 2.0, 9.0], [1.0, 2.0, 9.0]])
    assert allocate(
        gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(4.0, {"phone": 1})
    ).binding == ("phone",)
    assert allocate(
        gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(3.0, {"phone": 2})
    ).binding == ("budget",)
    assert allocate(
        gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(2.0, {"phone": 1})
    ).binding == ("budget", "phone")


def test_changing_one_cost_changes_a_choice():
    """Gain = benefit - cost, so a dearer call gives way to the mail."""
    benefit = np.array([[2.0, 4.0, 0.0]])
    cheap, dear = np.array([[1.0, 2.0, 9.0]]), np.array([[1.0, 3.5, 9.0]])
    assert allocate(
        benefit - cheap, cheap, by_one_channel(CHANNELS, 1), Limits(10.0)
    ).choice.tolist() == [1]
    assert allocate(
        benefit - dear, dear, by_one_channel(CHANNELS, 1), Limits(10.0)
    ).choice.tolist() == [0]


def test_nobody_at_all_is_a_plan_too():
    result = allocate(np.empty((0, 3)), np.empty((0, 3)), by_one_channel(CHANNELS, 0), Limits(0.0))
    assert len(result.choice) == 0
    assert result.gap == 0.0


def test_a_channel_called_budget_does_not_lift_the_budget():
    gain, cost = np.full((40, 1), 5.0), np.ones((40, 1))
    found = allocate(gain, cost, by_one_channel(["budget"], 40), Limits(5.0, {"budget": 40}))
    assert (found.choice >= 0).sum() == 5


def owned(rng, people, owners, capacity):
    """Half of the actions are carried out by owners; some customers have none."""
    by_owner = np.array([False, True, True])
    return Owners(rng.integers(-1, owners, people), by_owner, np.full(owners, capacity))


def counted(result, channel, limits):
    """How often each limit is used: by channel, by action and by owner."""
    rows = np.flatnonzero(result.choice >= 0)
    taken = result.choice[rows]
    names = [channel.names[number] for number in channel.channel[rows, taken]]
    by_channel = {name: names.count(name) for name in limits.capacities}
    by_action = {action: int((taken == action).sum()) for action in limits.actions}
    return by_channel, by_action, limits.owners.carried_out(result.choice)


def best_of_all(gain, cost, channel, limits):
    """Oracle: the largest gain within all limits, over every assignment."""
    best = 0.0
    for choice in product(range(-1, 3), repeat=len(gain)):
        rows = [(i, j) for i, j in enumerate(choice) if j >= 0]
        names = [channel.names[channel.channel[i, j]] for i, j in rows]
        carried = limits.owners.carried_out(np.array(choice))
        if (
            all(gain[i, j] > 0 for i, j in rows)
            and sum(cost[i, j] for i, j in rows) <= limits.budget * (1 + 1e-9)
            and all(names.count(name) <= most for name, most in limits.capacities.items())
            and all(choice.count(action) <= most for action, most in limits.actions.items())
            and (carried <= limits.owners.capacity).all()
        ):
            best = max(best, sum(gain[i, j] for i, j in rows))
    return best


@settings(max_examples=examples(120))
@given(
    problem=problems(),
    seed=st.integers(0, 10_000),
    most=st.integers(0, 3),
    of_action=st.dictionaries(st.integers(0, 2), st.integers(0, 3)),
)
def test_channels_of_customers_actions_and_owners_are_limits_that_all_hold(
    problem, seed, most, of_action
):
    gain, cost, limits = problem
    rng = np.random.default_rng(seed)
    channel = Reached(("email", "phone", "sms"), rng.integers(0, 3, gain.shape))
    limits = replace(limits, actions=of_action, owners=owned(rng, len(gain), 2, most))
    for cores in (allocation.CORES, (1,)):  # as a whole, and by prices
        with patch.object(allocation, "CORES", cores):
            result = allocate(gain, cost, channel, limits)
        by_channel, by_action, carried = counted(result, channel, limits)
        assert all(by_channel[name] <= n for name, n in limits.capacities.items())
        assert all(by_action[action] <= n for action, n in of_action.items())
        assert (carried <= most).all()
        best = best_of_all(gain, cost, channel, limits)
        assert result.upper_bound >= best - 1e-9
        assert result.objective <= best * (1 + 1e-6) + 1e-9
        if cores is allocation.CORES:
            assert result.objective == pytest.approx(best, rel=1e-5, abs=1e-9)


@pytest.mark.slow
def test_with_many_customers_owners_and_actions_leave_hardly_a_gap():
    gain, cost = large(4000)
    rng = np.random.default_rng(5)
    channel = Reached(("email", "phone"), np.array([[0, 1, 1]]) * rng.integers(0, 2, (4000, 3)))
    limits = Limits(400.0, {"phone": 60}, {1: 50}, owned(rng, 4000, 10, 4))
    result = allocate(gain, cost, channel, limits)
    by_channel, by_action, carried = counted(result, channel, limits)
    assert by_channel["phone"] <= 60 and by_action[1] <= 50 and carried.max() <= 4
    assert "owners" in result.binding
    assert result.gap < 2e-3


def test_the_solver_writes_nothing_between_the_lines_of_a_run(capfd):
    rng = np.random.default_rng(6)
    people = int(rng.integers(50, 400))
    gain, cost = rng.normal(1, 2, (people, 5)), rng.uniform(0.02, 2, (people, 5))
    reached = by_one_channel(("email", "app", "phone", "post", "sms"), people)
    sys.stdout.write("before\n")
    allocate(gain, cost, reached, Limits(people * 0.05, {"phone": 5, "post": 7}))
    sys.stdout.write("after\n")
    ctypes.CDLL(None).fflush(None)
    assert capfd.readouterr().out == "before\nafter\n"
