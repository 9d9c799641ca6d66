"""The result of reading a column: its values, why cells have none, and notes for the report."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

EXAMPLES = 3  # of how cells were read, shown in the usability report


@dataclass(frozen=True)
class HowRead:
    """How the cells of a column were read where that was a choice, for the usability report.

    The sentence begins with the number of `cells`, if it tells one, and shows `examples`. Where
    `how`, `then` and what was `decided` are the same, a column was read in the same way.
    """

    how: str
    cells: int | None = None
    examples: str = ""
    then: str = ""
    decided: str = ""

    def __str__(self) -> str:
        """The sentence."""
        number = "" if self.cells is None else f"{self.cells:,} "
        return f"{number}{self.how}{self.examples}{self.then}"


@dataclass(frozen=True)
class Reading:
    """One column, read. `reasons` says why a cell that holds something is no value (else empty)."""

    values: pd.Series
    reasons: "pd.Series[str]"
    notes: tuple[HowRead, ...] = ()


def filled(column: pd.Series) -> "pd.Series[bool]":
    """Which cells are not empty."""
    text: pd.Series[bool] = column.notna() & (column.astype("str").str.strip() != "")
    return text


def no_reasons(cells: pd.Series | pd.DataFrame) -> "pd.Series[str]":
    """No cell or row is a mistake, so far."""
    return pd.Series("", index=cells.index, dtype="str")


def shown(pairs: Iterable[tuple[str, object]]) -> str:
    """The first few cells beside what was made of them."""
    return ", ".join(f'"{text}" → {value}' for text, value in list(pairs)[:EXAMPLES])
