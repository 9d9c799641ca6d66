"""The part `hillstrom`: who is won by an e-mail, told by ours and by libraries of uplift models.

Hillstrom's MineThatData challenge (2008): 64,000 customers, e-mails about women's or men's goods or
none, drawn by chance; the outcome is a visit within two weeks. Every learner is fitted on the same
four fifths and scores the same last fifth, five times over, on seven columns known before. Qini is
one function for all (actions/effects/targeting.py); `gap` is a learner's less ours, paired. The arm
`both` is our policy over all three arms: its gain over mailing everybody what is best on average.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from actions.effects.policy import targeting
from actions.effects.prognosis import FOLDS, folds
from actions.effects.targeting import Qini, area, difference, effect_scores, qini_weights
from actions.effects.trial import Trial
from actions.effects.uplift import learn
from benchmarks.actions.uplift_peers import PEERS
from benchmarks.environments import python_of
from benchmarks.measuring import ROOT, NotPossibleError, worker
from core.arrays import FloatArray

KEY = "hillstrom"
PLACES = (ROOT / "benchmarks" / "data", ROOT.parent / "shared" / "data" / "hillstrom")
FILE = "hillstrom.csv"
CONTROL = "No E-Mail"
ARMS = {"women": "Womens E-Mail", "men": "Mens E-Mail"}
NUMBERS, TEXTS = ("recency", "history", "mens", "womens", "newbie"), ("zip_code", "channel")
SEED = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which learners."""
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=list(PEERS))


def data() -> pd.DataFrame:
    """The customers. Raises NotPossibleError where the file is not there."""
    for folder in PLACES:
        if (folder / FILE).exists():
            return pd.read_csv(folder / FILE)
    raise NotPossibleError(f"{FILE} is not in benchmarks/data")


def trial_of(rows: pd.DataFrame, arms: Sequence[str], outcome: str = "visit") -> Trial:
    """Customers of the control and of these arms, with their seven columns as numbers."""
    names = (CONTROL, *arms)
    rows = rows[rows["treatment"].isin(names)]
    texts = pd.get_dummies(rows[list(TEXTS)], dtype=float)
    known = pd.concat([rows[list(NUMBERS)].astype(float), texts], axis=1)
    return Trial(
        rows["treatment"].map({name: place for place, name in enumerate(names)}).to_numpy(np.int64),
        names,
        rows[outcome].to_numpy(float),
        known.to_numpy(),
        tuple(map(str, known.columns)),
    )


def measured(options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each learner and arm; one with a reason where the data is not there."""
    try:
        rows = data()
    except NotPossibleError as error:
        return [{"learner": "ours", "reason": str(error)}]
    found = []
    for arm, name in ARMS.items():
        found += _of_arm(trial_of(rows, [name]), arm, options.peers)
    both = trial_of(rows, list(ARMS.values()))
    policy = targeting(both, SEED)
    gain = policy.over_all
    found.append(
        {
            "learner": "ours",
            "arm": "both",
            **_told(policy.qini),
            "gain_over_best_arm": {"effect": gain.effect, "low": gain.low, "high": gain.high},
            "claimed": policy.claimed,
        }
    )
    return found


def _of_arm(trial: Trial, arm: str, peers: Sequence[str]) -> list[dict[str, Any]]:
    chance = np.full(len(trial.arm), 0.5)
    effects = effect_scores(trial.treated, trial.outcome, chance)
    ours = learn(trial, SEED).effect[:, 1]
    rows = [{"learner": "ours", "arm": arm, **_told(area(ours, effects, qini_weights))}]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        np.savez(
            place / "trial.npz",
            x=trial.covariates,
            treated=trial.treated,
            outcome=trial.outcome,
            fold=folds(len(trial.arm), None, FOLDS, SEED + 1),  # those of `learn`
        )
        for peer in peers:
            print(f"{arm}: {peer}", flush=True)
            try:
                score = _scored(peer, place)
            except (NotPossibleError, RuntimeError) as error:
                rows.append({"learner": peer, "arm": arm, "reason": str(error)})
                continue
            gap = difference((score, ours), effects, qini_weights)
            told = _told(area(score, effects, qini_weights))
            rows.append({"learner": peer, "arm": arm, **told, "gap": _told(gap)})
    return rows


def _scored(peer: str, place: Path) -> FloatArray:
    worker("benchmarks.actions.uplift_peers", peer, str(place), python=str(python_of("uplift")))
    return np.asarray(np.load(place / f"{peer}.npy"), dtype=np.float64)


def _told(found: Qini) -> dict[str, float]:
    return {"qini": found.value, "se": found.se, "low": found.low, "high": found.high}


def lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The table of learners in Markdown, and what the policy gains."""
    table = [("arm", "learner", "Qini", "less ours, paired"), ("---", "---", "---:", "---:")]
    told = []
    for row in rows:
        if "reason" in row:
            table.append((row.get("arm", ""), row["learner"], row["reason"], ""))
            continue
        if gain := row.get("gain_over_best_arm"):
            shown = "shown" if row["claimed"] else "not shown"
            told.append(
                f"Both e-mails and none, gain over the best single arm: {gain['effect']:.4f} "
                f"({gain['low']:.4f} to {gain['high']:.4f}): {shown}."
            )
        gap = row.get("gap")
        paired = f"{gap['qini']:+.4f} ({gap['low']:+.4f} to {gap['high']:+.4f})" if gap else ""
        table.append((row["arm"], row["learner"], f"{row['qini']:.4f} ± {row['se']:.4f}", paired))
    return [f"| {' | '.join(cells)} |" for cells in table] + ["", *told]
