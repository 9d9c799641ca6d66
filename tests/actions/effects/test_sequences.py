"""Confidence sequences and boundaries of planned looks against published figures and simulation."""

import numpy as np
import pytest

from actions.effects.intervals import Estimate
from actions.effects.sequences import boundaries, confidence_sequence, spent, verdicts
from core.errors import TrialError


def test_boundaries_are_the_published_ones():
    # Lan-DeMets spending like O'Brien-Fleming, two-sided 5 %, five equal looks: 4.8769, 3.3569,
    # 2.6803, 2.2898, 2.0310 (Jennison and Turnbull 2000; R package ldbounds).
    published = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]
    assert boundaries([0.2, 0.4, 0.6, 0.8, 1.0]) == pytest.approx(published, abs=2e-3)
    assert boundaries([1.0]) == pytest.approx([1.959964])
    assert spent(1.0, 0.05) == pytest.approx(0.05)


def test_all_looks_together_cross_with_the_probability_that_was_to_be_spent():
    shares = np.array([0.1, 0.35, 0.5, 1.0])
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(200_000, 4)) * np.sqrt(np.diff(shares, prepend=0))
    z = np.abs(np.cumsum(steps, axis=1) / np.sqrt(shares))
    crossed = (z > boundaries(list(shares), 0.1)).any(axis=1).mean()
    assert crossed == pytest.approx(0.1, abs=0.003)


def test_a_look_that_says_better_is_not_taken_back_and_the_last_says_what_was_not_shown():
    weak, strong = Estimate(0.1, 0.1, -0.1, 0.3, 0.3), Estimate(0.4, 0.1, 0.2, 0.6, 1e-4)
    said = [look.verdict for look in verdicts([0.3, 0.6, 1.0], [weak, strong, weak])]
    assert said == ["go_on", "better", "better"]
    assert [look.verdict for look in verdicts([0.5, 1.0], [weak, weak])] == ["go_on", "not_shown"]
    assert verdicts([0.5, 1.0], [weak])[0].verdict == "go_on"
    harmful = Estimate(-0.4, 0.1, -0.6, -0.2, 1e-4)
    assert verdicts([0.6, 1.0], [harmful])[0].verdict == "worse"
    with pytest.raises(TrialError, match="2 looks were taken of 1"):
        verdicts([1.0], [weak, weak])


@pytest.mark.parametrize("shares", [[], [0.0, 1.0], [0.5, 0.5], [0.5, 1.2]])
def test_looks_are_rising_shares(shares):
    with pytest.raises(TrialError, match="rising shares"):
        boundaries(shares)


def test_a_sequence_is_the_formula_and_the_narrowest_around_what_it_is_tuned_for():
    # Theorem 2.2 with its own symbols, sigma 2, t 400, alpha .05, tuned for 400.
    rho = np.sqrt((-2 * np.log(0.05) + np.log(-2 * np.log(0.05) + 1)) / 400)
    t, sigma = 400, 2.0
    reach = sigma * np.sqrt(
        2 * (t * rho**2 + 1) / (t**2 * rho**2) * np.log(np.sqrt(t * rho**2 + 1) / 0.05)
    )
    found = Estimate(1.0, sigma / np.sqrt(t), 0.0, 0.0, 0.0)
    low, high = confidence_sequence(found, 400, 400)
    assert (low, high) == (pytest.approx(1 - reach), pytest.approx(1 + reach))
    for other in (150, 1200):
        assert confidence_sequence(found, 400, other)[1] > high
    assert high - 1 == pytest.approx(1.55 * 1.96 * found.se, rel=0.05)  # what peeking costs
    assert confidence_sequence(found, 99, 400) == (-np.inf, np.inf)


@pytest.mark.slow
def test_looking_every_week_misses_less_often_than_the_level_where_the_plain_interval_misses_more():
    rng = np.random.default_rng(1)
    means = np.cumsum(rng.normal(size=(1500, 26, 100)).sum(axis=2), axis=1)
    n = 100 * np.arange(1, 27)
    wrong = {"plain": 0, "sequence": 0}
    for path in means / n:
        looks = [Estimate(m, 1 / np.sqrt(k), 0, 0, 0) for m, k in zip(path, n, strict=True)]
        wrong["plain"] += any(abs(look.effect) > 1.96 * look.se for look in looks)
        bounds = [confidence_sequence(look, k, 1300) for look, k in zip(looks, n, strict=True)]
        wrong["sequence"] += any(low > 0 or high < 0 for low, high in bounds)
    assert wrong["plain"] / 1500 > 0.15
    assert wrong["sequence"] / 1500 < 0.05
