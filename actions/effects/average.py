"""The average effect: outcome of the treated less that of the control, plain and adjusted.

Comparisons are by assignment (intention to treat), in outcome units. Where arms were drawn with
propensities of their own, rows are weighted by 1 / P(arm). Where a customer has several rows, these
count as one independent observation. Intervals: actions/effects/intervals.py.

Of several treated arms together the effect is that of the mix in which the trial drew them.
"""

from dataclasses import dataclass

import numpy as np

from actions.effects.intervals import Estimate, Rates, Skewed, estimate
from actions.effects.prognosis import prognosis
from actions.effects.trial import Trial, cluster_sums
from core.arrays import BoolArray, FloatArray, IntArray
from core.errors import TrialError

PER_COLUMN = 10  # customers of an arm who bought, for each column that adjusts; else fewer do
HEAVY = 5.0  # kurtosis (3 where normal) from which on tails are heavy
CONFIDENCE = 0.95


def difference(trial: Trial, confidence: float = CONFIDENCE) -> Estimate:
    """Treated less control, with nothing adjusted.

    Welch's interval, corrected for skewness; Newcombe's where the outcome has two values only, all
    rows have the same propensity and no customer has several. Raises TrialError where an arm has
    fewer than two rows.
    """
    nothing = np.zeros((len(trial.arm), 0))
    effect, interval = _linear(trial, nothing)
    if np.ptp(trial.outcome) == 0:
        effect, interval = 0.0, Skewed(0.0, 0.0, 0.0, np.inf)
    rates = _rates(trial)
    if rates is None:
        return estimate(interval, effect, interval.se, confidence)
    scale, counts = rates
    found = estimate(counts, counts.effect, interval.se, confidence)
    return Estimate(effect, interval.se, scale * found.low, scale * found.high, found.p)


def adjusted(
    trial: Trial, confidence: float = CONFIDENCE, expected: FloatArray | None = None, seed: int = 0
) -> Estimate:
    """Treated less control, adjusted for what was known before the assignment.

    `expected` (n,) or (n, k) is what a model expected of each outcome before the assignment (CUPED:
    Deng, Xu, Kohavi and Walker 2013). Without it, the outcome is predicted from the covariates by
    models that never saw the customer's own rows (MLRATE: Guo et al. 2021, NeurIPS). In each arm
    the outcome is regressed on it with a slope of the arm's own, so that the interval is right
    with unequal arms and differing effects, whatever the predictions are worth (Lin 2013, Annals of
    Applied Statistics 7). Without covariates it is `difference`.
    """
    known = prognosis(trial, seed) if expected is None else expected.reshape(len(trial.arm), -1)
    smallest = min(_telling(trial, trial.treated), _telling(trial, ~trial.treated))
    known = known[:, : smallest // PER_COLUMN]
    known = known[:, known.std(axis=0) > 0]
    if known.shape[1] == 0:
        return difference(trial, confidence)
    effect, interval = _linear(trial, known)
    return estimate(interval, effect, interval.se, confidence)


@dataclass(frozen=True)
class Return:
    """What treating brought for each treated customer: margin, cost, and the net of the two.

    `per_cost` is the margin for each unit of cost; None where it costs nothing.
    """

    margin: Estimate
    cost: float
    net: Estimate
    per_cost: Estimate | None


def returns(effect: Estimate, margin_rate: float, cost: float) -> Return:
    """The return of an effect on revenue: `margin_rate` of it is earned, `cost` was spent on each.

    Margin rate is in (0, 1]; the cost is in money for each treated customer, and known. Raises
    TrialError for anything else.
    """
    if not 0 < margin_rate <= 1 or not cost >= 0:
        raise TrialError(
            f"A return needs a margin rate above 0 and at most 1 and a cost of 0 or more, not "
            f"{margin_rate} and {cost}."
        )
    margin = _times(effect, margin_rate, 0.0)
    per_cost = _times(margin, 1 / cost, 0.0) if cost else None
    return Return(margin, cost, _times(margin, 1.0, -cost), per_cost)


def _times(found: Estimate, factor: float, plus: float) -> Estimate:
    low, high = found.low * factor + plus, found.high * factor + plus
    # The p-value of no effect at all, which is not that of no net gain.
    return Estimate(found.effect * factor + plus, found.se * factor, low, high, found.p)


def _linear(trial: Trial, known: FloatArray) -> tuple[float, Skewed]:
    """The difference of the arms' outcomes at the mean of `known` (n, k), by a regression in each.

    What each row adds to its error: its residual in its own arm, and where it moves the mean of
    `known`, the difference of the slopes.
    """
    n = len(trial.arm)
    weight = 1 / trial.probability[np.arange(n), trial.arm]
    centred = known - known.mean(axis=0)
    arms = [_Arm.of(trial, rows, weight, centred) for rows in (trial.treated, ~trial.treated)]
    treated, control = arms
    effect = float(treated.at_mean[0] - control.at_mean[0])
    slopes = treated.at_mean[1:] - control.at_mean[1:]
    parts = centred @ slopes / n
    parts[trial.treated] += treated.parts
    parts[~trial.treated] -= control.parts
    own = [arm.moments(trial.cluster) for arm in arms]
    sums = cluster_sums(parts, trial.cluster)
    variance, third = float(np.sum(sums**2)), float(np.sum(sums**3))
    for (second, cubed), (own_second, own_cubed), sign in zip(
        _borrowed(own), [(m.second, m.third) for m in own], (1, -1), strict=True
    ):
        variance += second - own_second
        third += sign * (cubed - own_cubed)
    df = _degrees([m.second for m in own], [m.units - 1 - known.shape[1] for m in own])
    return effect, Skewed.of(effect, variance, third, df)


@dataclass(frozen=True)
class _Moments:
    """Sums over an arm's customers of what they add to its mean: squared, cubed, to the fourth."""

    units: int
    second: float
    third: float
    fourth: float


@dataclass(frozen=True)
class _Arm:
    """The regression of one arm: its coefficients, and what each row adds to the intercept."""

    rows: BoolArray
    at_mean: FloatArray
    parts: FloatArray

    @classmethod
    def of(cls, trial: Trial, rows: BoolArray, weight: FloatArray, centred: FloatArray) -> "_Arm":
        units = _units(trial, rows)
        if units < 2:
            names = {trial.arms[arm] for arm in np.unique(trial.arm[rows])}
            raise TrialError(
                f"{' and '.join(sorted(names))} has {units} customer, and a comparison needs at "
                "least 2 of each arm: wait for more."
            )
        own, root = weight[rows], np.sqrt(weight[rows])
        design = np.column_stack([np.ones(len(own)), centred[rows]])
        outcome = trial.outcome[rows]
        at_mean, *_ = np.linalg.lstsq(design * root[:, None], outcome * root, rcond=None)
        gram = (design * own[:, None]).T @ design
        reach = np.linalg.pinv(gram, hermitian=True)[0] @ design.T * own
        used = np.sqrt(units / max(units - design.shape[1], 1))
        return cls(rows, at_mean, reach * (outcome - design @ at_mean) * used)

    def moments(self, cluster: IntArray | None) -> _Moments:
        """Of its customers."""
        sums = cluster_sums(self.parts, None if cluster is None else cluster[self.rows])
        return _Moments(len(sums), *(float(np.sum(sums**power)) for power in (2, 3, 4)))


def _borrowed(arms: list[_Moments]) -> list[tuple[float, float]]:
    """Second and third moments of each arm, with what the other arm shows of rare large outcomes.

    Where outcomes have heavy tails, a small arm seldom holds any of the largest, and then looks
    surer than it is. Its variance, where it is the smaller one, is moved towards that of all
    customers by as much as chance explains the difference (empirical Bayes).
    """
    total = sum(arm.units for arm in arms)
    second, third, fourth = (
        sum(getattr(arm, name) * float(arm.units) ** power for arm in arms) / total
        for name, power in (("second", 2), ("third", 3), ("fourth", 4))
    )
    found = []
    for arm in arms:
        own = arm.second * arm.units
        chance = max(fourth - second**2, 0.0) / arm.units
        gap = second - own
        is_heavy = fourth > HEAVY * second**2
        moved = min(chance / gap**2, 1.0) if gap > 0 and is_heavy else 0.0
        found.append(
            (
                arm.second + moved * gap / arm.units,
                arm.third + moved * (third / arm.units**2 - arm.third),
            )
        )
    return found


def _degrees(variances: list[float], df: list[int]) -> float:
    """Degrees of freedom of a difference of two means by Welch and Satterthwaite."""
    total = sum(variances)
    if total <= 0:
        return np.inf
    return total**2 / sum(v**2 / max(d, 1) for v, d in zip(variances, df, strict=True))


def _units(trial: Trial, rows: BoolArray) -> int:
    if trial.cluster is None:
        return int(rows.sum())
    return len(np.unique(trial.cluster[rows]))


def _telling(trial: Trial, rows: BoolArray) -> int:
    """Customers of an arm whose outcome is not the most common one, such as those who bought."""
    values, counts = np.unique(trial.outcome, return_counts=True)
    telling = rows & (trial.outcome != values[counts.argmax()])
    return min(_units(trial, telling), _units(trial, rows))


def _rates(trial: Trial) -> tuple[float, Rates] | None:
    """Counts of the larger of two outcomes, and what they differ by; None where that is not it."""
    low, high = float(trial.outcome.min()), float(trial.outcome.max())
    if low == high and low in (0, 1):
        low, high = 0.0, 1.0  # no event yet, or nothing but events
    constant = trial.propensity is None or (trial.propensity == trial.propensity[0]).all()
    repeats = trial.cluster is not None and len(np.unique(trial.cluster)) < len(trial.arm)
    of_two = ((trial.outcome == low) | (trial.outcome == high)).all() and low < high
    if not of_two or not constant or repeats:
        return None
    treated, event = trial.treated, trial.outcome == high
    counts = Rates(
        (float((event & treated).sum()), float((event & ~treated).sum())),
        (float(treated.sum()), float((~treated).sum())),
    )
    return high - low, counts
