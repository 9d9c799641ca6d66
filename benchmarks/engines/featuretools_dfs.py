"""Featuretools with cutoff times: deep feature synthesis over days, in its own environment."""

import warnings
from pathlib import Path

import featuretools as ft
import pandas as pd

from benchmarks.orders import ACTIVE_WITHIN_DAYS, AS_OF_DATES

warnings.simplefilter("ignore")  # Featuretools warns about its own use of pandas
PACKAGES = ("featuretools", "pandas")
WINDOWS = (30, 90, 365)
COLUMNS = {
    "TIME_SINCE_LAST(purchases.day, unit=days)": "days_since_last_purchase",
    "TIME_SINCE_FIRST(purchases.day, unit=days)": "tenure_days",
    "SUM(purchases.orders)": "orders_total",
    "MAX(purchases.paid)": "amount_max",
    "MIN(purchases.paid)": "amount_min",
    "STD(purchases.paid)": "amount_std",
    "AVG_TIME_BETWEEN(purchases.day, unit=days)": "gap_mean",
    "SUM(days.amount)": "amount_total",
    "NUM_UNIQUE(sold.category)": "categories_total",
    "NUM_UNIQUE(sold.store)": "stores_total",
}
RECENT = {
    "SUM(purchases.orders)": "orders_{window}d",
    "SUM(days.amount)": "amount_{window}d",
}


def run(orders: Path, folder: Path) -> int:
    """One Parquet file for each as-of date."""
    entities, bought = entity_set(pd.read_parquet(orders))
    cutoffs = pd.concat([cohort(bought, pd.Timestamp(as_of)) for as_of in AS_OF_DATES])
    table = calculated(entities, cutoffs, COLUMNS, None)
    for window in WINDOWS:
        names = {key: name.format(window=window) for key, name in RECENT.items()}
        recent = calculated(entities, cutoffs, names, f"{window} days")
        table = table.join(recent.fillna(0))
    for as_of in AS_OF_DATES:
        at_date = table.xs(pd.Timestamp(as_of), level="time").sort_index()
        at_date.reset_index().to_parquet(folder / f"{as_of}.parquet", index=False)
    return table.shape[1]


def entity_set(lines: pd.DataFrame) -> tuple[ft.EntitySet, pd.DataFrame]:
    """Customers, their purchase days, the days on which money moved, and the lines they bought."""
    lines["day"] = lines["event_time"].dt.floor("D")
    order = ["customer_id", "order_id"]
    of_day = lines.groupby([*order, "day"], as_index=False)["amount"].sum()
    first = of_day.groupby(order)["day"].transform("min")
    is_purchase = (of_day["day"] == first) & (of_day["amount"] > 0)
    own_day = ["customer_id", "day"]
    days = of_day.groupby(own_day, as_index=False)["amount"].sum()
    bought = of_day[is_purchase].groupby(own_day, as_index=False)
    bought = bought.agg(orders=("order_id", "size"), paid=("amount", "sum"))
    sold = lines.loc[lines["amount"] > 0, ["customer_id", "day", "category", "store"]]
    entities = ft.EntitySet("shop")
    customers = lines[["customer_id"]].drop_duplicates()
    entities.add_dataframe(dataframe_name="customers", dataframe=customers, index="customer_id")
    for name, table in (("purchases", bought), ("days", days), ("sold", sold)):
        entities.add_dataframe(
            dataframe_name=name,
            dataframe=table.reset_index(drop=True),
            index="row",
            make_index=True,
            time_index="day",
            logical_types={c: "Categorical" for c in ("category", "store") if c in table},
        )
        entities.add_relationship("customers", "customer_id", name, "customer_id")
    return entities, bought


def cohort(bought: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Cutoff times of the customers who bought within the year before the as-of date."""
    ago = (as_of - bought["day"]).dt.days
    active = bought.loc[(ago >= 1) & (ago <= ACTIVE_WITHIN_DAYS), "customer_id"].unique()
    return pd.DataFrame({"customer_id": active, "time": as_of})


def calculated(
    entities: ft.EntitySet, cutoffs: pd.DataFrame, names: dict[str, str], window: str | None
) -> pd.DataFrame:
    """The named features at the cutoff times; `window` is how far back they look."""
    wanted = [feature for feature in definitions(entities) if feature.get_name() in names]
    found = ft.calculate_feature_matrix(
        wanted,
        entities,
        cutoff_time=cutoffs,
        training_window=window,
        include_cutoff_time=False,
        cutoff_time_in_index=True,
    )
    return found[list(names)].rename(columns=names).astype("float64")


def definitions(entities: ft.EntitySet) -> list[ft.FeatureBase]:
    """The features that deep feature synthesis derives from the entities, one step deep."""
    return ft.dfs(
        entityset=entities,
        target_dataframe_name="customers",
        agg_primitives=[
            "sum",
            "max",
            "min",
            "std",
            "num_unique",
            ft.primitives.TimeSinceLast(unit="days"),
            ft.primitives.TimeSinceFirst(unit="days"),
            ft.primitives.AvgTimeBetween(unit="days"),
        ],
        trans_primitives=[],
        max_depth=1,
        features_only=True,
    )
