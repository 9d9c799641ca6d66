"""The columns of a release that lists filter and sort by, in the memory of the process.

A release is never changed under its name, so that its columns are read once, part by part; with a
million cards they take about 100 MB. A filter or a search goes through them in ten or twenty
milliseconds, whatever the database, and totals are exact for any filter.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.words import ALREADY_CHURNED, LISTED, SCORED
from serving.cards.query import RISK_MOVED, Filters
from serving.cards.sorting import DATED, DESCENDING, RANKED, Order, Sort
from serving.store.columns import joined
from serving.store.memory import Kept
from serving.store.search import SearchTexts
from sources.meanings.vocabulary import DO_NOTHING, TREATED

NEVER = dt.date(9999, 12, 31)  # "not within N days" comes after every date
FIRST = dt.date(1970, 1, 1)
NO_DAY = (NEVER - FIRST).days  # NEVER, as `ListIndex.numbers` tells it
DAYS = (*DATED, "due_date")
LAST = 2**31 - 1  # no rank comes after every rank
CODES = (
    "status",
    "owner",
    "risk_band",
    "rfm_segment",
    "abc_class",
    "lifecycle_stage",
    "relationship_level",
    "suggested_level",
    "held_by",
    "intended_action",
    "arm",
    "win_back_blocked",
)
_WORDS = pa.dictionary(pa.int32(), pa.string())
# What lists sort by is never null: 0 and NEVER stand for unknown values, and the card says null.
# With status `rule` churn_risk holds 1 / risk_rank, to sort by: it is no probability.
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("search", pa.string()),  # name and id, case-folded
        *((name, _WORDS) for name in CODES),
        ("relationship_declined", pa.bool_()),
        *((name, pa.float64()) for name in DESCENDING),
        *((name, pa.date32()) for name in DATED),
        *((name, pa.int32()) for name in RANKED),
        ("risk_change", pa.float64()),  # 0: unknown
        ("days_since_contact", pa.int32()),  # LAST: never
        ("due_date", pa.date32()),  # of the intended action; NEVER: it has none
        ("content_hash", pa.int64()),
    ]
)
# What is kept in memory of it.
RESIDENT = SCHEMA.remove(SCHEMA.get_field_index("content_hash"))
# What a CRM acts on: a card is another one where one of these is, or its risk has moved.
COMPARED = ("status", "risk_band", "intended_action", "arm")
FIRST_LOOK = 4_096  # rows of an order looked at first; then four times as many


@dataclass(frozen=True)
class Chosen:
    """Whom a filter leaves: whether each row fits, how many do, their value at risk and bands."""

    rows: np.ndarray
    total: int
    money: float
    bands: dict[str, int]  # customers by risk band; a band without anybody may be absent


class ListIndex:
    """The columns of one release, by customer id."""

    def __init__(self, parts: Iterable[pa.Table], name: str) -> None:
        """`parts` have columns of RESIDENT; `name` is the sha256 of the release's parts.

        A column that the release is older than is unknown of everybody.
        """
        self.name = name
        columns = joined(map(_whole, parts), RESIDENT).ascending("customer_id")
        self.ids = columns.texts["customer_id"]
        self._search = SearchTexts(columns.texts["search"])
        self._codes, self._values = columns.codes, columns.values
        self._orders: Kept[np.ndarray] = Kept(12)
        self._chosen: Kept[Chosen] = Kept(16)

    def __len__(self) -> int:
        return len(self.ids)

    def chosen(
        self, query: Filters, owners: Collection[str] | None, older: "ListIndex | None" = None
    ) -> Chosen:
        """Which customers fit the filters.

        `owners`: whose customers are seen, None: everybody's. `older`: the release from which they
        have to differ, of whatever status.
        """
        seen = None if owners is None else tuple(sorted(owners))
        key = (query.fingerprint(), seen, None if older is None else older.name)
        return self._chosen.get(key, lambda: self.summed(self._mask(query, owners, older)))

    def after(self, customer_id: str | None, count: int) -> list[str]:
        """The next so many customers in the order of their ids; None: the first ones."""
        start = 0
        if customer_id is not None:
            ids = range(len(self))
            start = bisect_right(ids, customer_id, key=lambda row: self.ids[row].as_py())
        return list(self.ids[start : start + count].to_pylist())

    def among(self, customers: Collection[str], owners: Collection[str] | None) -> set[str]:
        """Those of these customers who are there and are customers of these owners."""
        place = pc.index_in(pa.array(list(customers), pa.string()), self.ids)
        rows = place.drop_null().to_numpy()
        if owners is not None:
            rows = rows[self._is("owner", owners)[rows]]
        return set(self.ids.take(pa.array(rows)).to_pylist())

    def rows_of(self, customers: Collection[str]) -> np.ndarray:
        """Whether each customer is one of these."""
        if not customers:
            return np.zeros(len(self), dtype=bool)
        found = pc.is_in(self.ids, pa.array(list(customers), pa.string()))
        rows: np.ndarray = found.to_numpy(zero_copy_only=False)
        return rows

    def with_action(self) -> np.ndarray:
        """Whether the plan intends an action for each customer."""
        codes, _ = self._codes["intended_action"]
        intended: np.ndarray = (codes >= 0) & ~self._is("intended_action", [DO_NOTHING])
        return intended

    def to_contact(self) -> np.ndarray:
        """Whether the plan wants each customer contacted: with an action, and not held back."""
        wanted: np.ndarray = self.with_action() & self._is("arm", [TREATED])
        return wanted

    def has(self, column: str, words: Collection[str]) -> np.ndarray:
        """Whether each customer has one of these words in a column of CODES."""
        return self._is(column, words)

    def words(self, column: str) -> list[str]:
        """The words that occur in a column of CODES, in order."""
        return sorted(self._codes[column][1])

    def numbers(self, column: str) -> np.ndarray:
        """A column that lists sort by, as it is kept: no null, dates as days since 1970."""
        return self._values[column]

    def intended(self, customers: Collection[str]) -> dict[str, tuple[str | None, dt.date | None]]:
        """The action that the plan intends and its day, by customer; others are left out."""
        listed = list(customers)
        place = pc.fill_null(pc.index_in(pa.array(listed, pa.string()), self.ids), -1)
        codes, words = self._codes["intended_action"]
        named = [*words, None]  # the last: no word
        due = self._values["due_date"]
        rows = zip(listed, place.to_pylist(), strict=True)
        return {who: (named[codes[row]], _known(due[row].item())) for who, row in rows if row >= 0}

    def rank(self, churn_risk: float) -> int:
        """The place among those who are scored: 1 is most at risk."""
        is_above = self._values["churn_risk"] > churn_risk
        return 1 + int((is_above & self._is("status", [SCORED])).sum())

    def ranked(
        self, chosen: np.ndarray, sort: Sort, order: Order, after: tuple[Any, str] | None
    ) -> Iterator[tuple[str, Any]]:
        """Id and value of those who are chosen, in order, after that value and id."""
        ranks = self._orders.get((sort, order), lambda: self._order(sort, order))
        start = 0 if after is None else self._place(ranks, sort, order, *after)
        size = FIRST_LOOK
        while start < len(ranks):
            some = ranks[start : start + size]
            for row in some[chosen[some]].tolist():
                yield self.ids[row].as_py(), self._value(sort, row)
            start, size = start + size, 4 * size

    def _mask(
        self, query: Filters, owners: Collection[str] | None, older: "ListIndex | None"
    ) -> np.ndarray:
        """A filter applies to the column it is named after; `min_` is its lower bound."""
        wanted = np.ones(len(self), dtype=bool) if older is None else self._differs(older)
        if older is None or query.status:
            usual = [ALREADY_CHURNED] if query.to_win_back else LISTED
            wanted &= self._is("status", query.status or usual)
        if owners is not None:
            wanted &= self._is("owner", owners)
        for name in Filters.model_fields:
            asked = getattr(query, name)
            column = name.removeprefix("min_")
            if asked is None or asked is False or asked == []:
                continue
            if name != column:
                wanted &= self._values[column] >= asked
            elif column in CODES:
                wanted &= self._is(column, asked if isinstance(asked, list) else [asked])
        if query.relationship_declined:
            wanted &= self._values["relationship_declined"]
        if query.min_churn_risk is not None:
            wanted &= self._is("status", [SCORED])  # for a rule the column is no probability
        if query.risk_rose:
            wanted &= self._values["risk_change"] >= RISK_MOVED
        if query.not_contacted_days is not None:
            wanted &= self._values["days_since_contact"] >= query.not_contacted_days
        if query.to_contact:
            wanted &= self.to_contact()
        if query.to_win_back:
            is_free = self._codes["win_back_blocked"][0] < 0
            wanted &= is_free & (self._values["one_return_pays_for"] > 0)
        if query.q is not None:
            wanted &= self._search.holding(query.q.casefold())
        return wanted

    def summed(self, rows: np.ndarray) -> Chosen:
        """These rows, how many they are and what they are worth."""
        codes, words = self._codes["risk_band"]
        counts = np.bincount(codes[rows] + 1, minlength=len(words) + 1)[1:]  # the first: no band
        bands = dict(zip(words, counts.tolist(), strict=True))
        money = float(self._values["value_at_risk"][rows].sum())
        return Chosen(rows, int(rows.sum()), money, bands)

    def _differs(self, older: "ListIndex") -> np.ndarray:
        """Whether each card is another one than in the older release, or new."""
        place = pc.fill_null(pc.index_in(self.ids, older.ids), -1).to_numpy(zero_copy_only=False)
        same: np.ndarray = place >= 0
        for name in COMPARED:
            codes, words = self._codes[name]
            before, old_words = older._codes[name]
            # The codes of the older release, as this one writes the same words; the last: no word.
            known = {word: code for code, word in enumerate(words)}
            written = np.array([known.get(word, -2) for word in old_words] + [-1])
            same &= written[before[place]] == codes
        moved = np.abs(older._values["churn_risk"][place] - self._values["churn_risk"])
        # Of others than those who are scored the column is no probability.
        same &= ~self._is("status", [SCORED]) | (moved < RISK_MOVED)
        return ~same

    def _is(self, column: str, asked: Collection[str]) -> np.ndarray:
        codes, words = self._codes[column]
        known = np.array([word in asked for word in words] + [False])  # the last: no word
        chosen: np.ndarray = known[codes]
        return chosen

    def _order(self, sort: Sort, order: Order) -> np.ndarray:
        """Rows in order; of equal values the smaller id comes first."""
        values = self._values[sort]
        ranks = np.argsort(-values if order == "desc" else values, kind="stable")
        return ranks.astype(np.int32)

    def _place(
        self, ranks: np.ndarray, sort: Sort, order: Order, last: Any, customer_id: str
    ) -> int:
        """Where the order goes on after this value and id, which need not be there any more."""
        values = self._values[sort]
        sign = -1 if order == "desc" else 1
        if sort in DATED:
            last = (dt.date.fromisoformat(str(last)) - dt.date(1970, 1, 1)).days
        row = bisect_right(range(len(self)), customer_id, key=lambda n: self.ids[n].as_py())
        return bisect_right(
            range(len(ranks)),
            (sign * last, row - 1),
            key=lambda n: (sign * values[ranks[n]].item(), int(ranks[n])),
        )

    def _value(self, sort: Sort, row: int) -> Any:
        value = self._values[sort][row].item()
        if sort in DATED:
            return day_of(value).isoformat()
        return value


def since_1970(day: dt.date) -> int:
    """A day as `ListIndex.numbers` tells it."""
    return (day - FIRST).days


def day_of(days: int) -> dt.date:
    """The day that `ListIndex.numbers` tells as this number."""
    return FIRST + dt.timedelta(days=days)


def _known(days: int) -> dt.date | None:
    return None if days == NO_DAY else day_of(days)


def _whole(part: pa.Table) -> pa.Table:
    """The part with every column of RESIDENT."""
    for field in RESIDENT:
        if field.name not in part.column_names:
            unknown = pa.nulls(len(part), field.type)
            if field.type == pa.int32():
                unknown = pc.fill_null(unknown, LAST)
            elif field.type == pa.date32():
                unknown = pc.fill_null(unknown, pa.scalar(NEVER, pa.date32()))
            part = part.append_column(field, unknown)
    return part
