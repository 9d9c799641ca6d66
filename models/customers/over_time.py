"""The company over time: figures of each closed calendar month, and how cohorts came back.

A month is told once it is over at the as-of date; what needs a window of its own is empty until
that has closed, or where the history does not reach back far enough. docs/overview.md defines each
figure.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from features import months
from features.building import moment_row
from features.engines.duckdb import Engine
from features.history.facts import Facts, collect
from features.planning.timeplan import Timeline
from features.timeline import closed_months, date_of, is_closed, reaches_back
from models.customers.strength import SCALES

MOST_MONTHS = 24
LONGEST_MONTH = 31  # days
QUARTER, FEWEST_QUARTERS, MOST_PERIODS = 3, 4, 12  # months in one, and periods of cohorts
YEAR = 365  # days
# Days of a year and a bit: with less history, a year's repeat rate would be known for no month.
REPEAT_FROM = 450
MOVED_DAYS = 90  # days that are compared with as many before
BEFORE_ALL = -1_000_000  # an as-of day before all data
NEEDS = {  # by what is counted: the tables of the facts that it needs
    "standing": {"orders"},
    "newcomers": {"orders"},
    "sales": {"orders"},
    "cohorts": {"orders"},
    "subscribed": {"subscriptions"},
    "recommended": {"surveys"},
    "satisfied": {"surveys"},
    "served": {"tickets", "csat", "closed_at"},
    "spent": {"orders", "amount"},
}
KEYS = {"standing": ["mark"], "subscribed": ["mark"], "cohorts": ["first", "number"], "spent": []}
Period = tuple[int, int]


@dataclass(frozen=True)
class OverTime:
    """What was counted: by name a table, its rows summed over all customers."""

    timeline: Timeline
    months: list[Period]
    periods: list[Period]
    repeat_days: int
    has: frozenset[str]
    counted: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def is_by_quarter(self) -> bool:
        """Whether cohorts are of quarters of the year, and not of months."""
        return bool(self.periods) and self.periods[-1][1] - self.periods[-1][0] > LONGEST_MONTH

    def by(self, name: str) -> dict[int, dict[str, Any]]:
        """The rows of a table by month number or mark; none where the data does not have it."""
        found = self.counted.get(name)
        if found is None:
            return {}
        key = KEYS.get(name, ["number"])[0]
        rows = found.to_dict("records")
        return {int(row[key]): {str(name): value for name, value in row.items()} for row in rows}


def count_over_time(engine: Engine, timeline: Timeline) -> OverTime:
    """Count everything, one part of the customers after another.

    `engine` holds orders and, where there are any, consents, surveys, tickets and subscriptions.
    """
    facts = collect(engine.schemas)
    found = _plan(timeline, frozenset(facts.has))
    wanted = _expressions(facts, timeline)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in wanted}
    marks = sorted({day for month in found.months for day in month})
    # All that came before the months counts in what customers have brought so far.
    before = [(BEFORE_ALL, found.months[0][0])] if found.months else []
    for _ in engine.parts(facts.steps, (timeline.score,)):
        engine.put("moment", moment_row(timeline, timeline.score))
        engine.put("marks", pa.table({"mark": pa.array(marks, pa.int64())}))
        windows = {"active_days": [timeline.active_within_days], "repeat_days": [found.repeat_days]}
        engine.put("windows", pa.table(windows))
        for name, expression in wanted.items():
            periods = found.periods if name == "cohorts" else [*before, *found.months]
            engine.put("months", _rows(periods, first=0 if name == "cohorts" else -len(before)))
            parts[name].append(engine.frame(expression))
    for name, frames in parts.items():
        found.counted[name] = _summed(name, pd.concat(frames, ignore_index=True))
    return found


def monthly(found: OverTime) -> list[dict[str, Any]]:
    """Figures of each closed month, the oldest first; a figure that is not known is None."""
    sold, new = found.by("sales"), found.by("newcomers")
    so_far = {
        "customers": new.get(-1, {}).get("new", 0),
        "revenue": sold.get(-1, {}).get("revenue", 0.0),
    }
    lines = []
    for number, (starts, ends) in enumerate(found.months):
        of_month = sold.get(number, {})
        so_far["customers"] += new.get(number, {}).get("new", 0)
        so_far["revenue"] += of_month.get("revenue", 0.0)
        line: dict[str, Any] = {"starts": _iso(starts), "ends": _iso(ends - 1)}
        line |= _of_customers(found, starts, ends)
        line |= _of_sales(found, of_month, line["customers_active"])
        is_told = _reaches(found, starts, found.timeline.active_within_days)
        line["customers_new"] = new.get(number, {}).get("new", 0) if is_told else None
        has_money = "amount" in found.has and so_far["customers"] > 0
        line["value_so_far"] = so_far["revenue"] / so_far["customers"] if has_money else None
        line |= _of_answers(found, number)
        lines.append(line)
    return lines


def cohort_table(found: OverTime) -> list[dict[str, Any]]:
    """The cohorts by period of the first purchase, the oldest first.

    `shares` are of its customers those who bought in each period from the next one on.
    `is_left_censored`: the history begins so shortly before that some had bought earlier.
    """
    if "cohorts" not in found.counted:
        return []
    counts = {
        (int(row["first"]), int(row["number"])): int(row["customers"])
        for row in found.counted["cohorts"].to_dict("records")
    }
    sizes = {first: count for (first, number), count in counts.items() if first == number}
    return [
        {
            "starts": _iso(starts),
            "ends": _iso(ends - 1),
            "customers": sizes[first],
            "is_left_censored": not _reaches(found, starts, found.timeline.active_within_days),
            "shares": [
                counts.get((first, number), 0) / sizes[first]
                for number in range(first + 1, len(found.periods))
            ],
        }
        for first, (starts, ends) in enumerate(found.periods)
        if first in sizes
    ]


def _plan(timeline: Timeline, has: frozenset[str]) -> OverTime:
    """Which months and periods are told, and over how many days a purchase is a repeated one."""
    begins, ends = timeline.data_from, timeline.score
    by_quarter = closed_months(begins, ends, QUARTER)
    by_month = closed_months(begins, ends)
    periods = by_quarter if len(by_quarter) >= FEWEST_QUARTERS else by_month
    if periods and periods[0][0] > begins:  # who was there when the data begins is a cohort too
        periods = [(begins, periods[0][0]), *periods]
    return OverTime(
        timeline=timeline,
        months=by_month[-MOST_MONTHS:],
        periods=periods[-MOST_PERIODS:],
        repeat_days=YEAR if ends - begins >= REPEAT_FROM else timeline.active_within_days,
        has=has,
    )


def _expressions(facts: Facts, timeline: Timeline) -> dict[str, ir.Table]:
    """What can be counted of this data, by name."""
    makers: dict[str, Callable[[], ir.Table]] = {
        "standing": lambda: months.standing_at(facts),
        "newcomers": lambda: months.newcomers(facts),
        "sales": lambda: months.sales(facts),
        "cohorts": lambda: months.cohorts(facts),
        "recommended": lambda: months.recommended(facts),
        "satisfied": lambda: months.satisfied(facts),
        "served": lambda: months.served(facts),
        "spent": lambda: months.spent(facts, MOVED_DAYS, YEAR),
    }
    if timeline.churn == "cancellation":
        makers["subscribed"] = lambda: months.subscribed_at(facts)
    return {name: make() for name, make in makers.items() if NEEDS[name] <= facts.has}


def _summed(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    keys = KEYS.get(name, ["number"])
    if not keys:  # one row per customer, who is in one part only
        return rows
    largest = [column for column in rows.columns if column == "highest"]
    sums = {c: "max" if c in largest else "sum" for c in rows.columns if c not in keys}
    return rows.groupby(keys, as_index=False).agg(sums)


def _of_customers(found: OverTime, starts: int, ends: int) -> dict[str, Any]:
    """Who was there at the end; of those at the start, who stayed; who bought more than once."""
    timeline = found.timeline
    is_cancellation = timeline.churn == "cancellation"
    standing = found.by("subscribed" if is_cancellation else "standing")
    first, last = standing.get(starts, {}), standing.get(ends, {})
    reach = 0 if is_cancellation else timeline.active_within_days
    is_known = is_closed(starts, timeline.horizon_days, timeline.data_until)
    is_known &= _reaches(found, starts, reach)
    of = first.get("active", 0) if is_known else 0
    buyers = found.by("standing").get(ends, {})
    bought = buyers.get("bought", 0) if _reaches(found, ends, found.repeat_days) else 0
    retained = first["stayed"] / of if of else None
    return {
        "customers_active": last.get("active", 0) if _reaches(found, ends, reach) else None,
        "customers_at_start": of or None,
        "churn_rate": None if retained is None else 1.0 - retained,
        "retention_rate": retained,
        "repeat_of": bought or None,
        "repeat_rate": buyers["repeated"] / bought if bought else None,
    }


def _of_sales(found: OverTime, sold: dict[str, Any], active: int | None) -> dict[str, Any]:
    has_orders, has_money = "orders" in found.has, "amount" in found.has
    priced = sold.get("priced", 0)
    return {
        "orders": sold.get("orders", 0) if has_orders else None,
        "revenue": sold.get("revenue", 0.0) if has_money else None,
        "unpriced_orders": sold.get("unpriced", 0) if has_money else None,
        "average_order": sold["paid"] / priced if priced else None,
        "frequency": sold.get("orders", 0) / active if active and has_orders else None,
    }


def _of_answers(found: OverTime, number: int) -> dict[str, Any]:
    asked = found.by("recommended").get(number)
    line: dict[str, Any] = {
        "nps": 100.0 * (asked["promoters"] - asked["detractors"]) / asked["answers"]
        if asked
        else None,
        "nps_answers": asked["answers"] if asked else None,
    }
    for name, table in (("csat", "satisfied"), ("csat_tickets", "served")):
        scored = found.by(table).get(number)
        line[name] = scored["total"] / scored["answers"] if scored else None
        line[f"{name}_answers"] = scored["answers"] if scored else None
    return line


def scale_tops(found: OverTime) -> dict[str, float]:
    """The top of each satisfaction scale: 5, 10 or 100, by the highest score that was given."""
    return {
        name: next((top for top in SCALES if highest <= top), max(SCALES))
        for name, table in (("csat", "satisfied"), ("csat_tickets", "served"))
        if (highest := found.counted.get(table, pd.DataFrame({"highest": []}))["highest"].max())
        == highest
    }


def _reaches(found: OverTime, day: int, window_days: int) -> bool:
    """Whether the history holds all of the days before `day` that a figure looks at."""
    return reaches_back(found.timeline.data_from, day, window_days)


def _rows(periods: Iterable[Period], first: int) -> pa.Table:
    rows = list(periods)
    columns = {
        "number": range(first, first + len(rows)),
        "starts": [start for start, _ in rows],
        "ends": [end for _, end in rows],
    }
    return pa.table({name: pa.array(list(values), pa.int64()) for name, values in columns.items()})


def _iso(day: int) -> str:
    return date_of(day).isoformat()
