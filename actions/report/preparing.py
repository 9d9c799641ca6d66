"""The rows of a file as a trial, with everything that was left out on the way counted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from actions.effects.checks import WARN, attrition
from actions.effects.trial import Trial
from actions.report.arms import codes, in_one_arm, read_arms
from actions.report.covariates import Covariates, read_covariates
from actions.report.outcomes import read_outcome
from actions.report.reading import Asked, Rows
from actions.report.said import Refused, Said
from core.arrays import IntArray
from core.errors import TrialError
from sources.tables.cells import texts
from sources.written.times import read_times

MAX_NAMED = 5
FEWEST_OF_ARM = 10  # rows: of fewer all may have done the same by chance


@dataclass(frozen=True)
class Prepared:
    """A trial, its covariates by their columns, and how many were `assigned` to each arm (arms,).

    `missing` (arms,) of them have no outcome and are not in the trial.
    """

    trial: Trial
    covariates: Covariates
    assigned: IntArray
    missing: IntArray
    warnings: tuple[Said, ...]

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Covariates that are not used."""
        return self.covariates.refused

    def without(self, refused: tuple[Refused, ...]) -> "Prepared":
        """Without the covariates of some columns of the file."""
        kept = self.covariates.without({one.column for one in refused}, refused)
        return Prepared(_with(self.trial, kept), kept, self.assigned, self.missing, self.warnings)


def prepare(read: Rows, asked: Asked) -> Prepared:
    """The trial in the asked columns of a file. Raises TrialError for what cannot be compared."""
    rows = read.columns
    arm, arms, warnings = read_arms(rows[asked.treatment], asked)
    if read.repeats is not None:
        warnings.append(Said("repeated", {"column": read.repeats}))
    kept = arm.notna()
    customer = None
    if asked.customer is not None:
        customer = texts(rows[asked.customer])
        customer = customer.where(
            customer.notna(), "row " + rows.index.astype("str").to_series(index=rows.index)
        )
        one_arm, said = in_one_arm(arm[kept], customer[kept])
        warnings += said
        kept &= one_arm.reindex(kept.index, fill_value=False)
    rows, arm = rows[kept].reset_index(drop=True), arm[kept].reset_index(drop=True)
    customer = None if customer is None else customer[kept].reset_index(drop=True)
    outcome, said = read_outcome(
        rows[asked.outcome],
        asked.outcome,
        rows[list(asked.covariates)],
        asked.numbers,
        asked.success,
    )
    warnings += said
    known = outcome.notna()
    assigned, missing = _of_arms(arm, customer, known, arms)
    warnings += _told_missing(assigned, missing, arms)
    covariates = _covariates(rows, customer, arm, outcome, asked).only(known)
    cluster = None
    if customer is not None:
        cluster = np.asarray(pd.factorize(customer[known])[0], np.int64)
        people = int(cluster.max()) + 1 if len(cluster) else 0
        if people < len(cluster):
            values = {"customers": people, "rows": len(cluster)}
            warnings.append(Said("several_rows", values))
        else:
            cluster = None
    present = set(arm[known])
    gone = [name for name in arms if name not in present]
    if gone:
        raise TrialError(
            f"No outcome is known of anybody in {', '.join(gone)}: {asked.outcome} is empty there. "
            "Wait for outcomes of every arm, or leave the rows of this arm out."
        )
    _refuse_arm_as_outcome(arm[known], outcome[known], asked)
    trial = Trial(
        codes(arm[known], arms),
        arms,
        np.asarray(outcome[known], dtype=np.float64),
        covariates.values,
        covariates.names,
        cluster=cluster,
    )
    return Prepared(trial, covariates, assigned, missing, tuple(warnings))


def _refuse_arm_as_outcome(arm: pd.Series, outcome: "pd.Series[float]", asked: Asked) -> None:
    """Not what came of the test: each arm has one value of its own, too often for chance."""
    per_arm = outcome.groupby(arm).agg(["min", "max", "size"])
    is_constant = (per_arm["min"] == per_arm["max"]).all()
    if is_constant and per_arm["min"].nunique() > 1 and per_arm["size"].min() >= FEWEST_OF_ARM:
        told = ", ".join(f"{value:g} in {name}" for name, value in per_arm["min"].items())
        raise TrialError(
            f"{asked.outcome} says which arm a row is in ({told}, for everybody): name what came "
            "of it with --outcome."
        )


def _of_arms(
    arm: pd.Series, customer: pd.Series | None, known: "pd.Series[bool]", arms: tuple[str, ...]
) -> tuple[IntArray, IntArray]:
    """Customers of each arm, and those of them of whom no outcome is known."""
    index = pd.Series(codes(arm, arms))
    if customer is None:
        counts = np.bincount(index, minlength=len(arms))
        return counts, counts - np.bincount(index[known], minlength=len(arms))
    per = pd.DataFrame({"arm": index, "customer": customer, "known": known})
    people = per.groupby(["arm", "customer"], sort=False)["known"].any().reset_index()
    counts = np.bincount(people["arm"], minlength=len(arms))
    return counts, counts - np.bincount(people["arm"][people["known"]], minlength=len(arms))


def _told_missing(assigned: IntArray, missing: IntArray, arms: tuple[str, ...]) -> list[Said]:
    if missing.sum() == 0:
        return []
    shares = ", ".join(
        f"{name}: {share:.1%}" for name, share in zip(arms, missing / assigned, strict=True)
    )
    said = [Said("missing", {"customers": int(missing.sum()), "shares": shares})]
    p = attrition(missing, assigned)
    return [*said, Said("attrition", {"p": p, "shares": shares})] if p < WARN else said


def _covariates(
    rows: pd.DataFrame,
    customer: pd.Series | None,
    arm: pd.Series,
    outcome: "pd.Series[float]",
    asked: Asked,
) -> Covariates:
    who = pd.Series(np.arange(len(rows))).astype("str") if customer is None else customer
    own = {asked.treatment, asked.outcome, asked.customer, asked.assigned_at, asked.measured_at}
    named = [name for name in dict.fromkeys(asked.covariates) if name not in own]
    twice = tuple(
        Refused(name, Said("other_role")) for name in dict.fromkeys(asked.covariates) if name in own
    )
    assigned = _times(rows, asked.assigned_at)
    measured = _times(rows, asked.measured_at)
    if assigned is not None and measured is not None:
        late = int((measured > assigned).sum())
        if late:
            refused = tuple(
                Refused(name, Said("after_assignment", {"rows": late})) for name in named
            )
            return Covariates(np.zeros((len(rows), 0)), (), (), (*twice, *refused))
    found = read_covariates(rows[named], who, arm, outcome, assigned)
    return found.without(set(), twice)


def _times(rows: pd.DataFrame, name: str | None) -> pd.Series | None:
    if name is None:
        return None
    reading = read_times(rows[name], "UTC")
    bad = reading.reasons != ""
    if bad.any():
        cells = ", ".join(map(str, rows[name][bad].unique()[:MAX_NAMED]))
        raise TrialError(
            f"{name} {reading.reasons[bad].iloc[0]} in {int(bad.sum()):,} rows, such as {cells}. "
            "Write dates as 2026-01-31."
        )
    return reading.values


def _with(trial: Trial, covariates: Covariates) -> Trial:
    return Trial(
        trial.arm,
        trial.arms,
        trial.outcome,
        covariates.values,
        covariates.names,
        trial.propensity,
        trial.cluster,
    )
