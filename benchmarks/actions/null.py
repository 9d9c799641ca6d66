"""The part `null`: reports on a test in which nothing can have happened, and what they claim.

In each repetition customers of Hillstrom's challenge are drawn anew and their arms are shuffled, so
that no e-mail did anything; without the file, customers are simulated. `null_claims` is the number
of repetitions whose report claims anything at all. Of 200 reports that claim with a probability of
5 %, more than 17 do in one of 100 cases.
"""

import argparse
from dataclasses import replace

import numpy as np

from actions.effects.trial import Trial
from actions.report.covariates import Covariates
from actions.report.judging import judge
from actions.report.preparing import Prepared
from actions.report.reading import Asked
from benchmarks.actions.coverage import planted
from benchmarks.actions.hillstrom import ARMS, data, trial_of
from benchmarks.measuring import NotPossibleError

KEY = "null_claims"
REPETITIONS, FIRST_SEED = 200, 50_000
CUSTOMERS = (550, 550, 550, 1_500)  # in turn; trees learn from the last, and take most of the time
MOST = 17
OUTCOMES = ("visit", "spend")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many repetitions."""
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)


def measured(options: argparse.Namespace) -> int:
    """The number of repetitions with any claim."""
    return sum(
        bool(judge(_prepared(shuffled(FIRST_SEED + number)), Asked("", "", "")).claims)
        for number in range(options.repetitions)
    )


def shuffled(seed: int) -> Trial:
    """A trial whose arms were shuffled: of two or three arms, of visits or of money spent."""
    rng = np.random.default_rng(seed)
    try:
        rows = data()
    except NotPossibleError:
        return planted(("rate", "spend")[seed % 2], has_effect=False, seed=seed).trial
    names = list(ARMS.values())
    some = rows.sample(CUSTOMERS[seed // 4 % len(CUSTOMERS)], random_state=int(rng.integers(2**31)))
    trial = trial_of(some, names[: 1 + seed // 2 % 2], OUTCOMES[seed % 2])
    return replace(trial, arm=rng.permutation(trial.arm))


def _prepared(trial: Trial) -> Prepared:
    known = Covariates(trial.covariates, trial.names, trial.names, ())
    return Prepared(trial, known, trial.counts, np.zeros_like(trial.counts), ())


def lines(claims: int) -> list[str]:
    """One line."""
    return [
        f"Reports that claim anything where arms were shuffled: {claims} (at most {MOST} of 200)"
    ]
