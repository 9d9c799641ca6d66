"""The same core as in Polars with pandas; days are made once, features at each as-of date."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.orders import ACTIVE_WITHIN_DAYS, AS_OF_DATES

PACKAGES = ("pandas", "pyarrow")


def run(orders: Path, folder: Path) -> int:
    """One Parquet file for each as-of date."""
    lines = pd.read_parquet(orders)
    lines["day"] = lines.pop("event_time").dt.floor("D")
    days = customer_days(lines)
    gaps = days[days["orders"] > 0].sort_values(["customer_id", "day"])
    gaps = gaps.assign(gap=gaps.groupby("customer_id")["day"].diff().dt.days)
    sold = lines[lines["amount"] > 0]
    categories = sold[["customer_id", "category", "day"]].drop_duplicates()
    stores = sold[["customer_id", "store", "day"]].drop_duplicates()
    for as_of in AS_OF_DATES:
        table = purchase_features(known(gaps, as_of))
        table = table[table["days_since_last_purchase"] <= ACTIVE_WITHIN_DAYS]
        table = (
            table.join(money_features(known(days, as_of)))
            .join(category_features(known(categories, as_of)))
            .join(store_features(known(stores, as_of)))
            .sort_index()
        )
        table.reset_index().to_parquet(folder / f"{as_of}.parquet", index=False)
    return table.shape[1]


def customer_days(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per customer and day; a purchase has positive net on its order's first day."""
    order = ["customer_id", "order_id"]
    of_day = lines.groupby([*order, "day"], as_index=False)[["amount", "discount"]].sum()
    first = of_day.groupby(order)["day"].transform("min")
    bought = (of_day["day"] == first) & (of_day["amount"] > 0)
    of_day["orders"] = bought.astype("int64")
    of_day["paid"] = of_day["amount"].where(bought, 0.0)
    of_day["sold"] = of_day["amount"].clip(lower=0)
    of_day["refunded"] = -of_day["amount"].clip(upper=0)
    sums = ["orders", "paid", "amount", "sold", "refunded", "discount"]
    return of_day.groupby(["customer_id", "day"], as_index=False)[sums].sum()


def known(rows: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The rows before the as-of date, with their age in days."""
    before = rows[rows["day"] < pd.Timestamp(as_of)]
    return before.assign(ago=(pd.Timestamp(as_of) - before["day"]).dt.days)


def purchase_features(rows: pd.DataFrame) -> pd.DataFrame:
    """Features of the days with purchases."""
    windows = (30, 60, 90, 365)
    recent = {f"orders_{w}d": rows["orders"].where(rows["ago"] <= w, 0) for w in windows}
    rows = rows.assign(
        **recent, lately=rows["ago"] <= 90, weekend_share=rows["day"].dt.day_of_week >= 5
    )
    own = rows.groupby("customer_id")
    gap, paid = own["gap"], own["paid"]
    table = pd.DataFrame(
        {
            "days_since_last_purchase": own["ago"].min(),
            "tenure_days": own["ago"].max(),
            "orders_total": own["orders"].sum(),
            "purchase_days_share_90d": own["lately"].sum() / 90,
            "amount_max": paid.max(),
            "amount_min": paid.min(),
            "amount_std": paid.std(),
            "gap_mean": gap.mean(),
            "gap_median": gap.median(),
            "gap_std": gap.std(),
            "gap_last": gap.last(),
            "gap_max": gap.max(),
            "weekend_share": own["weekend_share"].mean(),
            "frequency": own.size() - 1,
        }
    ).join(own[list(recent)].sum())
    silence, before = table["days_since_last_purchase"], table["orders_60d"] - table["orders_30d"]
    return table.assign(
        amount_mean=paid.sum() / table["orders_total"],
        silence_over_gap_mean=silence / table["gap_mean"],
        silence_over_gap_max=silence / table["gap_max"],
        orders_change_30d=np.log((table["orders_30d"] + 1) / (before + 1)),
    )


def money_features(rows: pd.DataFrame) -> pd.DataFrame:
    """Features of the days on which money moved."""
    windows, lately = (30, 60, 90, 365), rows["ago"] <= 90
    recent = {f"amount_{w}d": rows["amount"].where(rows["ago"] <= w, 0.0) for w in windows}
    rows = rows.assign(
        **recent,
        amount_total=rows["amount"],
        sold_90d=rows["sold"].where(lately, 0.0),
        discount_90d=rows["discount"].where(lately, 0.0),
    )
    helpers = ["sold", "refunded", "sold_90d", "discount_90d"]
    table = rows.groupby("customer_id")[["amount_total", *recent, *helpers]].sum()
    last, before = table["amount_30d"], table["amount_60d"] - table["amount_30d"]
    listed = table["discount_90d"] + table["sold_90d"]
    refunds = rows[rows["refunded"] > 0]
    return table.assign(
        amount_change_30d=np.log((last.clip(lower=0) + 1) / (before.clip(lower=0) + 1)),
        refund_share_total=table["refunded"] / table["sold"].replace(0, np.nan),
        discount_share_90d=table["discount_90d"] / listed.replace(0, np.nan),
        days_since_refund=refunds.groupby("customer_id")["ago"].min(),
    ).drop(columns=helpers)


def category_features(rows: pd.DataFrame) -> pd.DataFrame:
    """Features of the categories bought."""
    own = rows.groupby(["customer_id", "category"])["ago"].agg(bought="size", last_ago="min")
    own["lately"] = own["last_ago"] <= 90
    own["logs"] = own["bought"] * np.log(own["bought"])
    of_customer = own.groupby("customer_id")
    total = of_customer["bought"].sum()
    return pd.DataFrame(
        {
            "categories_total": of_customer.size(),
            "categories_90d": of_customer["lately"].sum(),
            "category_top_share": of_customer["bought"].max() / total,
            "category_entropy": np.log(total) - of_customer["logs"].sum() / total,
        }
    )


def store_features(rows: pd.DataFrame) -> pd.DataFrame:
    """Features of the stores used."""
    return rows.groupby("customer_id")["store"].nunique().to_frame("stores_total")
