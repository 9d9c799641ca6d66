"""Orders where a company has subscriptions alone: every period that was begun is one payment.

    started_at 03-01, period_days 30, ended_at 05-15:   payments on 03-01, 03-31, 04-30

Each is as old as its period and was known no earlier than its subscription, so nothing of it is
seen before its time. What was really paid (discounts, refunds, failed cards) is not known.
"""

import numpy as np
import pandas as pd

from sources.check import Checked, utc_now
from sources.errors import TableError
from sources.tables import TABLES

MONTH = 30  # days: the period where none is given
MOST = 20_000_000  # payments: of more, a period is likely in another unit
ALONE_DAYS = 30  # a latest time with no other within so many days before it is not believed
FEW = 50  # times, of which one far from the others is nothing strange
LONGEST = 100_000  # days, about what a duration can hold: a period beyond it is paid once as well


def with_orders(checked: dict[str, Checked]) -> dict[str, Checked]:
    """The checked tables; without orders, those of the subscriptions' periods come first.

    Raises TableError where the periods would make more than MOST payments.
    """
    if "orders" in checked or "subscriptions" not in checked:
        return checked
    subscriptions = checked["subscriptions"].rows
    until, last = _watched_until(checked)
    payments = billed(subscriptions, until)
    period = "period (period_days)" if "period_days" in subscriptions else f"{MONTH} days"
    made = Checked(
        rows=payments,
        quarantine=payments.head(0),
        counts=dict.fromkeys(checked["subscriptions"].counts, 0)
        | {"rows_in": len(payments), "kept": len(payments)},
        ignored_columns=(),
        findings=(),
        made_of=f"one payment for every {period} that a subscription had begun up to "
        f"{until:%Y-%m-%d}, the last day of {last}{_without_price(payments)}",
    )
    return {"orders": made, **checked}


def billed(subscriptions: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """One row of the table orders for each period begun up to `until` (included).

    A subscription pays from `started_at` on, before `ended_at`. A period that is empty or not
    positive is a month; amounts are those of the subscription, and absent where it has none.
    """
    rows = subscriptions.reset_index(drop=True)
    never = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    # As SQL rounds, and so the features: a half to the longer period.
    period = rows.get("period_days", pd.Series(np.nan, index=rows.index)).add(0.5) // 1
    days = period.where(period > 0).fillna(MONTH).clip(upper=LONGEST)
    # `until` itself counts and `ended_at` does not.
    after = until + pd.Timedelta(microseconds=1)
    end = rows.get("ended_at", never).fillna(after)
    end = end.where(end < after, after)
    length = pd.to_timedelta(days, unit="D")
    lasted = ((end - rows["started_at"]) / length).clip(lower=0).fillna(0).to_numpy(np.float64)
    _refuse_too_many(float(np.ceil(lasted).sum()), len(rows))
    each = rows.loc[rows.index.repeat(np.ceil(lasted).astype(np.int64))]
    number = each.groupby(level=0).cumcount()
    made = pd.DataFrame(
        {
            "customer_id": each["customer_id"],
            "order_id": each["subscription_id"] + ":" + (number + 1).astype("str"),
            "event_time": each["started_at"] + length.loc[each.index] * number,
            "line_id": "1",
        }
    )
    if "known_at" in rows:
        made["known_at"] = each["known_at"].where(
            each["known_at"] > made["event_time"], made["event_time"]
        )
    if "amount" in rows:
        made["amount"] = each["amount"]
    times = [column for column in ("event_time", "known_at") if column in made]
    return made.astype(dict.fromkeys(times, "datetime64[us]")).reset_index(drop=True)


def _refuse_too_many(payments: float, subscriptions: int) -> None:
    if payments > MOST:
        raise TableError(
            f"subscriptions: {subscriptions:,} of them make {payments:,.0f} payments, more than "
            f"{MOST:,}. Is period_days in days? Bring a table of orders if they are that many."
        )


def _without_price(payments: pd.DataFrame) -> str:
    """A payment of nothing is no purchase: whoever makes only those is told, not lost silently."""
    if "amount" not in payments:
        return ""
    paying = payments.loc[payments["amount"] > 0, "customer_id"].unique()
    free = payments.loc[~payments["customer_id"].isin(paying), "customer_id"].nunique()
    return (
        f"; {free:,} customers pay nothing by it (no amount above 0): no purchase" if free else ""
    )


def _watched_until(checked: dict[str, Checked]) -> tuple[pd.Timestamp, str]:
    """Until when the company was watched, and the table that says so.

    The latest time of something that happened; not of a cell that was filled later or of a customer
    account, which can be of the day of the export, and not of one row far from all others.
    """
    ends = {
        name: _steady_last(table.rows[TABLES[name].time].dropna())
        for name, table in checked.items()
        if name not in ("customers", "subscriptions") and TABLES[name].time in table.rows
    }
    own = checked["subscriptions"].rows
    told = pd.concat(
        [own[name] for name in ("started_at", "ended_at", "known_at") if name in own]
    ).dropna()
    ends["subscriptions"] = _steady_last(told[told <= utc_now()])
    last = max(ends, key=lambda name: ends[name])
    return ends[last], last


def _steady_last(times: "pd.Series[pd.Timestamp]") -> pd.Timestamp:
    """The latest time that has another one within ALONE_DAYS before it; of FEW simply the last."""
    ordered = times.sort_values(ignore_index=True)
    if len(ordered) < FEW:
        return pd.Timestamp(ordered.iloc[-1])
    near = ordered.diff() <= pd.Timedelta(days=ALONE_DAYS)
    found: pd.Timestamp = ordered[near].iloc[-1] if near.any() else ordered.iloc[-1]
    return found
