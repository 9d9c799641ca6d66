"""Judges a prepared test: checks first, then effects, then what may be claimed of them.

Claims of one report are together wrong in at most about 5 % of tests in which nothing happened: the
average effect at 5 % (of several arms, and all together, by Holm 1979); a gain from targeting only
where it is shown over treating all and over treating nobody; and that effects differ only where an
average effect is shown, or the Qini area is beyond 2.81 standard errors. Nothing is claimed where
the data show that arms were not drawn by chance.
"""

from dataclasses import dataclass, replace

import numpy as np

from actions.effects.average import adjusted, difference
from actions.effects.checks import (
    WARN,
    Balance,
    Predicted,
    Ratio,
    balance,
    predictability,
    sample_ratio,
)
from actions.effects.intervals import Estimate
from actions.effects.policy import Policy, targeting
from actions.effects.sequences import confidence_sequence
from actions.effects.trial import CONTROL, Trial
from actions.report.preparing import Prepared
from actions.report.reading import Asked
from actions.report.said import Refused, Said
from core.errors import TrialError

BROKEN = 0.001  # p-value of a check below which arms were not drawn by chance
ALPHA = 0.05
DIFFERS, DIFFERS_ALONE = 1.96, 2.81  # standard errors of Qini, with and without an average effect
FOUND = 1.96 + 0.84  # standard errors that an effect must have to be found four times out of five
FEWEST_TO_TARGET = 100  # customers
HEAVY = 0.5  # share of all outcomes in the largest 1 %, where intervals are wide by a few customers


@dataclass(frozen=True)
class Effect:
    """An effect plain and adjusted, and whether it may be claimed."""

    plain: Estimate
    adjusted: Estimate
    claimed: bool = False


@dataclass(frozen=True)
class Judged:
    """Everything that a report tells. `doubt` is why nothing may be claimed, if there is a reason.

    `by_arm` has one effect for each treated arm. `running` is the interval of the adjusted effect
    that may be looked at any number of times. `findable` is the smallest effect that so many
    customers show four times out of five, `more` how many more show the measured one.
    """

    prepared: Prepared
    ratio: Ratio
    balance: Balance
    predicted: Predicted
    effect: Effect
    by_arm: dict[str, Effect]
    running: tuple[float, float]
    targeting: Policy | None
    differs: bool
    doubt: Said | None
    findable: float
    more: int | None
    warnings: tuple[Said, ...]

    @property
    def is_targeting_claimed(self) -> bool:
        """Whether a gain from targeting may be claimed."""
        return self.doubt is None and self.targeting is not None and self.targeting.claimed

    @property
    def claims(self) -> list[str]:
        """What is claimed: `average`, `arm …`, `targeting`, `differs`."""
        arms = [f"arm {name}" for name, one in self.by_arm.items() if one.claimed]
        found = ["average"] * self.effect.claimed + arms * (len(self.by_arm) > 1)
        return found + ["targeting"] * self.is_targeting_claimed + ["differs"] * self.differs


def judge(prepared: Prepared, asked: Asked) -> Judged:
    """Check, estimate and judge. Raises TrialError where an arm has fewer than two customers."""
    arms = prepared.trial.arms
    if asked.shares is not None and len(asked.shares) != len(arms):
        raise TrialError(
            f"--shares names {len(asked.shares)} shares, and there are {len(arms)} arms: "
            f"{', '.join(arms)}. Name one for each, in this order."
        )
    ratio = sample_ratio(prepared.assigned, asked.shares)
    prepared, checked, predicted, doubt = _checked(prepared, ratio, asked.seed)
    trial = prepared.trial
    effect = Effect(difference(trial), adjusted(trial, seed=asked.seed))
    by_arm = {}
    for place, name in enumerate(trial.arms[1:], start=1):
        pair = trial.against_control(place) if len(trial.arms) > 2 else trial
        one = effect if pair is trial else Effect(difference(pair), adjusted(pair, seed=asked.seed))
        by_arm[name] = one
    if doubt is None:
        effect, by_arm = _claimed(effect, by_arm)
    can_target = trial.covariates.shape[1] > 0 and people(trial) >= FEWEST_TO_TARGET
    may_target = can_target and (doubt is None or doubt.key == "moved")
    policy = targeting(trial, asked.seed, asked.cost) if may_target else None
    n = people(trial)
    found = effect.adjusted
    findable = FOUND * found.se
    return Judged(
        prepared,
        ratio,
        checked,
        predicted,
        effect,
        by_arm,
        confidence_sequence(found, n, n),
        policy,
        _differs(policy, effect, doubt),
        doubt,
        findable,
        _more(found, findable, n),
        (*prepared.warnings, *_warnings(prepared, ratio, checked, doubt)),
    )


def people(trial: Trial) -> int:
    """Customers of a trial."""
    return len(trial.arm) if trial.cluster is None else int(trial.cluster.max()) + 1


def _checked(
    prepared: Prepared, ratio: Ratio, seed: int
) -> tuple[Prepared, Balance, Predicted, Said | None]:
    """The test without columns that the treatment moved, its checks, and why nothing is claimed."""
    found, predicted = balance(prepared.trial, seed), predictability(prepared.trial, seed)
    sources = prepared.covariates.sources
    every = list(dict.fromkeys(sources))
    own: dict[str, float] = dict.fromkeys(every, 1.0)
    for name, source in zip(prepared.covariates.names, sources, strict=True):
        own[source] = min(own[source], found.columns[name] * sources.count(source))
    odd = [source for source, p in own.items() if p < BROKEN / len(every)]
    if odd and ratio.p >= WARN and len(odd) <= max(1, len(every) // 3):
        refused = tuple(Refused(source, Said("moved", {"p": own[source]})) for source in odd)
        rest = prepared.without(refused)
        found_, predicted_ = balance(rest.trial, seed), predictability(rest.trial, seed)
        if min(found_.p, predicted_.p) >= WARN:
            return rest, found_, predicted_, Said("moved", {"columns": ", ".join(odd)})
    if min(found.p, predicted.p) < BROKEN or odd:
        named = odd or sorted(own, key=lambda source: own[source])[:1]
        values = {
            "columns": ", ".join(named),
            "p": min(found.p, predicted.p),
            "auc": predicted.auc,
        }
        return prepared, found, predicted, Said("not_drawn", values)
    if ratio.p < BROKEN:
        return prepared, found, predicted, Said("sizes", {"p": ratio.p})
    return prepared, found, predicted, None


def _claimed(effect: Effect, by_arm: dict[str, Effect]) -> tuple[Effect, dict[str, Effect]]:
    """Marked where they may be claimed: of several, the smallest p-values in Holm's order."""
    if len(by_arm) == 1:
        one = replace(effect, claimed=effect.adjusted.p < ALPHA)
        return one, dict.fromkeys(by_arm, one)
    every = {"": effect, **{f"arm {name}": one for name, one in by_arm.items()}}
    claimed = set()
    for place, name in enumerate(sorted(every, key=lambda name: every[name].adjusted.p)):
        if every[name].adjusted.p >= ALPHA / (len(every) - place):
            break
        claimed.add(name)
    return replace(effect, claimed="" in claimed), {
        name: replace(one, claimed=f"arm {name}" in claimed) for name, one in by_arm.items()
    }


def _differs(policy: Policy | None, effect: Effect, doubt: Said | None) -> bool:
    if policy is None or doubt is not None or not policy.qini.se > 0:
        return False
    return policy.qini.value / policy.qini.se > (DIFFERS if effect.claimed else DIFFERS_ALONE)


def _more(found: Estimate, findable: float, n: int) -> int | None:
    """Customers to add until the measured effect is mostly found; None for none that is enough."""
    if found.effect == 0 or not np.isfinite(findable):
        return None
    needed = n * (findable / abs(found.effect)) ** 2
    return max(int(np.ceil(needed)) - n, 0) if needed < 1e12 else None


def _warnings(prepared: Prepared, ratio: Ratio, checked: Balance, doubt: Said | None) -> list[Said]:
    said = []
    trial = prepared.trial
    if ratio.p < WARN:
        sizes = ", ".join(
            f"{name}: {count:,}" for name, count in zip(trial.arms, prepared.assigned, strict=True)
        )
        planned = " : ".join(f"{share:.1%}" for share in ratio.planned)
        key = "ratio_guessed" if ratio.is_guess else "ratio"
        said.append(Said(key, {"sizes": sizes, "planned": planned, "p": ratio.p}))
    if checked.p < WARN and (doubt is None or doubt.key != "not_drawn"):
        said.append(Said("uneven", {"p": checked.p}))
    if doubt is not None and doubt.key != "sizes":  # which the ratio has told
        said.append(doubt)
    low, high = float(trial.outcome.min()), float(trial.outcome.max())
    if low == high:
        said.append(Said("constant_outcome", {"value": low}))
    elif low >= 0 and len(np.unique(trial.outcome[:1000])) > 2:
        largest = np.sort(trial.outcome)[-max(1, len(trial.outcome) // 100) :].sum()
        share = float(largest / trial.outcome.sum())
        if share > HEAVY:
            said.append(Said("heavy", {"share": f"{share:.0%}"}))
    small = [
        trial.arms[arm]
        for arm in range(len(trial.arms))
        if arm != CONTROL and trial.counts[arm] < 10
    ]
    if trial.counts[CONTROL] < 10 or small:
        said.append(Said("tiny", {"customers": int(trial.counts.min())}))
    return said
