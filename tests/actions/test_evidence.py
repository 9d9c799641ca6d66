"""The evidence of the pooled learner is how likely the data are: checked by integration."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import invgamma, norm

from actions.effects.empirical_bayes import SURE, Moments, empirical_bayes

STARTS = (1e-3, 1e-2, 1e-1)


def exact(precision, errors, start):
    """Log likelihood of an estimate `errors` standard errors from 0, over variance and effect."""
    error = 1 / np.sqrt(precision)

    def density(log_variance):
        variance = np.exp(log_variance)
        prior = invgamma.pdf(variance, SURE / 2, scale=SURE * start / 2) * variance
        return norm.pdf(errors * error, 0, np.sqrt(variance + error**2)) * prior

    return np.log(quad(density, np.log(start) - 8, np.log(start) + 12, limit=200)[0])


CHANCE = [(1e2, 0.5), (1e2, 2.5), (1e4, 2.5), (1e4, 6.0)]  # or close to the smaller variances
CONTRADICTION = [(1e2, 6.0), (1e2, 8.0), (1e4, 10.0)]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("precision", "errors"), CHANCE + CONTRADICTION)
def test_larger_effects_are_as_likely_as_the_data_make_them(precision, errors):
    """What chance may well show hardly speaks for them, what contradicts the assumptions does.

    A variance fitted to the data makes any data likely: its own prior has to count too.
    """
    moment = np.array([[errors * np.sqrt(precision)]])
    moments = Moments(np.array([[[precision]]]), moment, strength=np.ones(1))
    group, none = np.zeros(1, np.int64), [1e-12]  # nothing but the action's own
    found = [
        empirical_bayes(moments, group, np.array([none, none, [start]]))[2] for start in STARTS
    ]
    expected = [exact(precision, errors, start) for start in STARTS]
    np.testing.assert_allclose(np.diff(found), np.diff(expected), atol=0.2)
