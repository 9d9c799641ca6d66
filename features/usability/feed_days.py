"""What came on each day, counted over the parts of a table."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.clock import utc_now
from core.rows import Rows
from features.usability.volume import Volume, day_numbers, volume_of
from sources.contract import TABLES
from sources.tables.kept import Kept

LATE_SHARE = 0.95  # of the rows have come in once a day is judged
MOST_LATE_DAYS = 28  # a history imported years later says nothing about tomorrow's rows
ID_BITS = 48  # of a customer and a day in one number; 16 are left for the day, up to the year 2149


@dataclass(frozen=True)
class Happened:
    """What a feed counts of a table: its rows since `first`, an order with many lines once."""

    name: str
    table: Kept
    first: pd.Timestamp | None

    def volume(self) -> Volume | None:
        """How much came on each day; None if nothing came."""
        total = None
        for part in self._parts():
            if len(part):
                volume = volume_of(part["time"])
                total = volume if total is None else total + volume
        return total

    def people(self) -> Volume:
        """How many customers each day had.

        A customer's orders of one day lie in several parts, so that who was counted has to be kept:
        8 bytes for each customer and day, of which the id has 48 bits. By chance two of a million
        customers of one day share them once in 560 days, and one of them is not counted.
        """
        seen = [found for part in self._parts() if len(found := _people_and_days(part))]
        first, last = min(_day(found[0]) for found in seen), max(_day(found[-1]) for found in seen)
        # One day after the other: all at once would be in memory five times.
        begins = np.arange(first, last + 2).astype("uint64") << np.uint64(ID_BITS)
        places = [np.searchsorted(found, begins) for found in seen]
        by_day = np.zeros(last - first + 1)
        for day in range(len(by_day)):
            theirs = [f[at[day] : at[day + 1]] for f, at in zip(seen, places, strict=True)]
            by_day[day] = len(np.unique(np.concatenate(theirs)))
        return Volume(first, by_day)

    def _parts(self) -> Iterator[pd.DataFrame]:
        """Columns time and customer_id."""
        time, rows = TABLES[self.name].time, self.table.rows
        key = ["order_id"] if self.name == "orders" else []
        # A feed without new customers is alive while it tells of those who leave.
        tells_ends = self.name == "subscriptions" and "ended_at" in rows
        ends = ["ended_at"] if tells_ends and "ended_at" not in self.table.planned else []
        for part in rows.parts([time, "customer_id", *key, *ends]):
            since = part if self.first is None else part[part[time] >= self.first]
            since = since.drop_duplicates(key) if key else since
            yield since[[time, "customer_id"]].set_axis(["time", "customer_id"], axis=1)
            for end in ends:
                ended = since.loc[since[end] <= utc_now(), [end, "customer_id"]]
                yield ended.set_axis(["time", "customer_id"], axis=1)


def first_time(rows: Rows, column: str) -> pd.Timestamp:
    """The earliest time of a column."""
    first: pd.Timestamp = pd.Series([part[column].min() for part in rows.parts([column])]).min()
    return first


def late_days(name: str, rows: Rows) -> int:
    """Whole days after which most rows of a day are there; 0 without `known_at`."""
    if "known_at" not in rows:
        return 0
    time, late = TABLES[name].time, Counter[int]()
    for part in rows.parts([time, "known_at"]):
        dated = part[part["known_at"].notna()]
        late.update((day_numbers(dated["known_at"]) - day_numbers(dated[time])).tolist())
    return min(max(int(_quantile(late, LATE_SHARE)), 0), MOST_LATE_DAYS) if late else 0


def _day(person_and_day: np.uint64) -> int:
    return int(person_and_day >> np.uint64(ID_BITS))


def _people_and_days(part: pd.DataFrame) -> npt.NDArray[np.uint64]:
    ids = pd.util.hash_array(part["customer_id"].to_numpy(dtype=object), categorize=True)
    days = day_numbers(part["time"]).to_numpy().astype("uint64") << np.uint64(ID_BITS)
    return np.unique(days | (ids >> np.uint64(64 - ID_BITS)))


def _quantile(counts: Counter[int], share: float) -> float:
    """The quantile of numbers of which it is known how often each is there, linear in between."""
    numbers = sorted(counts)
    up_to = np.cumsum([counts[number] for number in numbers])
    place = share * (counts.total() - 1)
    low, high = (numbers[np.searchsorted(up_to, at, "right")] for at in (floor(place), ceil(place)))
    return low + (high - low) * (place - floor(place))
