"""Our learner: one Bayesian linear R-learner for all actions, which share what they have in common.

The residual outcome is the residual treatment times the effect (Robinson 1988, Econometrica 56;
Nie & Wager 2021, Biometrika 108(2)), and the effect on a customer is

    risk x (kept by the action, by traits)  +  (1 - risk) x (driven away by it, by traits)

since an action can keep only those who would have left, and drive away only those who would have
stayed. Coefficients of an action are the catalogue's low effect, plus coefficients that all actions
share, plus shared ones in proportion to how strong the catalogue says that it is, plus its own
deviation. Each group of coefficients has a variance of its own, found from the data by marginal
likelihood (empirical Bayes: MacKay 1992, Neural Computation 4(3)): where actions do not differ, or
traits do not matter, these variances become small and the effects are shrunk together.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from actions.effects.nuisance import expected_outcome, variance_of
from actions.effects.randomised import (
    RISK,
    Data,
    Effects,
    IntArray,
    LearnerParams,
    Prior,
    fold_of,
)
from core.arrays import FloatArray

CLIP = 2.0  # traits are normal scores, cut here
WINSOR = 4.0  # residuals beyond so many of their own standard deviations are cut
KNOTS = 41  # quantiles by which traits are brought to one scale
STEPS = 200  # of EM, at most
# Where group variances begin, as standard deviations. Errors of the assumed effects, beside the
# catalogue's scale; the share that an action drives away of those who would have stayed; how much
# traits, and single actions, differ beside these. Chosen on simulated companies with no, with
# weaker and with harmful effects: larger ones win more where effects are strong, and lose more
# where there are none.
OFF_SCALE = 0.3
DRIVEN = 0.006
BY_TRAIT = 0.4
BY_ACTION = 0.3


@dataclass(frozen=True)
class Traits:
    """Brings traits to normal scores, so that no tail has more weight than its rank."""

    knots: FloatArray  # (traits, KNOTS) values in ascending order

    @classmethod
    def of(cls, x: FloatArray) -> "Traits":
        traits = np.delete(x, RISK, axis=1)
        grid = np.linspace(0, 1, KNOTS)
        known = [values[np.isfinite(values)] for values in traits.T]
        return cls(
            np.array([np.quantile(v, grid) if len(v) else np.zeros(KNOTS) for v in known]).reshape(
                traits.shape[1], KNOTS
            )
        )

    def basis(self, x: FloatArray) -> FloatArray:
        """The basis z (n, 2 + 2 traits) in which an effect is linear."""
        risk = np.clip(x[:, RISK], 0, 1)[:, None]
        traits = np.delete(x, RISK, axis=1)
        scores = np.column_stack([np.ones(len(x)), *map(_score, traits.T, self.knots)])
        return np.hstack([risk * scores, (1 - risk) * scores])


def _score(values: FloatArray, knots: FloatArray) -> FloatArray:
    """Normal scores of values by their rank among the knots; 0 (the middle) where not known."""
    if knots[0] == knots[-1]:
        return np.zeros(len(values))
    low = np.searchsorted(knots, values, side="left")
    high = np.searchsorted(knots, values, side="right")
    within = np.interp(values, *_unique(knots))
    tied = high - low > 1  # values that several knots have: the middle of their ranks
    rank = np.where(tied, (low + high - 1) / 2 / (KNOTS - 1), within)
    score = np.clip(ndtri(np.clip(rank, 1e-3, 1 - 1e-3)), -CLIP, CLIP)
    return np.where(np.isfinite(values), score, 0.0)


def _unique(knots: FloatArray) -> tuple[FloatArray, FloatArray]:
    values, first = np.unique(knots, return_index=True)
    return values, first / (KNOTS - 1)


@dataclass(frozen=True)
class PooledEffects:
    """Coefficients (actions, basis) with their covariance (actions, basis, basis)."""

    traits: Traits
    mean: FloatArray
    covariance: FloatArray
    learned: FloatArray  # (actions,) share of the prior variance that the data took away

    def effect(self, x: FloatArray, stake: FloatArray | None = None) -> Effects:
        """Posterior mean and standard deviation, as in `Fitted`."""
        z = self.traits.basis(x)
        variance = np.stack([np.einsum("ij,jk,ik->i", z, c, z) for c in self.covariance], axis=1)
        effects = Effects(z @ self.mean.T, np.sqrt(np.maximum(variance, 0)))
        return effects if stake is None else effects.times(stake)


def fit_pooled(data: Data, prior: Prior, params: LearnerParams) -> PooledEffects:
    """Fit the pooled learner to `data`."""
    fold = fold_of(data, params.folds, params.seed)
    expected = expected_outcome(data, fold, params.seed, params.threads)
    residual = data.outcome / data.stakes - expected
    variance = variance_of(residual, expected, data.stakes)
    limit = WINSOR * np.sqrt(variance)
    residual = np.clip(residual, -limit, limit)
    traits = Traits.of(data.x)
    pushed = data.treated - data.propensity
    z = traits.basis(data.x)
    width, half = z.shape[1], z.shape[1] // 2
    assumed = np.zeros((len(prior.low), width))
    assumed[:, 0] = prior.low
    gram = np.zeros((len(prior.low), width, width))
    moment = np.zeros((len(prior.low), width))
    for action in range(len(prior.low)):
        rows = data.action == action
        design = z[rows] * (pushed[rows] / np.sqrt(variance[rows]))[:, None]
        target = residual[rows] / np.sqrt(variance[rows]) - design @ assumed[action]
        gram[action], moment[action] = design.T @ design, design.T @ target
    blend = _blend(prior, width)  # (actions, width, coefficients)
    whole_gram = np.einsum("aij,aik,akl->jl", blend, gram, blend, optimize=True)
    whole_moment = np.einsum("aij,ai->j", blend, moment, optimize=True)
    group, start = _groups(prior, half)
    mean, covariance = _empirical_bayes(whole_gram, whole_moment, group, start)
    posterior = np.einsum("aij,jk,alk->ail", blend, covariance, blend, optimize=True)
    before = np.einsum("aij,j,alj->ail", blend, start[group], blend, optimize=True)
    middle = z.mean(axis=0)
    learned = 1 - np.einsum("i,aij,j->a", middle, posterior, middle) / np.einsum(
        "i,aij,j->a", middle, before, middle
    )
    return PooledEffects(traits, assumed + np.einsum("aij,j->ai", blend, mean), posterior, learned)


def _blend(prior: Prior, width: int) -> FloatArray:
    """An action's coefficients as shared, scaled and own ones (actions, width, all)."""
    actions, same = len(prior.scale), np.eye(width)
    mean = prior.scale.mean()
    strength = prior.scale / mean if mean > 0 else np.ones(actions)
    own = [
        np.hstack([same * (other == action) for other in range(actions)])
        for action in range(actions)
    ]
    return np.stack([np.hstack([same, strength[a] * same, own[a]]) for a in range(actions)])


def _groups(prior: Prior, half: int) -> tuple[IntArray, FloatArray]:
    """The group of each coefficient, and the variance that each group begins with.

    Groups: kept and driven away, each on average and by trait; shared, scaled and own.
    """
    one = np.array([0] + [1] * (half - 1) + [2] + [3] * (half - 1))
    actions = len(prior.low)
    group = np.concatenate([one, 4 + one, *([8 + one] * actions)])
    kept = OFF_SCALE * float(prior.scale.mean())
    sizes = np.array([kept, BY_TRAIT * kept, DRIVEN, BY_TRAIT * DRIVEN])
    return group.astype(np.int64), np.concatenate([sizes, sizes, BY_ACTION * sizes]) ** 2


def _empirical_bayes(
    gram: FloatArray, moment: FloatArray, group: IntArray, start: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Posterior mean and covariance of the coefficients; group variances by EM.

    Each group begins with one coefficient's worth of its starting variance (an inverse gamma prior
    on the variance), so that one or two coefficients cannot claim to be known exactly.
    """
    count = np.bincount(group, minlength=len(start)).astype(float)
    variance = start.copy()
    mean, covariance = np.zeros(len(gram)), np.zeros_like(gram)
    for _ in range(STEPS):
        scale = np.sqrt(variance[group])
        # (gram + 1/variance)^-1, symmetric in the scaled coefficients: stable for tiny variances
        inner = np.linalg.inv(np.eye(len(gram)) + scale[:, None] * gram * scale)
        covariance = scale[:, None] * inner * scale
        mean = covariance @ moment
        found = np.bincount(group, mean**2 + np.diag(covariance), minlength=len(start))
        update = (found + start) / (count + 1)
        done = np.abs(np.log(update / variance)).max() < 1e-3
        variance = update
        if done:
            break
    return mean, (covariance + covariance.T) / 2
