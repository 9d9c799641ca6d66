"""Orders to expect from the rhythm of purchases alone: BG/NBD × orders on each purchase day.

A baseline beside every model, the start from which far orders are learned, and what carries values
on beyond the outcomes that have closed: a model of behaviour may be asked for any time ahead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.boosting import FloatArray
from models.btyd import BgNbd, fit_bg_nbd


@dataclass(frozen=True)
class BtydOrders:
    """A fitted BG/NBD and the mean number of orders on a day with any."""

    bg_nbd: BgNbd
    orders_per_purchase_day: float

    def expected(self, snapshot: pd.DataFrame, days: int) -> FloatArray:
        """Expected orders (n,) within `days` after the as-of date, above 0."""
        expected = self.bg_nbd.expected_purchases(days, *btyd_inputs(snapshot))
        return expected * self.orders_per_purchase_day

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "bg_nbd": self.bg_nbd.to_dict(),
            "orders_per_purchase_day": self.orders_per_purchase_day,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "BtydOrders":
        """The reverse of `to_dict`, from JSON that may hold more."""
        return cls(BgNbd.from_dict(content["bg_nbd"]), content["orders_per_purchase_day"])


def fit_btyd_orders(rows: pd.DataFrame) -> BtydOrders:
    """Fit on the last as-of date of `rows`, where histories are longest and each customer is once.

    BG/NBD describes a history and needs no outcome. Raises DataGateError when no customer bought on
    two days.
    """
    last = last_histories(rows)
    return BtydOrders(
        fit_bg_nbd(*btyd_inputs(last)),
        float(last["orders_total"].sum() / (last["frequency"] + 1.0).sum()),
    )


def last_histories(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last as-of date whose customer has ever bought."""
    last: pd.DataFrame = rows[(rows["as_of_date"] == rows["as_of_date"].max()) & rows["T"].notna()]
    return last


def btyd_inputs(snapshot: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
    """frequency, recency and T, each (n,); who never bought has no history, which is 0 of each."""
    triple = snapshot[["frequency", "recency", "T"]].to_numpy(np.float64)
    frequency, recency, t = np.where(np.isnan(triple), 0.0, triple).T
    return frequency, recency, t
