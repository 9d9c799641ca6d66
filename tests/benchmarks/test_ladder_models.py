"""Small data: the other models are what they claim."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln, hyp2f1

from benchmarks.ladder.nbd import Fitted, History, bg_nbd, fit, pareto_nbd

HISTORIES = History(
    np.array([0.0, 1.0, 3.0, 40.0, 300.0]),
    np.array([0.0, 2.0, 9.0, 9.5, 9.9]),
    np.array([5.0, 10.0, 9.0, 10.0, 10.0]),
)


def draw(death, customers=1500, seed=3):
    """Histories of ten units of customers who buy at rates of Gamma(1.2, 2) until `death` comes."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.2, 1.0 / 2.0, customers)
    seen = rng.uniform(6.0, 10.0, customers)
    ends = death(rng, customers)
    x, t_x, later = (np.zeros(customers) for _ in range(3))
    for one in range(customers):
        time, alive = 0.0, True
        while alive:
            time += rng.exponential(1.0 / rate[one])
            if time > seen[one] + 2.0 or time > ends["time"][one]:
                break
            if time > seen[one]:
                later[one] += 1
            else:
                x[one], t_x[one] = x[one] + 1, time
            alive = rng.random() >= ends["share"][one]
    return History(x, t_x, seen), later


def test_bg_nbd_finds_the_parameters_of_its_own_world():
    history, later = draw(
        lambda rng, n: {"time": np.full(n, np.inf), "share": rng.beta(0.8, 2.5, n)}
    )
    model = fit(bg_nbd, history)
    r, alpha, a, b = model.parameters * np.array([1.0, model.unit, 1.0, 1.0])
    assert r == pytest.approx(1.2, rel=0.2)
    assert alpha == pytest.approx(2.0, rel=0.2)
    assert a / (a + b) == pytest.approx(0.8 / 3.3, rel=0.2)
    assert model.p_no_purchase(2.0, history).mean() == pytest.approx((later == 0).mean(), abs=0.035)


@pytest.mark.slow
def test_pareto_nbd_finds_the_parameters_of_its_own_world():
    history, later = draw(
        lambda rng, n: {
            "time": rng.exponential(1.0 / rng.gamma(1.0, 1.0 / 8.0, n)),
            "share": np.zeros(n),
        }
    )
    model = fit(pareto_nbd, history, penalty=0.0)
    r, alpha, s, beta = model.parameters * np.array([1.0, model.unit, 1.0, model.unit])
    assert r == pytest.approx(1.2, rel=0.2)
    assert alpha == pytest.approx(2.0, rel=0.2)
    assert s / beta == pytest.approx(1.0 / 8.0, rel=0.3)
    assert model.p_no_purchase(2.0, history).mean() == pytest.approx((later == 0).mean(), abs=0.035)


@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 7.0), (7.0, 2.0), (3.0, 3.0)])
def test_the_pareto_nbd_likelihood_is_that_of_its_closed_form(alpha, beta):
    """Fader & Hardie (2005), "A Note on Deriving the Pareto/NBD Model", equations 17 to 20."""
    r, s = 0.7, 0.5
    few = slice(0, 4)  # with 300 purchases the closed form itself is beyond a float
    x, t_x, t = HISTORIES.x[few], HISTORIES.t_x[few], HISTORIES.t[few]
    most, second = (alpha, s + 1.0) if alpha >= beta else (beta, r + x)
    k = r + s + x

    def part(time):
        z = abs(alpha - beta) / (most + time)
        return hyp2f1(k, second, k + 1.0, z) / (most + time) ** k

    alive = 1.0 / ((alpha + t) ** (r + x) * (beta + t) ** s)
    dead = s / k * (part(t_x) - part(t))
    closed = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    closed += np.log(alive + dead)
    told = pareto_nbd(np.array([r, alpha, s, beta]), HISTORIES)
    assert told[few] == pytest.approx(closed, rel=1e-6)
    assert np.isfinite(told).all()


def test_no_purchase_of_bg_nbd_is_dead_now_or_alive_and_silent():
    r, alpha, a, b = 0.7, 2.0, 0.8, 2.5
    model = Fitted(bg_nbd, np.array([r, alpha, a, b]), unit=7.0)
    days = History(HISTORIES.x, HISTORIES.t_x * 7.0, HISTORIES.t * 7.0)
    x, t_x, t = HISTORIES.x, HISTORIES.t_x, HISTORIES.t
    odds = np.where(
        x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x), 0.0
    )
    alive = 1.0 / (1.0 + odds)
    silent = ((alpha + t) / (alpha + t + 4.0)) ** (r + x)
    assert model.p_no_purchase(28.0, days) == pytest.approx(1.0 - alive + alive * silent)


def test_no_purchase_of_pareto_nbd_is_an_integral_over_rates_of_buying_and_dying():
    r, alpha, s, beta = 1.5, 2.0, 1.2, 6.0
    x, t_x, t, h = 2.0, 3.0, 5.0, 1.5

    def history_until(time):
        """Its probability: alive until then, or dead at some time since the last purchase."""

        def given_death(death):
            dying = s * beta**s / (beta + death) ** (s + 1.0)
            return dying * (alpha + death) ** -(r + x)

        alive = (beta / (beta + time)) ** s * (alpha + time) ** -(r + x)
        return alive + quad(given_death, t_x, time)[0]

    model = Fitted(pareto_nbd, np.array([r, alpha, s, beta]), unit=1.0)
    told = model.p_no_purchase(h, History(np.array([x]), np.array([t_x]), np.array([t])))
    assert told[0] == pytest.approx(history_until(t + h) / history_until(t), rel=1e-6)
