"""Notes of the check on rows that it kept: they go to the usability report and stop nothing."""

from dataclasses import dataclass
from typing import Any, Literal

NOTES = "notes"  # of a raw table's attributes: what was noticed while it was read
Severity = Literal["error", "warning", "advice"]


class Said:
    """What a note or finding says, as the key of a message and its values.

    Its own sentences are English; other languages are worded from this, in serving/wording.
    A value may be such a part of a sentence itself, or a list of them.
    """

    def __init__(self, key: str, **values: Any) -> None:
        self.key, self.values = key, values


@dataclass(frozen=True)
class Note:
    """One thing noticed in a table; the fields mean what they mean in a finding of the report."""

    check: str
    severity: Severity
    column: str | None
    rows: int
    meaning: str
    what_to_do: str
    said: Said | None = None
