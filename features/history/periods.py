"""Orders and money of customers by period after a date, from the purchase timelines.

`purchases` holds customer_id, event_day, orders and, where the data has amounts, amount: one row
per customer and day with purchases, what `purchase_timelines` makes. Its amounts are what was paid
on those days; refunds that came on other days are not in them, and unknown ones are empty.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.timeline import date_of, days_before, period_of, was_before, whole_days

Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
PARTS = ("cohort", "new", "back")


@dataclass(frozen=True)
class PurchaseDays:
    """Purchase timelines in the order of their days, so that a period is found without a search.

    `days` (n,) are days since 1970-01-01 and `codes` (n,) the places of the customers in `known`.
    A long history asks thousands of times who bought in a few weeks of it.
    """

    rows: pd.DataFrame
    days: npt.NDArray[np.int64]
    codes: Codes
    known: pd.Index

    @classmethod
    def of(cls, purchases: pd.DataFrame) -> "PurchaseDays":
        """The timelines, each customer's days still in their order."""
        day = whole_days(purchases["event_day"])
        order = np.argsort(day, kind="stable")
        codes, known = pd.factorize(purchases["customer_id"])
        return cls(purchases.iloc[order], day[order], codes[order], pd.Index(known))

    def codes_of(self, customers: "Sequence[str] | pd.Series[str]") -> Codes:
        """The code of each customer (n,); -1 for one without purchases."""
        return np.asarray(self.known.get_indexer(pd.Index(customers)), np.intp)

    def bought_in(self, as_of_day: int, ends: Sequence[int], customers: Codes) -> dict[str, Matrix]:
        """`orders` and, with amounts, `spend` (customers, periods) after an as-of day.

        `ends` are days after it, ascending: periods [0, ends[0]), [ends[0], ends[1]) and so on.
        """
        span = slice(*np.searchsorted(self.days, [as_of_day, as_of_day + ends[-1]]))
        place = np.full(len(self.known) + 1, -1)  # the last one is of those without purchases
        place[customers] = np.arange(len(customers))
        of_row = place[self.codes[span]]
        theirs = of_row >= 0
        period = np.searchsorted(ends, self.days[span][theirs] - as_of_day, side="right")
        cell, shape = of_row[theirs] * len(ends) + period, (len(customers), len(ends))
        return {
            what: _summed(cell, values[theirs], shape[0] * shape[1]).reshape(shape)
            for what, values in amounts_of(self.rows.iloc[span]).items()
        }


def bought_in(
    purchases: pd.DataFrame, as_of_day: int, ends: Sequence[int], customers: Sequence[str]
) -> dict[str, Matrix]:
    """`PurchaseDays.bought_in` of purchase timelines that are asked once."""
    days = PurchaseDays.of(purchases)
    return days.bought_in(as_of_day, ends, days.codes_of(customers))


def bought_by(
    purchases: pd.DataFrame, as_of_day: int, days: int, cohort: Collection[str]
) -> dict[str, dict[str, float]]:
    """`orders` and `spend` in the `days` from an as-of day on, by who bought.

    `cohort`: the given customers; `new`: those whose first purchase lies there; `back`: all others,
    who had been silent too long to be in the cohort.
    """
    customers = purchases["customer_id"]
    inside = period_of(purchases["event_day"], _midnight(as_of_day), [days]) == 0
    first = purchases.groupby("customer_id")["event_day"].min()
    came = period_of(first, _midnight(as_of_day), [days]) == 0
    is_new = customers.isin(first.index[came])
    who = np.select([customers.isin(cohort), is_new], ["cohort", "new"], "back")
    return {
        what: {part: float(rows[inside & (who == part)].sum()) for part in PARTS}
        for what, rows in amounts_of(purchases).items()
    }


def active_at(purchases: pd.DataFrame, as_of_day: int, active_within_days: int) -> list[str]:
    """Customers who bought in the `active_within_days` before an as-of day, sorted."""
    start = _midnight(as_of_day - active_within_days)
    inside = period_of(purchases["event_day"], start, [active_within_days]) == 0
    return sorted(set(purchases["customer_id"][inside]))


def _summed(cell: npt.NDArray[np.int64], rows: Matrix, size: int) -> Matrix:
    return np.asarray(np.bincount(cell, rows, size), np.float64)


def _midnight(day: int) -> pd.Timestamp:
    return pd.Timestamp(date_of(day))


def amounts_of(purchases: pd.DataFrame) -> dict[str, Matrix]:
    """`orders` and, with amounts, `spend` of each row."""
    names = {"orders": "orders", "spend": "amount"}
    return {
        what: _priced(purchases) if what == "spend" else purchases[column].to_numpy(np.float64)
        for what, column in names.items()
        if column in purchases.columns
    }


def _priced(purchases: pd.DataFrame) -> Matrix:
    """Amounts; a day of unknown money counts as the customer's usual one, or as everybody's."""
    amounts = purchases["amount"]
    if amounts.notna().all():
        return amounts.to_numpy(np.float64)
    own = amounts.groupby(purchases["customer_id"]).transform("mean")
    return amounts.fillna(own).fillna(amounts.mean()).fillna(0.0).to_numpy(np.float64)


def histories(purchases: pd.DataFrame, as_of_day: int) -> pd.DataFrame:
    """frequency, recency, T and orders_total of everybody who had bought before an as-of day.

    The quadruple's days as in features/families/btyd.py. Rows that reached us late count from the
    day they happened, as the timelines do not say when they came.
    """
    as_of = _midnight(as_of_day)
    ago = days_before(purchases["event_day"], as_of)
    before = purchases.assign(ago=ago)[was_before(purchases["event_day"], as_of)]
    by_customer = before.groupby("customer_id")
    first, last = by_customer["ago"].max(), by_customer["ago"].min()
    return pd.DataFrame(
        {
            "frequency": by_customer.size().astype("float64") - 1.0,
            "recency": first - last,
            "T": first,
            "orders_total": by_customer["orders"].sum().astype("float64"),
        }
    )
