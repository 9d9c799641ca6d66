import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from models.churn.calibrating import SPREAD, ByValue, Window, learn_by_value

DAYS = ("2024-01-01", "2024-03-01", "2024-05-01")


def window(day, shifts=(0.0, 0.0, 0.0), rows=3_000, seed=1):
    """Rows whose log odds of leaving are those that were told, plus the shift of their third."""
    draws = np.random.default_rng(seed)
    told = expit(draws.normal(-1.5, 1.0, rows))
    amounts = draws.permutation(np.arange(rows, dtype=float))
    true = expit(logit(told) + np.asarray(shifts)[np.minimum(amounts * 3 // rows, 2).astype(int)])
    frame = pd.DataFrame(
        {
            "as_of_date": pd.Timestamp(day),
            "amount_30d": 0.0,
            "amount_90d": np.where(amounts == 0, np.nan, amounts),
            "churned": (draws.random(rows) < true).astype(float),
        }
    )
    return Window(frame, told)


def off(found, rows):
    """Left for each expected in each third."""
    third = np.arange(3)[np.searchsorted(found.cuts, rows.rows["amount_90d"].fillna(0.0), "right")]
    told = found(rows.probabilities, rows.rows)
    left = rows.rows["churned"].to_numpy()
    return [float(left[third == one].sum() / told[third == one].sum()) for one in range(3)]


def test_what_two_windows_agree_on_is_corrected_on_a_third():
    planted = (-0.5, 0.0, 0.6)
    seen = [window(day, planted, seed=number) for number, day in enumerate(DAYS)]
    found = learn_by_value(*seen[:2])
    assert found is not None and found.column == "amount_90d"
    assert found.shifts[0] < -0.3 and abs(found.shifts[1]) < 0.15 and found.shifts[2] > 0.4
    without = ByValue(found.column, found.cuts, (0.0, 0.0, 0.0))
    assert off(without, seen[2])[2] > 1.3
    assert all(abs(ratio - 1) < 0.12 for ratio in off(found, seen[2]))


def test_what_one_window_saw_and_the_next_did_not_is_left_alone():
    assert learn_by_value(window(DAYS[0], (-0.6, 0, 0.6)), window(DAYS[1], (0.6, 0, -0.6))) is None


def test_few_leavers_move_nobody_far_and_the_shift_is_the_most_likely_one():
    few = [window(day, (0.0, 0.0, 3.0), rows=30, seed=7) for day in DAYS[:2]]
    found = learn_by_value(*few)
    assert found is not None
    assert 0 < found.shifts[2] < 2 * SPREAD
    odds = logit(np.concatenate([one.probabilities for one in few]))
    rows = pd.concat([one.rows for one in few])
    inside = rows["amount_90d"].to_numpy() >= found.cuts[1]
    pull = rows["churned"].to_numpy()[inside].sum() - expit(odds[inside] + found.shifts[2]).sum()
    assert pull == pytest.approx(found.shifts[2] / SPREAD**2, abs=1e-6)


def test_one_customer_alone_is_told_what_he_is_told_among_others():
    found = ByValue("amount_90d", (10.0, 20.0), (-0.3, 0.1, 0.4))
    rows = pd.DataFrame({"amount_90d": [np.nan, 9.99, 10.0, 20.0, 500.0]})
    told = found(np.full(5, 0.2), rows)
    alone = [float(found(np.array([0.2]), rows.iloc[[row]])[0]) for row in range(5)]
    assert told.tolist() == alone
    np.testing.assert_allclose(logit(told) - logit(0.2), [-0.3, -0.3, 0.1, 0.4, 0.4])
    assert ByValue.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_without_amounts_or_without_three_kinds_of_them_nothing_is_corrected():
    one = window(DAYS[0])
    for rows in (
        one.rows.drop(columns=["amount_30d", "amount_90d"]),
        one.rows.assign(amount_90d=5),
    ):
        assert learn_by_value(one, Window(rows, one.probabilities)) is None
