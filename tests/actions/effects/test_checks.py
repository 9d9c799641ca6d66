"""Checks of a trial: quiet where arms were drawn by chance, loud where they were not."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from actions.effects import checks
from actions.effects.checks import attrition, balance, predictability, sample_ratio
from actions.effects.trial import Trial


def trial(arm, covariates, **more):
    arm = np.asarray(arm, dtype=np.int64)
    names = tuple(f"x{i}" for i in range(covariates.shape[1]))
    arms = tuple(f"arm {i}" for i in range(arm.max() + 1))
    return Trial(arm, arms, np.zeros(len(arm)), covariates, names, **more)


def drawn(seed, n=400):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)), rng.random(n), rng


@pytest.mark.parametrize(
    ("counts", "planned", "is_low"),
    [
        ((5000, 5060), (0.5, 0.5), False),
        ((5000, 5400), (0.5, 0.5), True),
        ((4000, 5000), (0.5, 0.5), True),  # a fifth of an arm was lost
        ((3010, 6990), (0.3, 0.7), False),
        ((3333, 6667), (1 / 3, 2 / 3), False),
        ((505, 9495), (0.05, 0.95), False),
        ((3370, 3330, 3300), (1 / 3, 1 / 3, 1 / 3), False),
        ((1010, 4490, 4500), (0.1, 0.45, 0.45), False),
    ],
)
def test_planned_shares_are_equal_or_round_where_nobody_says(counts, planned, is_low):
    found = sample_ratio(np.array(counts))
    assert found.planned == pytest.approx(planned)
    assert found.is_guess
    assert (found.p < 0.01) == is_low
    assert found.p == pytest.approx(stats.chisquare(counts, np.array(planned) * sum(counts)).pvalue)


def test_shares_that_are_told_are_tested():
    found = sample_ratio(np.array([370, 630]), [37, 63])
    assert (found.p, found.is_guess) == (1, False)
    assert found.planned == pytest.approx((0.37, 0.63))


@pytest.mark.slow
def test_balance_is_the_share_of_all_assignments_that_are_as_uneven(monkeypatch):
    rng = np.random.default_rng(2)
    covariates, arm = rng.normal(size=(7, 1)), [0, 1, 0, 0, 1, 1, 0]
    design = checks._whitened(checks.ranked(covariates))

    def distance(labels):
        labels = np.array(labels)
        return sum(
            (labels == one).sum() * np.sum(design[labels == one].mean(axis=0) ** 2)
            for one in (0, 1)
        )

    every = [distance(order) for order in permutations(arm)]
    exact = np.mean([value >= distance(arm) - 1e-9 for value in every])
    monkeypatch.setattr(checks, "OPEN", 2.0)  # never stop early
    assert balance(trial(arm, covariates)).p == pytest.approx(exact, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("check", [balance, predictability])
def test_what_arms_drawn_by_chance_show_is_seldom_unlikely(check, monkeypatch):
    monkeypatch.setattr(checks, "MANY", 199)
    ps = []
    for seed in range(30):
        covariates, u, _ = drawn(seed)
        ps.append(check(trial(u < 0.4, covariates)).p)
    assert sum(p < 0.1 for p in ps) <= 8  # 3 are expected; 9 or more in 1 of 500 runs
    assert min(ps) > 0.002


@pytest.mark.slow
@pytest.mark.parametrize(
    "lean",
    [lambda x: 0.8 * x[:, 0], lambda x: 1.5 * (np.abs(x[:, 0]) - 0.8)],
    ids=["higher", "extreme"],
)
def test_arms_that_were_chosen_by_a_column_are_noticed_and_the_column_is_named(lean):
    covariates, u, _ = drawn(7, 1500)
    chosen = trial(u < 1 / (1 + np.exp(-lean(covariates))), covariates)
    found = balance(chosen)
    assert found.columns["x0"] < 1e-6 < min(found.columns["x1"], found.columns["x2"])
    assert predictability(chosen).p < 0.001
    assert predictability(chosen).auc > 0.55


def test_arms_chosen_by_two_columns_at_once_are_noticed_by_trees_alone():
    covariates, u, _ = drawn(8, 3000)
    chosen = trial(u < 0.5 + 0.3 * np.sign(covariates[:, 0] * covariates[:, 1]), covariates)
    assert min(balance(chosen).columns.values()) > 0.001
    assert predictability(chosen).p < 0.001


@pytest.mark.slow
def test_of_three_arms_each_is_compared_with_the_others():
    covariates, _, rng = drawn(9, 1500)
    arm = rng.integers(0, 3, 1500)
    assert balance(trial(arm, covariates)).p > 0.01
    arm[(arm == 2) & (covariates[:, 1] > 0.5)] = 1
    chosen = trial(arm, covariates)
    assert balance(chosen).p < 0.001
    assert predictability(chosen).p < 0.001


def test_customers_of_several_rows_are_drawn_once():
    covariates, u, _ = drawn(3, 200)
    many = np.repeat(np.arange(200), 10)
    once = trial(u < 0.5, covariates)
    repeated = trial(np.repeat(u < 0.5, 10), np.repeat(covariates, 10, axis=0), cluster=many)
    assert balance(repeated).p == balance(once).p


def test_too_few_customers_or_nothing_known_say_nothing():
    covariates, u, _ = drawn(4, 50)
    assert predictability(trial(u < 0.5, covariates)).p == 1
    constant = trial(u < 0.5, np.ones((50, 1)))
    assert (balance(constant).p, balance(constant).columns) == (1, {"x0": 1})


def test_attrition_is_the_test_of_a_table_of_two_rows():
    missing, counts = np.array([30, 60]), np.array([1000, 1000])
    table = [[30, 60], [970, 940]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert attrition(missing, counts) == pytest.approx(expected)
    assert attrition(np.array([0, 0]), counts) == 1
