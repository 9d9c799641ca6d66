"""A checked table as it is kept: its rows part by part, and what the check found."""

from dataclasses import dataclass

from core.rows import Rows
from sources.notes import Note


@dataclass(frozen=True)
class Kept:
    """One checked table, its rows wherever they are. The other fields are those of `Checked`."""

    rows: Rows
    counts: dict[str, int]
    ignored_columns: tuple[str, ...]
    findings: tuple[str, ...]
    made_of: str = ""
    notes: tuple[Note, ...] = ()
    planned: tuple[str, ...] = ()
    currency: str | None = None
