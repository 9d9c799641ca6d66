"""The result of reading a column: its values, why cells have none, and notes for the report."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

EXAMPLES = 3  # of how cells were read, shown in the usability report


@dataclass(frozen=True)
class Reading:
    """One column, read. `reasons` says why a cell that holds something is no value (else empty).

    `notes` are sentences for the usability report: how the cells were read where that was a choice.
    """

    values: pd.Series
    reasons: "pd.Series[str]"
    notes: tuple[str, ...] = ()


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
