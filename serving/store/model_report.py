"""What a release says of its data and its model: read from its folder, and told of the store's."""

import datetime as dt
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.files import read_json
from serving.cards.model import Judged, KeptModel, Span
from serving.cards.monitor import Monitor
from serving.cards.parts import Sample
from serving.cards.profit import KeptCuts, KeptTerms
from serving.cards.release import Release
from serving.store.reading import with_part
from serving.store.tables import MODEL, MONITOR

SPAN = tuple(Span.model_fields)


def read_model(folder: Path) -> KeptModel | None:
    """What the reports of a release folder say; None in a folder without them.

    Raises ValueError for reports that break the schema.
    """
    reports = folder / "reports"
    files = [reports / name for name in ("data_usability.json", "evaluation.json", "model_card.md")]
    if not all(file.exists() for file in files):
        return None
    usability, evaluation = read_json(files[0]), read_json(files[1])
    until = evaluation.get("timeline", {}).get("data_until")
    return KeptModel(
        span=Span(**{name: usability.get(name) for name in SPAN}),
        findings=[_known(finding) for finding in usability["findings"]],
        learned_until=until and dt.date.fromisoformat(until),
        judged=_judged(evaluation.get("churn")),
        cuts=_cuts(evaluation.get("churn")),
        judged_on=sample_of(evaluation),
        card=files[2].read_text(encoding="utf-8"),
    )


def sample_of(evaluation: dict[str, Any]) -> Sample | None:
    """The customers whom an evaluation is about; None where it is about everybody."""
    told = evaluation.get("sample")  # an evaluation may be older than samples
    return Sample(customers=told["customers"], share=told["share"]) if told else None


def _known(finding: dict[str, Any]) -> Any:
    return {name: value for name, value in finding.items() if name != "step"}


def _judged(churn: dict[str, Any] | None) -> Judged | None:
    if churn is None or not churn.get("models"):
        return None
    ours, rule = churn["models"]["ours"], churn["models"].get(churn["best_rule"], {})
    return Judged(
        best_rule=churn["best_rule"],
        auc=ours.get("auc"),
        rule_auc=rule.get("auc"),
        observed_over_expected=ours.get("observed_over_expected"),
        calibration=churn.get("calibration", []),
        parts=churn.get("verdict", {}).get("parts", []),
    )


def _cuts(churn: dict[str, Any] | None) -> KeptCuts | None:
    """The counts between cuts; None in reports of older code, and where nothing was judged."""
    if churn is None or "cuts" not in churn:
        return None
    profit = churn.get("expected_maximum_profit", {})
    terms = profit and KeptTerms(offer=profit["offer"], **profit["terms"])
    return KeptCuts(**churn["cuts"], terms=terms or None)


def cuts_of(engine: Engine, release: str | None = None) -> tuple[Release, KeptCuts | None]:
    """A release with the counts between its cuts; None where it has none. Raises as `current`."""
    its, found = with_part(engine, MODEL, release)
    kept = None if found is None else KeptModel.model_validate(found).cuts
    return its, kept


def model_of(
    engine: Engine, release: str | None = None
) -> tuple[Release, KeptModel | None, Monitor | None]:
    """A release with what it keeps of its data and model, and the monitor's report on it.

    Each is None where it has none. Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    its, found = with_part(engine, MODEL, release)
    _, report = with_part(engine, MONITOR, its.release_id)
    kept = None if found is None else KeptModel.model_validate(found)
    return its, kept, None if report is None else Monitor.model_validate(report)
