"""The period that one payment of a subscription covers, in days or in calendar months.

    03-01 to 04-01, 04-01 to 05-01 (period_days 30, or none)   a row by calendar month: one payment
    2023-09-01 to 2024-09-01 (period_days 365, or none)        a year, of 366 days: one payment

Calendar months are found where the contracts of one `period_days` last whole ones more often than
whole multiples of its days; without `period_days` a contract's own length is its period where most
last the same: of nine months each, all are one payment.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from sources.subscriptions.contracts import days_of, whole_months

MONTH = 30  # days: the period where nothing tells it
MONTH_DAYS = 365.25 / 12
NEAR = 3  # days by which a period may miss its calendar months: 28 days, 92, 366
UNITS = (12, 6, 3, 1)  # months that are paid at a time
MIN_SHARE_ALIKE = 0.5  # share of the contracts that have to last whole months, or the same days
NEARLY_ALL = 0.9  # share of those whose months the unit divides
TENTH = 10  # of the contracts, those that began last
LEAST = 20  # contracts of one length that speak for a period other than a month
LONGEST = 100_000  # days, about what a duration can hold: a period beyond it is paid once as well


def periods_of(rows: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """The period of each subscription: `months` (0 where it is in days) and `days`.

    A period that is missing or not positive is taken from the lengths of such contracts, or is a
    month where these show none.
    """
    # As SQL rounds, and so the features: a half to the longer period.
    given = rows.get("period_days", pd.Series(np.nan, index=rows.index)).add(0.5) // 1
    given = given.where(given > 0).clip(upper=LONGEST)
    start = days_of(rows["started_at"], timezone)
    end = days_of(rows["ended_at"], timezone) if "ended_at" in rows else pd.Series(index=rows.index)
    lengths = pd.DataFrame({"months": np.nan, "days": np.nan}, index=rows.index)
    if end.notna().any():
        lengths = pd.DataFrame(
            {"months": whole_months(start, end), "days": (end - start).dt.days}
        ).where(end > start)
    found = pd.DataFrame({"months": 0, "days": given.fillna(MONTH)}, index=rows.index)
    for period, group in lengths.groupby(given.fillna(0.0)):
        ended = group.dropna(subset="days")
        months, days = _own_period(ended) if period == 0 else _calendar(ended, float(period))
        found.loc[group.index, ["months", "days"]] = months, days
    return found.astype({"months": "int64", "days": "float64"})


def is_planned(rows: pd.DataFrame, periods: pd.DataFrame, timezone: str) -> bool:
    """Whether most ends were agreed on when the contract began, and so show nothing of the data.

    Customers who may leave at any month's end also stay for whole months, but then the newest
    contracts have no end yet.
    """
    if "ended_at" not in rows or not rows["ended_at"].notna().any():
        return False
    newest = rows.sort_values("started_at", kind="stable").tail(max(LEAST, len(rows) // TENTH))
    if newest["ended_at"].notna().mean() <= MIN_SHARE_ALIKE:
        return False
    start, end = days_of(rows["started_at"], timezone), days_of(rows["ended_at"], timezone)
    months, lasted = whole_months(start, end), (end - start).dt.days
    in_days = (periods["months"] == 0) & (lasted > 0) & (lasted % periods["days"] == 0)
    in_months = (periods["months"] > 0) & (months % periods["months"].clip(lower=1) == 0)
    return bool((in_days | in_months)[end.notna()].mean() > MIN_SHARE_ALIKE)


def add_months(days: "pd.Series[pd.Timestamp]", months: npt.ArrayLike) -> "pd.Series[pd.Timestamp]":
    """Dates so many calendar months later; the last day of the month where it has no such day."""
    first = days.to_numpy().astype("datetime64[M]")
    day = (days.dt.day - 1).to_numpy().astype("timedelta64[D]")
    wanted = first + np.asarray(months, "int64").astype("timedelta64[M]")
    last = (wanted + 1).astype("datetime64[D]") - 1
    found = np.minimum(wanted.astype("datetime64[D]") + day, last)
    return pd.Series(found.astype("datetime64[us]"), index=days.index)


def period_in_words(rows: pd.DataFrame, periods: pd.DataFrame) -> str:
    """What one payment is for, in words: `calendar month`, `30 days`, `period (period_days)`."""
    if "period_days" in rows and rows["period_days"].gt(0).any():
        in_months = " (period_days), by calendar months"
        return "period" + (in_months if (periods["months"] > 0).any() else " (period_days)")
    months, days = int(periods["months"].iloc[0]), periods["days"].iloc[0]
    if not months:
        return f"{days:g} days"
    return "calendar month" if months == 1 else f"{months} calendar months"


def _calendar(ended: pd.DataFrame, period: float) -> tuple[int, float]:
    """Whether contracts of a stated period go by calendar months: (months, days)."""
    months = round(period / MONTH_DAYS)
    if months < 1 or abs(period - months * MONTH_DAYS) > NEAR or ended.empty:
        return 0, period
    by_month = float((ended["months"] % months == 0).mean())
    by_days = float((ended["days"] % period == 0).mean())
    return (months if by_month >= MIN_SHARE_ALIKE and by_month > by_days else 0), period


def _own_period(ended: pd.DataFrame) -> tuple[int, float]:
    """The period that contracts without a stated one show by their lengths: (months, days)."""
    if ended.empty:
        return 0, float(MONTH)
    whole = ended["months"].dropna()
    usual = float(ended["days"].mode().iloc[0])
    alike = int((ended["days"] == usual).sum())
    if len(whole) >= max(alike, MIN_SHARE_ALIKE * len(ended)):
        units = UNITS if len(ended) >= LEAST else (1,)
        usual_months = whole.mode().iloc[0]
        if len(ended) >= LEAST and (whole == usual_months).mean() >= NEARLY_ALL:
            units = (int(usual_months), *units)  # a school year of nine months is paid once
        shares = {unit: float((whole % unit == 0).mean()) for unit in units}
        return max((u for u in units if shares[u] >= NEARLY_ALL), default=1), float(MONTH)
    if alike >= max(LEAST, MIN_SHARE_ALIKE * len(ended)):
        return 0, usual
    return 0, float(MONTH)
