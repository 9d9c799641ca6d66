"""One written time taken apart, with the day or the month first.

"15.11.2017 9:30"         2017-11-15 09:30
"Nov 15, 2017 9:30 PM"    2017-11-15 21:30
"2017-11-15 24:00"        2017-11-16 00:00
"9999-12-31 23:59:59.9999999 +03:00"
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.clock import utc_now
from sources.written.numbers import MOST_DOUBTED

Order = Literal["day first", "month first"]

CLOCK = (
    r"(?:[T,\s]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
    r"\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
)
YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})([-/.])(?P<one>\d{{1,2}})\2(?P<two>\d{{1,2}}){CLOCK}")
YEAR_LAST = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<mark>[-/.])(?P<two>\d{{1,2}})\2(?P<year>\d{{4}}|\d{{2}}){CLOCK}"
)
DAY_NAMED = re.compile(
    rf"(?P<one>\d{{1,2}})[-\s.]+(?P<name>[A-Za-z]{{3,9}})\.?[-,\s]+(?P<year>\d{{4}}){CLOCK}"
)
DIGITS = re.compile(rf"(?P<year>\d{{4}})(?P<one>\d{{2}})(?P<two>\d{{2}}){CLOCK}")
MONTH_NAMED = re.compile(
    rf"(?P<name>[A-Za-z]{{3,9}})\.?\s+(?P<one>\d{{1,2}}),?\s+(?P<year>\d{{4}}){CLOCK}"
)
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
FIRST_OF_TWO_DIGITS = 70  # 70 is 1970, 69 is 2069
LEAST_YEARS = 5  # so many different years, and more than days, are days


@dataclass(frozen=True)
class Written:
    """A time as it stands; `zone` is its own offset from UTC where it has one."""

    time: datetime
    is_date: bool
    zone: timedelta | None

    def utc(self) -> datetime:
        """In UTC where the time names its zone, else as it stands."""
        try:
            return self.time - (self.zone or timedelta())
        except OverflowError:  # an open end, on the last day that there is
            return self.time


def day_order(cells: Iterable[tuple[str, int]]) -> Order | None:
    """Whether day or month stands first in these cells (with counts); None where none shows it.

    A number above 12 is a day, whether it stands first or second. Points between them put the day
    first unless a cell shows otherwise: nobody writes it the other way round. Where the first
    number seems to be a year of two digits (22-01-30), the user has to say so.
    """
    day_first = month_first = dotted = 0
    cells = list(cells)
    if starts_with_year(cells):
        return None
    for text, count in cells:
        parts = YEAR_LAST.fullmatch(text)
        if parts:
            dotted += count * (parts["mark"] == ".")
            day_first += count * (int(parts["one"]) > 12 >= int(parts["two"]))
            month_first += count * (int(parts["two"]) > 12 >= int(parts["one"]))
    telling = day_first + month_first
    if not telling:
        return "day first" if dotted else None
    if min(day_first, month_first) > MOST_DOUBTED * telling:
        return None
    return "day first" if day_first > month_first else "month first"


def starts_with_year(cells: Iterable[tuple[str, int]]) -> bool:
    """Whether the years of these cells have two digits and seem to stand first.

    In 22-01-30 both 2022 and 2030 may be the year. The last numbers are days, and not years, where
    some of them would be years in the future, or where they vary more than the first ones.
    """
    this_year = utc_now().year % 100
    firsts, lasts = set(), set()
    fit = dates = to_come = 0
    for text, count in cells:
        parts = YEAR_LAST.fullmatch(text)
        if not parts:
            continue
        first, second, last = int(parts["one"]), int(parts["two"]), int(parts["year"])
        dates += count
        fit += count * (len(parts["year"]) == 2 and _is_day(second, last) and first <= this_year)
        to_come += count * (this_year < last < FIRST_OF_TWO_DIGITS)
        firsts.add(first)
        lasts.add(last)
    if not dates or fit < (1 - MOST_DOUBTED) * dates:
        return False
    return to_come > MOST_DOUBTED * dates or len(lasts) > max(LEAST_YEARS, len(firsts))


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31


def is_unordered(text: str) -> bool:
    """Whether a text is a date only once it is known which of day and month stands first."""
    return YEAR_LAST.fullmatch(text) is not None


def written(text: str, order: Order | None) -> Written | None:
    """A text as a time; None where it is none, or `order` would have to be known."""
    for form in (YEAR_FIRST, DIGITS, YEAR_LAST, DAY_NAMED, MONTH_NAMED):
        if parts := form.fullmatch(text):
            break
    else:
        return None
    if form in (YEAR_FIRST, DIGITS):
        month, day = int(parts["one"]), int(parts["two"])
    elif form is YEAR_LAST:
        first, second = int(parts["one"]), int(parts["two"])
        if order is None:
            return None
        day, month = (first, second) if order == "day first" else (second, first)
    else:
        found = [n for n, name in enumerate(MONTHS, 1) if name.startswith(parts["name"].lower())]
        if len(found) != 1:
            return None
        month, day = found[0], int(parts["one"])
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 1900 if year >= FIRST_OF_TWO_DIGITS else 2000
    return _built(parts, year, month, day)


def _built(parts: "re.Match[str]", year: int, month: int, day: int) -> Written | None:
    is_date = parts["hour"] is None
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if parts["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (parts["half"].lower() == "p")
    next_day = hour == 24 and minute == second == 0  # the end of a day, as some write midnight
    # Of nanoseconds what a time here can hold: whole microseconds.
    micro = int((parts["fraction"] or "0").ljust(6, "0")[:6])
    try:
        time = datetime(year, month, day, 0 if next_day else hour, minute, second, micro)  # noqa: DTZ001
        time += timedelta(days=next_day)
    except (ValueError, OverflowError):
        return None
    return Written(time, is_date, None if is_date else _zone(parts["zone"]))


def _zone(text: str | None) -> timedelta | None:
    """The offset from UTC that a time carries."""
    if not text or text.upper() in ("Z", "UTC", "GMT"):
        return timedelta() if text else None
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if text[0] == "-" else offset
