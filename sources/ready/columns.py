"""The columns of a ready table that are features: numbers and texts, by what their cells show.

What cannot be learned from is left out and told: a column that is empty, that never varies, that
holds dates, or that is an id of its own for everybody.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.errors import TableError
from sources.contract import Table
from sources.notes import Note, Said
from sources.params import SourceParams
from sources.tables.cell_cures import cure_of
from sources.tables.cells import texts
from sources.written.numbers import NOT_A_NUMBER, marks, read_numbers
from sources.written.reading import filled
from sources.written.times import DIGITS, UNORDERED, number_reason, read_times

WhyLeftOut = Literal["empty", "constant", "dates", "id", "too_large"]
NUMBERS = 0.95  # share of the known cells that are numbers where a column counts as numbers
DATES = 0.9  # share of the distinct cells that are dates where a column counts as dates
LOOKED_AT = 200  # distinct cells, to see whether they are dates
FEWEST = 20  # customers, of whom different values say that a column is an id
LARGE_IDS = 1_000_000  # whole numbers from here on that are all different are ids
LARGEST = 9e12  # beyond it a number is none that could be told to anybody
ID_NAME = re.compile(
    r"(?:^|[\W_])(?:id|no|nr|num|number|code|phone|inn)(?:[\W_]|$)|(?<=[a-z])(?:ID|Id|Number)$"
    r"|rownumber|номер|(?:^|[\W_])(?:код|инн|снилс)|телефон|№",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class LeftOut:
    """A column that is not learned from, and why."""

    name: str
    why: WhyLeftOut


@dataclass(frozen=True)
class Columns:
    """The features by the user's own names, what was left out, and how cells were read."""

    values: pd.DataFrame
    left_out: tuple[LeftOut, ...]
    notes: tuple[Note, ...]


def read_columns(
    given: pd.DataFrame, customers: "pd.Series[str]", table: Table, params: SourceParams
) -> Columns:
    """Type every column of `given` (n,); `customers` says whose row each is.

    A column that source.derive writes is never taken for an id. Raises TableError for a column of
    numbers that does not show what its comma or point stands for.
    """
    derived = params.derive.get(table.name, {})
    people = int(customers.nunique())
    numbers = _numbers(given, table, params)
    found: dict[str, pd.Series] = {}
    left_out: list[LeftOut] = []
    notes: list[Note] = []
    for name in map(str, given.columns):
        column = numbers.values.get(name)
        if column is None:
            column = texts(given[name])
        notes += numbers.notes.get(name, [])
        why = _why_left_out(name, column, customers, people, name in derived)
        if why is None:
            found[name] = column
        else:
            left_out.append(LeftOut(name, why))
    return Columns(pd.DataFrame(found, index=given.index), tuple(left_out), tuple(notes))


@dataclass(frozen=True)
class _Numbers:
    values: Mapping[str, pd.Series]
    notes: Mapping[str, list[Note]]


def _numbers(given: pd.DataFrame, table: Table, params: SourceParams) -> _Numbers:
    """The columns that hold numbers, as float64."""
    values: dict[str, pd.Series] = {}
    written: dict[str, pd.Series] = {}
    for name in map(str, given.columns):
        column = given[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            continue
        if pd.api.types.is_bool_dtype(column):  # a text of two values: True and False
            continue
        if pd.api.types.is_numeric_dtype(column):
            plain = pd.to_numeric(column, errors="coerce").astype("float64")
            values[name] = plain.mask(np.isinf(plain))
        elif _are_numbers(column):
            written[name] = column
    declared = params.numbers.get(table.name, {})
    decimal_marks = marks(written, declared)
    notes: dict[str, list[Note]] = {}
    for name, column in written.items():
        reading = read_numbers(column, decimal_marks.get(name))
        for why in reading.reasons[reading.reasons != ""].unique():
            if why != NOT_A_NUMBER:
                cells = column[reading.reasons == why]
                raise TableError(
                    f"{table.name}: {name} {why} ({len(cells):,} cells, such as {cells.iloc[0]}). "
                    + cure_of(name, why, cells, table, params)
                )
        values[name] = reading.values
        notes[name] = [_as_read(name, str(read), len(column)) for read in reading.notes]
        odd = column[reading.reasons == NOT_A_NUMBER]
        if len(odd):
            notes[name].append(_no_numbers(name, odd))
    return _Numbers(values, notes)


def _are_numbers(column: pd.Series) -> bool:
    """Whether nearly all known cells are numbers, in whatever notation."""
    known = column[filled(column)]
    if known.empty:
        return False
    # A sample first: most columns of text show at once that they are no numbers.
    for some in (known.drop_duplicates().head(LOOKED_AT), known):
        if (read_numbers(some).reasons == NOT_A_NUMBER).mean() > 1 - NUMBERS:
            return False
    return True


def _why_left_out(
    name: str, column: pd.Series, customers: "pd.Series[str]", people: int, is_derived: bool
) -> WhyLeftOut | None:
    known = column.dropna()
    if known.empty:
        return "empty"
    distinct = known.nunique()
    if distinct == 1 and len(known) == len(column):
        return "constant"
    if pd.api.types.is_numeric_dtype(column):
        if known.abs().max() > LARGEST:
            return "too_large"
        if _are_days(known):
            return "dates"
        of_each = pd.DataFrame({"who": customers, "what": column}).dropna().drop_duplicates("who")
        if not is_derived and _are_numbers_of_people(name, of_each["what"], people):
            return "id"
        return None
    if _are_dates(known):
        return "dates"
    if not is_derived and distinct > max(FEWEST, people / 2):
        return "id"
    return None


def _are_days(known: "pd.Series[float]") -> bool:
    """Whether whole numbers are days such as 20240531."""
    distinct = pd.Series(known.unique())
    if not ((distinct % 1 == 0) & distinct.map(lambda n: number_reason(n) == DIGITS)).all():
        return False
    days = pd.to_datetime(distinct.astype("int64").astype("str"), format="%Y%m%d", errors="coerce")
    return bool(days.notna().all())


def _are_dates(known: pd.Series) -> bool:
    some = known.drop_duplicates().head(LOOKED_AT)
    if not some.str.contains(r"\d", regex=True).mean() > DATES:
        return False
    reasons = read_times(some, "UTC").reasons
    return bool(((reasons == "") | (reasons == UNORDERED)).mean() >= DATES)


def _are_numbers_of_people(name: str, values: "pd.Series[float]", people: int) -> bool:
    """Whether everybody has a whole number of their own, which only tells people apart."""
    if people < FEWEST or len(values) < people or values.nunique() < people:
        return False
    if not (values % 1 == 0).all():
        return False
    is_counted_up = values.max() - values.min() + 1 == people
    return bool(is_counted_up or ID_NAME.search(name) or values.min() >= LARGE_IDS)


def _as_read(name: str, text: str, rows: int) -> Note:
    return Note(
        "read_as",
        "advice",
        name,
        rows,
        text,
        f"If that is wrong, say how with source.numbers.table.{name}, with one of them as it "
        f"should "
        "be read.",
    )


def _no_numbers(name: str, odd: pd.Series) -> Note:
    words = odd.astype("str").str.strip().value_counts()
    named = ", ".join(map(str, words.index[:5]))
    return Note(
        "no_numbers",
        "warning",
        name,
        len(odd),
        f"cells of a column of numbers that are none, and count as missing: {named}",
        f"If they mean a number, say which with source.derive.table.{name}; else nothing has to be "
        "done.",
        Said("no_numbers", named=named, column=name),
    )
