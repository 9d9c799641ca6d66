"""Notes of the check on rows that it kept: they go to the usability report and stop nothing."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "advice"]


@dataclass(frozen=True)
class Note:
    """One thing noticed in a table; the fields mean what they mean in a finding of the report."""

    check: str
    severity: Severity
    column: str | None
    rows: int
    meaning: str
    what_to_do: str
