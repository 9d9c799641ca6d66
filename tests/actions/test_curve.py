"""Gain against budget: plans that can be carried out, on a concave curve, beside solving anew."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.plan.allocation import allocate
from actions.plan.curve import AS_PLANNED, FACTORS, curves_report, gain_curves
from actions.plan.limits import Limits, by_one_channel
from tests.actions.test_allocation import CHANNELS, large, problems
from tests.plugin_slow import examples

ROUNDING = 1e-6


def on_the_line(points, budget):
    return np.interp(budget, [point.cost for point in points], [point.gain for point in points])


@settings(max_examples=examples(100))
@given(problem=problems(), share=st.floats(0, 1.2))
def test_the_curve_is_as_near_to_solving_anew_as_customers_are_whole(problem, share):
    gain, cost, limits = problem
    one_customer = float(np.nanmax(np.nan_to_num(gain), initial=0.0))
    curves = gain_curves(gain, cost, by_one_channel(CHANNELS, len(gain)), limits)
    assert set(curves) == (set(FACTORS) if limits.capacities else {AS_PLANNED})
    for factor, points in curves.items():
        capacities = limits.at_capacity(factor).capacities
        budget = share * points[-1].cost
        anew = allocate(
            gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(budget, capacities)
        ).objective
        split = (1 + len(capacities)) * one_customer
        assert on_the_line(points, budget) == pytest.approx(anew, abs=split + 1e-6)
        kept = [point.gain for point in points if point.cost <= budget]
        assert not kept or anew >= max(kept) * (1 - ROUNDING) - 1e-9


@settings(max_examples=examples(100))
@given(problem=problems())
def test_each_point_keeps_its_budget_and_capacities_and_each_more_gains_less(problem):
    gain, cost, limits = problem
    for factor, points in gain_curves(
        gain, cost, by_one_channel(CHANNELS, len(gain)), limits
    ).items():
        capacities = limits.at_capacity(factor).capacities
        for point in points:
            used = {
                name: sum(
                    n for n, its in zip(point.customers, CHANNELS, strict=True) if its == name
                )
                for name in capacities
            }
            assert all(used[name] <= capacities[name] for name in capacities)
            best = allocate(
                gain,
                cost,
                by_one_channel(CHANNELS, len(gain)),
                Limits(point.cost * (1 + ROUNDING), capacities),
            )
            assert point.gain <= best.objective * (1 + ROUNDING) + 1e-9
        slopes = [(b.gain - a.gain) / (b.cost - a.cost) for a, b in pairwise(points)]
        assert all(a >= b * (1 - 1e-4) for a, b in pairwise(slopes))


@settings(max_examples=examples(50))
@given(problem=problems())
def test_more_room_never_gains_less(problem):
    gain, cost, limits = problem
    curves = gain_curves(gain, cost, by_one_channel(CHANNELS, len(gain)), limits)
    for smaller, larger in pairwise(sorted(curves)):
        for point in curves[smaller]:
            assert on_the_line(curves[larger], point.cost) >= point.gain * (1 - ROUNDING) - 1e-9


@pytest.mark.slow
def test_with_many_customers_a_plan_for_a_budget_lies_on_the_curve():
    gain, cost = large(2000)
    capacities = {"phone": 30}
    curves = gain_curves(
        gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(np.inf, capacities)
    )
    for budget in (20.0, 100.0, 400.0):
        found = allocate(
            gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(budget, capacities)
        )
        assert on_the_line(curves[AS_PLANNED], budget) == pytest.approx(found.objective, rel=3e-3)
    ends = [curves[factor][-1].gain for factor in sorted(curves)]
    assert ends == sorted(ends) and ends[0] < ends[-1]


def test_the_dearest_plan_is_that_of_an_endless_budget():
    gain, cost = large(500)
    last = gain_curves(
        gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(np.inf, {"phone": 10})
    )[AS_PLANNED][-1]
    best = allocate(gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(np.inf, {"phone": 10}))
    assert last.gain == pytest.approx(best.objective, rel=1e-6)


def test_the_price_of_the_budget_is_the_slope_of_the_curve_there():
    gain, cost = large(2000)
    points = gain_curves(gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(np.inf, {}))[
        AS_PLANNED
    ]
    price = allocate(gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(100.0)).price["budget"]
    around = [(a, b) for a, b in pairwise(points) if a.cost <= 100.0 <= b.cost]
    assert price == pytest.approx(
        (around[0][1].gain - around[0][0].gain) / (around[0][1].cost - around[0][0].cost), rel=0.2
    )


def test_two_channels_that_everybody_wants_are_made_dearer_together():
    """Each channel's price alone cannot move: whoever leaves one would take the other."""
    gain, cost = np.full((3, 2), 5.0), np.zeros((3, 2))
    found = allocate(
        gain, cost, by_one_channel(["phone", "post"], 3), Limits(np.inf, {"phone": 1, "post": 1})
    )
    assert found.objective == 10.0
    assert found.price == {"phone": 5.0, "post": 5.0}


def test_nobody_and_nothing_that_pays_are_one_point():
    for gain in (np.empty((0, 3)), np.full((4, 3), -1.0)):
        points = gain_curves(
            gain,
            np.ones(gain.shape),
            by_one_channel(CHANNELS, len(gain)),
            Limits(np.inf, {"phone": 3}),
        )[AS_PLANNED]
        assert [(point.cost, point.gain) for point in points] == [(0.0, 0.0)]


def told(cost, gain, **by_action):
    """A point of the report; all its effects are assumed."""
    return {
        "cost": cost,
        "expected_gain": gain,
        "expected_gain_by_source": {"assumed": gain} if gain else {},
        "customers": sum(by_action.values()),
        "by_action": by_action,
    }


def test_a_point_tells_what_measured_effects_gain_apart_from_what_assumed_ones_do():
    gain, cost = np.array([[1.0, 3.0], [0.7, 0.2]]), np.array([[0.5, 2.0], [0.1, 1.0]])
    is_estimated = np.array([[False, True], [False, True]])
    last = gain_curves(
        gain, cost, by_one_channel(CHANNELS[:2], 2), Limits(np.inf, {}), is_estimated
    )[AS_PLANNED][-1]
    assert last.gain_by_source == {"assumed": 0.7, "estimated": 3.0}
    assert last.gain == pytest.approx(3.7)
    all_measured = gain_curves(
        gain, cost, by_one_channel(CHANNELS[:2], 2), Limits(np.inf, {}), ~np.zeros((2, 2), bool)
    )
    assert all_measured[AS_PLANNED][-1].gain_by_source == {"estimated": 3.7}


def test_the_report_names_the_actions_that_are_taken():
    gain, cost = np.array([[1.0, 3.0, np.nan]]), np.array([[0.5, 2.0, 1.0]])
    report = curves_report(
        gain_curves(gain, cost, by_one_channel(CHANNELS, len(gain)), Limits(np.inf, {})),
        ["mail", "call", "visit"],
    )
    assert report == [
        {
            "capacity": 1.0,
            "points": [
                told(0.0, 0.0),
                told(0.5, 1.0, mail=1),
                told(2.0, 3.0, call=1),
            ],
        }
    ]
