"""The line for params.yaml that makes an unreadable column readable."""

import re
from collections.abc import Sequence

import pandas as pd

from core.clock import utc_now
from sources.contract import Table
from sources.cures import own, pasted, yaml_key
from sources.meanings.ids import EXPORT_AS_TEXT, LOST_DIGITS
from sources.meanings.totals_rows import OF_TOTALS, without_totals
from sources.params import SourceParams
from sources.tables.number_cures import number_cure
from sources.written.numbers import NOT_A_NUMBER, UNMARKED, UNMARKED_POINT
from sources.written.times import (
    DIGITS,
    EXCEL,
    MICROSECONDS,
    MILLISECONDS,
    NANOSECONDS,
    NOT_A_DATE,
    SECONDS,
    SKIPPED,
    UNORDERED,
)

FROM_NUMBERS = {
    SECONDS: "to_timestamp(try_cast({} AS DOUBLE))",
    MILLISECONDS: "epoch_ms(try_cast({} AS BIGINT))",
    MICROSECONDS: "make_timestamp(try_cast({} AS BIGINT))",
    NANOSECONDS: "make_timestamp(try_cast({} AS BIGINT) // 1000)",
    EXCEL: "TIMESTAMP '1899-12-30' + to_seconds(round(try_cast({} AS DOUBLE) * 86400))",
    DIGITS: "try_strptime(CAST(try_cast({} AS BIGINT) AS VARCHAR), '%Y%m%d')",
}
NO_CHANCE = "is not a probability (0 to 1)"
NO_COST = "is not what a contact costs (0 or more)"
MIN_SHARE_READ = 0.5  # share of the cells that a line has to read
FEW = 0.01  # share of the cells that may be typing mistakes
FORMS = 3  # ways of writing that one cure names


def cure(reason: str, cells: pd.Series, table: Table, params: SourceParams) -> str:
    """The line that makes the cells readable, or how they should look; empty for other reasons."""
    column, _, why = reason.partition(" ")
    return cure_of(column, why, cells, table, params)


def cure_of(column: str, why: str, cells: pd.Series, table: Table, params: SourceParams) -> str:
    """As `cure`, of a column whose name may hold anything."""
    if why in FROM_NUMBERS:
        return f"Write below source: in params.yaml: {_derived(why, column, table, params)}."
    if why == OF_TOTALS:
        return without_totals(cells, column, table, params)
    if why == LOST_DIGITS:
        return EXPORT_AS_TEXT
    if why == UNORDERED:
        return _orders(cells, column, table, params)
    if why.startswith(SKIPPED):
        return (
            "Such a time shows that the others are of another zone too: name it in source.timezone "
            "(UTC if the export is in UTC), or mend the rows."
        )
    if why in (UNMARKED, UNMARKED_POINT):
        where = f"numbers: {{{table.name}: {{{yaml_key(column)}: "
        mark, thousands, decimals = (
            ("comma", "1,234.56", "1.234,56")
            if why == UNMARKED
            else ("point", "1.234,56", "1,234.56")
        )
        return (
            f'Write below source: in params.yaml {where}"{thousands}"}}}} where the {mark} stands '
            f'between thousands, {where}"{decimals}"}}}} where it stands before decimals.'
        )
    name = own(column, table, params)
    if why == NOT_A_DATE:
        form = f"try_strptime({name}, '%Y_%m_%d')"
        return (
            "Dates are written 2017-11-15 09:30, 15.11.2017 9:30, 11/15/2017 or Nov 15, 2017; say "
            f"how others are, for example {pasted('derive', {table.name: {column: form}}, params)}."
        )
    if why == NO_CHANCE:
        line = pasted("derive", {table.name: {column: f"try_cast({name} AS DOUBLE) / 100"}}, params)
        return f"If it is in percent, write below source: in params.yaml: {line}."
    if why == NO_COST:
        line = pasted("derive", {table.name: {column: f"abs(try_cast({name} AS DOUBLE))"}}, params)
        return f"If it is booked as an expense, write below source: in params.yaml: {line}."
    if why == NOT_A_NUMBER:
        return number_cure(cells, column, table, params)
    return ""


def _orders(cells: pd.Series, column: str, table: Table, params: SourceParams) -> str:
    """A line for each of the orders, of day, month and year, in which the cells are dates."""
    forms = _forms(cells)
    lines = []
    for first, form in (("day", _day_first), ("month", _exchanged), ("year", _year_first)):
        given = [form(written) for written in forms]
        if _reads(cells, given):
            line = pasted(
                "derive", {table.name: {column: _parsed(column, given, table, params)}}, params
            )
            lines.append(f"where the {first} stands first: {line}")
    return f"Write below source: in params.yaml, {'; '.join(lines)}." if lines else ""


def _reads(cells: pd.Series, forms: Sequence[str]) -> bool:
    """Whether most of the cells are dates in one of the forms, and hardly any is to come."""
    texts = cells.astype("str").str.strip()
    times = pd.concat([pd.to_datetime(texts, format=f, errors="coerce") for f in forms], axis=1)
    to_come = (times > utc_now()).any(axis=1)
    return bool(times.notna().any(axis=1).mean() > MIN_SHARE_READ and to_come.mean() <= FEW)


def _day_first(form: str) -> str:
    return form


def _year_first(form: str) -> str:
    return form.replace("%d", "%-").replace("%y", "%d").replace("%-", "%y")


def _derived(why: str, column: str, table: Table, params: SourceParams) -> str:
    expression = FROM_NUMBERS[why].format(own(column, table, params))
    return pasted("derive", {table.name: {column: expression}}, params)


def _parsed(column: str, forms: Sequence[str], table: Table, params: SourceParams) -> str:
    listed = ", ".join(f"'{form}'" for form in forms)
    given = listed if len(forms) == 1 else f"[{listed}]"
    return f"try_strptime({own(column, table, params)}, {given})"


def _forms(cells: pd.Series) -> list[str]:
    """The forms, day first, in which the cells are written, the most frequent first."""
    forms = cells.astype("str").str.strip().map(_form)
    return [str(form) for form in forms.value_counts().index[:FORMS]]


def _form(text: str) -> str:
    date, *clock = re.split(r"[T,\s]+", text, maxsplit=1)
    mark = re.sub(r"\d", "", date)[:1]
    year = "%Y" if re.search(r"\d{4}$", date) else "%y"
    form = f"%d{mark}%m{mark}{year}"
    if not clock:
        return form
    time = re.sub(r"\d+:\d+:\d+[.,]\d+", "%H:%M:%S.%f", clock[0])
    time = re.sub(r"\d+:\d+:\d+", "%H:%M:%S", time)
    time = re.sub(r"\d+:\d+", "%H:%M", time)
    if half := re.search(r"[AaPp][Mm]", time):
        time = time.replace("%H", "%I").replace(half[0], "%p")
    return f"{form}{text[len(date)]}{time}"


def _exchanged(form: str) -> str:
    return form.replace("%d", "%-").replace("%m", "%d").replace("%-", "%m")
