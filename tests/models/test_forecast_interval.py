"""Intervals of the sales forecast: how far weeks went from their level, and the chance of few."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from models.value.forecast import bounds
from models.value.forecast_interval import HALF, spreads
from models.value.past import Past
from tests.snapshots import simulate, simulate_purchases, timeline


@cache
def past():
    return Past(simulate(), simulate_purchases(), timeline())


def test_an_interval_widens_with_the_days_ahead_and_money_varies_more_than_orders():
    widths = spreads(past(), timeline().data_until, (30, 60, 90), np.full(3, 1e9))
    assert set(widths) == {"orders", "spend"}
    near, _, far, whole = widths["orders"]
    assert 0 < near < far
    assert whole < far  # the chance of single weeks averages out over longer times
    assert all(a < b for a, b in zip(widths["orders"], widths["spend"], strict=True))


def test_an_interval_of_few_orders_holds_what_chance_makes_of_them():
    ends, many, few = (30, 60), np.full(2, 1e9), np.full(2, 40.0)
    large = spreads(past(), timeline().data_until, ends, many)
    small = spreads(past(), timeline().data_until, ends, few)
    sold = np.random.default_rng(1).poisson(40.0, 2_000)
    limits = bounds(40.0, small["orders"][0])
    assert ((sold >= limits["low"]) & (sold <= limits["high"])).mean() > 0.94
    assert small["orders"][0] ** 2 - large["orders"][0] ** 2 == pytest.approx(HALF**2 / 40)
    # Both months together hold twice as many orders, and single amounts differ beside.
    assert small["orders"][-1] ** 2 - large["orders"][-1] ** 2 == pytest.approx(HALF**2 / 80)
    assert small["spend"][0] ** 2 - large["spend"][0] ** 2 > 1.1 * HALF**2 / 40


def test_without_weeks_to_compare_there_is_no_interval():
    few = past().purchases[past().purchases["customer_id"] == "nobody"]
    assert spreads(replace(past(), purchases=few), 400, (30,), np.ones(1)) == {
        "orders": [None],
        "spend": [None],
    }
