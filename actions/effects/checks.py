"""Whether arms were drawn by chance, as far as the data can show that they were not.

    sample_ratio     are the arms as large as was planned?
    balance          do the arms differ in what was known before, all columns taken together?
    predictability   can trees tell the arm of customers they never saw from what was known before?
    attrition        is the outcome missing more often in one arm?

In a trial each p-value is below p in a share p of trials. None of them can show that arms were
drawn by chance: that is known from how they were made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
from scipy.stats import chi2, chisquare, rankdata

from actions.effects.prognosis import boosted, folds, ranked, some_of
from actions.effects.trial import Trial
from core.arrays import FloatArray, IntArray

WARN = 0.01  # p-value below which a person should look
MOST_PERMUTED = 50_000  # customers, drawn at random, whose arms are permuted
MOST_PREDICTED = 20_000
FEW, MANY = 199, 1999  # permutations; many only where few leave it open
OPEN = 0.1
AT_ONCE = 100  # permutations that are held in memory together
FEWEST_PREDICTED = 200
NEARLY_EQUAL = 0.16  # how far shares are from equal ones, relative, that were hardly planned so
ROUND = sorted({Fraction(k, 20) for k in range(1, 20)} | {Fraction(k, 3) for k in (1, 2)})


@dataclass(frozen=True)
class Ratio:
    """P-value of the arms' sizes under the planned shares, and whether these are only a guess."""

    p: float
    planned: tuple[float, ...]
    is_guess: bool


def sample_ratio(counts: IntArray, planned: Sequence[float] | None = None) -> Ratio:
    """Pearson's test of the sizes (arms,) of the arms.

    Without planned shares these are equal ones, where the sizes are near them; else the nearest
    that are multiples of a twentieth or a third.
    """
    total = int(counts.sum())
    shares = tuple(planned) if planned is not None else _guess(counts / total)
    expected = np.array(shares) / sum(shares) * total
    p = float(chisquare(counts, expected).pvalue)
    return Ratio(p, tuple(float(e / total) for e in expected), planned is None)


def _guess(shares: FloatArray) -> tuple[float, ...]:
    equal = 1 / len(shares)
    if (np.abs(shares / equal - 1) <= NEARLY_EQUAL).all():
        return (equal,) * len(shares)
    near = [_nearest_two(share) for share in shares.tolist()]
    whole = [choice for choice in product(*near) if sum(choice) == 1] if len(near) <= 8 else []
    if not whole:
        return (equal,) * len(shares)
    best = min(whole, key=lambda choice: sum((np.array(choice, float) - shares) ** 2 / shares))
    return tuple(map(float, best))


def _nearest_two(share: float) -> list[Fraction]:
    return sorted(ROUND, key=lambda one: abs(float(one) - share))[:2]


@dataclass(frozen=True)
class Balance:
    """P-value of all columns together, and each column's own (by chi-square) beside its name."""

    p: float
    columns: dict[str, float]


def balance(trial: Trial, seed: int = 0) -> Balance:
    """Omnibus permutation test of the arms' means of covariates and of their ranks.

    The statistic is the sum over arms of customers times the squared Mahalanobis distance of the
    arm's mean from that of all (Hansen and Bowers 2008, Statistical Science 23, for two arms). Arms
    are permuted over customers, so that no distribution is assumed.
    """
    one = _customers(trial)
    columns = {
        name: _chi_square(_whitened(_bent(one.covariates[:, [place]])), one.arm, len(one.arms))
        for place, name in enumerate(one.names)
    }
    rows = some_of(np.arange(len(one.arm)), MOST_PERMUTED, seed)
    design = _whitened(ranked(one.covariates[rows]))
    if design.shape[1] == 0:
        return Balance(1.0, columns)
    arm, rng = one.arm[rows], np.random.default_rng(seed)
    seen = _distance(design, arm, len(one.arms))
    as_far, drawn = 0, 0
    for count in (FEW, MANY - FEW):
        for _ in range(count):
            as_far += _distance(design, rng.permutation(arm), len(one.arms)) >= seen * (1 - 1e-12)
        drawn += count
        if (as_far + 1) / (drawn + 1) > OPEN:
            break
    return Balance((as_far + 1) / (drawn + 1), columns)


@dataclass(frozen=True)
class Predicted:
    """AUC with which the arm is told from covariates, and its p-value; 0.5 and 1 if not tried."""

    auc: float
    p: float


def predictability(trial: Trial, seed: int = 0) -> Predicted:
    """Cross-fitted AUC of boosted trees that tell each arm from the others, mean over arms.

    The p-value permutes the arms of the customers whom a fit never saw.
    """
    one = _customers(trial)
    if one.covariates.shape[1] == 0 or len(one.arm) < FEWEST_PREDICTED:
        return Predicted(0.5, 1.0)
    rows = some_of(np.arange(len(one.arm)), MOST_PREDICTED, seed)
    covariates, arm = one.covariates[rows], one.arm[rows]
    half = folds(len(rows), None, 2, seed)
    told = [arm_ for arm_ in range(len(one.arms)) if (arm == arm_).sum() >= 2]
    if len(told) == 2:
        told = told[:1]  # the other's AUC is the same
    sides = []
    for one_half in (0, 1):
        seen, unseen = half != one_half, half == one_half
        ranks = []
        for arm_ in told:
            fitted = boosted(covariates[seen], (arm[seen] == arm_).astype(float), seed)
            ranks.append(rankdata(fitted.predict(covariates[unseen], num_threads=1)))
        sides.append((np.array(ranks), arm[unseen]))
    rng = np.random.default_rng(seed)
    auc = float(np.mean([_aucs(ranks, labels[None], told) for ranks, labels in sides]))
    as_high, drawn = 0, 0
    for count in (FEW, MANY - FEW):
        for start in range(0, count, AT_ONCE):
            many = min(AT_ONCE, count - start)
            each = [
                _aucs(ranks, rng.permuted(np.tile(labels, (many, 1)), axis=1), told)
                for ranks, labels in sides
            ]
            as_high += int((np.mean(each, axis=0) >= auc - 1e-12).sum())
        drawn += count
        if (as_high + 1) / (drawn + 1) > OPEN:
            break
    return Predicted(auc, (as_high + 1) / (drawn + 1))


def attrition(missing: IntArray, counts: IntArray) -> float:
    """P-value of outcomes missing (arms,) as often in each arm, of so many (arms,) assigned."""
    if missing.sum() == 0 or missing.sum() == counts.sum():
        return 1.0
    table = np.array([missing, counts - missing], dtype=float)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(chi2.sf(np.sum((table - expected) ** 2 / expected), len(counts) - 1))


def _customers(trial: Trial) -> Trial:
    """The first row of each customer: arms are those of customers, however many rows they have."""
    if trial.cluster is None:
        return trial
    first = np.zeros(len(trial.arm), dtype=bool)
    first[np.unique(trial.cluster, return_index=True)[1]] = True
    return trial.only(first)


def _bent(columns: FloatArray) -> FloatArray:
    """Covariates, their ranks, and the squares of these: arms may differ in the middle alone."""
    design = ranked(columns)
    return np.hstack([design, design[:, -1:] ** 2])


def _whitened(design: FloatArray) -> FloatArray:
    """The same space with columns of variance 1 that are not correlated; (n, rank)."""
    centred = design - design.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = values > 1e-8 * max(values.max(initial=0.0), 1e-300)
    return np.asarray(centred @ (vectors[:, kept] / np.sqrt(values[kept])))


def _distance(design: FloatArray, arm: IntArray, arms: int) -> float:
    """The sum over arms of n times the squared length of the arm's mean."""
    total = 0.0
    for one in range(arms):
        rows = arm == one
        count = int(rows.sum())
        if count:
            total += float(np.sum((rows.astype(float) @ design) ** 2)) / count
    return total


def _chi_square(design: FloatArray, arm: IntArray, arms: int) -> float:
    present = len(np.unique(arm)) - 1
    if design.shape[1] == 0 or present == 0:
        return 1.0
    return float(chi2.sf(_distance(design, arm, arms), design.shape[1] * present))


def _aucs(ranks: FloatArray, labels: IntArray, told: list[int]) -> FloatArray:
    """Mean AUC over arms of ranks (told, n) for each row of arms (permutations, n)."""
    found = []
    for own, arm in zip(ranks, told, strict=True):
        inside = int((labels[0] == arm).sum())
        outside = labels.shape[1] - inside
        if inside and outside:
            above = (labels == arm).astype(np.float64) @ own - inside * (inside + 1) / 2
            found.append(above / (inside * outside))
    return np.mean(found, axis=0) if found else np.full(len(labels), 0.5)
