from importlib.metadata import distribution

import numpy as np
import pandas as pd
import pytest

from core.errors import DataGateError
from models.simple.gamma_gamma import GammaGamma, fit_gamma_gamma


def drawn(truth, customers, seed):
    """Customers of a Gamma-Gamma world: frequency and mean amount of their repeat purchases."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 12, customers).astype(float)
    rate = rng.gamma(truth.q, 1 / truth.v, customers)
    return x, rng.gamma(truth.p * x, 1 / rate) / x, truth.p / rate


def test_the_published_parameters_of_the_cdnow_sample_are_found():
    package = distribution("lifetimes")
    path = package.locate_file("lifetimes/datasets/cdnow_customers_summary_with_transactions.csv")
    sample = pd.read_csv(str(path))
    repeat = sample[sample["x"] > 0]
    found = fit_gamma_gamma(repeat["x"].to_numpy(float), repeat["zbar"].to_numpy(float))
    # Fader & Hardie 2013, section 5: p = 6.25, q = 3.74, v = 15.44 for these 946 customers.
    assert found.p == pytest.approx(6.25, abs=0.01)
    assert found.q == pytest.approx(3.74, abs=0.01)
    assert found.v == pytest.approx(15.44, abs=0.03)


@pytest.mark.slow
def test_planted_parameters_are_recovered_whatever_the_currency():
    truth = GammaGamma(p=3.0, q=5.0, v=40.0)
    x, m, _ = drawn(truth, 20_000, seed=1)
    for unit in (1.0, 1000.0):
        found = fit_gamma_gamma(x, m * unit)
        assert found.p == pytest.approx(truth.p, rel=0.05)
        assert found.q == pytest.approx(truth.q, rel=0.05)
        assert found.v == pytest.approx(truth.v * unit, rel=0.08)


def test_the_expected_amount_is_nearer_to_the_truth_than_the_mean_seen():
    truth = GammaGamma(p=2.0, q=4.0, v=30.0)
    x, m, mean = drawn(truth, 5_000, seed=2)
    expected = truth.expected_amount(x, m)
    assert np.mean((expected - mean) ** 2) < 0.8 * np.mean((m - mean) ** 2)
    assert expected.mean() == pytest.approx(mean.mean(), rel=0.03)


def test_who_never_bought_again_is_expected_to_spend_the_population_mean():
    model = GammaGamma(p=2.0, q=4.0, v=30.0)
    none = model.expected_amount(np.array([0.0, 0.0]), np.array([np.nan, 17.0]))
    assert none == pytest.approx([20.0, 20.0])  # p v / (q - 1)


def test_too_few_repeat_purchases_are_refused():
    with pytest.raises(DataGateError, match="1 of 3 customers bought again"):
        fit_gamma_gamma(np.array([0.0, 1.0, 2.0]), np.array([5.0, 4.0, -1.0]))


def test_it_is_what_it_was_after_being_written():
    model = GammaGamma(p=2.5, q=4.25, v=30.0)
    assert GammaGamma.from_dict(model.to_dict()) == model
