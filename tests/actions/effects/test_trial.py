"""A trial is checked where it is made."""

import numpy as np
import pytest

from actions.effects.trial import Trial, cluster_sums, standard_error
from core.errors import TrialError


def trial(**changes):
    given = {
        "arm": np.array([0, 1, 2, 0, 1]),
        "arms": ("none", "letter", "call"),
        "outcome": np.array([0.0, 1.0, 2.0, 3.0, 4.0]),
        "covariates": np.arange(10.0).reshape(5, 2),
        "names": ("age", "orders"),
    }
    return Trial(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outcome": np.zeros(4)}, "outcome of a trial has the shape"),
        ({"names": ("age",)}, "covariates of a trial has the shape"),
        ({"names": ("age", "age")}, "names of their own"),
        ({"arm": np.array([0, 1, 3, 0, 1])}, "are 0 to 2"),
        ({"arm": np.ones(5, dtype=np.int64)}, "all rows are of one"),
        ({"outcome": np.array([0.0, np.nan, 2.0, 3.0, 4.0])}, "outcome of a trial must be finite"),
        ({"propensity": np.full((5, 3), 0.5)}, "sum to 1"),
        ({"propensity": np.full((5, 3), np.nan)}, "sum to 1"),
        ({"propensity": np.tile([0.5, 0.5, 0.0], (5, 1))}, "1 rows are in an arm"),
    ],
)
def test_what_is_no_trial_is_refused(changes, told):
    with pytest.raises(TrialError, match=told):
        trial(**changes)


def test_one_arm_is_set_against_the_control_with_propensities_among_the_two():
    pair = trial(propensity=np.tile([0.5, 0.2, 0.3], (5, 1))).against_control(2)
    assert pair.arms == ("none", "call")
    assert pair.arm.tolist() == [0, 1, 0]
    assert pair.outcome.tolist() == [0, 2, 3]
    assert pair.probability == pytest.approx(np.tile([0.625, 0.375], (3, 1)))
    assert pair.treated.tolist() == [False, True, False]


def test_without_propensities_they_are_the_shares_of_the_arms():
    assert trial().probability[0] == pytest.approx([0.4, 0.4, 0.2])


def test_the_standard_error_is_that_of_a_mean_and_of_a_mean_of_clusters():
    rng = np.random.default_rng(0)
    values = rng.normal(size=40)
    assert standard_error(values) == pytest.approx(values.std(ddof=1) / np.sqrt(40))
    pairs = np.repeat(np.arange(20), 2)
    means = values.reshape(20, 2).mean(axis=1)
    assert standard_error(values, pairs) == pytest.approx(means.std(ddof=1) / np.sqrt(20))
    assert standard_error(values, np.zeros(40, dtype=np.int64)) == np.inf
    both = np.stack([values, values], axis=1)
    assert cluster_sums(both, pairs)[:, 1] == pytest.approx(2 * means)
