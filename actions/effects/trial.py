"""A trial: customers who were assigned to arms by chance, and what came of each of them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.arrays import BoolArray, FloatArray, IntArray
from core.errors import TrialError

CONTROL = 0  # index of the control among the arms
SUMS_TO_ONE = 1e-6  # how far propensities of a row may be from 1 together


@dataclass(frozen=True)
class Trial:
    """Arms and outcomes of n rows, most often one for each customer.

    `arm` (n,) are indices into `arms`, of which the first is the control. `outcome` (n,) is in any
    unit, and `covariates` (n, k), called `names`, were known before the assignment; both are
    finite. `propensity` (n, arms) are the probabilities by which arms were drawn, where they are
    known: each row sums to 1 and is above 0 for the arm that was drawn. Rows of one `cluster` (n,)
    belong together, as those of one customer do; None where each row is by itself.

    Raises TrialError for anything else, and where fewer than two arms have rows.
    """

    arm: IntArray
    arms: tuple[str, ...]
    outcome: FloatArray
    covariates: FloatArray
    names: tuple[str, ...]
    propensity: FloatArray | None = None
    cluster: IntArray | None = None

    def __post_init__(self) -> None:
        n = len(self.arm)
        shapes = [
            ("outcome", self.outcome, (n,)),
            ("covariates", self.covariates, (n, len(self.names))),
            ("propensity", self.propensity, (n, len(self.arms))),
            ("cluster", self.cluster, (n,)),
        ]
        for name, array, shape in shapes:
            if array is not None and array.shape != shape:
                raise TrialError(f"{name} of a trial has the shape {array.shape}, not {shape}.")
        if len(set(self.arms)) < len(self.arms) or len(set(self.names)) < len(self.names):
            raise TrialError("Arms and covariates of a trial have names of their own, each.")
        if n and not (self.arm.min() >= 0 and self.arm.max() < len(self.arms)):
            raise TrialError(f"Arms of a trial are 0 to {len(self.arms) - 1}, of: {self.arms}.")
        if len(np.unique(self.arm)) < 2:
            raise TrialError(
                "A trial compares customers of at least two arms, and here all rows are of one."
            )
        for name, values in (("outcome", self.outcome), ("covariates", self.covariates)):
            if not np.isfinite(values).all():
                raise TrialError(f"{name} of a trial must be finite, and some are not.")
        if self.propensity is not None:
            _check_propensity(self.propensity, self.arm)

    @property
    def treated(self) -> BoolArray:
        """Who is in another arm than the control (n,)."""
        return np.asarray(self.arm != CONTROL)

    @cached_property
    def counts(self) -> IntArray:
        """Rows of each arm (arms,)."""
        return np.bincount(self.arm, minlength=len(self.arms))

    @cached_property
    def probability(self) -> FloatArray:
        """P(arm) of each row (n, arms): the propensity, or the shares of the arms."""
        if self.propensity is not None:
            return self.propensity
        return np.tile(self.counts / len(self.arm), (len(self.arm), 1))

    def against_control(self, arm: int) -> "Trial":
        """The rows of one arm and of the control alone, with propensities among these two."""
        rows = (self.arm == arm) | (self.arm == CONTROL)
        return self.only(rows, (CONTROL, arm))

    def only(self, rows: BoolArray, arms: tuple[int, ...] | None = None) -> "Trial":
        """Some rows, which must be of these arms (default: all)."""
        arms = tuple(range(len(self.arms))) if arms is None else arms
        index = np.zeros(len(self.arms), dtype=np.int64)
        index[list(arms)] = np.arange(len(arms))
        propensity = None
        if self.propensity is not None:
            propensity = self.propensity[rows][:, list(arms)]
            propensity = propensity / propensity.sum(axis=1, keepdims=True)
        return Trial(
            index[self.arm[rows]],
            tuple(self.arms[arm] for arm in arms),
            self.outcome[rows],
            self.covariates[rows],
            self.names,
            propensity,
            None if self.cluster is None else self.cluster[rows],
        )


def _check_propensity(propensity: FloatArray, arm: IntArray) -> None:
    drawn = propensity[np.arange(len(arm)), arm]
    sums = propensity.sum(axis=1)
    # Written so that NaN fails each of them.
    if not (propensity >= 0).all() or not (np.abs(sums - 1) <= SUMS_TO_ONE).all():
        raise TrialError("Propensities of a row are probabilities of its arms and sum to 1.")
    if not (drawn > 0).all():
        raise TrialError(
            f"{(drawn <= 0).sum():,} rows are in an arm whose propensity is 0: what cannot be "
            "drawn was not drawn by chance. Leave these rows out, or mend their propensities."
        )


def cluster_sums(values: FloatArray, cluster: IntArray | None) -> FloatArray:
    """Sums over the rows of each cluster, (n,) or (n, k) to (clusters,) or (clusters, k)."""
    if cluster is None:
        return values
    codes, index = np.unique(cluster, return_inverse=True)
    sums = np.zeros((len(codes), *values.shape[1:]))
    np.add.at(sums, index, values)
    return sums


def standard_error(influence: FloatArray, cluster: IntArray | None = None) -> float:
    """Standard error of a mean whose rows have these influences (n,), which sum to about 0.

    Robust to unequal variances; with clusters, to any dependence within them (Liang and Zeger
    1986), each with the factor c / (c - 1) for c independent units.
    """
    n = len(influence)
    sums = cluster_sums(influence - influence.mean(), cluster)
    units = len(sums)
    if units < 2:
        return float("inf")
    return float(np.sqrt(units / (units - 1) * np.sum(sums**2)) / n)
