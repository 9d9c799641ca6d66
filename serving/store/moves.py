"""Who moved between two releases: newly at high risk, bought again, off the list, lost unforeseen.

Both releases are read by the columns that lists filter by, all customers at once. Cards say when a
customer last bought, so that one who bought since is told apart from one who only looks better.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from models.words import ALREADY_CHURNED, LISTED
from serving.store.list_index import NO_DAY, ListIndex
from serving.store.listing import list_index
from serving.store.memory import Kept
from serving.store.past import COMPANY
from serving.store.published import Found, find_release
from serving.store.tables import INDEX, releases
from serving.store.visible import visible_owners

Move = Literal["new_in_high", "back", "left", "lost"]
MOVES: tuple[Move, ...] = get_args(Move)
Left = Literal["churned", "unscored", "vanished"]
LEFT: tuple[Left, ...] = get_args(Left)
HIGH, LOW, LAPSING = ("high",), ("low",), ("lapsing",)


@dataclass(frozen=True)
class Moved:
    """Customers who moved in one way, the most valuable first.

    `money` is their value at risk: as it is now of those who are new in high, else as it was.
    `is_here`: whether each still has a card in the newer release.
    """

    customers: pa.StringArray
    is_here: np.ndarray
    money: float

    def __len__(self) -> int:
        return len(self.customers)


@dataclass(frozen=True)
class Moves:
    """Every way to move with those who did, and why those who left did."""

    of: dict[Move, Moved]
    left: dict[Left, int]


_MOVES: Kept[Moves] = Kept(16)


def moves_between(connection: Connection, newer: Found, older: Found) -> Moves:
    """The moves of the customers whom this reader sees; made once in each process."""
    owners = visible_owners(connection)
    seen = None if owners is None else tuple(sorted(owners))
    names = (newer.part(connection, INDEX), older.part(connection, INDEX), seen)
    return _MOVES.get(
        names,
        lambda: moves(list_index(connection, newer), list_index(connection, older), owners),
    )


def release_before(connection: Connection, found: Found) -> Found | None:
    """The kept release that was published before this one, of the same company and question.

    Another horizon, or another meaning of leaving, would make everybody move.
    """
    earlier = (releases.c.published_at.is_not(None), releases.c.number < found.number)
    query = select(releases.c.release_id).where(*earlier).order_by(releases.c.number.desc())
    for release_id in connection.scalars(query):
        older = find_release(connection, release_id)
        if _asks_the_same(connection, older, found):
            return older
    return None


def _asks_the_same(connection: Connection, one: Found, other: Found) -> bool:
    facts = [
        (
            found.part(connection, COMPANY),
            found.release.churn_definition,
            found.release.horizon_days,
            found.release.gate is None,
        )
        for found in (one, other)
    ]
    return facts[0] == facts[1] and one.number != other.number


def moves(newer: ListIndex, older: ListIndex, owners: Collection[str] | None) -> Moves:
    """Who moved from the older release to the newer one, of the customers of these owners.

    A customer belongs to who owns them now; who has no card any more, to their last owner.
    """
    rows = _Rows(newer, older)
    was_listed, is_listed = rows.was("status", LISTED), newer.has("status", LISTED)
    was_high = was_listed & rows.was("risk_band", HIGH)
    is_high = is_listed & newer.has("risk_band", HIGH)
    has_bought = rows.bought_since()
    is_gone = newer.has("status", [ALREADY_CHURNED])
    lapses = is_listed & newer.has("lifecycle_stage", LAPSING)
    lapses &= ~rows.was("lifecycle_stage", LAPSING) & ~has_bought
    was_low = was_listed & rows.was("risk_band", LOW)
    mine = np.ones(len(newer), bool) if owners is None else newer.has("owner", owners)
    vanished = ~rows.is_kept & older.has("status", LISTED)
    if owners is not None:
        vanished &= older.has("owner", owners)
    nobody = np.zeros(len(older), bool)
    left = was_listed & ~is_listed & mine
    return Moves(
        of={
            "new_in_high": rows.moved(is_high & ~was_high & mine, nobody, at_the_time=True),
            "back": rows.moved(was_high & is_listed & ~is_high & has_bought & mine, nobody),
            "left": rows.moved(left, vanished),
            "lost": rows.moved(was_low & (is_gone | lapses) & mine, nobody),
        },
        left={
            "churned": int((left & is_gone).sum()),
            "unscored": int((left & ~is_gone).sum()),
            "vanished": int(vanished.sum()),
        },
    )


class _Rows:
    """The rows of two releases, and where each customer of the older one stands in the newer."""

    def __init__(self, newer: ListIndex, older: ListIndex) -> None:
        self._newer, self._older = newer, older
        place = pc.fill_null(pc.index_in(older.ids, newer.ids), -1)
        self._place = place.to_numpy(zero_copy_only=False)
        self.is_kept = self._place >= 0  # of the older rows
        self._came_from = np.full(len(newer), -1)
        self._came_from[self._place[self.is_kept]] = np.flatnonzero(self.is_kept)

    def was(self, column: str, words: Collection[str]) -> np.ndarray:
        """Of each newer row: whether its customer had one of these words in the older release."""
        return self._before(self._older.has(column, words), 0).astype(bool)

    def bought_since(self) -> np.ndarray:
        """Of each newer row: whether its last purchase is later than it was; of both known."""
        now = self._newer.numbers("last_purchase_date")
        then = self._before(self._older.numbers("last_purchase_date"), NO_DAY)
        later: np.ndarray = (now > then) & (now < NO_DAY)
        return later

    def moved(self, here: np.ndarray, gone: np.ndarray, at_the_time: bool = False) -> Moved:
        """Those of the newer rows, and those of the older ones who have no card any more."""
        now, then = np.flatnonzero(here), np.flatnonzero(gone)
        worth = self._newer if at_the_time else self._older
        rows = now if at_the_time else self._came_from[now]
        money, risk = (
            np.concatenate([worth.numbers(name)[rows], self._older.numbers(name)[then]])
            for name in ("value_at_risk", "churn_risk")
        )
        ids = pa.concat_arrays(
            [self._newer.ids.take(pa.array(now)), self._older.ids.take(pa.array(then))]
        )
        by_id = pc.sort_indices(ids).to_numpy()
        order = by_id[np.lexsort((-risk[by_id], -money[by_id]))]
        is_here = np.concatenate([np.ones(len(now), bool), np.zeros(len(then), bool)])
        return Moved(ids.take(pa.array(order)), is_here[order], float(money.sum()))

    def _before(self, values: np.ndarray, otherwise: int) -> np.ndarray:
        """A column of the older release by the newer rows; `otherwise` where there was no card."""
        if not len(values):
            return np.full(len(self._came_from), otherwise)
        return np.where(self._came_from >= 0, values[self._came_from], otherwise)
