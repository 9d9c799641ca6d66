"""A core of the columns in Polars, lazy and streaming; days once, features at each date."""

from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.orders import ACTIVE_WITHIN_DAYS, AS_OF_DATES

PACKAGES = ("polars",)
C = pl.col


def run(orders: Path, folder: Path) -> int:
    """One Parquet file for each as-of date."""
    lines = pl.scan_parquet(orders).with_columns(day=C("event_time").dt.date())
    days = customer_days(lines).collect(engine="streaming")
    gaps = days.filter(C("orders") > 0).sort("customer_id", "day")
    previous = pl.when(C("customer_id") == C("customer_id").shift()).then(C("day").shift())
    gaps = gaps.with_columns(gap=(C("day") - previous).dt.total_days())
    sold = lines.filter(C("amount") > 0)
    categories, stores = (
        sold.select("customer_id", name, "day").unique().collect(engine="streaming")
        for name in ("category", "store")
    )
    for as_of in AS_OF_DATES:
        of_purchases = purchase_features(known(gaps, as_of))
        table = (
            of_purchases.filter(C("days_since_last_purchase") <= ACTIVE_WITHIN_DAYS)
            .join(money_features(known(days, as_of)), on="customer_id", how="left")
            .join(category_features(known(categories, as_of)), on="customer_id", how="left")
            .join(store_features(known(stores, as_of)), on="customer_id", how="left")
            .sort("customer_id")
            .collect(engine="streaming")
        )
        table.write_parquet(folder / f"{as_of}.parquet")
    return table.width - 1


def customer_days(lines: pl.LazyFrame) -> pl.LazyFrame:
    """One row per customer and day; a purchase has positive net on its order's first day."""
    order = ["customer_id", "order_id"]
    of_day = lines.group_by(*order, "day").agg(C("amount").sum(), C("discount").sum())
    first = lines.group_by(order).agg(first_day=C("day").min())
    bought = (C("day") == C("first_day")) & (C("amount") > 0)
    return (
        of_day.join(first, on=order)
        .with_columns(bought=bought)
        .group_by("customer_id", "day")
        .agg(
            orders=C("bought").sum().cast(pl.Int64),
            paid=C("amount").filter(C("bought")).sum(),
            amount=C("amount").sum(),
            sold=C("amount").filter(C("amount") > 0).sum(),
            refunded=-C("amount").filter(C("amount") < 0).sum(),
            discount=C("discount").sum(),
        )
    )


def known(rows: pl.DataFrame, as_of: date) -> pl.LazyFrame:
    """The rows before the as-of date, with their age in days."""
    before = rows.lazy().filter(C("day") < as_of)
    return before.with_columns(ago=(pl.lit(as_of) - C("day")).dt.total_days())


def purchase_features(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Features of the days with purchases."""
    windows = (30, 60, 90, 365)
    table = rows.group_by("customer_id").agg(
        C("ago").min().alias("days_since_last_purchase"),
        C("ago").max().alias("tenure_days"),
        C("orders").sum().alias("orders_total"),
        *(C("orders").filter(C("ago") <= w).sum().alias(f"orders_{w}d") for w in windows),
        ((C("ago") <= 90).sum() / 90).alias("purchase_days_share_90d"),
        C("paid").sum(),
        C("paid").max().alias("amount_max"),
        C("paid").min().alias("amount_min"),
        C("paid").std().alias("amount_std"),
        C("gap").mean().alias("gap_mean"),
        C("gap").median().alias("gap_median"),
        C("gap").std().alias("gap_std"),
        C("gap").filter(C("ago") == C("ago").min()).first().alias("gap_last"),
        C("gap").max().alias("gap_max"),
        (C("day").dt.weekday() >= 6).mean().alias("weekend_share"),
        (pl.len() - 1).cast(pl.Int64).alias("frequency"),
    )
    silence, before = C("days_since_last_purchase"), C("orders_60d") - C("orders_30d")
    return table.with_columns(
        amount_mean=C("paid") / C("orders_total"),
        silence_over_gap_mean=silence / C("gap_mean"),
        silence_over_gap_max=silence / C("gap_max"),
        orders_change_30d=((C("orders_30d") + 1) / (before + 1)).log(),
    ).drop("paid")


def money_features(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Features of the days on which money moved."""
    lately = C("ago") <= 90
    table = rows.group_by("customer_id").agg(
        C("amount").sum().alias("amount_total"),
        *(C("amount").filter(C("ago") <= w).sum().alias(f"amount_{w}d") for w in (30, 60, 90, 365)),
        C("sold").sum(),
        C("refunded").sum(),
        C("sold").filter(lately).sum().alias("sold_90d"),
        C("discount").filter(lately).sum(),
        C("ago").filter(C("refunded") > 0).min().alias("days_since_refund"),
    )
    last, before = C("amount_30d"), C("amount_60d") - C("amount_30d")
    listed = C("discount") + C("sold_90d")
    return table.with_columns(
        amount_change_30d=((last.clip(0) + 1) / (before.clip(0) + 1)).log(),
        refund_share_total=pl.when(C("sold") != 0).then(C("refunded") / C("sold")),
        discount_share_90d=pl.when(listed != 0).then(C("discount") / listed),
    ).drop("sold", "refunded", "sold_90d", "discount")


def category_features(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Features of the categories bought."""
    own = rows.group_by("customer_id", "category").agg(
        bought=pl.len().cast(pl.Float64), last_ago=C("ago").min()
    )
    total, logs = C("bought").sum(), C("bought") * C("bought").log()
    return own.group_by("customer_id").agg(
        categories_total=pl.len().cast(pl.Int64),
        categories_90d=(C("last_ago") <= 90).sum().cast(pl.Int64),
        category_top_share=C("bought").max() / total,
        category_entropy=total.log() - logs.sum() / total,
    )


def store_features(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Features of the stores used."""
    own = rows.group_by("customer_id", "store").agg(bought=pl.len())
    return own.group_by("customer_id").agg(stores_total=pl.len().cast(pl.Int64))
