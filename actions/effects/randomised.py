"""Randomised contacts as learners read them, what is assumed before, and the effects they find."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.arrays import FloatArray
from core.errors import TrialError

IntArray = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

RISK = 0  # the column of x that holds the churn risk
LEAST_STAKE = 0.05  # of the mean: below it an outcome is not divided by less


@dataclass(frozen=True)
class Data:
    """Contacts that were intended, one row each: some made, some withheld at random.

    `x` (n, k): the churn risk in column 0, then traits, all known before the contact; NaN where not
    known. `action` (n,): the intended action, from 0 on. `treated`
    (n,): whether it was made. `outcome` (n,): what followed, more is better. `propensity` (n,):
    P(treated | intended action), inside (0, 1). `expected` (n,): what was expected of the outcome
    before the contact, if known.
    `stake` (n,): outcome units that are at stake for the customer; effects are in proportion to it
    (None: 1). `customer` (n,): rows of one customer are never on both sides of a fold (None: each
    row is a customer of its own). Raises TrialError where the rows do not fit together.
    """

    x: FloatArray
    action: IntArray
    treated: Flags
    outcome: FloatArray
    propensity: FloatArray
    expected: FloatArray | None = None
    stake: FloatArray | None = None
    customer: IntArray | None = None

    def __post_init__(self) -> None:
        n = len(self.x)
        for name in ("action", "treated", "outcome", "propensity", "expected", "stake", "customer"):
            values = getattr(self, name)
            if values is not None and values.shape != (n,):
                raise TrialError(
                    f"Effects cannot be learned: {name} has the shape {values.shape}, and there "
                    f"are {n} contacts. Give one value for each contact."
                )
        if n and not ((self.propensity > 0) & (self.propensity < 1)).all():
            raise TrialError(
                "Effects cannot be learned where the chance of being treated is 0, 1 or unknown: "
                "leave these contacts out."
            )

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, chosen: Flags | IntArray) -> "Data":
        """The chosen rows."""
        parts: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[chosen]
            for name in self.__dataclass_fields__
        }
        return replace(self, **parts)

    @property
    def stakes(self) -> FloatArray:
        """Outcome units at stake (n,) to divide by: 1 where none are given, and never next to 0."""
        if self.stake is None:
            return np.ones(len(self))
        typical = float(np.mean(np.abs(self.stake))) if len(self) else 0.0
        return np.maximum(self.stake, LEAST_STAKE * typical or 1.0)


@dataclass(frozen=True)
class Prior:
    """What is assumed of each action before any contact, as relative reductions of the churn risk.

    `low` (actions,): the assumed effect, which the plan counts on. `scale` (actions,): how large
    effects may be expected to be, such as the catalogue's high. `by_trait` (traits,): by how much
    of itself an action keeps more, and drives away less, for each standard deviation of a trait;
    None where traits are taken to tell nothing.
    """

    low: FloatArray
    scale: FloatArray
    by_trait: FloatArray | None = None


@dataclass(frozen=True)
class LearnerParams:
    """`seed` of folds and trees, number of `folds` and of `threads`."""

    seed: int = 20
    folds: int = 5
    threads: int = 1


@dataclass(frozen=True)
class Effects:
    """Mean and standard deviation of what each action adds, each (customers, actions)."""

    mean: FloatArray
    sd: FloatArray

    @classmethod
    def together(cls, parts: "Iterable[Effects]") -> "Effects":
        """The effects on all customers, from those of parts of them."""
        found = list(parts)
        return cls(
            np.concatenate([one.mean for one in found]), np.concatenate([one.sd for one in found])
        )

    def times(self, stake: FloatArray) -> "Effects":
        """Effects in other units: `stake` (customers,) of these for one of those."""
        return Effects(self.mean * stake[:, None], self.sd * np.abs(stake)[:, None])


class Fitted(Protocol):
    """What a learner found."""

    @property
    def learned(self) -> FloatArray:
        """Share (actions,) of the doubt about each average effect that the data took away."""
        ...

    def effect(self, x: FloatArray, stake: FloatArray | None = None) -> Effects:
        """The effects on customers with `x` (n, k) and `stake` (n,), as those of `Data`."""
        ...

    def own(self, x: FloatArray, action: IntArray) -> FloatArray:
        """The mean effect (n,) of one action for each row, per unit of stake, as of `effect`."""
        ...

    def average(self, x: FloatArray) -> Effects:
        """The mean effects over customers with `x` (n, k), per unit of stake: (1, actions)."""
        ...


def fold_of(data: Data, folds: int, seed: int) -> IntArray:
    """The fold (n,) of each row; rows of one customer share it."""
    rng = np.random.default_rng(seed)
    if data.customer is None:
        return rng.permutation(len(data)) % folds
    customers, place = np.unique(data.customer, return_inverse=True)
    return np.asarray((rng.permutation(len(customers)) % folds)[place], np.int64)
