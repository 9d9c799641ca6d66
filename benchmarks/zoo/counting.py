"""Counts every purchase again, in pandas, from the design alone and with none of our code.

A purchase is an order with positive net at its own time, on the day of its first line. An order
whose amount is unknown is one too; without amounts its quantity says whether it was a return. Rows
of guests, unusable rows and repeated rows do not count. Known at a date is what had happened and
had reached us before its midnight.
"""

from datetime import date
from typing import Any

import pandas as pd

FIRST_YEAR = pd.Timestamp("2010-01-01")  # no company of the zoo is older
ENOUGH = 50  # orders: with so many, one far from all others is a slip
EUROPEAN = r"\d\d\.\d\d\.\d{4} "


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
    """The usable rows, without repeats, with `time` in UTC."""
    rows = orders[orders["customer_id"].notna() & orders["order_id"].notna()]
    rows = rows.drop_duplicates() if "line_id" in orders or is_unique(source) else rows
    rows = rows.assign(time=utc(rows["event_time"], zone))
    return rows[~_slips(rows)]


def rows_of(orders: pd.DataFrame, source: dict[str, Any]) -> dict[str, int]:
    """What should become of the raw rows: guests, quarantined, duplicates, kept."""
    zone = source.get("timezone", "UTC")
    guests = orders["customer_id"].isna()
    rest = orders[~guests & orders["order_id"].notna()]
    rest = rest[~_slips(rest.assign(time=utc(rest["event_time"], zone)))]
    kept = len(rest.drop_duplicates()) if "line_id" in rest or is_unique(source) else len(rest)
    duplicates = len(rest) - kept
    return {
        "rows_in": len(orders),
        "guests": int(guests.sum()),
        "quarantined": len(orders) - int(guests.sum()) - duplicates - kept,
        "duplicates": duplicates,
        "kept": kept,
    }


def _slips(rows: pd.DataFrame) -> "pd.Series[bool]":
    """The one order in a year before the company existed; among few orders any may be true."""
    is_early = rows["time"] < FIRST_YEAR
    return is_early & (rows["order_id"].nunique() >= ENOUGH)


def is_unique(source: dict[str, Any]) -> bool:
    """Whether params.yaml says that a repeated order row is a mistake."""
    return "orders" in source.get("drop_repeated_rows", ())


def utc(times: "pd.Series[Any]", zone: str) -> "pd.Series[pd.Timestamp]":
    """Times of the files in UTC: with an offset, as dates, or in the zone."""
    text = times.astype("str")
    if text.str.contains(r"\+\d\d:\d\d$").any():
        moments = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
        return moments.dt.tz_localize(None).astype("datetime64[us]")
    written = "%d.%m.%Y %H:%M:%S" if text.str.match(EUROPEAN).any() else "ISO8601"
    plain = pd.to_datetime(text, format=written, errors="coerce").astype("datetime64[us]")
    is_date = text.str.len() == len("2025-01-31")  # the same date anywhere
    local = plain.dt.tz_localize(zone, ambiguous=False, nonexistent="shift_forward")  # type: ignore[call-overload]
    moved: pd.Series[pd.Timestamp] = local.dt.tz_convert("UTC").dt.tz_localize(None)
    return moved.astype("datetime64[us]").where(~is_date, plain)


def _net(rows: pd.DataFrame) -> "pd.Series[float]":
    if "amount" in rows:
        net = rows["amount"].astype("float64").round(6)
        if "quantity" in rows:  # of returns whose amount is unknown
            net = net.mask(net.isna() & (rows["quantity"].astype("float64") <= 0), 0.0)
        return net
    if "quantity" in rows:
        return rows["quantity"].astype("float64").fillna(1.0)
    return pd.Series(1.0, rows.index)


def _objectors(tables: dict[str, pd.DataFrame], midnight: pd.Timestamp, zone: str) -> set[str]:
    """Customers who said no to profiling before; nobody in these data takes it back."""
    if "consents" not in tables:
        return set()
    said = tables["consents"]
    before = utc(said["event_time"], zone) < midnight
    no = said["granted"].astype("str").str.lower() == "false"
    return set(said["customer_id"][before & no & (said["purpose"] == "profiling")])
