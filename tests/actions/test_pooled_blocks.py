"""The pooled learner solved action by action is the one solved as a whole, for any number."""

import numpy as np
import pytest

from actions.effects.empirical_bayes import Moments, Solved


def as_a_whole(moments, variance):
    """Mean, covariance and log evidence of all coefficients from one matrix of them all."""
    actions, width = moments.moment.shape
    same, none = np.eye(width), np.zeros((width, width))
    takes = [
        np.hstack(
            [same, moments.strength[one] * same]
            + [same if other == one else none for other in range(actions)]
        )
        for one in range(actions)
    ]
    gram = sum(take.T @ its @ take for take, its in zip(takes, moments.gram, strict=True))
    told = sum(take.T @ its for take, its in zip(takes, moments.moment, strict=True))
    prior = np.concatenate([variance[0], variance[1], *[variance[2]] * actions])
    covariance = np.linalg.inv(gram + np.diag(1 / prior))
    mean = covariance @ told
    size = np.linalg.slogdet(np.eye(len(prior)) + gram * prior)[1]
    own = np.stack([take @ mean for take in takes])
    spread = np.stack([take @ covariance @ take.T for take in takes])
    squares = np.split(mean**2 + np.diag(covariance), [width, 2 * width])
    kinds = [squares[0], squares[1], squares[2].reshape(actions, width).sum(axis=0)]
    return own, spread, (told @ mean - size) / 2, kinds


@pytest.mark.parametrize("actions", [1, 2, 7])
def test_action_by_action_is_the_same_as_all_at_once(actions):
    rng, width = np.random.default_rng(actions), 5
    design = rng.normal(size=(actions, 30, width))
    moments = Moments(
        design.transpose(0, 2, 1) @ design,
        rng.normal(size=(actions, width)) * 9,
        rng.uniform(0.2, 2.0, actions),
    )
    variance = rng.uniform(0.001, 2.0, (3, width))
    own, spread, evidence, kinds = as_a_whole(moments, variance)
    solved = Solved.of(moments, variance)
    found = solved.of_actions(moments.taken)
    assert found[0] == pytest.approx(own, rel=1e-9)
    assert found[1] == pytest.approx(spread, rel=1e-9)
    assert solved.evidence == pytest.approx(evidence, rel=1e-9)
    for its, wanted in zip(solved.second_moments(), kinds, strict=True):
        assert its == pytest.approx(wanted, rel=1e-9)
