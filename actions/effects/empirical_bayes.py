"""Coefficients of actions that share what they have in common, by empirical Bayes.

Each action's coefficients are shared ones, plus scaled ones in proportion to how strong the action
is, plus its own. Every group of coefficients has a variance of its own, found from the data by
marginal likelihood (MacKay 1992, Neural Computation 4(3)).
"""

from dataclasses import dataclass

import numpy as np

from core.arrays import FloatArray, IntArray

STEPS = 200  # of EM, at most
SURE = 4.0  # coefficients' worth of the starting variance that each group begins with
# How many times as far off the assumptions may be, and how likely that is taken to be.
OFF = {1.0: 0.9, 5.0: 0.08, 25.0: 0.02}


@dataclass(frozen=True)
class Moments:
    """What the contacts say of each action's coefficients, and how strong each action is.

    `gram` (actions, columns, columns), `moment` (actions, columns), `strength` (actions,), the
    share of the scaled coefficients that an action takes.
    """

    gram: FloatArray
    moment: FloatArray
    strength: FloatArray

    @property
    def taken(self) -> FloatArray:
        """How much of the shared and of the scaled coefficients each action takes (actions, 2)."""
        return np.column_stack([np.ones(len(self.strength)), self.strength])


def averaged(moments: Moments, group: IntArray, start: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Posterior mean and covariance of each action's coefficients, beyond what is assumed.

    Averaged over how far off the assumptions may be (OFF): each way is as likely as it was assumed
    to be, times how likely it makes the data (Hoeting, Madigan, Raftery & Volinsky 1999,
    Statistical Science 14(4)). What contradicts the assumptions clearly is believed, what does so
    by chance is not.
    """
    found = [empirical_bayes(moments, group, start * off**2) for off in OFF]
    evidence = np.array([one[2] for one in found]) + np.log(list(OFF.values()))
    weight = np.exp(evidence - evidence.max())
    weight /= weight.sum()
    mean = np.asarray(np.tensordot(weight, np.stack([one[0] for one in found]), 1))
    covariance: FloatArray = np.zeros(moments.gram.shape)
    for share, (own, spread, _) in zip(weight, found, strict=True):
        away = own - mean
        covariance += share * (spread + away[:, :, None] * away[:, None, :])
    return mean, covariance


def empirical_bayes(
    moments: Moments, group: IntArray, start: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Posterior mean and covariance of each action's coefficients, and the log evidence.

    Variances by EM. Each group begins with SURE coefficients' worth of its starting variance (an
    inverse gamma prior on the variance), so that one or two coefficients cannot claim a variance of
    their own; how unlikely the variance found was by that prior is part of the evidence.
    """
    kinds = np.array([1, 1, len(moments.strength)])[:, None]
    count = kinds * np.bincount(group, minlength=start.shape[1])
    variance = start.copy()
    for _ in range(STEPS):
        solved = Solved.of(moments, variance[:, group])
        found = [
            np.bincount(group, part, minlength=start.shape[1]) for part in solved.second_moments()
        ]
        update = (np.stack(found) + SURE * start) / (count + SURE)
        done = np.abs(np.log(update / variance)).max() < 1e-3
        variance = update
        if done:
            break
    unlikely = SURE / 2 * float((np.log(variance / start) + start / variance).sum())
    return *solved.of_actions(moments.taken), solved.evidence - unlikely


@dataclass(frozen=True)
class Solved:
    """The posterior of shared and scaled coefficients (2 columns) and of each action's own.

    Own ones of two actions meet only through the common ones: with these given (the Schur
    complement), each action is a block of its own, and time grows with the number of actions. All
    is in coefficients of unit prior variance: stable for tiny variances.
    """

    scale: FloatArray  # (2 columns,)
    own_scale: FloatArray  # (columns,)
    common: FloatArray  # mean (2 columns,)
    own: FloatArray  # mean (actions, columns)
    spread: FloatArray  # (2 columns, 2 columns)
    own_spread: FloatArray  # (actions, columns, columns)
    both: FloatArray  # (actions, 2 columns, columns)
    evidence: float

    @classmethod
    def of(cls, moments: Moments, variance: FloatArray) -> "Solved":
        """Solve at prior variances (KINDS, columns)."""
        gram, moment, taken = moments.gram, moments.moment, moments.taken
        actions, width = moment.shape
        scale, own_scale = np.sqrt(variance[:2]).ravel(), np.sqrt(variance[2])
        block = np.eye(width) + own_scale[:, None] * gram * own_scale
        inner = np.linalg.inv(block)
        meets = np.einsum("ap,aij->apij", taken, gram).reshape(actions, 2 * width, width)
        meets *= scale[:, None] * own_scale
        through = meets @ inner
        whole = np.einsum("ap,aq,aij->piqj", taken, taken, gram, optimize=True)
        common = scale[:, None] * whole.reshape(2 * width, 2 * width) * scale
        left = np.eye(2 * width) + common - np.einsum("aij,akj->ik", through, meets, optimize=True)
        spread = np.linalg.inv(left)
        told, own_told = scale * (taken.T @ moment).ravel(), own_scale * moment
        mean = spread @ (told - np.einsum("aij,aj->i", through, own_told))
        own = np.einsum("aij,aj->ai", inner, own_told - mean @ meets)
        carried = spread @ through
        size = np.linalg.slogdet(left)[1] + np.linalg.slogdet(block)[1].sum()
        return cls(
            scale=scale,
            own_scale=own_scale,
            common=mean,
            own=own,
            spread=spread,
            own_spread=inner + np.einsum("aji,ajk->aik", through, carried, optimize=True),
            both=-carried,
            evidence=float(told @ mean + np.sum(own_told * own) - size) / 2,
        )

    def second_moments(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The mean squares of shared, scaled and own coefficients, each (columns,) summed."""
        shared, scaled = (self.scale**2 * (self.common**2 + np.diag(self.spread))).reshape(2, -1)
        own = self.own_scale**2 * (self.own**2 + np.einsum("aii->ai", self.own_spread))
        return shared, scaled, own.sum(axis=0)

    def of_actions(self, taken: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and covariance of each action's coefficients: what it takes of all, and its own."""
        width = len(self.own_scale)
        part = np.einsum("ap,ij->aipj", taken, np.eye(width)).reshape(len(taken), width, 2 * width)
        part = part * self.scale
        mixed = (part @ self.both) * self.own_scale
        own = self.own_scale[:, None] * self.own_spread * self.own_scale
        spread = part @ self.spread @ part.transpose(0, 2, 1)
        covariance = spread + mixed + mixed.transpose(0, 2, 1) + own
        mean = part @ self.common + self.own_scale * self.own
        return mean, (covariance + covariance.transpose(0, 2, 1)) / 2
