"""Whether `ended_at` of a contract is its last covered day or the first day after it.

    started_at  ended_at              next started_at
    2023-10-01  2023-10-31            2023-11-01       over on 11-01: renewed, not churned
    2023-10-01  2023-10-31 23:59:59   2023-11-01       over on 11-01
    2023-10-01  2023-11-01            2023-11-01       as it stands

For every later stage an end is the first moment that is not covered any more.
"""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import pandas as pd

from sources.notes import Note, Said
from sources.params import SourceParams
from sources.tables.kept import Checked

LEAST = 5  # ends that have to speak for the one or the other
TIMES = 3  # as many ends for the one as for the other: as many more are no chance
LEAST_WHOLE = 0.2  # share of contracts that last whole months or periods: fewer are chance
MANY_MOVED = 0.05  # share of the ends: fewer are in the last minute of a day by chance
DAY = pd.Timedelta(days=1)
LAST_MINUTE = pd.Timedelta(hours=23, minutes=59)


def with_exclusive_ends(checked: Checked, params: SourceParams) -> Checked:
    """The checked subscriptions with ends that are not covered any more, and a note where found.

    `source.ends` says whether ends are covered. With `auto` the same customers' next contracts show
    it, and without those whether contracts would last whole months or periods.
    """
    if "ended_at" not in checked.rows or params.ends == "exclusive":
        return checked
    ended, moved = _after_last_minutes(checked.rows["ended_at"], params)
    rows = checked.rows.assign(ended_at=ended)
    dated = (ended == ended.dt.normalize()) & ~moved
    signs = _signs(rows[dated], params.timezone)
    inclusive = params.ends == "inclusive" or signs.inclusive
    if inclusive:
        rows["ended_at"] = ended.where(~dated, ended + DAY)
    by_minutes = int(moved.sum()) if moved.sum() > MANY_MOVED * ended.count() else 0
    notes = [*checked.notes, *_notes(int(dated.sum()) if inclusive else 0, by_minutes, signs)]
    if params.ends == "auto" and signs.mixed:
        notes.append(_told_mixed(signs))
    return replace(checked, rows=rows, notes=tuple(notes))


def days_of(times: "pd.Series[pd.Timestamp]", timezone: str) -> "pd.Series[pd.Timestamp]":
    """The date of each time in the source's zone; a date without a time stays that date."""
    local = times.dt.tz_localize("UTC").dt.tz_convert(ZoneInfo(timezone)).dt.tz_localize(None)
    found: pd.Series[pd.Timestamp] = times.where(times == times.dt.normalize(), local)
    return found.dt.normalize()


def whole_months(first: pd.Series, end: pd.Series) -> "pd.Series[float]":
    """How many calendar months lie between two dates; NaN where they are not whole.

    01-31 to 02-28 is one, and so is 02-28 to 03-31: a month without such a day ends on its last.
    """
    months = (end.dt.year - first.dt.year) * 12 + end.dt.month - first.dt.month
    last_day = end.dt.is_month_end & (first.dt.is_month_end | (first.dt.day > end.dt.day))
    whole = ((first.dt.day == end.dt.day) | last_day) & (months > 0)
    found: pd.Series[float] = months.where(whole).astype("float64")
    return found


@dataclass(frozen=True)
class _Signs:
    """Ends that speak for an end on the last covered day (`day_after`), and against (`same_day`).

    By the customer's next start, or (`by_length`) by whole months or periods.
    """

    day_after: int
    same_day: int
    others: int
    by_length: bool = False

    @property
    def inclusive(self) -> bool:
        against = max(self.same_day, self.others)
        return self.day_after >= LEAST and self.day_after > TIMES * against

    @property
    def mixed(self) -> bool:
        """Both kinds of ends are many: of two systems, say."""
        few = min(self.day_after, self.same_day)
        return (
            not self.by_length
            and few >= LEAST
            and few * TIMES >= self.others
            and not self.inclusive
        )


def _signs(rows: pd.DataFrame, timezone: str) -> _Signs:
    by_next = _by_next_start(rows, timezone)
    if by_next.day_after + by_next.same_day >= LEAST:
        return by_next
    return _by_length(rows, timezone)


def _by_next_start(rows: pd.DataFrame, timezone: str) -> _Signs:
    gaps = days_to_next_start(rows, timezone)
    day_after, same_day, others = (int((gaps == days).sum()) for days in (1, 0, 2))
    return _Signs(day_after, same_day, others)


def days_to_next_start(rows: pd.DataFrame, timezone: str) -> "pd.Series[float]":
    """Days from each end to the same customer's next start from then on; NaN without one."""
    days = pd.DataFrame({"customer": rows["customer_id"]})
    days["start"] = days_of(rows["started_at"], timezone)
    days["end"] = days_of(rows["ended_at"], timezone)
    found = next_starts(days["customer"], days["start"], days["end"])
    gaps: pd.Series[float] = (found - days["end"]).dt.days.astype("float64")
    return gaps


def next_starts(
    customers: "pd.Series[str]", starts: "pd.Series[pd.Timestamp]", ends: "pd.Series[pd.Timestamp]"
) -> "pd.Series[pd.Timestamp]":
    """The first start of the same customer at or after each end; NaT without one."""
    left = pd.DataFrame({"customer": customers, "end": ends, "row": ends.index}).dropna()
    right = pd.DataFrame({"customer": customers, "next": starts, "end": starts}).dropna()
    found = pd.merge_asof(
        left.sort_values("end", kind="stable"),
        right.sort_values("end", kind="stable"),
        on="end",
        by="customer",
        direction="forward",
    )
    return found.set_index("row")["next"].reindex(ends.index)


def _by_length(rows: pd.DataFrame, timezone: str) -> _Signs:
    start, end = days_of(rows["started_at"], timezone), days_of(rows["ended_at"], timezone)
    to_day_after = whole_months(start, end + DAY).notna()
    to_same_day = whole_months(start, end).notna()
    if "period_days" in rows:
        period = rows["period_days"].where(rows["period_days"] > 1)
        lasted = (end - start).dt.days
        to_day_after |= (lasted + 1) % period == 0
        to_same_day |= lasted % period == 0
    day_after, same_day = int((to_day_after & ~to_same_day).sum()), int(to_same_day.sum())
    if day_after < LEAST_WHOLE * len(rows):
        return _Signs(0, same_day, 0, by_length=True)
    return _Signs(day_after, same_day, 0, by_length=True)


def _after_last_minutes(
    ended: "pd.Series[pd.Timestamp]", params: SourceParams
) -> tuple["pd.Series[pd.Timestamp]", "pd.Series[bool]"]:
    """Ends in the last minute of a day as the date that follows, and which those are.

    And midnights of the source's zone as the dates they are.
    """
    zone = ZoneInfo(params.timezone)
    local = ended.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
    moved = pd.Series(data=False, index=ended.index)
    found = ended.where(local != local.dt.normalize(), local)
    for times in (local, ended):
        last = ~moved & (times - times.dt.normalize() >= LAST_MINUTE)
        found = found.where(~last, times.dt.normalize() + DAY)
        moved |= last
    return found.astype(ended.dtype), moved


def _notes(inclusive: int, moved: int, signs: _Signs) -> list[Note]:
    how = {
        "by_length": f"{signs.day_after:,} contracts last whole months or periods with it, "
        f"{signs.same_day:,} without",
        "by_next": f"{signs.day_after:,} times the customer's next one starts on the day after, "
        f"{signs.same_day:,} times on that day",
    }["by_length" if signs.by_length else "by_next"]
    meaning = []
    if inclusive:
        meaning.append(f"{inclusive:,} ends are the last day that is covered ({how})")
    if moved:
        meaning.append(f"{moved:,} ends are in the last minute of a day")
    if not meaning:
        return []
    return [
        Note(
            "inclusive_ends",
            "advice",
            "ended_at",
            inclusive + moved,
            f"{' and '.join(meaning)}: each counts until the midnight after it, so that who renews "
            "on the next day has not left",
            "If nothing is covered on the day of ended_at, set source.ends to exclusive in "
            "params.yaml.",
        )
    ]


def _told_mixed(signs: _Signs) -> Note:
    return Note(
        "mixed_ends",
        "warning",
        "ended_at",
        signs.day_after + signs.same_day,
        f"{signs.day_after:,} times a customer's next contract starts on the day after the end, "
        f"{signs.same_day:,} times on that day: ended_at may be the last day that is covered, or "
        "the first that is not. It is taken as the latter.",
        "Set source.ends to inclusive or exclusive in params.yaml; where rows of two systems "
        "differ, bring them to one with source.derive.subscriptions.ended_at.",
        Said("mixed_ends", day_after=signs.day_after, same_day=signs.same_day),
    )
