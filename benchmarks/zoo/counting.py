"""Every purchase counted once more, in pandas, from the words of the design and nothing of ours.

A purchase is an order with positive net at its own time, on the day of its first line. An order
whose amount is unknown is one too; without amounts its quantity says whether it was a return.
Guests, rows that cannot be used and rows told twice are none. Known at a date is what had happened
and had reached us before its midnight.
"""

from datetime import date
from typing import Any

import pandas as pd

DAY = pd.Timedelta(days=1)


def purchases_known(
    tables: dict[str, pd.DataFrame], as_of: date, source: dict[str, Any]
) -> pd.DataFrame:
    """Rows of customer_id, event_day, orders: what the raw tables say was bought before `as_of`."""
    zone = source.get("timezone", "UTC")
    midnight = pd.Timestamp(as_of)
    rows = usable_orders(tables["orders"], zone, source)
    known = rows["time"] if "known_at" not in rows else utc(rows["known_at"], zone)
    known = known.fillna(rows["time"]).clip(lower=rows["time"])
    rows = rows[known < midnight]
    rows = rows.assign(event_day=rows["time"].dt.floor("D"))
    by = ["customer_id", "order_id"]
    first = rows.groupby(by)["event_day"].transform("min")
    own = rows[rows["event_day"] == first]
    orders = own.assign(is_bought=_net(own)).groupby([*by, "event_day"], as_index=False)
    nets = orders.agg(
        net=("is_bought", "sum"), known=("is_bought", "count"), lines=("order_id", "size")
    )
    bought = nets[(nets["net"] > 1e-9) | (nets["known"] == 0)]
    bought = bought[~bought["customer_id"].isin(_objectors(tables, midnight, zone))]
    days = bought.groupby(["customer_id", "event_day"], as_index=False).size()
    return days.rename(columns={"size": "orders"})


def usable_orders(orders: pd.DataFrame, zone: str, source: dict[str, Any]) -> pd.DataFrame:
    """The rows that can be used, each thing told once, with `time` in UTC."""
    has_key = "line_id" in orders
    rows = orders.drop_duplicates() if has_key or is_unique(source) else orders
    rows = rows[rows["customer_id"].notna() & rows["order_id"].notna()]
    return rows.assign(time=utc(rows["event_time"], zone))


def rows_of(orders: pd.DataFrame, source: dict[str, Any]) -> dict[str, int]:
    """What should become of the raw rows: guests, quarantined, duplicates, kept."""
    guests = orders["customer_id"].isna()
    broken = orders["order_id"].isna() & ~guests
    rest = orders[~guests & ~broken]
    told_once = rest.drop_duplicates() if "line_id" in rest or is_unique(source) else rest
    return {
        "rows_in": len(orders),
        "guests": int(guests.sum()),
        "quarantined": int(broken.sum()),
        "duplicates": len(rest) - len(told_once),
        "kept": len(told_once),
    }


def is_unique(source: dict[str, Any]) -> bool:
    """Whether params.yaml says that a repeated order row is a mistake."""
    return "orders" in source.get("drop_repeated_rows", ())


def utc(times: "pd.Series[Any]", zone: str) -> "pd.Series[pd.Timestamp]":
    """Times as they stand in the files, in UTC: with an offset, as dates, or in the zone."""
    text = times.astype("str")
    if text.str.contains(r"\+\d\d:\d\d$").any():
        moments = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
        return moments.dt.tz_localize(None).astype("datetime64[us]")
    plain = pd.to_datetime(text, format="ISO8601", errors="coerce").astype("datetime64[us]")
    there = plain.dropna()
    if (there == there.dt.floor("D")).all():
        return plain
    local = plain.dt.tz_localize(zone, ambiguous=False, nonexistent="shift_forward")  # type: ignore[call-overload]
    moved: pd.Series[pd.Timestamp] = local.dt.tz_convert("UTC").dt.tz_localize(None)
    return moved.astype("datetime64[us]")


def _net(rows: pd.DataFrame) -> "pd.Series[float]":
    if "amount" in rows:
        return rows["amount"].astype("float64").round(6)
    if "quantity" in rows:
        return rows["quantity"].astype("float64").fillna(1.0)
    return pd.Series(1.0, rows.index)


def _objectors(tables: dict[str, pd.DataFrame], midnight: pd.Timestamp, zone: str) -> set[str]:
    """Who said no to profiling before; nobody here takes it back."""
    if "consents" not in tables:
        return set()
    said = tables["consents"]
    before = utc(said["event_time"], zone) < midnight
    no = said["granted"].astype("str").str.lower() == "false"
    return set(said["customer_id"][before & no & (said["purpose"] == "profiling")])
