"""Outcomes of customers after any past day, from the checked data as it stands now.

Labels (features/history/labels.py) are made for the as-of dates of a run; releases were made on
other days.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.arrays import FloatArray, IntArray
from features.history.contacts_made import was_made
from features.history.periods import amounts_of, bought_in
from features.timeline import date_of, day_numbers, period_of, runs_at, whole_days

Flags = npt.NDArray[np.bool_]
FAR = 1_000_000  # days: beyond all data, so that one customer's days never reach the next one's


def lapsed(
    purchases: pd.DataFrame, customers: Sequence[str], as_of_day: int, horizon_days: int
) -> Flags:
    """Whether each customer bought nothing in the horizon after an as-of day (n,)."""
    orders = bought_in(purchases, as_of_day, [horizon_days], customers)["orders"]
    return np.asarray(orders[:, 0] == 0, np.bool_)


def bought_after(
    purchases: pd.DataFrame, customers: Sequence[str], days: IntArray, window: tuple[int, int]
) -> dict[str, FloatArray]:
    """`orders` and, with amounts, `spend` (n,) of customers, each after a day of their own (n,).

    `window` is (first, last) in days after it: [first, last).
    """
    known = pd.Index(sorted(set(customers)))
    theirs = purchases[purchases["customer_id"].isin(known)]
    place = known.get_indexer(pd.Index(theirs["customer_id"]))
    keys = place * FAR + whole_days(theirs["event_day"])
    order = np.argsort(keys, kind="stable")
    asked = known.get_indexer(pd.Index(list(customers))) * FAR + days
    ends = np.stack([np.searchsorted(keys[order], asked + one, side="left") for one in window])
    return {
        what: np.diff(np.r_[0.0, np.cumsum(values[order])][ends], axis=0)[0]
        for what, values in amounts_of(theirs).items()
    }


def cancelled_after(
    subscriptions: pd.DataFrame, customers: Sequence[str], days: IntArray, horizon_days: int
) -> Flags:
    """As `cancelled`, each customer after a day of their own (n,)."""
    asked = pd.DataFrame({"customer_id": list(customers), "asked": days + horizon_days})
    asked["row"] = np.arange(len(asked))
    rows = pd.DataFrame(
        {
            "customer_id": subscriptions["customer_id"].to_numpy(),
            "day": day_numbers(subscriptions["started_at"]).to_numpy(),
            "ended_day": day_numbers(subscriptions["ended_at"]).to_numpy()
            if "ended_at" in subscriptions
            else np.nan,
        }
    )
    rows = asked.merge(rows, on="customer_id")
    left = np.ones(len(asked), np.bool_)
    left[rows["row"][runs_at(rows, rows["asked"])]] = False
    return left


def cancelled(
    subscriptions: pd.DataFrame, customers: Sequence[str], as_of_day: int, horizon_days: int
) -> Flags:
    """Whether no subscription of each customer runs at the end of the horizon (n,)."""
    rows = pd.DataFrame({"day": day_numbers(subscriptions["started_at"])})
    is_there = "ended_at" in subscriptions
    rows["ended_day"] = day_numbers(subscriptions["ended_at"]) if is_there else np.nan
    running = subscriptions["customer_id"][runs_at(rows, as_of_day + horizon_days)]
    return ~pd.Index(customers).isin(running)


def contacted(
    contacts: pd.DataFrame, customers: Sequence[str], as_of_day: int, horizon_days: int
) -> Flags:
    """Whether a contact was made with each customer within the horizon (n,)."""
    start = pd.Timestamp(date_of(as_of_day))
    inside = period_of(contacts["event_time"], start, [horizon_days]) == 0
    counts = inside & was_made(contacts).to_numpy()
    return np.asarray(pd.Index(customers).isin(contacts["customer_id"][counts]), np.bool_)
