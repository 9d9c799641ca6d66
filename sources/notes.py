"""Notes of the check on rows that it kept: they go to the usability report and stop nothing."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """One thing noticed in a table; the fields mean what they mean in a finding of the report.

    `counted` is there where its sentence tells numbers that grow with the table.
    """

    check: str
    severity: Severity
    column: str | None
    rows: int
    meaning: str
    what_to_do: str
    said: Said | None = None
    counted: "Counted | None" = None

    @property
    def same(self) -> tuple[str, ...]:
        """Equal for the same note on other rows of a table."""
        told = (self.meaning, self.what_to_do) if self.counted is None else self.counted.decided
        return self.check, self.severity, self.column or "", *told

    def together(self, others: Sequence["Note"]) -> "Note":
        """This note on its own rows and those of others, which are the same."""
        every, note = (self, *others), self
        if self.counted is not None:
            counts = Counter[str]()
            for one in every:
                counts.update(one.counted.counts if one.counted else {})
            note = self.counted.make(counts)
        return replace(note, rows=sum(one.rows for one in every))


@dataclass(frozen=True)
class Counted:
    """Numbers of a note that add up over the parts of a table, and the note that tells them.

    Notes of two parts are the same where the same was `decided`.
    """

    counts: Mapping[str, int]
    make: Callable[[Mapping[str, int]], Note]
    decided: tuple[str, ...] = ()
