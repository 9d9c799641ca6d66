"""Brings the cells of a table into the contract's types."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from sources.contract import NUMBER, TEXT, TIME, YESNO, Table
from sources.meanings.vocabulary import NO_WORDS, YES_WORDS
from sources.notes import Counted, Note
from sources.params import SourceParams
from sources.written.numbers import marks, read_numbers
from sources.written.reading import HowRead, Reading, filled, no_reasons
from sources.written.times import read_times


def read_cells(
    given: pd.DataFrame, table: Table, params: SourceParams
) -> tuple[pd.DataFrame, "pd.Series[str]", tuple[Note, ...]]:
    """The rows in their types, why a row cannot be read (else empty), and how cells were read."""
    reasons = no_reasons(given)
    columns, notes = {}, []
    numbers = [column for column in given.columns if table.columns.get(column) == NUMBER]
    decimal_marks = marks({c: given[c] for c in numbers}, params.numbers.get(table.name, {}))
    for column in given.columns:
        if column in numbers:
            reading = read_numbers(given[column], decimal_marks.get(column))
        else:
            reading = _reader(column, table, params)(given[column])
        columns[column] = reading.values
        broken = (reading.reasons != "") & (reasons == "")
        reasons[broken] = f"{column} " + reading.reasons[broken]
        notes += [_as_read(column, table, read, len(given)) for read in reading.notes]
    return pd.DataFrame(columns, index=given.index), reasons, tuple(notes)


EXACT_IN_FLOATS = 2**53
CELLS = "cells"  # the number that a note on how they were read tells


def texts(column: pd.Series) -> pd.Series:
    """A column as text, trimmed; empty cells are missing."""
    if pd.api.types.is_float_dtype(column):
        # An id column with gaps arrives as 17850.0. Of longer numbers a float keeps the first
        # digits only: they stay in scientific notation, and are refused as ids.
        there = column.dropna()
        if (there % 1 == 0).all() and (there.abs() < EXACT_IN_FLOATS).all():
            column = column.astype("Int64")
    text = column.astype("string").str.strip()
    return text.mask(text == "").astype("str")


def _reader(column: str, table: Table, params: SourceParams) -> Callable[[pd.Series], Reading]:
    kind = table.columns.get(column)
    if kind == TIME:
        open_ended = column in table.later or (
            column == table.time and column not in table.required
        )
        return lambda cells: read_times(cells, params.timezone, open_ended)
    if kind == YESNO:
        return _yes_or_no
    return lambda cells: Reading(_text(cells, kind), no_reasons(cells))


def _text(column: pd.Series, kind: str | None) -> pd.Series:
    if kind == TEXT or column.dtype == object or pd.api.types.is_bool_dtype(column):
        return texts(column)
    if pd.api.types.is_float_dtype(column):  # infinity orders nobody and is no JSON
        return column.mask(column.isin([np.inf, -np.inf]))
    return column


def _yes_or_no(column: pd.Series) -> Reading:
    words = column.astype("str").str.strip().str.lower()
    values = words.map(dict.fromkeys(YES_WORDS, True) | dict.fromkeys(NO_WORDS, False)).astype(
        "boolean"
    )
    reasons = no_reasons(column)
    reasons[filled(column) & values.isna()] = "is not yes or no"
    return Reading(values, reasons)


def _as_read(column: str, table: Table, read: HowRead, rows: int) -> Note:
    declared = f"source.numbers.{table.name}.{column}, with one of them as it should be read"
    if table.columns.get(column) == TIME:
        declared = f"source.derive.{table.name}.{column} or source.timezone"
    cure = f"If that is wrong, say how with {declared}."

    def of(counts: Mapping[str, int]) -> Note:
        return _as_read(column, table, replace(read, cells=counts.get(CELLS)), rows)

    counts = {} if read.cells is None else {CELLS: read.cells}
    counted = Counted(counts, of, (read.how, read.then, read.decided))
    return Note("read_as", "advice", column, rows, str(read), cure, counted=counted)
