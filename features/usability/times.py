"""Findings on times: the span against the horizon, late rows, times in the wrong order."""

from collections import Counter
from collections.abc import Mapping
from math import ceil
from typing import Any

import numpy as np
import pandas as pd

from features.planning.profile import Profile
from features.timeline import SECONDS_PER_DAY, date_of
from features.usability.adding_up import in_one_array
from features.usability.feed import Judged
from features.usability.finding import Finding
from features.usability.seasons import yearly_rhythm
from features.usability.volume import day_numbers
from sources.contract import TABLES, TIME
from sources.notes import Said
from sources.tables.kept import Kept

# A horizon each for history, training, validation and test, and two for more than one date a split.
LEAST_HORIZONS = 6
SLACK = 1.01  # of the horizon: a year's is long enough for gaps of 366 days
MOST_LATE = 0.05  # share of rows that became known on a later day
EDGE_DAYS = 28  # by which a table may begin after the orders, or end before them


def time_findings(
    checked: Mapping[str, Kept],
    rhythm: Profile,
    horizon_days: int,
    is_auto: bool,
    feeds: list[Judged],
) -> list[Finding]:
    """Findings on the times of all tables, given the horizon that is asked for.

    `is_auto` says that it is what `auto` wants; the plan may have to shorten it.
    """
    findings = [*_short_history(rhythm, horizon_days, is_auto), *_other_period(feeds)]
    for name, table in checked.items():
        findings += _too_early(name, table)
    return findings


def late_findings(late: Mapping[str, dict[str, Any] | None]) -> list[Finding]:
    """Tables of which many rows become known on a later day; `late` is their `lateness`."""
    return [
        Finding(
            "late_rows",
            "advice",
            name,
            "known_at",
            of["rows"],
            f"{of['share']:.1%} of the rows became known on a later day, half of them after "
            f"{of['median_days']:.1f} days and 5 % after more than "
            f"{of['days_of_95_percent']:.1f}. The last days are not yet complete, in training as "
            "in use.",
            "Load the table sooner; nothing is wrong, the models see only what was known.",
            said=Said(
                "late_rows",
                share=of["share"],
                median_days=of["median_days"],
                late_days=of["days_of_95_percent"],
            ),
        )
        for name, of in late.items()
        if of is not None and of["share"] > MOST_LATE
    ]


def rhythm_findings(rhythm: Profile, horizon_days: int, suggested_days: int) -> list[Finding]:
    """Where a lapse within the horizon may be no more than the customers' usual pause.

    It says nothing of the end of a subscription.
    """
    return [
        *yearly_rhythm(rhythm, horizon_days),
        *_short_horizon(rhythm, horizon_days, suggested_days),
    ]


def lateness(name: str, table: Kept) -> dict[str, Any] | None:
    """Share of rows known on a later day, and by how many days; None without `known_at`."""
    rows, time = table.rows, TABLES[name].time
    if "known_at" not in rows or time not in rows:
        return None

    def delays(part: pd.DataFrame) -> pd.Series:
        dated = part[part["known_at"].notna() & part[time].notna()]
        is_late = day_numbers(dated["known_at"]) > day_numbers(dated[time])
        late = dated[is_late]
        return (late["known_at"] - late[time]).dt.total_seconds() / SECONDS_PER_DAY

    late = in_one_array(rows, [time, "known_at"], delays)
    half, most = np.quantile(late, (0.5, 0.95), overwrite_input=True) if len(late) else (None, None)
    return {
        "rows": len(late),
        "share": round(len(late) / len(rows), 4),
        "median_days": None if half is None else round(float(half), 2),
        "days_of_95_percent": None if most is None else round(float(most), 2),
    }


def _short_history(rhythm: Profile, horizon: int, is_auto: bool) -> list[Finding]:
    days = rhythm.data_until - rhythm.data_from
    if days >= LEAST_HORIZONS * horizon:
        return []
    suggested = ", which auto suggests" if is_auto else ""
    shorten = (
        "or take the horizon that auto shortens it to"
        if is_auto
        else "or shorten task.horizon_days (auto shortens it only where no split is possible)"
    )
    return [
        Finding(
            "short_history",
            "warning",
            "orders",
            "event_time",
            0,
            f"{days} days of history are {days / horizon:.1f} horizons of {horizon} days"
            f"{suggested}; {LEAST_HORIZONS} leave room for history, training, validation and test. "
            "The models see few dates, and no season twice.",
            f"Bring {LEAST_HORIZONS * horizon} days or more, {shorten}.",
            said=Said(
                "short_history.auto" if is_auto else "short_history",
                days=days,
                horizons=days / horizon,
                horizon_days=horizon,
                least=LEAST_HORIZONS,
                enough=LEAST_HORIZONS * horizon,
            ),
        )
    ]


def _short_horizon(rhythm: Profile, horizon: int, suggested: int) -> list[Finding]:
    if rhythm.long_gap is None or horizon * SLACK >= rhythm.long_gap:
        return []
    # The longest that auto offers may be too short as well.
    enough = max(suggested, ceil(rhythm.long_gap))
    return [
        Finding(
            "short_horizon",
            "warning",
            "orders",
            "event_time",
            0,
            f"the horizon is {horizon} days, but one of ten gaps of the typical repeat customer is "
            f"longer than {rhythm.long_gap:.0f} days: many who count as gone are only between two "
            "purchases.",
            f"Set task.horizon_days to {enough}{' or auto' * (enough == suggested)}, or read the "
            "risk as the chance of a pause.",
            said=Said(
                "short_horizon.auto" if enough == suggested else "short_horizon",
                horizon_days=horizon,
                long_gap=rhythm.long_gap,
                enough=enough,
            ),
        )
    ]


def _other_period(feeds: list[Judged]) -> list[Finding]:
    (orders,) = (judged.feed.volume for judged in feeds if judged.feed.table == "orders")
    findings = []
    for judged in feeds:
        feed, volume, differences = judged.feed, judged.feed.volume, []
        parts: list[Said] = []
        if volume.first > orders.first + EDGE_DAYS:
            differences.append(
                f"begins on {date_of(volume.first)}, orders on {date_of(orders.first)}"
            )
            days = {"day": date_of(volume.first), "orders": date_of(orders.first)}
            parts.append(Said("begins", **days))
        if volume.last < orders.last - EDGE_DAYS and judged.dead is None:
            differences.append(f"ends on {date_of(volume.last)}, orders on {date_of(orders.last)}")
            days = {"day": date_of(volume.last), "orders": date_of(orders.last)}
            parts.append(Said("ends", **days))
        if differences:
            findings.append(
                Finding(
                    "other_period",
                    "advice",
                    feed.table,
                    TABLES[feed.table].time,
                    int(volume.counts.sum()),
                    f"{' and '.join(differences)}: its features are empty for some dates and not "
                    "for others, and so mean different things.",
                    "Bring the same period as for orders, where there is more.",
                    said=Said("other_period", parts=parts),
                )
            )
    return findings


def _too_early(name: str, table: Kept) -> list[Finding]:
    """Times that come later, and yet lie before the time of their own row."""
    time = TABLES[name].time
    early = _before_their_row(name, table)
    findings = []
    if known := early.pop("known_at", 0):
        findings.append(
            Finding(
                "known_too_early",
                "warning",
                name,
                "known_at",
                known,
                f"rows were known before they happened (known_at before {time})",
                "Check time zones, and that known_at is when the row reached you.",
                said=Said("known_too_early", time=time),
            )
        )
    findings += [
        Finding(
            "reversed_times",
            "warning",
            name,
            column,
            rows,
            f"{column} is before {time}: what ended had not begun",
            "Check that the two columns are not exchanged, and their time zones.",
            said=Said("reversed_times", column=column, time=time),
        )
        for column, rows in early.items()
        if rows
    ]
    return findings


def _before_their_row(name: str, table: Kept) -> Counter[str]:
    """How many cells of each other column of times lie before the time of their row."""
    time, rows, early = TABLES[name].time, table.rows, Counter[str]()
    times = [c for c, kind in TABLES[name].columns.items() if kind == TIME and c in rows]
    others = [column for column in times if column != time]
    for part in rows.parts(times) if others and time in rows else ():
        early.update({column: int((part[column] < part[time]).sum()) for column in others})
    return early
