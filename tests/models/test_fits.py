"""What a fit stores is the same on every processor."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.probability.calibration import fit_beta_map
from models.probability.optimum import polished
from models.simple.btyd import fit_bg_nbd
from models.simple.gamma_gamma import fit_gamma_gamma
from models.simple.logistic import Logistic
from models.simple.pareto_nbd import fit_pareto_nbd
from models.simple.regression import _fit

ANOTHER = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX2_Usable,-FMA,-FMA4",
    "OMP_NUM_THREADS": "1",
}


def histories(customers, seed):
    rng = np.random.default_rng(seed)
    t = rng.integers(30, 300, customers).astype(np.float64)
    x = rng.poisson(rng.gamma(0.8, 1 / 60, customers) * t).astype(np.float64)
    recency = np.where(x > 0, np.floor(t * rng.beta(3.0, 1.0, customers)), 0.0)
    return x, recency, t


def fits(customers, seed, noise):
    """Every fit that stores parameters, on data whose last digits are off by `noise`."""
    rng = np.random.default_rng(seed)
    off = np.random.default_rng(seed + 1)

    def elsewhere(values):
        return values * (1.0 + noise * off.uniform(-1.0, 1.0, values.shape))

    x, recency, t = histories(customers, seed)
    money = rng.gamma(3.0, 1.0, customers) * rng.gamma(4.0, 10.0, customers)
    z = rng.normal(size=(customers, 4))
    left = (rng.random(customers) < 1 / (1 + np.exp(-z[:, 0]))).astype(np.float64)
    scores = np.clip(rng.beta(1.0, 3.0, customers), 0.01, 0.99)
    left_by_score = (rng.random(customers) < scores**0.8).astype(np.float64)
    triple = x, elsewhere(recency), elsewhere(t)
    inputs = pd.DataFrame(elsewhere(z), columns=list("abcd"))
    return {
        "bg_nbd": fit_bg_nbd(*triple).to_dict(),
        "bg_nbd held": fit_bg_nbd(*triple, 1e-3).to_dict(),
        "pareto_nbd": fit_pareto_nbd(*triple).to_dict(),
        "gamma_gamma": fit_gamma_gamma(x, elsewhere(money)).to_dict(),
        "logistic": vars(Logistic.fit(inputs, left)),
        "regression": _fit(elsewhere(z), left, np.ones(customers)).tolist(),
        "calibration": fit_beta_map(elsewhere(scores), left_by_score).to_dict(),
    }


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("customers", "seed"), [(60, 1), (400, 2)])
def test_data_that_differs_in_the_last_digit_gives_the_same_parameters(customers, seed):
    here, there = fits(customers, seed, 0.0), fits(customers, seed, 2e-16)
    assert [name for name in here if here[name] != there[name]] == []


def test_a_parameter_that_is_zero_is_stored_as_zero_and_not_as_last_digits():
    outcomes = np.repeat([1.0, 0.0], [30, 70])
    for factor in (1.0, 1.0 + 2.3e-16, 1.0 - 2e-16):
        assert fit_beta_map(np.full(100, 0.3) * factor, outcomes).c == 0.0
    for order in (slice(None), slice(None, None, -1), np.random.default_rng(3).permutation(40)):
        balanced = pd.DataFrame({"a": np.tile([1.0, -1.0], 20)})
        coefficients = Logistic.fit(
            balanced.iloc[order], np.repeat([1.0, 0.0], 20)[order]
        ).coefficient
        assert coefficients == {"a": 0.0}


@pytest.mark.slow
def test_another_processor_stores_the_same_parameters():
    ask = "import json; from tests.models.test_fits import fits; "
    ask += "print(json.dumps([fits(60, 3, 0.0), fits(2000, 4, 0.0)]))"
    told = [
        subprocess.run(
            [sys.executable, "-c", ask],
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), **setting},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for setting in ({}, ANOTHER)
    ]
    assert json.loads(told[0]) == json.loads(told[1])


def test_a_fit_that_stopped_early_is_followed_to_where_the_gradient_is_zero():
    def ridge(at):
        flat, steep = at - np.array([3.0, -1.0])
        return float(1e-8 * flat**2 + steep**2), np.array([2e-8 * flat, 2.0 * steep])

    np.testing.assert_allclose(polished(ridge, np.array([2.0, -1.1])), [3.0, -1.0], rtol=1e-12)


def test_a_parameter_whose_root_lies_beyond_its_bound_is_held_there():
    def bowl(at):
        off = at - np.array([5.0, 2.0])
        slope = np.array([2 * off[0] + off[1], 2 * off[1] + off[0]])
        return float(off[0] ** 2 + off[1] ** 2 + off[0] * off[1]), slope

    found = polished(bowl, np.array([3.9, 2.4]), [(0.0, 4.0), (0.0, 4.0)])
    np.testing.assert_allclose(found, [4.0, 2.5], rtol=1e-12)
    on_it = polished(bowl, np.array([4.0, 2.4]), [(0.0, 4.0), (0.0, 4.0)])
    np.testing.assert_array_equal(found, on_it)


def test_where_the_gradient_is_zero_at_a_worse_place_the_parameters_stay():
    def wave(at):
        return float(np.cos(at[0])), -np.sin(at)

    # Its minimum is beyond the bound, and its maximum, where the slope is zero too, is not.
    start = np.array([1.0])
    assert np.cos(polished(wave, start, [(-1.0, 1.0)])[0]) <= np.cos(1.0)
