"""The part `coverage`: how often intervals hold the truth, and how often nothing is claimed to be.

Trials of simulated customers, half of them without any effect, in turn of five kinds: rates, money
that few spend, money with a heavy tail and a small control, effects that cancel out, and customers
of several rows. A row tells, of one quantity over all trials, the share of intervals that hold the
truth; `false_claims` is the share of trials without an effect in which the interval leaves 0 out.
The true value of a policy is what it does to the customers that it was judged by. `sequence` is
looked at after each of 26 weeks, and holds only if all its intervals do.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from actions.effects.average import adjusted, difference
from actions.effects.policy import targeting
from actions.effects.sequences import FEWEST, confidence_sequence
from actions.effects.trial import CONTROL, Trial
from actions.effects.uplift import FIRST
from core.arrays import BoolArray, FloatArray

KEY = "coverage"
TRIALS, FIRST_SEED = 500, 10_000
CUSTOMERS = {"rate": 1_000}  # of other kinds 550: too few for trees, which take most of the time
FEWER = 550
WEEKS = 26
KINDS = ("rate", "spend", "heavy", "crossing", "rows")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many trials."""
    parser.add_argument("--trials", type=int, default=TRIALS)


@dataclass(frozen=True)
class Planted:
    """A trial and the true effect of treating each row (n,)."""

    trial: Trial
    effect: FloatArray


def planted(kind: str, has_effect: bool, seed: int) -> Planted:
    """A trial of one kind, with or without an effect."""
    n = CUSTOMERS.get(kind, FEWER)
    rng = np.random.default_rng(seed)
    people = n // 3 if kind == "rows" else n
    x = rng.normal(size=(people, 4))
    treated = rng.random(people) < {"heavy": 0.8, "spend": 0.7}.get(kind, 0.5)
    cluster = None
    if kind == "rows":
        cluster = np.sort(rng.integers(0, people, n))
        x, treated = x[cluster], treated[cluster]
    outcome, effect = _outcomes(kind, x, treated, has_effect, cluster, rng)
    names = tuple(f"x{place}" for place in range(4))
    arms = ("control", "treated")
    return Planted(
        Trial(treated.astype(np.int64), arms, outcome, x, names, cluster=cluster), effect
    )


def _outcomes(
    kind: str,
    x: FloatArray,
    treated: BoolArray,
    has_effect: bool,
    cluster: Any,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    n, shift = len(x), float(has_effect)
    if kind == "rate":
        before = 1 / (1 + np.exp(2 - x[:, 0]))
        after = 1 / (1 + np.exp(2 - x[:, 0] - 0.4 * shift * (x[:, 1] > 0)))
        return (rng.random(n) < np.where(treated, after, before)).astype(float), after - before
    if kind in ("spend", "heavy"):
        chance, spread = (0.2, 1.0) if kind == "spend" else (0.3, 1.4)
        often = np.clip(chance * np.exp(0.4 * x[:, 0]), 0, 0.8)
        more = np.clip(often * (1 + 0.3 * shift), 0, 1)
        mean = np.exp(3 + 0.4 * x[:, 1] + spread**2 / 2)
        amount = mean * np.exp(spread * rng.normal(size=n) - spread**2 / 2)
        bought = rng.random(n) < np.where(treated, more, often)
        return bought * amount, (more - often) * mean
    own = x[:, 0] + rng.normal(size=n)
    if cluster is not None:
        own = own + rng.normal(size=int(cluster.max()) + 1)[cluster]
    effect = shift * (0.4 * np.sign(x[:, 2]) if kind == "crossing" else np.full(n, 0.15))
    return own + treated * effect, effect


def measured(options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each quantity, over all trials."""
    holds: dict[str, list[bool]] = defaultdict(list)
    claims: dict[str, list[bool]] = defaultdict(list)
    for number in range(options.trials):
        kind, has_effect = KINDS[number % len(KINDS)], (number // len(KINDS)) % 2 == 1
        one = planted(kind, has_effect, FIRST_SEED + number)
        for name, truth, intervals in _intervals(one):
            holds[name].append(all(low <= truth <= high for low, high in intervals))
            if not has_effect:
                claims[name].append(any(low > 0 or high < 0 for low, high in intervals))
        if not has_effect:
            claims["any_claim"].append(_claims_any(one.trial))
    return [
        {
            "quantity": name,
            "trials": len(holds.get(name, claims.get(name, []))),
            "coverage": float(np.mean(holds[name])) if name in holds else None,
            "false_claims": float(np.mean(claims[name])) if claims.get(name) else None,
        }
        for name in (*holds, "any_claim")
    ]


def _intervals(one: Planted) -> list[tuple[str, float, list[tuple[float, float]]]]:
    """Quantities of a trial: their name, the truth, and all intervals that have to hold it."""
    trial = one.trial
    average = float(one.effect.mean())
    plain, fitted = difference(trial), adjusted(trial)
    policy = targeting(trial)
    judged = policy.arm != FIRST
    gain = (one.effect * (policy.arm != CONTROL))[judged]
    gone = one.effect[judged]
    return [
        ("average", average, [(plain.low, plain.high)]),
        ("adjusted", average, [(fitted.low, fitted.high)]),
        ("gain_over_all", float(np.mean(gain - gone)), [_ends(policy.over_all)]),
        ("gain_over_nobody", float(gain.mean()), [_ends(policy.over_nobody)]),
        ("sequence", average, _weekly(trial)),
    ]


def _ends(found: Any) -> tuple[float, float]:
    return found.low, found.high


def _weekly(trial: Trial) -> list[tuple[float, float]]:
    """The confidence sequence after each week, customers coming in evenly."""
    n = len(trial.arm)
    who = np.arange(n) if trial.cluster is None else trial.cluster
    order = np.random.default_rng(0).permutation(int(who.max()) + 1)[who]
    people = int(order.max()) + 1
    found = []
    for week in range(1, WEEKS + 1):
        rows = order < people * week // WEEKS
        count = len(np.unique(who[rows]))
        if count < FEWEST:  # the sequence says nothing yet
            continue
        seen = trial.only(rows)
        found.append(confidence_sequence(difference(seen), count, people // 2))
    return found


def _claims_any(trial: Trial) -> bool:
    """Whether a report of it would claim anything: the average effect, or a gain from targeting."""
    return adjusted(trial).p < 0.05 or targeting(trial).claimed


def lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The table in Markdown."""
    table = [("quantity", "trials", "intervals that hold", "false claims"), ("---", *["---:"] * 3)]
    for row in rows:
        shares = (row["coverage"], row["false_claims"])
        table.append(
            (
                row["quantity"],
                str(row["trials"]),
                *("" if s is None else f"{s:.1%}" for s in shares),
            )
        )
    return [f"| {' | '.join(cells)} |" for cells in table]
