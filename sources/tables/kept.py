"""What the check makes of a table: its rows, those that were set aside, and what it found."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from core.parts import Spilled
from core.rows import Rows
from sources.notes import Note


@dataclass(frozen=True)
class SetAside:
    """Rows that cannot be used for one reason: how many, and the first of them.

    `row` is its number in the file, counted as a spreadsheet does; `cell` is what it holds, empty
    where that says nothing.
    """

    reason: str
    rows: int
    row: int
    cell: str

    def __str__(self) -> str:
        """The sentence for messages and the report."""
        value = f', "{self.cell}"' if self.cell else ""
        return f"{self.rows:,} rows: {self.reason} (first: row {self.row}{value})."


@dataclass(frozen=True)
class Checked:
    """One checked table in memory. `quarantine` holds the raw rows with a column `reason`.

    `findings` say why, in sentences, the most frequent reason first, and `set_aside` in figures;
    `made_of` says what the rows were derived from where the source does not have the table; `notes`
    are about rows that were kept; `planned` names the columns of times agreed on beforehand, which
    do not show up to which day there is data. `currency` is that of its money, if one is known.
    """

    rows: pd.DataFrame
    quarantine: pd.DataFrame
    counts: dict[str, int]
    ignored_columns: tuple[str, ...]
    findings: tuple[str, ...]
    made_of: str = ""
    notes: tuple[Note, ...] = ()
    planned: tuple[str, ...] = ()
    currency: str | None = None
    set_aside: tuple[SetAside, ...] = ()

    def kept(self, rows: Rows | None = None) -> "Kept":
        """The table as it is kept: with `rows` in place of those in memory, if they are there."""
        return Kept(
            rows=Rows.of(self.rows) if rows is None else rows,
            counts=self.counts,
            ignored_columns=self.ignored_columns,
            findings=self.findings,
            made_of=self.made_of,
            notes=self.notes,
            planned=self.planned,
            currency=self.currency,
        )


@dataclass(frozen=True)
class CheckedParts:
    """One checked table whose rows lie in parts on disk, as long as their `folder` is there.

    `facts` are those of all rows together, without the rows; `last_order` is when the last came, if
    they are orders.
    """

    facts: Checked
    folder: Path
    rows: Spilled
    quarantine: Spilled
    last_order: pd.Timestamp | None = None

    def whole(self) -> Checked:
        """The table in memory."""
        rows, quarantine = (
            pd.concat(list(parts), ignore_index=True) for parts in (self.rows, self.quarantine)
        )
        return replace(self.facts, rows=rows, quarantine=quarantine)

    def rewritten(
        self, rows: Iterable[pd.DataFrame], quarantine: Iterable[pd.DataFrame]
    ) -> "CheckedParts":
        """The table with other parts in place of its own."""
        written = {"rows": Spilled.below(self.folder), "quarantine": Spilled.below(self.folder)}
        for name, parts in (("rows", rows), ("quarantine", quarantine)):
            for part in parts:
                part = in_text(part) if name == "quarantine" else part
                written[name].add(part.reset_index(drop=True))
        return replace(self, rows=written["rows"], quarantine=written["quarantine"])

    def write(self, rows: Path, quarantine: Path) -> "Kept":
        """Write the rows, each part a group of them, and those set aside if there are any."""
        self.rows.together(rows)
        if self.facts.counts["quarantined"]:
            self.quarantine.together(quarantine)
        return self.facts.kept(Rows.in_file(rows, is_in_parts=True))


def in_text(aside: pd.DataFrame) -> pd.DataFrame:
    """Raw rows with every cell as text: parts, and files of one table, may differ in its types."""
    cells = {name: aside[name].astype(object) for name in aside}
    texts = {name: column.where(column.isna(), column.map(str)) for name, column in cells.items()}
    return pd.DataFrame({n: column.astype("str") for n, column in texts.items()}, aside.index)


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
