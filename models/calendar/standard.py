"""Orders by week beside those expected of the same customers in an average week.

Sales grow with the number of customers and change with who they are: after a campaign there are
many who bought once and never again. What the calendar is to show is left when that is taken out.
So customers known at the start of a week are sorted into cells by their silence, their purchases of
the last 90 days and those of all time. Orders of a week are compared with what customers of the
same cells bought over all weeks (indirect standardisation: Breslow & Day 1987, Statistical Methods
in Cancer Research II, ch. 2). Rates of cells and levels of weeks are settled in turn, as rates are
of a week at level 1.

Silence and recent purchases are counted at the pace of the business: a day at level 3 counts as
three. By days of the calendar, who bought much before Christmas would be expected to go on like
that, and the level after it told too low; and who was quiet all summer, like everybody, would hide
how much the season to come is. Pace and levels are settled in turn, too. With less than a year of
weeks every day counts as one: what rises there may be growth.

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
PACES = 3  # times that the pace is taken from levels
A_YEAR = 52  # weeks
NEVER = 10**6
# Categories whose buyers may have a level of their own: how many, and their fewest orders.
MOST_CATEGORIES, FEWEST_ORDERS = 12, 500
# Days since a customer was first seen: before, nobody can tell who is new from who long was there.
SETTLED = 56


class Weeks(NamedTuple):
    """Orders of known customers in weeks from `starts` on, and those expected at level 1.

    Both are (n, groups), by the category that a customer bought last: those of `categories`, and in
    the last column everybody else. Days are counted from 1970-01-01.
    """

    starts: IntArray
    by_category: FloatArray
    expected_by_category: FloatArray
    categories: tuple[str, ...]

    @property
    def middles(self) -> FloatArray:
        """The middle of each week (n,), in days."""
        return self.starts.astype(np.float64) + WEEK / 2

    @property
    def orders(self) -> FloatArray:
        """Orders of all known customers (n,)."""
        found: FloatArray = self.by_category.sum(axis=1)
        return found

    @property
    def expected(self) -> FloatArray:
        """Those expected of them at level 1 (n,)."""
        found: FloatArray = self.expected_by_category.sum(axis=1)
        return found


def weeks_before(purchases: pd.DataFrame, until: int) -> Weeks | None:
    """Whole weeks up to a day (not included), latest last; None where not one can be compared.

    `purchases` are the purchase timelines of features/history/periods.py; `category` is that of
    each day, where the data has categories.
    """
    bought = _Bought.of(purchases, until)
    if bought is None:
        return None
    first = int(bought.day[0]) + min(WINDOW, int((until - bought.day[0]) * LEFT_OUT))
    starts = np.arange(until - WEEK, first - 1, -WEEK, dtype=np.int64)[:MOST_WEEKS][::-1]
    if not len(starts):
        return None
    pace = _Pace.even(int(bought.day[0]), starts)
    for left in reversed(range(PACES + 1 if len(starts) >= A_YEAR else 1)):
        counted = _counted(bought, starts, pace)
        customers, orders = (np.stack(part) for part in zip(*counted, strict=True))
        if not orders.sum():
            return None
        rate, level = _rates(customers.sum(axis=1), orders.sum(axis=1))
        pace = pace.at(level) if left else pace
    return Weeks(starts, orders.sum(axis=2), customers @ rate, bought.categories)


def _rates(customers: FloatArray, orders: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Orders of a mean week by cell (cells,), and levels (n,); both inputs are (n, cells)."""
    level = np.ones(len(orders))
    seen = orders.sum(axis=1)
    rate: FloatArray = np.zeros(orders.shape[1])
    for _ in range(ROUNDS):
        at_risk = level @ customers
        usual = seen.sum() / at_risk.sum()
        rate = (orders.sum(axis=0) + PRIOR_ORDERS * usual) / (at_risk + PRIOR_ORDERS)
        expected = customers @ rate
        level = (seen + PRIOR_ORDERS) / (expected + PRIOR_ORDERS)
        # Rates are those of a mean week, so levels have a weighted mean of 1.
        level = level / np.average(level, weights=expected)
    return rate, level


class _Pace(NamedTuple):
    """How much of usual business had passed by each day from `first` on."""

    first: int
    starts: IntArray
    passed: FloatArray

    @classmethod
    def even(cls, first: int, starts: IntArray) -> "_Pace":
        """As much on every day."""
        return cls(first, starts, np.arange(int(starts[-1]) + WEEK - first + 1, dtype=np.float64))

    def at(self, level: FloatArray) -> "_Pace":
        """Proportional to the levels of weeks (n,).

        Days before the first week are as those of the first year.
        """
        by_day = np.repeat(level / level.mean(), WEEK)
        before = int(self.starts[0]) - self.first
        early = by_day[np.arange(-before, 0) % (A_YEAR * WEEK)]
        return self._replace(passed=np.concatenate([[0.0], np.cumsum([*early, *by_day])]))

    def by(self, days: IntArray) -> FloatArray:
        """What had passed by the days."""
        found: FloatArray = self.passed[days - self.first]
        return found


class _Bought(NamedTuple):
    """Purchase days in their order: day, the customer's number, orders, place of the category."""

    day: IntArray
    who: npt.NDArray[np.intp]
    orders: FloatArray
    place: npt.NDArray[np.intp]
    customers: int
    categories: tuple[str, ...]

    @classmethod
    def of(cls, purchases: pd.DataFrame, until: int) -> "_Bought | None":
        day = purchases["event_day"].to_numpy("datetime64[D]").astype(np.int64)
        rows = purchases[day < until]
        if rows.empty:
            return None
        order = np.argsort(day[day < until], kind="stable")
        who, names = pd.factorize(rows["customer_id"])
        orders = rows["orders"].to_numpy(np.float64)
        place, categories = _places(rows)
        return cls(
            day=day[day < until][order],
            who=who[order],
            orders=orders[order],
            place=place[order],
            customers=len(names),
            categories=categories,
        )


def _places(rows: pd.DataFrame) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
    """The largest categories, and the place (n,) of each purchase among them; others come last."""
    if "category" not in rows:
        return np.zeros(len(rows), np.intp), ()
    orders = rows.groupby("category", observed=True)["orders"].sum()
    large = orders[orders >= FEWEST_ORDERS].sort_values(ascending=False, kind="stable")
    categories = tuple(map(str, large.index[:MOST_CATEGORIES]))
    place = pd.Index(categories, dtype=object).get_indexer(pd.Index(rows["category"], dtype=object))
    return np.where(place < 0, len(categories), place), categories


def _counted(
    bought: _Bought, starts: IntArray, pace: _Pace
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Known customers and their orders, (groups, cells) each, of each week."""
    first = np.full(bought.customers, NEVER)
    last = np.full(bought.customers, -float(NEVER))
    place = np.full(bought.customers, len(bought.categories))
    recent, ever = np.zeros(bought.customers), np.zeros(bought.customers)
    seen = forgotten = 0
    shape = (len(bought.categories) + 1, CELLS)
    size = shape[0] * shape[1]
    passed = pace.by(bought.day)
    for start, by_now in zip(starts, pace.by(starts), strict=True):
        now, end = np.searchsorted(bought.day, [start, start + WEEK])
        old = np.searchsorted(passed, by_now - WINDOW)
        last[bought.who[seen:now]] = passed[seen:now]  # in their order: the latest stays
        place[bought.who[seen:now]] = bought.place[seen:now]
        np.minimum.at(first, bought.who[seen:now], bought.day[seen:now])
        for count in (recent, ever):
            np.add.at(count, bought.who[seen:now], 1.0)
        np.subtract.at(recent, bought.who[forgotten:old], 1.0)
        seen, forgotten = int(now), int(old)
        known = first <= start - SETTLED
        cell = CELLS * place[known] + _cells(by_now - last[known], recent[known], ever[known])
        orders = np.bincount(bought.who[now:end], bought.orders[now:end], bought.customers)
        yield (
            np.bincount(cell, minlength=size).astype(np.float64).reshape(shape),
            np.bincount(cell, orders[known], size).astype(np.float64).reshape(shape),
        )


def _cells(silence: FloatArray, recent: FloatArray, ever: FloatArray) -> npt.NDArray[np.intp]:
    by_silence = np.searchsorted(SILENCE, silence, side="right")
    by_recent = np.searchsorted(RECENT, recent, side="right")
    by_ever = np.searchsorted(EVER, ever, side="right")
    return (by_silence * (len(RECENT) + 1) + by_recent) * (len(EVER) + 1) + by_ever
