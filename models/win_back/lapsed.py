"""Who has lapsed at a date, what is known of them then, and what they bought afterwards.

Lapsed is who has bought, but not within `active_within_days`: nobody whom the churn model scores.
Purchase timelines are all that is needed of them.
"""

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from features.history.periods import PurchaseDays, histories
from features.timeline import date_of, was_before

INPUTS = ("rhythm", "silence", "purchases", "spent")


def lapsed_at(purchases: pd.DataFrame, as_of_day: int, active_within_days: int) -> pd.DataFrame:
    """Who had bought before a day, and not in the `active_within_days` before it.

    By customer_id: frequency, recency, T and orders_total, and with amounts amount_total: a day of
    unknown money counts as the customer's usual one, and without any known it is empty. Nothing
    depends on other customers, so that one alone is told as among all.
    """
    known = histories(purchases, as_of_day)
    lapsed = known[known["T"] - known["recency"] > active_within_days].copy()
    if "amount" in purchases.columns:
        before = was_before(purchases["event_day"], pd.Timestamp(date_of(as_of_day)))
        amounts = purchases[before].groupby("customer_id")["amount"]
        lapsed["amount_total"] = (amounts.mean() * amounts.size())[lapsed.index]
    return lapsed


def bought_after(
    days: PurchaseDays, as_of_day: int, lapsed: pd.DataFrame, windows: tuple[int, int]
) -> dict[str, FloatArray]:
    """Orders (n,) in each of two windows from a day on, by `orders_<days>`; with amounts spend.

    The first window is no longer than the second.
    """
    near, far = windows
    ends = [near] if near == far else [near, far]
    found = days.bought_in(as_of_day, ends, days.codes_of(list(lapsed.index)))
    totals = {what: np.cumsum(cells, axis=1) for what, cells in found.items()}
    return {
        f"{what}_{end}": cells[:, place]
        for what, cells in totals.items()
        for place, end in enumerate(ends)
    }


def inputs_of(lapsed: pd.DataFrame, rhythm: FloatArray) -> pd.DataFrame:
    """The columns INPUTS, a row for each of the lapsed; without amounts no `spent`.

    `rhythm` (n,) are the log odds of a purchase by the purchase rhythm.
    """
    columns = {
        "rhythm": rhythm,
        "silence": np.log((lapsed["T"] - lapsed["recency"]).to_numpy(np.float64)),
        "purchases": np.log1p(lapsed["frequency"].to_numpy(np.float64)),
    }
    if "amount_total" in lapsed:
        spent = lapsed["amount_total"].to_numpy(np.float64)
        columns["spent"] = np.log1p(np.maximum(spent, 0.0))
    return pd.DataFrame(columns, index=lapsed.index)
