"""Orders by week beside those expected of the same customers in an average week.

Sales grow with the number of customers and change with who they are: after a campaign there are
many who bought once and never again. What the calendar is to show is left when that is taken out.
So customers known at the start of a week are sorted into cells by their silence, their purchases of
the last 90 days and those of all time. Orders of a week are compared with what customers of the
same cells bought over all weeks (indirect standardisation: Breslow & Day 1987, Statistical Methods
in Cancer Research II, ch. 2). Rates of cells and levels of weeks are settled in turn, as rates are
of a week at level 1.

Orders of customers who buy for the first time are left out: nothing was known of them.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.arrays import FloatArray, IntArray

WEEK = 7
WINDOW = 90  # days over which recent purchases are counted
# The start of the data hides how long customers have been there: so much of a short history, at
# most, is left out.
LEFT_OUT = 1 / 3
MOST_WEEKS = 208  # four years: what lies before says little of the years to come
SILENCE = np.array([4, 8, 15, 29, 57, 113, 225])  # days
RECENT = np.array([2, 4, 8, 16, 32])  # purchase days
EVER = np.array([2, 4])  # purchase days
CELLS = (len(SILENCE) + 1) * (len(RECENT) + 1) * (len(EVER) + 1)
PRIOR_ORDERS = 5.0  # a cell's rate is shrunk to that of all, as by so many orders
ROUNDS = 20
NEVER = 10**6
# Days since a customer was first seen: before, nobody can tell who is new from who long was there.
SETTLED = 56


class Weeks(NamedTuple):
    """Orders of known customers, and those expected at level 1, in weeks from `starts` on, (n,).

    Days are counted from 1970-01-01.
    """

    starts: IntArray
    orders: FloatArray
    expected: FloatArray


def weeks_before(purchases: pd.DataFrame, until: int) -> Weeks | None:
    """Whole weeks up to a day (not included), latest last; None where not one can be compared.

    `purchases` are the purchase timelines of features/history/periods.py.
    """
    bought = _Bought.of(purchases, until)
    if bought is None:
        return None
    first = int(bought.day[0]) + min(WINDOW, int((until - bought.day[0]) * LEFT_OUT))
    starts = np.arange(until - WEEK, first - 1, -WEEK, dtype=np.int64)[:MOST_WEEKS][::-1]
    counted = list(_counted(bought, starts))
    if not counted:
        return None
    customers, orders = (np.stack(part) for part in zip(*counted, strict=True))
    if not orders.sum():
        return None
    return Weeks(starts, orders.sum(axis=1), _expected(customers, orders))


def _expected(customers: FloatArray, orders: FloatArray) -> FloatArray:
    """Orders of each week (n,) at the rates of the cells; both inputs are (n, cells)."""
    level = np.ones(len(orders))
    seen = orders.sum(axis=1)
    expected: FloatArray = seen
    for _ in range(ROUNDS):
        at_risk = level @ customers
        usual = seen.sum() / at_risk.sum()
        rate = (orders.sum(axis=0) + PRIOR_ORDERS * usual) / (at_risk + PRIOR_ORDERS)
        expected = customers @ rate
        level = (seen + PRIOR_ORDERS) / (expected + PRIOR_ORDERS)
        # Rates are those of a mean week, so levels have a weighted mean of 1.
        level = level / np.average(level, weights=expected)
    return expected


class _Bought(NamedTuple):
    """Purchase days in their order: the day, the customer's number and the orders of each, (n,)."""

    day: IntArray
    who: npt.NDArray[np.intp]
    orders: FloatArray
    customers: int

    @classmethod
    def of(cls, purchases: pd.DataFrame, until: int) -> "_Bought | None":
        day = purchases["event_day"].to_numpy("datetime64[D]").astype(np.int64)
        rows = purchases[day < until]
        if rows.empty:
            return None
        order = np.argsort(day[day < until], kind="stable")
        who, names = pd.factorize(rows["customer_id"])
        orders = rows["orders"].to_numpy(np.float64)
        return cls(day[day < until][order], who[order], orders[order], len(names))


def _counted(bought: _Bought, starts: IntArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Known customers and their orders by cell, (cells,) each, of each week."""
    first = np.full(bought.customers, NEVER)
    last = np.full(bought.customers, -NEVER)
    recent, ever = np.zeros(bought.customers), np.zeros(bought.customers)
    seen = forgotten = 0
    for start in starts:
        now, old, end = np.searchsorted(bought.day, [start, start - WINDOW, start + WEEK])
        last[bought.who[seen:now]] = bought.day[seen:now]  # in their order: the latest stays
        np.minimum.at(first, bought.who[seen:now], bought.day[seen:now])
        for count in (recent, ever):
            np.add.at(count, bought.who[seen:now], 1.0)
        np.subtract.at(recent, bought.who[forgotten:old], 1.0)
        seen, forgotten = int(now), int(old)
        known = first <= start - SETTLED
        cell = _cells(start - last[known], recent[known], ever[known])
        orders = np.bincount(bought.who[now:end], bought.orders[now:end], bought.customers)
        yield (
            np.bincount(cell, minlength=CELLS).astype(np.float64),
            np.bincount(cell, orders[known], CELLS).astype(np.float64),
        )


def _cells(silence: IntArray, recent: FloatArray, ever: FloatArray) -> npt.NDArray[np.intp]:
    by_silence = np.searchsorted(SILENCE, silence, side="right")
    by_recent = np.searchsorted(RECENT, recent, side="right")
    by_ever = np.searchsorted(EVER, ever, side="right")
    return (by_silence * (len(RECENT) + 1) + by_recent) * (len(EVER) + 1) + by_ever
