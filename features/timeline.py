"""Time: the only module that compares a date with an as-of date.

Everything is counted in whole days: `day` is the number of days from 1970-01-01 to the UTC day of a
time. As-of dates are midnights, so `event_time < as_of_date` and `day < day_of(as_of_date)` mean
the same, and integers are the same on every engine.

    as-of date 2017-11-15:   known  = 2017-11-14 23:59:59.999999 and earlier
                             label  = 2017-11-15 00:00 ... 2017-12-12 23:59:59.999999 (28 days)
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from core.arrays import IntArray
from sources.contract import Table

SECONDS_PER_DAY = 86_400
EPOCH = date(1970, 1, 1)
ALWAYS = -1  # the edition of customers whose rows were all known in time
ALL_KNOWN = 1_000_000  # the edition that knows everything, as an as-of day far beyond all data


def day_of(when: date) -> int:
    """Days from 1970-01-01 to `when`."""
    return (when - EPOCH).days


def date_of(day: int) -> date:
    """The date that `day_of` counts."""
    return EPOCH + timedelta(days=int(day))


def parse_day(text: str) -> int:
    """The day of a date as ISO text."""
    return day_of(date.fromisoformat(text))


def days(time: Any) -> Any:
    """The whole-day number of an Ibis timestamp (UTC)."""
    return time.epoch_seconds() // SECONDS_PER_DAY


def whole_seconds(time: Any) -> Any:
    """Whole seconds from 1970-01-01 to an Ibis timestamp: DuckDB alone would give fractions."""
    return time.epoch_seconds() // 1


def with_days(table: ir.Table, contract: Table) -> ir.Table:
    """Add `day` and `known_day`: when a row happened, and when it had happened and reached us.

    A row without `known_at` was known when it happened. A row that is announced in advance (its
    `known_at` lies before its own time) counts from the day it happens.
    """
    happened = days(table[contract.time])
    known = days(table["known_at"]) if "known_at" in table.columns else happened
    return table.mutate(
        day=happened, known_day=ibis.greatest(happened, ibis.coalesce(known, happened))
    )


def known(rows: ir.Table, moment: ir.Table) -> ir.Table:
    """Rows that had happened and had reached us before the as-of date, with their age.

    `moment` is the one-row table of the as-of date; its columns are added. `ago` is days before the
    as-of date: 1 is the day before it.
    """
    dated = rows.cross_join(moment)
    dated = dated.filter(dated.known_day < dated.as_of)
    return dated.mutate(ago=dated.as_of - dated.day)


def emptied(rows: ir.Table, contract: Table) -> ir.Table:
    """`known` rows; cells that were filled in after the as-of date are empty again.

    A cell whose time is unknown could have been filled at any later time: it is empty too.
    """
    for time, cells in contract.later.items():
        has_time = time in rows.columns
        filled = days(rows[time]) < rows.as_of if has_time else ibis.literal(False)
        rows = rows.mutate(
            **{
                cell: ibis.ifelse(filled, rows[cell], ibis.null(rows[cell].type()))
                for cell in (*cells, time)
                if cell in rows.columns
            }
        )
    return rows


def editions(rows: ir.Table, dates: ir.Table) -> ir.Table:
    """Adds `edition`, so that facts that depend on several rows are computed once for all dates.

    Nearly all customers have one edition of their history, ALWAYS: whatever the as-of date, the
    rows that were known are those that had happened. Where a row reached us only after one of the
    as-of dates (column `as_of` of `dates`) that it precedes, the customer has an edition for each
    date, holding the rows that were known then, and one for ALL_KNOWN.

        as-of dates 10, 20; row of day 8, known on day 12: editions 20 and ALL_KNOWN have it, 10 not
    """
    if not has_late_rows(rows):
        return rows.mutate(edition=ibis.literal(ALWAYS, "int64"))
    late = rows.filter(rows.known_day > rows.day).select("customer_id", "day", "known_day")
    missed = late.inner_join(dates, (dates.as_of > late.day) & (dates.as_of <= late.known_day))
    restless = missed.select("customer_id").distinct()
    calm = rows.anti_join(restless, "customer_id").mutate(edition=ibis.literal(ALWAYS, "int64"))
    each = rows.semi_join(restless, "customer_id").cross_join(dates)
    each = each.filter(each.known_day < each.as_of).mutate(edition=each.as_of).drop("as_of")
    return calm.union(each.select(*calm.columns))


def has_late_rows(rows: ir.Table) -> bool:
    """Whether rows can reach us later than they happen: whether the source says when they did."""
    return "known_at" in rows.columns


def visible(rows: ir.Table, moment: ir.Table) -> ir.Table:
    """The rows of the editions that could be seen at the as-of date, with `ago` as in `known`."""
    dated = rows.cross_join(moment)
    dated = dated.filter(
        ((dated.edition == ALWAYS) & (dated.day < dated.as_of)) | (dated.edition == dated.as_of)
    )
    return dated.mutate(ago=dated.as_of - dated.day)


def all_known(rows: ir.Table) -> ir.Table:
    """The editions after everything has become known: the rows that outcomes are made of."""
    return rows.filter((rows.edition == ALWAYS) | (rows.edition == ALL_KNOWN))


def outcome(rows: ir.Table, moment: ir.Table) -> ir.Table:
    """Rows from the as-of date on, without the last day of the data, which may be incomplete.

    `ahead` is days after the as-of date: 0 is its own day.
    """
    dated = rows.cross_join(moment)
    dated = dated.filter(dated.day >= dated.as_of, dated.day < dated.data_until)
    return dated.mutate(ahead=dated.day - dated.as_of)


def with_age(rows: ir.Table, time: str) -> ir.Table:
    """Add `<time>_ago`: days from a time to the as-of date, unknown for times from then on."""
    day = days(rows[time])
    return rows.mutate(**{f"{time}_ago": ibis.ifelse(day < rows.as_of, rows.as_of - day, None)})


def with_end(rows: ir.Table) -> ir.Table:
    """Add `ended_day`, unknown where nothing has ended yet."""
    ended = days(rows.ended_at) if "ended_at" in rows.columns else ibis.null("int64")
    return rows.mutate(ended_day=ended)


def runs_at(rows: ir.Table, day: Any) -> Any:
    """Whether what started on `day` and ends on `ended_day` (unknown: not yet) runs at midnight."""
    return (rows.day < day) & (rows.ended_day.isnull() | (rows.ended_day >= day))


def is_closed(as_of_day: Any, horizon_days: Any, data_until_day: Any) -> Any:
    """Whether an outcome window lies fully inside the data (numbers, or columns of them).

    `data_until_day` is the day of the last row; that day may be incomplete, so it is outside.
    """
    return as_of_day + horizon_days <= data_until_day


def latest_as_of(days: IntArray, as_of_days: Sequence[int]) -> IntArray:
    """The latest as-of day (n,) on or before each day (n,); -1 where there is none.

    What was known then was known before anything that happened on the day.

        as-of days 10, 24; days 9, 10, 23, 24: as-of days -1, 10, 10, 24
    """
    ordered = np.array(sorted(as_of_days), np.int64)
    place = np.searchsorted(ordered, days, side="right")
    return np.concatenate([[-1], ordered])[place]


def last_closed(horizon_days: int, end_day: int) -> int:
    """The latest as-of day whose outcome window closes on or before `end_day`."""
    return end_day - horizon_days


def later_than(days: tuple[int, ...], learned_until: int) -> tuple[int, ...]:
    """The as-of days whose outcome windows begin where what was learned from has ended."""
    return tuple(day for day in days if day >= learned_until)


def days_before(times: pd.Series, as_of: pd.Timestamp) -> "pd.Series[float]":
    """Days (with fractions) from each time to the as-of date; negative for times after it."""
    elapsed: pd.Series[float] = (as_of - times).dt.total_seconds() / SECONDS_PER_DAY
    return elapsed


def day_numbers(times: pd.Series) -> "pd.Series[float]":
    """Whole days from 1970-01-01 to each time; NaN where there is none."""
    elapsed: pd.Series[float] = (times - pd.Timestamp(EPOCH)).dt.total_seconds() // SECONDS_PER_DAY
    return elapsed


def whole_days(times: pd.Series) -> IntArray:
    """`day_numbers` (n,) of times that are all there, as integers."""
    return np.asarray(day_numbers(times), np.int64)


def was_before(times: pd.Series, as_of: pd.Timestamp) -> "pd.Series[bool]":
    """Whether each time lies before the as-of date."""
    before: pd.Series[bool] = times < as_of
    return before


def as_known_on(
    snapshots: pd.DataFrame, until: pd.Timestamp, horizons: tuple[int, int]
) -> pd.DataFrame:
    """Snapshots with the labels that were known at a split date, so that training sees no further.

    `horizons` are those of `Timeline.windows`. Outcome windows that close after `until` are
    unknown again, `followup_days` ends there, and a purchase from then on is not seen.
    """
    room = (until - snapshots["as_of_date"]).dt.days.astype("float64")
    known = snapshots["outcome_known"] & (room >= horizons[0])
    value_known = snapshots["value_known"] & (room >= horizons[1])
    followup = snapshots["followup_days"].clip(upper=room).clip(lower=0)
    seen = snapshots["days_to_next_purchase"] < followup
    labels = {
        "outcome_known": known,
        "value_known": value_known,
        "followup_days": followup,
        "days_to_next_purchase": snapshots["days_to_next_purchase"].where(seen),
    }
    for column, is_known in (
        ("churned", known),
        ("orders_in_horizon", known),
        ("spend_in_horizon", known),
        ("orders_in_value_horizon", value_known),
        ("value", value_known),
    ):
        if column in snapshots:
            labels[column] = snapshots[column].where(is_known)
    return snapshots.assign(**labels)


def period_of(
    times: pd.Series, as_of: pd.Timestamp, ends: Sequence[int]
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The period after the as-of date (n,) that each time lies in; -1 for none of them.

    `ends` are days after the as-of date, ascending: period 0 is [0, ends[0]), period 1 is
    [ends[0], ends[1]) and so on.
    """
    ahead = np.floor(-days_before(times, as_of).to_numpy(np.float64))
    found = np.searchsorted(np.asarray(ends, np.float64), ahead, side="right")
    outside = (ahead < 0) | (found == len(ends))
    return np.where(outside, -1, found).astype(np.int64)


def reaches_back(first_day: int, day: int, window_days: int) -> bool:
    """Whether a history that begins on `first_day` holds all of the days before `day`."""
    return day - window_days >= first_day


def lies_in(day: Any, starts: Any, ends: Any) -> Any:
    """Whether a day lies in a period of whole days; the day it ends is the next period's."""
    return (day >= starts) & (day < ends)


def closed_months(first_day: int, as_of_day: int, step: int = 1) -> list[tuple[int, int]]:
    """(start, end) of the calendar months that lie wholly in [first_day, as_of_day), in order.

    `step` is months at a time: 3 gives quarters of the year.

        2024-01-02 to 2024-04-01: February and March; with step 3 none
    """
    first = date_of(first_day)
    month = (first.year * 12 + first.month - 1) // step * step
    found: list[tuple[int, int]] = []
    while (end := _month_start(month + step)) <= as_of_day:
        start = _month_start(month)
        found += [(start, end)] if start >= first_day else []
        month += step
    return found


def _month_start(month: int) -> int:
    """The day on which a month begins, which is counted from January of the year 0."""
    return day_of(date(month // 12, month % 12 + 1, 1))


def within(ago: Any, window_days: int) -> Any:
    """Whether an age of the cut history lies in the last `window_days` before the as-of date."""
    return ago <= window_days
