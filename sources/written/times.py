"""Times as people write them; where one cell is ambiguous, the whole column decides.

    2017-11-15 09:30, 15.11.2017 9:30, Nov 15, 2017 9:30 AM     read as they stand
    02/03/2024                                                  3 February where 02/13/2024 is there
    2017-11-15 beside 2017-11-15 09:30                          that day, in whatever zone
    9999-12-31, infinity                                        no end yet, where an end may be open

Nothing is guessed: where no cell of a column shows which is the day and which the month, none of
them is read as a date.
"""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sources.written.reading import HowRead, Reading, filled, no_reasons, shown
from sources.written.written_times import Order, Written, day_order, is_unordered, written

NOT_A_DATE = "is not a date"
UNORDERED = f"{NOT_A_DATE}: the column does not show which is the day and which the month"
SECONDS = f"{NOT_A_DATE} but a number, by its size seconds since 1970"
MILLISECONDS = f"{NOT_A_DATE} but a number, by its size milliseconds since 1970"
MICROSECONDS = f"{NOT_A_DATE} but a number, by its size microseconds since 1970"
NANOSECONDS = f"{NOT_A_DATE} but a number, by its size nanoseconds since 1970"
EXCEL = f"{NOT_A_DATE} but a number, by its size a day of Excel"
DIGITS = f"{NOT_A_DATE} but a number, by its digits year, month and day"
SKIPPED = "is a time that the clocks of "  # … skipped
# In seconds a time of 2001 to 2286; as a day of Excel one of 1982 to 2064.
SIZES = (
    (1e9, 1e10, SECONDS),
    (1e12, 1e13, MILLISECONDS),
    (1e15, 1e16, MICROSECONDS),
    (1e18, 9e18, NANOSECONDS),
    (3e4, 6e4, EXCEL),
)
OPEN_FROM = np.datetime64(
    "2099-01-01"
)  # an end from here on is how systems write that there is none
NEVER_UNTIL = np.datetime64("1970-01-02")  # so are the zeros of calendars: 1970, 1900, 1
OPEN_WORDS = ("infinity", "+infinity")
MIDNIGHTS = 0.01  # share of times at midnight above which they are dates: by chance 1 in 1,440 is
LEAST_MIDNIGHTS = 20
FIRST_OF_ZONES, LAST_OF_ZONES = np.datetime64("1900-01-01"), np.datetime64("2100-01-01")
ISO = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?"
ZONED = r"[Zz]$|:\d{2}(?:\.\d+)?[+-]\d{2}:?\d{2}$"  # of what is ISO
ISO_DAY = len("2017-11-15")


@dataclass(frozen=True)
class _Cells:
    """Times as they stand; which are dates alone, in UTC already, or words for an open end."""

    times: pd.Series
    is_date: "pd.Series[bool]"
    in_utc: "pd.Series[bool]"
    is_open: "pd.Series[bool]"


def read_times(column: pd.Series, timezone: str, open_ended: bool = False) -> Reading:
    """A column in UTC, without a zone attached; times that name no zone are in `timezone`.

    A date without a time stays that date in any zone. In a column that is `open_ended`, a far
    future and the zero of a calendar mean that the end has not come yet.
    """
    nowhere = pd.Series(data=False, index=column.index)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        utc = column.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
        reading = Reading(utc, no_reasons(column))
        return _in_utc(_Cells(utc, nowhere, ~nowhere, nowhere), reading, timezone, open_ended)
    if pd.api.types.is_datetime64_any_dtype(column):
        times = column.astype("datetime64[us]")
        reading = Reading(times, no_reasons(column))
        return _in_utc(_Cells(times, nowhere, nowhere, nowhere), reading, timezone, open_ended)
    if pd.api.types.is_numeric_dtype(column):
        never = pd.Series(pd.NaT, index=column.index, dtype="datetime64[us]")
        reasons = [number_reason(value) if value == value else "" for value in column.astype(float)]
        return Reading(never, pd.Series(reasons, index=column.index, dtype="str"))
    text = column.astype("str").str.strip()
    cells, reading = _texts(text.where(filled(column), ""), open_ended)
    return _in_utc(cells, reading, timezone, open_ended)


def number_reason(value: float) -> str:
    """What a number in place of a time seems to be."""
    for low, high, reason in SIZES:
        if low <= abs(value) < high:
            return reason
    return DIGITS if 19_000_101 <= value < 21_000_101 else NOT_A_DATE


def _texts(text: "pd.Series[str]", open_ended: bool) -> tuple[_Cells, Reading]:
    """ISO times at once, all others one by one: they are slower to read and seldom many."""
    is_iso = text.str.fullmatch(ISO)
    zoned = is_iso & text.str.contains(ZONED)
    naive = pd.to_datetime(text.where(is_iso & ~zoned), format="ISO8601", errors="coerce")
    own = pd.to_datetime(text.where(zoned), format="ISO8601", errors="coerce", utc=True)
    times = naive.astype("datetime64[us]")
    times = times.where(~zoned, own.dt.tz_localize(None).astype("datetime64[us]"))
    is_open = text.str.lower().isin(OPEN_WORDS) & open_ended
    cells = _Cells(times, is_iso & (text.str.len() == ISO_DAY), zoned, is_open)
    left = (text != "") & times.isna() & ~is_open
    if not left.any():
        return cells, Reading(times, no_reasons(text))
    codes, distinct = pd.factorize(text[left])
    counts = np.bincount(codes, minlength=len(distinct)).tolist()
    order = day_order(zip(distinct, counts, strict=True))
    read = [written(text, order) for text in distinct]
    in_utc = [cell is not None and cell.zone is not None for cell in read]
    found = pd.DataFrame(
        {
            "time": pd.Series([cell and cell.utc() for cell in read], dtype="datetime64[us]"),
            "is_date": [cell is not None and cell.is_date for cell in read],
            "in_utc": in_utc,
            "reason": [
                "" if cell else _reason(text, order)
                for text, cell in zip(distinct, read, strict=True)
            ],
        }
    )
    found = found.take(codes).set_index(text.index[left])
    places = text.index[left]
    times[places], cells.is_date[places] = found["time"], found["is_date"]
    cells.in_utc[places] = found["in_utc"]
    reasons = no_reasons(text)
    reasons[places] = found["reason"]
    notes = _as_read(
        list(zip(distinct, read, strict=True)), order, int((found["reason"] == "").sum())
    )
    return cells, Reading(times, reasons, notes)


def _reason(text: str, order: Order | None) -> str:
    if re.fullmatch(r"\d+(\.\d*)?", text):
        return number_reason(float(text))
    return UNORDERED if order is None and is_unordered(text) else NOT_A_DATE


def _as_read(
    pairs: list[tuple[str, Written | None]], order: Order | None, cells: int
) -> tuple[HowRead, ...]:
    read = [
        (text, f"{cell.time:%Y-%m-%d %H:%M}")
        for text, cell in pairs
        if cell and not text.startswith(f"{cell.time:%Y-%m-%d}")
    ]
    if not read:
        return ()
    how = f", {order}" if order and any(is_unordered(text) for text, _ in read) else ""
    sentence = f"cells are not written as ISO dates and are read{how}: "
    return (HowRead(sentence, cells, shown(read), decided=str(order)),)


def _in_utc(cells: _Cells, reading: Reading, timezone: str, open_ended: bool) -> Reading:
    """Times without a zone of their own, brought from `timezone` to UTC."""
    times, reasons, notes = cells.times, reading.reasons, list(reading.notes)
    beyond = ((times >= OPEN_FROM) | (times < NEVER_UNTIL)) if open_ended else cells.is_open
    if (beyond | cells.is_open).any():
        times = times.mask(beyond)
        notes.append(
            HowRead(
                "cells lie in the far future or before 1970, which is how systems write that there "
                "is none: empty",
                int((beyond | cells.is_open).sum()),
            )
        )
    naive = times.notna() & ~cells.in_utc & ~cells.is_date
    midnight = naive & (times == times.dt.normalize())
    least = min(naive.sum(), max(LEAST_MIDNIGHTS, MIDNIGHTS * naive.sum()))
    are_dates = midnight.any() and midnight.sum() >= least
    if are_dates:
        naive &= ~midnight
    if timezone == "UTC" or not naive.any():
        return Reading(times, reasons, tuple(notes))
    dates = int((times.notna() & ~naive & ~cells.in_utc).sum())
    if dates:
        others = f"the others are times of {timezone}"
        how = f"cells are dates alone and stay those days; {others}"
        notes.append(HowRead(how, dates, decided="midnights are dates" if are_dates else ""))
    # No zone's rules reach further, and the far ends of time would run over.
    naive &= (times >= FIRST_OF_ZONES) & (times < LAST_OF_ZONES)
    local, zone = times[naive], ZoneInfo(timezone)
    sure = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    first = local.dt.tz_localize(zone, ambiguous=np.ones(len(local), bool), nonexistent="NaT")
    skipped, repeated = first.isna(), sure.isna() & first.notna()
    times = times.copy()
    times[local.index] = first.dt.tz_convert("UTC").dt.tz_localize(None)
    reasons = reasons.copy()
    reasons[local.index[skipped]] = f"{SKIPPED}{timezone} skipped"
    if repeated.any():
        notes.append(
            HowRead(
                f"cells lie in an hour that the clocks of {timezone} showed twice; the first is "
                "taken, which may be an hour early: ",
                int(repeated.sum()),
                str(local[repeated].iloc[0]),
            )
        )
    return Reading(times, reasons, tuple(notes))
