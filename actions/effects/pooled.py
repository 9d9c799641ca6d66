"""Our learner: one Bayesian linear R-learner for all actions, which share what they have in common.

The residual outcome is the residual treatment times the effect (Robinson 1988, Econometrica 56;
Nie & Wager 2021, Biometrika 108(2)), and the effect on a customer is

    risk (1 - risk) x (kept, by traits)  +  (1 - risk) x (driven away, by traits)  +  risk^2 x back

An action keeps who is undecided: of those at the highest risk most are gone already, and can only
be brought back; and only who would have stayed can be driven away. Coefficients of an action are
what is assumed, plus coefficients that all actions share, plus shared ones in proportion to how
strong the catalogue says that it is, plus its own deviation. Assumed is that the catalogue's low is
the share of the undecided that it keeps, and that it drives away a tenth as many of those who would
have stayed: a contact that keeps people also reminds others that they may leave (Ascarza, Iyengar &
Schleicher 2016, JMR 53(1)). By traits more are kept and fewer driven away where `Prior` says so.
Each group of coefficients has a variance of its own, found from the data (empirical_bayes.py):
where actions do not differ, or traits do not matter, these variances become small, and effects are
shrunk together.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from actions.effects.empirical_bayes import OFF, Moments, averaged
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
from core.arrays import FloatArray, blocks

CLIP = 2.0  # traits are normal scores, cut here
WINSOR = 4.0  # residuals beyond so many of their own standard deviations are cut
KNOTS = 41  # quantiles by which traits are brought to one scale
LIFT = 1.3  # the low is meant as a bound: what is kept is taken to be more by so much
DRIVES = 0.1  # share of the low that an action is assumed to drive away of who would have stayed
# Where group variances begin, as standard deviations: of the share that is kept, beside the
# catalogue's scale; beside that, of the share driven away, of differences by trait, and of single
# actions. Small ones: a quarter's contacts say little, and what they say is noise first.
OFF_SCALE = 0.025
DRIVEN = 0.1
BY_TRAIT = 0.2
BY_ACTION = 0.3
GROUPS = 5
KEPT, KEPT_BY_TRAIT, DRIVEN_AWAY, DRIVEN_BY_TRAIT, BACK = range(GROUPS)


@dataclass(frozen=True)
class Basis:
    """The functions of x in which effects are linear: states of customers, and traits within them.

    Traits are brought to normal scores, so that no tail has more weight than its rank. Columns are
    undecided x (1, traits), staying x (1, traits), gone.
    """

    knots: FloatArray  # (traits, KNOTS) values in ascending order

    @classmethod
    def of(cls, data: Data) -> "Basis":
        """The basis whose traits are scaled as those of `data`."""
        traits = data.x[:, RISK + 1 :]
        grid = np.linspace(0, 1, KNOTS)
        known = [values[np.isfinite(values)] for values in traits.T]
        knots = [np.quantile(v, grid) if len(v) else np.zeros(KNOTS) for v in known]
        return cls(np.array(knots).reshape(traits.shape[1], KNOTS))

    @property
    def groups(self) -> IntArray:
        """Which columns share a variance, of GROUPS."""
        traits = [KEPT_BY_TRAIT] * len(self.knots), [DRIVEN_BY_TRAIT] * len(self.knots)
        return np.array([KEPT, *traits[0], DRIVEN_AWAY, *traits[1], BACK], np.int64)

    def at(self, x: FloatArray) -> FloatArray:
        """The basis z (n, 3 + 2 traits) at x (n, k)."""
        risk = np.clip(x[:, RISK], 0, 1)[:, None]
        traits = x[:, RISK + 1 :]
        scores = np.column_stack([np.ones(len(x)), *map(_score, traits.T, self.knots)])
        return np.hstack([risk * (1 - risk) * scores, (1 - risk) * scores, risk**2])

    def assumed(self, prior: Prior) -> FloatArray:
        """The coefficients (actions, columns) that are assumed of who is kept and driven away."""
        low, traits = prior.low[:, None], np.zeros(len(self.knots))
        if prior.by_trait is not None:
            traits += prior.by_trait
        found = np.zeros((len(low), len(self.groups)))
        found[:, self.groups == KEPT] = LIFT * low
        found[:, self.groups == KEPT_BY_TRAIT] = LIFT * low * traits
        found[:, self.groups == DRIVEN_AWAY] = -DRIVES * low
        found[:, self.groups == DRIVEN_BY_TRAIT] = DRIVES * low * traits
        return found


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

    basis: Basis
    mean: FloatArray
    covariance: FloatArray
    learned: FloatArray  # (actions,) share of the prior variance that the data took away

    def effect(self, x: FloatArray, stake: FloatArray | None = None) -> Effects:
        """Posterior mean and standard deviation, as in `Fitted`."""
        effects = Effects.together(self._at(self.basis.at(x[rows])) for rows in blocks(len(x)))
        return effects if stake is None else effects.times(stake)

    def own(self, x: FloatArray, action: IntArray) -> FloatArray:
        """The mean effect (n,) of one action for each row, as in `Fitted`."""
        return np.asarray((self.basis.at(x) @ self.mean.T)[np.arange(len(x)), action])

    def average(self, x: FloatArray) -> Effects:
        """Mean effect over the customers, as in `Fitted`."""
        total = np.sum([self.basis.at(x[rows]).sum(axis=0) for rows in blocks(len(x))], axis=0)
        return self._at(total[None] / len(x))

    def _at(self, z: FloatArray) -> Effects:
        variance = np.stack([np.einsum("ij,jk,ik->i", z, c, z) for c in self.covariance], axis=1)
        return Effects(z @ self.mean.T, np.sqrt(np.maximum(variance, 0)))


def fit_pooled(data: Data, prior: Prior, params: LearnerParams) -> PooledEffects:
    """Fit the pooled learner to `data`."""
    fold = fold_of(data, params.folds, params.seed)
    expected = expected_outcome(data, fold, params.seed, params.threads)
    residual = data.outcome / data.stakes - expected
    variance = variance_of(residual, expected, data.stakes)
    limit = WINSOR * np.sqrt(variance)
    residual = np.clip(residual, -limit, limit)
    basis = Basis.of(data)
    pushed = data.treated - data.propensity
    z = basis.at(data.x)
    width = z.shape[1]
    assumed = basis.assumed(prior)
    gram = np.zeros((len(prior.low), width, width))
    moment = np.zeros((len(prior.low), width))
    for action in range(len(prior.low)):
        rows = data.action == action
        design = z[rows] * (pushed[rows] / np.sqrt(variance[rows]))[:, None]
        target = residual[rows] / np.sqrt(variance[rows]) - design @ assumed[action]
        gram[action], moment[action] = design.T @ design, design.T @ target
    strength = _strength(prior)
    start = _starting(prior)
    shift, posterior = averaged(Moments(gram, moment, strength), basis.groups, start)
    doubt = start * sum(share * off**2 for off, share in OFF.items())
    before = sum_of_kinds(doubt[:, basis.groups], strength)
    middle = z.mean(axis=0)
    learned = 1 - np.einsum("i,aij,j->a", middle, posterior, middle) / (before @ middle**2)
    return PooledEffects(basis, assumed + shift, posterior, learned)


def _strength(prior: Prior) -> FloatArray:
    """How strong each action is hoped to be, beside the mean of all."""
    mean = prior.scale.mean()
    return prior.scale / mean if mean > 0 else np.ones(len(prior.scale))


def _starting(prior: Prior) -> FloatArray:
    """The variance that each group begins with, of shared, scaled and own ones (KINDS, GROUPS)."""
    kept = OFF_SCALE * float(prior.scale.mean())
    sizes = np.array([1, BY_TRAIT, DRIVEN, BY_TRAIT * DRIVEN, 1]) * kept
    return np.stack([sizes, sizes, BY_ACTION * sizes]) ** 2


def sum_of_kinds(variance: FloatArray, strength: FloatArray) -> FloatArray:
    """The variance (actions, columns) of actions' coefficients before any contact.

    `variance` (KINDS, columns) is that of shared, scaled and own ones.
    """
    shared, scaled, own = variance
    return np.asarray(shared + np.outer(strength**2, scaled) + own)
