"""Time: the only place where a date is compared with an as-of date (design, section 2).

Everything is counted in whole days: `day` is the number of days from 1970-01-01 to the UTC day of a
time. As-of dates are midnights, so `event_time < as_of_date` and `day < day_of(as_of_date)` say the
same, and integers mean the same on every engine.

    as-of date 2017-11-15:   known  = 2017-11-14 23:59:59.999999 and earlier
                             label  = 2017-11-15 00:00 ... 2017-12-12 23:59:59.999999 (28 days)
"""

from datetime import date, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from sources.tables import Table

SECONDS_PER_DAY = 86_400
EPOCH = date(1970, 1, 1)


def day_of(when: date) -> int:
    """Days from 1970-01-01 to `when`."""
    return (when - EPOCH).days


def date_of(day: int) -> date:
    """The date that `day_of` counts."""
    return EPOCH + timedelta(days=int(day))


def days(time: Any) -> Any:
    """The whole-day number of an Ibis timestamp (UTC)."""
    return time.epoch_seconds() // SECONDS_PER_DAY


def with_days(table: ir.Table, contract: Table) -> ir.Table:
    """Add `day` and `known_day`: when a row happened and when it had reached us.

    A row without `known_at` was known when it happened.
    """
    happened = days(table[contract.time])
    known = days(table["known_at"]) if "known_at" in table.columns else happened
    return table.mutate(day=happened, known_day=ibis.coalesce(known, happened))


def known_before(table: ir.Table, as_of_day: int) -> ir.Table:
    """Rows that had happened and had reached us before the as-of date."""
    return table.filter(table.day < as_of_day, table.known_day < as_of_day)


def cut(table: ir.Table, contract: Table, as_of_day: int) -> ir.Table:
    """History as it stood at the as-of date: later rows gone, later-filled cells empty again.

    A cell whose time is unknown could have been filled at any later time: it is empty too.
    """
    known = known_before(table, as_of_day)
    for time, cells in contract.later.items():
        has_time = time in known.columns
        filled = days(known[time]) < as_of_day if has_time else ibis.literal(False)
        known = known.mutate(
            **{
                cell: ibis.ifelse(filled, known[cell], ibis.null(known[cell].type()))
                for cell in (*cells, time)
                if cell in known.columns
            }
        )
    return known


def outcome(table: ir.Table, as_of_day: int, horizon_days: int) -> ir.Table:
    """Rows of the outcome window: from the as-of date on, up to but without its end."""
    return table.filter(table.day >= as_of_day, table.day < as_of_day + horizon_days)


def is_closed(as_of_day: int, horizon_days: int, data_until_day: int) -> bool:
    """Whether an outcome window lies fully inside the data.

    `data_until_day` is the day of the last row; that day may be incomplete, so it is outside.
    """
    return as_of_day + horizon_days <= data_until_day


def last_closed(horizon_days: int, end_day: int) -> int:
    """The latest as-of day whose outcome window closes on or before `end_day`."""
    return end_day - horizon_days


def days_before(times: pd.Series, as_of: pd.Timestamp) -> "pd.Series[float]":
    """Days (with fractions) from each time to the as-of date; negative for times after it."""
    elapsed: pd.Series[float] = (as_of - times).dt.total_seconds() / SECONDS_PER_DAY
    return elapsed


def as_known_on(
    snapshots: pd.DataFrame, until: pd.Timestamp, horizons: tuple[int, int]
) -> pd.DataFrame:
    """Snapshots with the labels that were known at a split date, so that training sees no further.

    `horizons` are horizon_days and value_horizon_days. Outcome windows that close after `until` are
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
        ("value", value_known),
    ):
        if column in snapshots:
            labels[column] = snapshots[column].where(is_known)
    return snapshots.assign(**labels)


def within(day: Any, as_of_day: int, window_days: int) -> Any:
    """Whether a day of the cut history lies in the last `window_days` before the as-of date."""
    return day >= as_of_day - window_days
