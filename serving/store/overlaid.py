"""A list of a release with the live cards that lie over it, filtered and ranked as one."""

import datetime as dt
from collections.abc import Collection, Iterator
from heapq import merge
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from serving.cards.query import Filters
from serving.cards.sorting import Order, Sort
from serving.store.list_index import Chosen, ListIndex


class OverlaidIndex:
    """As a ListIndex; a customer with a live card is found by that, and not by the published one.

    What is chosen of both stands in one array: published customers first.
    """

    def __init__(self, published: ListIndex, live: ListIndex) -> None:
        self._published, self._live = published, live
        place = pc.index_in(live.ids, published.ids).drop_null().to_numpy()
        self._stands = np.ones(len(published), dtype=bool)
        self._stands[place] = False

    def chosen(
        self, query: Filters, owners: Collection[str] | None, older: ListIndex | None = None
    ) -> Chosen:
        """Which customers fit the filters; as of ListIndex."""
        fit = self._published.chosen(query, owners, older).rows
        live = self._live.chosen(query, owners, older)
        return self.summed(np.concatenate([fit & self._stands, live.rows]))

    def summed(self, rows: np.ndarray) -> Chosen:
        """These rows of both, how many they are and what they are worth."""
        size = len(self._published)
        published, live = self._published.summed(rows[:size]), self._live.summed(rows[size:])
        return Chosen(
            rows,
            published.total + live.total,
            published.money + live.money,
            {
                band: published.bands.get(band, 0) + live.bands.get(band, 0)
                for band in published.bands | live.bands
            },
        )

    def rows_of(self, customers: Collection[str]) -> np.ndarray:
        """Whether each customer of both is one of these."""
        return np.concatenate([self._published.rows_of(customers), self._live.rows_of(customers)])

    def has(self, column: str, words: Collection[str]) -> np.ndarray:
        """Whether each customer of both has one of these words in a column of CODES."""
        both = (self._published, self._live)
        return np.concatenate([index.has(column, words) for index in both])

    def numbers(self, column: str) -> np.ndarray:
        """A column of both that lists sort by."""
        both = (self._published, self._live)
        return np.concatenate([index.numbers(column) for index in both])

    def with_action(self) -> np.ndarray:
        """Whether the plan intends an action for each customer of both."""
        return np.concatenate([self._published.with_action(), self._live.with_action()])

    def ranked(
        self, chosen: np.ndarray, sort: Sort, order: Order, after: tuple[Any, str] | None
    ) -> Iterator[tuple[str, Any]]:
        """Id and value of those who are chosen, in order, after that value and id."""
        size = len(self._published)
        sign = -1 if order == "desc" else 1

        def place(row: tuple[str, Any]) -> tuple[float, str]:
            who, value = row
            number = dt.date.fromisoformat(value).toordinal() if isinstance(value, str) else value
            return sign * number, who

        return merge(
            self._published.ranked(chosen[:size], sort, order, after),
            self._live.ranked(chosen[size:], sort, order, after),
            key=place,
        )

    def among(self, customers: Collection[str], owners: Collection[str] | None) -> set[str]:
        """Those of these customers who are there and are customers of these owners."""
        is_live = pc.is_in(pa.array(list(customers), pa.string()), self._live.ids).to_pylist()
        live = {who for who, found in zip(customers, is_live, strict=True) if found}
        others = set(customers) - live
        return self._live.among(live, owners) | self._published.among(others, owners)
