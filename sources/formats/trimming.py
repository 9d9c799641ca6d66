"""Where a table begins and ends in a sheet made for people: titles above it, totals below it.

    Sales report;;;                title: skipped
    Period;2023;;                  title: skipped
    date;order;client;sum          the header
    02.06.2023;1001;302;1053,00
    Total;;;1053,00                a row of totals: left out
    Prepared by: A. Ivanova;;;     a remark: left out

Rows are lists of cells as text; an empty cell is an empty text. The same for CSV and Excel.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sources.meanings.totals_rows import is_of_totals

Row = Sequence[str]
LOOKED_AT = 50  # first rows among which the header is looked for
OF_TITLES = 0.5  # share of the columns that a row of titles fills at most
OF_HEADER = 0.8  # share of the columns that a header names at least
LEAST_OF_REMARK = 3  # columns of a table that has remarks below it: of fewer a row may be one cell
VALUE = re.compile(r"[^\w]*\d[\d\s.,:/TZ+%-]*\W*")  # a number, a date or a time


@dataclass(frozen=True)
class Trimmed:
    """How many rows stand above the header, and of those below the table how many are what."""

    titles: int = 0
    totals: int = 0
    remarks: int = 0
    blank: int = 0

    @property
    def below(self) -> int:
        """Rows that are cut off at the end."""
        return self.totals + self.remarks + self.blank


NOTHING = Trimmed()


def titles_above(rows: Sequence[Row]) -> int:
    """How many of the first rows stand above the header; 0 where the first row may be it."""
    rows = rows[:LOOKED_AT]
    width = max((_last_filled(row) for row in rows), default=0)
    for number, row in enumerate(rows):
        filled = _filled(row)
        is_named = len(filled) >= OF_HEADER * width and not any(map(VALUE.fullmatch, filled))
        if len(filled) > 1 and is_named:
            return number
        if len(filled) > max(1, OF_TITLES * width):
            return 0
    return 0


def rows_below(rows: Sequence[Row], width: int) -> Trimmed:
    """What of the last rows is no part of a table of `width` columns."""
    totals = remarks = blank = 0
    for row in reversed(rows):
        filled = _filled(row)
        if not filled:
            blank += 1
        elif is_of_totals(filled[0]) and (
            len(filled) <= max(1, OF_TITLES * width) or len(row) != width
        ):
            totals += 1
        elif len(filled) == 1 and width >= LEAST_OF_REMARK and _is_remark(filled[0]):
            remarks += 1
        else:
            break
    if not totals + remarks:
        return NOTHING
    return Trimmed(totals=totals, remarks=remarks, blank=blank)


def _is_remark(text: str) -> bool:
    """Words; an id or a number alone is what is left of a row that was not copied whole."""
    return bool(re.search(r"[^\W\d_]{2,}.*[\s:].*\w", text)) and not VALUE.fullmatch(text)


def _filled(row: Row) -> list[str]:
    return [cell.strip() for cell in row if cell.strip()]


def _last_filled(row: Row) -> int:
    return max((place for place, cell in enumerate(row, start=1) if cell.strip()), default=0)
