import importlib.metadata

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import check_grad
from scipy.special import roots_jacobi

from core.errors import DataGateError
from models.simple.btyd import BgNbd, _History, _loss, fit_bg_nbd, log_likelihood

PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)  # CDNOW sample, in weeks
HORIZON = 13.0


@pytest.fixture(scope="module")
def cdnow():
    """The 2,357 customers of the published example, in weeks; read as a file, not imported."""
    files = importlib.metadata.files("lifetimes")
    path = next(file for file in files if file.name == "cdnow_customers_summary.csv")
    table = pd.read_csv(path.locate())
    return tuple(table[name].to_numpy(float) for name in ("frequency", "recency", "T"))


def simulate(model, customers, horizon, seed):
    """Draw customers from the model itself: their triple, and the purchases that follow T."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    dropout = rng.beta(model.a, model.b, customers)
    t = rng.uniform(20, 60, customers)
    clock, alive = np.zeros(customers), np.ones(customers, bool)
    frequency, recency, later = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    while alive.any():
        clock += np.where(alive, rng.exponential(1 / rate), 0.0)
        alive &= clock < t + horizon
        past = alive & (clock < t)
        frequency[past] += 1
        recency[past] = clock[past]
        later[alive & ~past] += 1
        alive &= rng.random(customers) >= dropout
    return frequency, recency, t, later


@pytest.fixture(scope="module")
def simulated():
    return simulate(PUBLISHED, 200_000, HORIZON, seed=1)


def test_the_published_parameters_of_the_cdnow_sample_are_found(cdnow):
    model = fit_bg_nbd(*cdnow)
    np.testing.assert_allclose(
        [model.r, model.alpha, model.a, model.b], [0.243, 4.414, 0.793, 2.426], atol=6e-4
    )
    assert log_likelihood(model, np.column_stack(cdnow)).sum() == pytest.approx(-9582.4, abs=0.05)


def test_the_published_expectation_of_the_first_cdnow_customer_is_found():
    expected = PUBLISHED.expected_purchases(39.0, *np.array([[2.0], [30.43], [38.86]]))
    assert expected[0] == pytest.approx(1.226, abs=1e-3)


@pytest.mark.slow
def test_parameters_do_not_depend_on_the_unit_of_time(cdnow):
    frequency, recency, t = cdnow
    weeks, days = fit_bg_nbd(frequency, recency, t), fit_bg_nbd(frequency, 7 * recency, 7 * t)
    np.testing.assert_allclose(days.alpha, 7 * weeks.alpha, rtol=1e-5)
    np.testing.assert_allclose([days.r, days.a, days.b], [weeks.r, weeks.a, weeks.b], rtol=1e-5)


def test_the_gradient_is_the_derivative_of_the_loss(cdnow):
    history = _History.of(np.column_stack(cdnow))
    weight = np.full(len(cdnow[0]), 1 / len(cdnow[0]))
    for point in ([0.5, 2.0, 0.7, 1.5], [3.0, 0.2, 4.0, 0.1]):
        error = check_grad(
            lambda x: _loss(x, history, weight)[0],
            lambda x: _loss(x, history, weight)[1],
            np.log(point),
        )
        assert error < 1e-5


@pytest.mark.slow
def test_the_parameters_that_generated_customers_are_recovered(simulated):
    model = fit_bg_nbd(*simulated[:3])
    np.testing.assert_allclose(
        [model.r, model.alpha, model.a, model.b], [0.243, 4.414, 0.793, 2.426], rtol=0.05
    )


@pytest.mark.slow
@pytest.mark.parametrize("repeats", [(0, 0), (1, 1), (2, 3), (4, 7), (8, 99)])
def test_predictions_equal_what_generated_customers_do_next(simulated, repeats):
    frequency, recency, t, later = simulated
    chosen = (frequency >= repeats[0]) & (frequency <= repeats[1])
    history = (frequency[chosen], recency[chosen], t[chosen])
    none_expected = PUBLISHED.p_no_purchase(HORIZON, *history)
    bought_expected = PUBLISHED.expected_purchases(HORIZON, *history)
    noise = np.sqrt(chosen.sum())
    silent, bought = later[chosen] == 0, later[chosen]
    assert abs(none_expected.mean() - silent.mean()) < 4 * silent.std() / noise
    assert abs(bought_expected.mean() - bought.mean()) < 4 * bought.std() / noise


def test_no_purchase_is_calibrated_at_every_level(simulated):
    frequency, recency, t, later = simulated
    predicted = PUBLISHED.p_no_purchase(HORIZON, frequency, recency, t)
    bins = np.digitize(predicted, np.linspace(0, 1, 11))
    for one in np.unique(bins):
        chosen = bins == one
        if chosen.sum() > 500:
            error = predicted[chosen].mean() - (later[chosen] == 0).mean()
            assert abs(error) < 4 * 0.5 / np.sqrt(chosen.sum())


def test_no_purchase_is_the_integral_over_the_posterior_rate():
    x, t_x, t = 3.0, 20.0, 30.0
    r, alpha, a, b = 0.7, 5.0, 0.9, 2.0
    model = BgNbd(r, alpha, a, b)

    def density(rate, silent_for):
        # p integrated out: alive at T weighs E[(1-p)^x], dropped out at t_x weighs E[p (1-p)^(x-1)]
        spread = a / (b + x - 1)
        alive = np.exp(-rate * (t + silent_for)) + (spread * np.exp(-rate * t_x))
        return rate ** (r + x - 1) * np.exp(-alpha * rate) * alive

    none = quad(density, 0, np.inf, args=(HORIZON,))[0] / quad(density, 0, np.inf, args=(0.0,))[0]
    predicted = model.p_no_purchase(HORIZON, *np.array([[x], [t_x], [t]]))
    assert predicted[0] == pytest.approx(none, rel=1e-8)


def test_the_expectation_is_the_mean_over_the_posterior_dropout():
    x, t = np.array([0.0, 1.0, 7.0, 90.0]), np.array([200.0, 40.0, 60.0, 365.0])
    for model in (PUBLISHED, BgNbd(0.7, 30.0, 0.2, 0.4), BgNbd(2.0, 5.0, 90.0, 3.0)):
        expected = model.expected_purchases(28.0, x, t, t) / model.p_alive(x, t, t)
        for i in range(len(x)):
            nodes, weights = roots_jacobi(80, model.b + x[i] - 1, model.a - 1)
            p, ratio = (nodes + 1) / 2, 28.0 / (model.alpha + t[i])
            purchases = (1 - (1 + p * ratio) ** -(model.r + x[i])) / p
            assert expected[i] == pytest.approx(purchases @ weights / weights.sum(), rel=1e-6)


def test_extreme_customers_get_finite_probabilities():
    frequency = np.array([0.0, 0.0, 1.0, 1.0, 50.0, 350.0, 350.0, 2_000.0, 2_000.0])
    recency = np.array([0.0, 0.0, 0.0, 30.0, 30.0, 364.0, 3.0, 9_999.0, 1.0])
    t = np.array([0.0, 9_999.0, 0.0, 30.0, 31.0, 365.0, 365.0, 9_999.0, 9_999.0])
    for model in (PUBLISHED, BgNbd(1e-4, 1e4, 1e-4, 1e-4), BgNbd(50, 1e-3, 1e4, 1e4)):
        alive = model.p_alive(frequency, recency, t)
        for horizon in (1.0, 28.0, 365.0):
            silent = model.p_no_purchase(horizon, frequency, recency, t)
            expected = model.expected_purchases(horizon, frequency, recency, t)
            assert ((alive >= 0) & (alive <= 1)).all()
            assert ((silent >= 0) & (silent <= 1)).all()
            assert np.isfinite(expected).all()
            assert (expected >= -1e-9).all()
            # By Markov's inequality at least as many purchases as the chance of one.
            assert (expected >= (1 - silent) * (1 - 1e-6) - 1e-9).all()


@pytest.mark.parametrize(("a", "b"), [(1.0, 2.0), (0.4, 0.6), (1.0, 1e-9)])
def test_expectation_is_smooth_where_the_closed_form_divides_by_zero(a, b):
    history = np.array([[0.0, 3.0], [0.0, 20.0], [30.0, 30.0]])
    at, left, right = (
        BgNbd(0.5, 4.0, a * (1 + shift), b).expected_purchases(26.0, *history)
        for shift in (0.0, -1e-4, 1e-4)
    )
    np.testing.assert_allclose(at, (left + right) / 2, rtol=1e-4)


def test_customers_who_never_drop_out_do_not_break_the_fit():
    rng = np.random.default_rng(3)
    t = np.full(2_000, 300.0)
    frequency = rng.poisson(20, 2_000).astype(float)
    model = fit_bg_nbd(frequency, t * frequency / (frequency + 1), t)
    assert model.p_alive(frequency, t * frequency / (frequency + 1), t).mean() > 0.98
    expected = model.expected_purchases(30.0, frequency, t * frequency / (frequency + 1), t)
    assert expected.mean() == pytest.approx(2.0, rel=0.03)


def test_without_a_repeat_purchase_the_fit_is_refused():
    with pytest.raises(DataGateError, match="none of the 3 customers bought on two"):
        fit_bg_nbd(np.zeros(3), np.zeros(3), np.array([10.0, 20.0, 30.0]))


def test_a_model_comes_back_from_its_dictionary():
    assert BgNbd.from_dict(PUBLISHED.to_dict()) == PUBLISHED
