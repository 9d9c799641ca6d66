"""What each customer had bought by each as-of date, for models that read sequences of purchases."""

import numpy as np
import pandas as pd

DAY = np.timedelta64(1, "D")


def with_purchases(rows: pd.DataFrame, purchases: pd.DataFrame) -> pd.DataFrame:
    """The rows, each with the purchase days before its as-of date as lists, oldest first.

    `purchases` has a row per customer and day with purchases: customer_id, event_day, orders,
    [amount]. `purchase_ages` are whole days before the as-of date, 1 or more: what happens on that
    date or later is not among them. `purchase_orders` and `purchase_amounts` are of the same days.
    """
    known = purchases.sort_values(["customer_id", "event_day"], kind="stable")
    customers = pd.Index(known["customer_id"].unique())
    days = known["event_day"].to_numpy("datetime64[D]").astype(np.int64)
    as_of = rows["as_of_date"].to_numpy("datetime64[D]").astype(np.int64)
    # One number that grows with the customer's place and, within the customer, with the day.
    first = min(days.min(initial=0), as_of.min(initial=0))
    span = max(days.max(initial=0), as_of.max(initial=0)) - first + 1
    moments = customers.get_indexer(known["customer_id"]) * span + days - first
    place = customers.get_indexer(rows["customer_id"])
    begin = np.searchsorted(moments, place * span)
    end = np.searchsorted(moments, place * span + as_of - first)
    end = np.where(place < 0, begin, end)  # never bought
    cut = [slice(a, b) for a, b in zip(begin, end, strict=True)]
    found = {"purchase_ages": [day - days[part] for day, part in zip(as_of, cut, strict=True)]}
    for name in ("orders", "amount"):
        if name in known:
            values = known[name].to_numpy(np.float64)
            found[f"purchase_{name.removesuffix('s')}s"] = [values[part] for part in cut]
    return rows.assign(**{name: pd.Series(lists, rows.index) for name, lists in found.items()})
