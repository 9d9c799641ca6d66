"""One finding of the usability report: what was seen, what it means, what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, get_args

from sources.notes import Said, Severity

ORDER: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Finding:
    """One finding. `check` names what was looked for, `rows` how many rows it is about.

    error: what is computed from this data misleads. warning: it is weaker than it looks. advice:
    it could be better.
    """

    check: str
    severity: Severity
    table: str
    column: str | None
    rows: int
    meaning: str
    what_to_do: str
    step: str = "ingest"
    said: Said | None = None  # for other languages; no part of the record


def most_severe_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by severity; those of one severity keep their order."""
    return sorted(findings, key=lambda finding: ORDER.index(finding.severity))


def as_records(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings as JSON, most severe first."""
    names = [field.name for field in fields(Finding) if field.name != "said"]
    return [{name: getattr(one, name) for name in names} for one in most_severe_first(findings)]
