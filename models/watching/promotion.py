"""Promotion: whether newly trained models (the challenger) take over from those that score now.

The champion goes on scoring unless the challenger is shown not to be worse: the upper end of the
paired 95 % interval of its log loss minus the champion's, customers resampled, lies under MARGIN on
test rows that neither was trained on (a non-inferiority test). docs/decisions/0018 says what
follows from a refusal.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from core.errors import ArtifactError, ExtensionError
from core.files import check_manifest, version
from features.planning.rungs import BY_RULE, OTHER_CUSTOMERS
from features.planning.timeplan import Timeline
from features.timeline import as_known_on, date_of, later_than, parse_day
from models.churn.model import ChurnModel
from models.params import ModelParams
from models.probability.metrics import customer_weights, log_loss, paired_difference
from models.training.ladder import Rung

MARGIN = 0.002  # log loss by which a challenger may be worse: the noise of a refit
COMPANY = "company"  # whose data models learned from: a fact of their manifest
MODELS, EVALUATED = "models", "evaluated"  # folders of a release, and of the models that score
# The folder that says why each former champion took over, by version, for those who go back to it.
FORMER = "former"
Outcome = Literal[
    "first", "same", "back", "forced", "other", "promoted", "refused", "rule", "unjudged", "gate"
]


@dataclass(frozen=True)
class Figures:
    """Log loss on the rows compared; `difference` is the challenger's less the champion's.

    `champion_as` says which of the champion's models could be judged: `served`, those that score,
    or `evaluated`, the same settings fitted as long before the test dates as the challenger's.
    """

    as_of_dates: tuple[str, ...]
    rows: int
    champion_as: str
    challenger: float
    champion: float
    difference: dict[str, float]
    margin: float = MARGIN


@dataclass(frozen=True)
class Decision:
    """Which models score from now on, and why; `champion` is empty where there was none before."""

    promoted: bool
    outcome: Outcome
    challenger: str
    champion: str
    why: str
    figures: Figures | None = None

    def to_json(self) -> dict[str, Any]:
        """The decision as plain data, for the manifest."""
        return asdict(self)


def decide(
    snapshots: pd.DataFrame,
    timeline: Timeline,
    challenger: Path,
    champion: Path | None,
    features: Sequence[str],
    company: str,
    params: ModelParams,
) -> Decision:
    """Decide between two folders, each with the served `models` and the `evaluated` churn model.

    `features` are those that models may learn from today, `company` is whose data it is. Raises
    ArtifactError for a folder that is damaged.
    """
    own = check_manifest(challenger / MODELS)
    ours = version(own)
    if champion is None:
        why = "they were the first: none had been published before them"
        return Decision(True, "first", ours, "", why)
    other = check_manifest(champion / MODELS)
    theirs = version(other)
    if ours == theirs:
        return Decision(True, "same", ours, theirs, "the models that score already, trained again")
    if (champion / FORMER / f"{ours}.json").exists():
        why = "they scored before, and settings and data are those of that time again"
        return Decision(True, "back", ours, theirs, why)
    obstacle = _obstacle(own, other, champion, snapshots, features, company)
    if obstacle:
        return Decision(True, "other", ours, theirs, f"they cannot be compared: {obstacle}")
    figures = _compared(snapshots, timeline, challenger, champion, params)
    if params.replace_champion == "always":
        why = "model.replace_champion in params.yaml says always"
        return Decision(True, "forced", ours, theirs, why, figures)
    if figures is None and not _judged_later(challenger, champion):
        why = (
            "they cannot be compared: one of them was judged on other customers and not on a later "
            "time, and the new ones have seen more"
        )
        return Decision(True, "other", ours, theirs, why)
    if figures is None:
        why = (
            "no test date lies after everything that both learned from, so nothing shows that the "
            "new models are no worse; bring newer outcomes, or set model.replace_champion to always"
        )
        return Decision(False, "refused", ours, theirs, why)
    high = figures.difference["high"]
    if high < MARGIN:
        why = f"log loss is at most {high:+.4f} worse (95 %), under {MARGIN}"
        return Decision(True, "promoted", ours, theirs, why, figures)
    why = f"log loss may be {high:+.4f} worse (95 %), not under {MARGIN}"
    return Decision(False, "refused", ours, theirs, why, figures)


def below_gates(
    snapshots: pd.DataFrame,
    challenger: Path,
    champion: Path | None,
    features: Sequence[str],
    company: str,
    rung: Rung,
) -> Decision:
    """Which models score where no new ones could be judged: the champion, if it can.

    Else the `challenger`: a rule, or models that nothing has judged. It never takes the champion's
    place.
    """
    own = check_manifest(challenger / MODELS)
    ours, why = version(own), rung.why
    outcome: Outcome = "rule" if rung.number == BY_RULE else "unjudged"
    if champion is None:
        return Decision(True, outcome, ours, "", why)
    other = check_manifest(champion / MODELS)
    obstacle = _obstacle(own, other, champion, snapshots, features, company)
    if obstacle:
        reason = f"{why} The published models cannot score this data: {obstacle}"
        return Decision(True, outcome, ours, version(other), reason)
    return Decision(False, "gate", ours, version(other), f"no new ones could be judged. {why}")


def _judged_later(*folders: Path) -> bool:
    """Whether all were judged on dates after those that they learned from."""
    return all(Rung.load(folder / MODELS).number != OTHER_CUSTOMERS for folder in folders)


def _obstacle(
    own: dict[str, Any],
    other: dict[str, Any],
    champion: Path,
    snapshots: pd.DataFrame,
    features: Sequence[str],
    company: str,
) -> str:
    """Why the champion can no longer score what is asked today; empty where it can."""
    whose = check_manifest(champion / EVALUATED).get(COMPANY, company)  # older models lack it
    if whose != company:
        return f"the champion learned from another company's data ({whose}, now {company})"
    before = other["task"]  # models saved before a part of the task was recorded lack it
    asked = {name: part for name, part in own["task"].items() if part is not None}
    changed = [name for name, part in asked.items() if part != before.get(name)]
    if changed:
        changes = ", ".join(f"{n} {before.get(n, 'unknown')} is now {asked[n]}" for n in changed)
        return f"another question is asked ({changes})"
    try:
        model = ChurnModel.load(champion / MODELS)
    except ExtensionError:
        return "the champion was made by code of the company's own that is not installed any more"
    gone = [name for name in model.features if name not in features]
    gone += [name for name in model.reads if name not in snapshots.columns and name not in gone]
    if gone:
        return (
            f"{len(gone)} of the features that the champion reads are no longer there, or no "
            f"longer learned from ({', '.join(gone[:3])})"
        )
    try:
        model.inputs.matrix(snapshots[snapshots["split"] == "score"])
    except ArtifactError:
        return "a feature that the champion reads as a number is now text, or the other way round"
    return ""


def _compared(
    snapshots: pd.DataFrame,
    timeline: Timeline,
    challenger: Path,
    champion: Path,
    params: ModelParams,
) -> Figures | None:
    """Both judged on the test dates after everything that either learned from.

    The champion as it serves, where there are such dates; else as it was evaluated, fitted as long
    before the test dates as the challenger.
    """
    days = later_than(timeline.test, _learned_until(challenger / EVALUATED))
    served = later_than(days, _learned_until(champion / MODELS))
    champion_as = "served" if served else "evaluated"
    folder = champion / (MODELS if served else EVALUATED)
    common = served or later_than(days, _learned_until(folder))
    if not common:
        return None
    model = ChurnModel.load(folder)
    known = as_known_on(snapshots, pd.Timestamp(date_of(timeline.data_until)), timeline.windows)
    dates = [date_of(day) for day in common]
    rows = known[known["as_of_date"].isin([pd.Timestamp(date) for date in dates])]
    if rows.empty:
        return None
    y, ones = rows["churned"].to_numpy(np.float64), np.ones(len(rows))
    new, old = ChurnModel.load(challenger / EVALUATED).predict(rows), model.predict(rows)
    weights = customer_weights(rows["customer_id"], params.bootstrap_draws, params.seed)
    difference = paired_difference(log_loss, y, new, old, weights)
    if difference is None:
        return None
    return Figures(
        as_of_dates=tuple(date.isoformat() for date in dates),
        rows=len(rows),
        champion_as=champion_as,
        challenger=log_loss(y, new, ones),
        champion=log_loss(y, old, ones),
        difference=difference,
    )


def _learned_until(folder: Path) -> int:
    return parse_day(check_manifest(folder)["learned_until"])
