"""Orders where a company has subscriptions alone: every period that was begun is one payment.

    started_at 03-01, period_days 30, ended_at 05-15:   payments on 03-01, 03-31, 04-30

Each is as old as its period and was known no earlier than its subscription, so nothing of it is
seen before its time. What was really paid (discounts, refunds, failed cards) is not known.
"""

import numpy as np
import pandas as pd

from sources.check import Checked
from sources.tables import TABLES

MONTH = 30  # days: the period where none is given
LONGEST = 100_000  # days, about what a duration can hold: a period beyond it is paid once as well


def with_orders(checked: dict[str, Checked]) -> dict[str, Checked]:
    """The checked tables; without orders, those of the subscriptions' periods come first."""
    if "orders" in checked or "subscriptions" not in checked:
        return checked
    subscriptions = checked["subscriptions"].rows
    payments = billed(subscriptions, _last_time(checked))
    period = "period (period_days)" if "period_days" in subscriptions else f"{MONTH} days"
    made = Checked(
        rows=payments,
        quarantine=payments.head(0),
        counts=dict.fromkeys(checked["subscriptions"].counts, 0)
        | {"rows_in": len(payments), "kept": len(payments)},
        ignored_columns=(),
        findings=(),
        made_of=f"one payment for every {period} that a subscription had begun",
    )
    return {"orders": made, **checked}


def billed(subscriptions: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """One row of the table orders for each period begun up to `until` (included).

    A subscription pays from `started_at` on, before `ended_at`. A period that is empty or not
    positive is a month; amounts are those of the subscription, and absent where it has none.
    """
    rows = subscriptions.reset_index(drop=True)
    never = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    period = rows.get("period_days", pd.Series(np.nan, index=rows.index)).round()
    days = period.where(period > 0).fillna(MONTH).clip(upper=LONGEST)
    # `until` itself counts and `ended_at` does not.
    after = until + pd.Timedelta(microseconds=1)
    end = rows.get("ended_at", never).fillna(after)
    end = end.where(end < after, after)
    length = pd.to_timedelta(days, unit="D")
    lasted = ((end - rows["started_at"]) / length).clip(lower=0).fillna(0).to_numpy(np.float64)
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


def _last_time(checked: dict[str, Checked]) -> pd.Timestamp:
    """The latest time that any table tells of: until then it was watched."""
    times = [
        table.rows[column].max()
        for name, table in checked.items()
        for column in {TABLES[name].time, *TABLES[name].later, "known_at"} & {*table.rows.columns}
    ]
    latest: pd.Timestamp = pd.Series(times).max()
    return latest
