"""Drift: planted shifts are found, chance is not, and the index is what its formula says."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from models.params import MonitorParams
from models.watching.drift import Size, feature_drift, psi, shift
from models.words import DRIFTED, MOVED, STEADY

PARAMS = MonitorParams(bins=10, psi_moved=0.1, psi_drifted=0.25, gain_share=0.2, min_outcomes=20)
SIZE = Size(5_000, 2_000)


def normal(mean, n, seed):
    return pd.Series(np.random.default_rng(seed).normal(mean, 1, n))


def test_the_index_is_that_of_its_formula():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    exact = ((q - p) * np.log(q / p)).sum()
    assert psi(p * 1e6, q * 1e6) == pytest.approx(exact, rel=1e-4)
    assert psi(p * 100, p * 100) == pytest.approx(0)
    assert np.isfinite(psi(np.array([10.0, 0]), np.array([0, 10.0])))


@pytest.mark.parametrize(("moved_by", "level"), [(0.0, STEADY), (0.37, MOVED), (0.8, DRIFTED)])
def test_a_shift_of_a_normal_is_measured_over_its_deciles(moved_by, level):
    found = shift(normal(0, 100_000, 1), normal(moved_by, 100_000, 2), SIZE, PARAMS)
    edges = np.r_[-np.inf, norm.ppf(np.linspace(0.1, 0.9, 9)), np.inf]
    q = np.diff(norm.cdf(edges - moved_by))
    exact = ((q - 0.1) * np.log(q / 0.1)).sum()
    assert found["psi"] == pytest.approx(exact, abs=0.005 + 0.03 * exact)
    assert found["level"] == level


def test_what_chance_alone_gives_is_rarely_above_its_bound():
    size = Size(400, 300)
    drawn = [
        shift(normal(0, 400, seed), normal(0, 300, 1_000 + seed), size, PARAMS)
        for seed in range(300)
    ]
    above = np.mean([one["psi"] > one["psi_by_chance"] for one in drawn])
    assert 0.01 < above < 0.10
    assert not any(one["level"] == DRIFTED for one in drawn)


def test_few_customers_are_not_called_drifted_by_chance():
    found = shift(normal(0, 30, 1), normal(0, 20, 7), Size(30, 20), PARAMS)
    assert found["psi"] > PARAMS.psi_moved
    assert found["level"] == STEADY


def test_missing_values_are_a_bin_of_their_own():
    then, now = normal(0, 5_000, 1), normal(0, 5_000, 2)
    now[:2_000] = np.nan
    assert shift(then, now, SIZE, PARAMS)["level"] == DRIFTED
    nothing = pd.Series(np.full(5_000, np.nan))
    assert shift(nothing, nothing, SIZE, PARAMS)["psi"] == pytest.approx(0)
    assert shift(nothing, then, SIZE, PARAMS)["level"] == DRIFTED


def test_a_feature_of_few_values_is_compared_by_them():
    rng = np.random.default_rng(1)
    then, now = (pd.Series((rng.random(5_000) < p).astype(float)) for p in (0.05, 0.5))
    p, q = np.array([0.95, 0.05]), np.array([0.5, 0.5])
    exact = ((q - p) * np.log(q / p)).sum()
    assert shift(then, now, SIZE, PARAMS)["psi"] == pytest.approx(exact, rel=0.1)


def test_texts_are_compared_by_their_shares_and_new_ones_are_one_bin():
    then = pd.Series(["a"] * 500 + ["b"] * 500, dtype="str")
    assert shift(then, then[::-1], SIZE, PARAMS)["psi"] == pytest.approx(0)
    now = pd.Series(["a"] * 500 + ["new", "newer"] * 250, dtype="str")
    assert shift(then, now, SIZE, PARAMS)["level"] == DRIFTED
    unknown = pd.Series(["a"] * 500 + [None] * 500, dtype="str")
    assert shift(then, unknown, SIZE, PARAMS)["level"] == DRIFTED


def test_features_come_with_what_hangs_on_them_the_most_moved_first():
    n = 3_000
    then = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "calm": normal(0, n, 1),
            "gone": normal(0, n, 2),
            "plan": pd.array(["basic", "plus", "plus"] * (n // 3), "str"),
        }
    )
    now = then.assign(calm=normal(0, n, 3), gone=normal(2, n, 4))
    found = feature_drift(then, now, {"calm": 0.7, "gone": 0.1, "plan": 0.2}, PARAMS)
    assert [one["feature"] for one in found] == ["gone", "calm", "plan"]
    assert [one["level"] for one in found] == [DRIFTED, STEADY, STEADY]
    assert found[0]["gain_share"] == 0.1
    assert found[0]["typical_now"] - found[0]["typical_then"] == pytest.approx(2, abs=0.2)
    assert found[2]["typical_now"] == "plus"
