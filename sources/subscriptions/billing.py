"""Orders for a company that has only subscriptions: one payment for each period begun.

    started_at 03-01, period_days 30, ended_at 05-15:   payments on 03-01, 03-31, 04-30
    started_at 03-01, by calendar months, ended_at 06-01:           03-01, 04-01, 05-01

A payment has the date of its period and is known no earlier than its subscription, so nothing is
seen before its time. What was really paid (discounts, refunds, failed cards) is not known.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.clock import utc_now
from core.errors import TableError
from sources.contract import TABLES
from sources.notes import Note, Said
from sources.params import SourceParams
from sources.subscriptions.contracts import days_of, whole_months, with_exclusive_ends
from sources.subscriptions.periods import add_months, is_planned, period_in_words, periods_of
from sources.subscriptions.renewals import with_grace
from sources.tables.kept import Checked

MAX_PAYMENTS = 20_000_000  # payments: of more, a period is likely in another unit
ALONE_DAYS = 30  # a latest time with no other within so many days before it is not believed
FEW = 50  # times, of which one far from the others is nothing strange
CLOCK_HOURS = 2  # by which a day may be longer than others where the clock changes


def contracted(
    checked: dict[str, Checked], params: SourceParams, grace_days: int = 0
) -> dict[str, Checked]:
    """The checked tables with orders, and with subscriptions whose ends are no longer covered.

    Ends become the first moment not covered; payments are derived where there are no orders; then
    ends move `grace_days` later, last of all, so that days of grace are never paid for.
    """
    if "subscriptions" not in checked:
        return checked
    ended = with_exclusive_ends(checked["subscriptions"], params)
    if is_planned(ended.rows, periods_of(ended.rows, params.timezone), params.timezone):
        ended = _with_planned_ends(ended)
    tables = with_orders(checked | {"subscriptions": ended}, params.timezone)
    return tables | {"subscriptions": with_grace(ended, grace_days, params)}


def _with_planned_ends(ended: Checked) -> Checked:
    """Ends that were agreed on beforehand, and a word on it: they tell of no day that was seen."""
    last = ended.rows["started_at"].max()
    later = int((ended.rows["ended_at"] > last).sum())
    note = Note(
        "planned_ends",
        "advice",
        "ended_at",
        later,
        f"Ends are taken as agreed on when the contract began, since nearly all fall on whole "
        f"periods and the newest contracts have one too. {later:,} lie after the last start "
        f"({last:%Y-%m-%d}), up to which the data counts as watched.",
        "If they are days on which customers left, leave ended_at empty for whoever still runs.",
        Said("planned_ends", later=later, last=last.date()),
    )
    return replace(ended, planned=("ended_at",), notes=(*ended.notes, note))


def with_orders(checked: dict[str, Checked], timezone: str = "UTC") -> dict[str, Checked]:
    """The checked tables; without orders, those of the subscriptions' periods come first.

    Raises TableError where the periods would make more than MAX_PAYMENTS payments.
    """
    if "orders" in checked or "subscriptions" not in checked:
        return checked
    subscriptions = checked["subscriptions"].rows.reset_index(drop=True)
    periods = periods_of(subscriptions, timezone)
    until, last = _watched_until(checked)
    payments = billed(subscriptions, until, timezone)
    period = period_in_words(subscriptions, periods)
    orders = Checked(
        rows=payments,
        quarantine=payments.head(0),
        counts=dict.fromkeys(checked["subscriptions"].counts, 0)
        | {"rows_in": len(payments), "kept": len(payments)},
        ignored_columns=(),
        findings=(),
        currency=checked["subscriptions"].currency,
        made_of=f"one payment for every {period} that a subscription had begun up to "
        f"{until:%Y-%m-%d}, the last day of {last}{_without_price(payments)}",
    )
    return {"orders": orders, **checked}


def billed(subscriptions: pd.DataFrame, until: pd.Timestamp, timezone: str = "UTC") -> pd.DataFrame:
    """One row of the table orders for each period begun up to `until` (included).

    A subscription pays from `started_at` on, before `ended_at`; its period is that of
    sources/subscriptions/periods.py. Amounts are those of the subscription, and absent where it has
    none.
    """
    rows = subscriptions.reset_index(drop=True)
    never = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    periods = periods_of(rows, timezone)
    # `until` itself counts and `ended_at` does not.
    after = until + pd.Timedelta(microseconds=1)
    end = rows.get("ended_at", never).fillna(after)
    dated = end == end.dt.normalize()
    until_day = days_of(pd.Series([until]), timezone).iloc[0]
    is_over = (end < after) | (dated & (end <= until_day))
    begun = pd.DataFrame({"start": rows["started_at"], "end": end.where(is_over, after)})
    begun = begun.assign(is_over=is_over, dated=dated & is_over)
    begun["day"] = days_of(begun["start"], timezone)
    begun["end_day"] = days_of(begun["end"], timezone)
    counts = _periods_begun(begun, periods)
    _refuse_too_many(float(counts.sum()), len(rows))
    each = rows.index.repeat(counts.astype(np.int64))
    number = pd.Series(each).groupby(each).cumcount().to_numpy()
    paid = rows.loc[each].reset_index(drop=True)
    times = _start_of(number, begun.loc[each], periods.loc[each]).reset_index(drop=True)
    orders = pd.DataFrame(
        {
            "customer_id": paid["customer_id"],
            "order_id": paid["subscription_id"] + ":" + pd.Series(number + 1).astype("str"),
            "event_time": times,
            "line_id": "1",
        }
    )
    if "known_at" in rows:
        orders["known_at"] = paid["known_at"].where(paid["known_at"] > times, times)
    if "amount" in rows:
        orders["amount"] = paid["amount"]
    columns = [column for column in ("event_time", "known_at") if column in orders]
    return orders.astype(dict.fromkeys(columns, "datetime64[us]"))


def _periods_begun(begun: pd.DataFrame, periods: pd.DataFrame) -> npt.NDArray[np.float64]:
    """How many periods of each subscription begin before its end."""
    lasted = begun["end"] - begun["start"]
    length = pd.to_timedelta(periods["days"], unit="D")
    in_days = np.ceil((lasted / length).clip(lower=0).fillna(0).to_numpy(np.float64))
    months = periods["months"].to_numpy()
    first, last = begun["day"], begun["end_day"]
    elapsed = ((last.dt.year - first.dt.year) * 12 + last.dt.month - first.dt.month).to_numpy()
    full = np.maximum(elapsed, 0) // np.maximum(months, 1)
    # A day on which the clock changes is not as long as others, so an end may seem to come later.
    leeway = pd.to_timedelta(begun["is_over"] * CLOCK_HOURS, unit="h")
    begins = _start_of(full, begun, periods) < begun["end"] - leeway
    in_months = np.maximum(full + begins.to_numpy(), 1) * (lasted > pd.Timedelta(0)).to_numpy()
    # From the last of a month to the last of another no day of the month is kept, and a date has no
    # hour: what lasts whole periods from date to date has paid for so many.
    whole = (whole_months(first, last) / np.maximum(months, 1)).where(months > 0)
    whole = whole.fillna(((last - first) / length).where((months == 0) & begun["dated"]))
    whole = whole.where(begun["is_over"])
    counts = np.where(months > 0, in_months, in_days)
    return np.where((whole % 1 == 0) & (whole > 0), whole, counts).astype(np.float64)


def _start_of(
    number: npt.NDArray[np.integer[Any]], begun: pd.DataFrame, periods: pd.DataFrame
) -> "pd.Series[pd.Timestamp]":
    """When the period of this number (0 is the first) begins."""
    months = periods["months"].to_numpy()
    by_month = add_months(begun["day"], months * number) - begun["day"]
    by_days = pd.to_timedelta(periods["days"], unit="D") * number
    return begun["start"] + by_month.where(months > 0, by_days)


def _refuse_too_many(payments: float, subscriptions: int) -> None:
    if payments > MAX_PAYMENTS:
        raise TableError(
            f"subscriptions: {subscriptions:,} of them make {payments:,.0f} payments, more than "
            f"{MAX_PAYMENTS:,}. Is period_days in days? Bring a table of orders if they are that "
            "many."
        )


def _without_price(payments: pd.DataFrame) -> str:
    """A payment of 0 is no purchase: customers who make only those are reported."""
    if "amount" not in payments:
        return ""
    pays = (payments["amount"] > 0) | payments["amount"].isna()  # unknown is not nothing
    paying = payments.loc[pays, "customer_id"].unique()
    free = payments.loc[~payments["customer_id"].isin(paying), "customer_id"].nunique()
    return (
        f"; {free:,} customers pay nothing by it (no amount above 0): no purchase" if free else ""
    )


def _watched_until(checked: dict[str, Checked]) -> tuple[pd.Timestamp, str]:
    """Until when the company was watched, and the table that says so.

    The latest time of something that happened; not of a cell that was filled later or of a customer
    account, which can be of the day of the export, and not of one row far from all others. Ends
    that were agreed on beforehand (`planned`) were not watched.
    """
    ends = {
        name: _steady_last(table.rows[TABLES[name].time].dropna())
        for name, table in checked.items()
        if name not in ("customers", "subscriptions") and TABLES[name].time in table.rows
    }
    own = checked["subscriptions"]
    seen = [name for name in ("started_at", "ended_at", "known_at") if name not in own.planned]
    times = pd.concat([own.rows[name] for name in seen if name in own.rows]).dropna()
    ends["subscriptions"] = _steady_last(times[times <= utc_now()])
    last = max(ends, key=lambda name: ends[name])
    return ends[last], last


def _steady_last(times: "pd.Series[pd.Timestamp]") -> pd.Timestamp:
    """The latest time that has another one within ALONE_DAYS before it; of FEW simply the last."""
    ordered = times.sort_values(ignore_index=True, kind="stable")
    if len(ordered) < FEW:
        return pd.Timestamp(ordered.iloc[-1])
    near = ordered.diff() <= pd.Timedelta(days=ALONE_DAYS)
    found: pd.Timestamp = ordered[near].iloc[-1] if near.any() else ordered.iloc[-1]
    return found
