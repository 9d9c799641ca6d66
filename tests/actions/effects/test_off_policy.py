"""Off-policy values against sums written out, and against the whole world where it is known."""

from itertools import product

import numpy as np
import pytest

from actions.effects.off_policy import value
from actions.effects.trial import Trial
from core.errors import TrialError

CHANCE = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.7, 0.2, 0.1], [0.4, 0.4, 0.2]])
OUTCOME = np.array([[1.0, 2.0, 0.0], [3.0, 1.0, 4.0], [0.0, 5.0, 2.0], [2.0, 2.0, 1.0]])
POLICY = np.array([1, 2, 0, 0])


def trial(arm, outcome=None, chance=CHANCE, **more):
    arm = np.asarray(arm)
    outcome = OUTCOME[np.arange(len(arm)), arm] if outcome is None else outcome
    arms = ("none", "letter", "call")
    return Trial(arm, arms, outcome, np.zeros((len(arm), 0)), (), chance, **more)


def test_the_three_are_their_sums_row_by_row():
    arm = np.array([1, 2, 2, 0])
    expected = OUTCOME / 2
    found = value(trial(arm), POLICY, expected)
    weights, outcomes = [1 / 0.3, 1 / 0.6, 0, 1 / 0.4], [2.0, 4.0, 2.0, 2.0]
    weighted = np.dot(weights, outcomes)
    assert found.ips.effect == pytest.approx(weighted / 4)
    assert found.snips.effect == pytest.approx(weighted / sum(weights))
    corrected = [
        OUTCOME[i, POLICY[i]] / 2 + weights[i] * (outcomes[i] - OUTCOME[i, arm[i]] / 2)
        for i in range(4)
    ]
    assert found.dr.effect == pytest.approx(np.mean(corrected))
    assert found.effective == pytest.approx(sum(weights) ** 2 / np.dot(weights, weights))
    assert not found.is_reliable


@pytest.mark.parametrize("is_random", [False, True])
def test_over_every_draw_of_the_arms_ips_and_dr_are_right_on_average(is_random):
    policy = np.full((4, 3), 1 / 3) if is_random else POLICY
    wanted = policy if is_random else np.eye(3)[POLICY]
    truth = np.mean(np.sum(wanted * OUTCOME, axis=1))
    expected = OUTCOME[:, ::-1] + 1  # wrong, which must not matter
    ips = dr = total = 0.0
    for arm in product(range(3), repeat=4):
        chance = np.prod(CHANCE[np.arange(4), list(arm)])
        if len(set(arm)) < 2 or not (is_random or (np.array(arm) == POLICY).any()):
            # One arm is no trial, and with no row in common nothing can be told: its sums here.
            weight = wanted[range(4), list(arm)] / CHANCE[range(4), list(arm)]
            seen = OUTCOME[range(4), list(arm)]
            ips += chance * np.mean(weight * seen)
            left = seen - expected[range(4), list(arm)]
            dr += chance * np.mean(np.sum(wanted * expected, axis=1) + weight * left)
        else:
            found = value(trial(arm), policy, expected)
            ips, dr = ips + chance * found.ips.effect, dr + chance * found.dr.effect
        total += chance
    assert total == pytest.approx(1)
    assert ips == pytest.approx(truth)
    assert dr == pytest.approx(truth)


def test_intervals_hold_the_truth_and_snips_and_dr_are_narrower():
    rng = np.random.default_rng(0)
    held, widths = np.zeros(3), np.zeros(3)
    for _ in range(200):
        x = rng.normal(size=400)
        call = 0.1 + 0.8 / (1 + np.exp(-x))
        chance = np.column_stack([0.5 * (1 - call), 0.5 * (1 - call), call])
        arm = (rng.random(400)[:, None] > chance.cumsum(axis=1)).sum(axis=1)
        outcome = 10 + x + (arm == 1) + rng.normal(size=400)
        expected = 10 + np.column_stack([x, x, x])
        found = value(trial(arm, outcome, chance), np.ones(400, dtype=int), expected)
        for place, one in enumerate((found.ips, found.snips, found.dr)):
            held[place] += one.low <= 11 <= one.high
            widths[place] += one.high - one.low
    assert (held / 200 > 0.9).all()
    assert widths[0] > 2 * widths[1] > 2 * widths[2]


def test_rows_of_one_customer_count_as_one():
    rng = np.random.default_rng(1)
    arm, outcome = rng.integers(0, 3, 90), rng.normal(5, 1, 90)
    chance = np.full((90, 3), 1 / 3)
    once = value(trial(arm, outcome, chance), np.ones(90, dtype=int))
    twice = value(
        trial(
            np.repeat(arm, 2),
            np.repeat(outcome, 2),
            np.full((180, 3), 1 / 3),
            cluster=np.repeat(np.arange(90), 2),
        ),
        np.ones(180, dtype=int),
    )
    assert twice.snips.se == pytest.approx(once.snips.se)
    assert twice.ips.effect == pytest.approx(once.ips.effect)


def test_what_cannot_be_told_is_said():
    with pytest.raises(TrialError, match="No row is in the arm"):
        value(trial([0, 0, 1, 1]), np.full(4, 2))
    with pytest.raises(TrialError, match="A policy is an arm for each row"):
        value(trial([0, 0, 1, 1]), np.full((4, 3), 0.5))
    with pytest.raises(TrialError, match="Expected outcomes have the shape"):
        value(trial([1, 0, 1, 1]), POLICY, np.zeros((4, 2)))
