"""Worlds whose truth is known, small: `make bench-truth` has them in full size."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.truth import HORIZON, TEST_DAY, WORLD, _expected, draw_bg_nbd


@pytest.fixture(scope="module")
def world():
    return draw_bg_nbd(20_000, seed=3)


@pytest.mark.slow
def test_customers_of_the_bg_nbd_world_buy_as_its_model_expects(world):
    orders, bought = world
    assert len(orders) == len(bought)
    past = bought[bought["day"] < TEST_DAY]
    later = bought[(bought["day"] >= TEST_DAY) & (bought["day"] < TEST_DAY + HORIZON)]
    customers = orders["customer_id"].drop_duplicates()
    customers = customers[customers.isin(past["customer"].map("c{:06d}".format))]
    expected = _expected(past, customers).sum()
    # About a thousand purchases: four standard deviations of what chance alone does.
    assert len(later) == pytest.approx(expected, rel=4 / np.sqrt(expected))
    assert expected > 1_000


def test_the_first_purchase_is_where_a_history_starts(world):
    _, bought = world
    history = bought[bought["day"] < TEST_DAY]
    one = history[history["customer"] == history["customer"].iloc[0]]
    expected = WORLD.expected_purchases(
        HORIZON,
        np.array([len(one) - 1.0]),
        np.array([one["day"].max() - one["day"].min()]),
        np.array([TEST_DAY - one["day"].min()]),
    )
    name = f"c{one['customer'].iloc[0]:06d}"

    assert _expected(history, pd.Series([name])) == pytest.approx(expected)
