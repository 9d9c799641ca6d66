"""What the orders hold of each customer, and how many rows a table has of each."""

from collections.abc import Iterator

import pandas as pd

from core.rows import Rows
from features.usability.adding_up import added_up


def buyers_of(orders: Rows) -> pd.DataFrame:
    """One row a customer, sorted by id: `lines`, `orders` and, where there is money, `amount`."""
    return added_up(_buyers(orders))


def rows_by_customer(rows: Rows) -> "pd.Series[int]":
    """How many rows each customer of a table has, sorted by id."""
    parts = (part["customer_id"].value_counts().to_frame() for part in rows.parts(["customer_id"]))
    return added_up(parts)["count"]


def _buyers(rows: Rows) -> Iterator[pd.DataFrame]:
    money = ["amount"] if "amount" in rows else []
    for part in rows.parts(["customer_id", "order_id", *money]):
        by_customer = part.groupby("customer_id")
        # All lines of an order lie in one part: its orders are counted there.
        orders = part.drop_duplicates(["customer_id", "order_id"])["customer_id"].value_counts()
        columns = {"lines": by_customer.size(), "orders": orders}
        yield pd.DataFrame(columns | {name: by_customer[name].sum() for name in money})
