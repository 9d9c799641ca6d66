"""Cards made anew from what was told since the release: its history of a customer, and the events.

What takes a comparison with everybody else, and the plan, stay as the release has them: a holdout
is one until its end, and no plan is made for one customer alone.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from core.errors import RegularsError
from models.words import ALREADY_CHURNED
from serving.cards.stored import Card
from serving.live.news import with_news, without_orders
from serving.live.process import LiveModels
from serving.store.database import writing
from serving.store.errors import NoModelsError
from serving.store.histories import IS_OF_ALL, UNTIL, histories_of
from serving.store.kept_out import without_history
from serving.store.listing import list_index
from serving.store.live_cards import LiveCard, keep_live, requests_of
from serving.store.order_ids import known_order_ids
from serving.store.published import Found, find_release
from serving.store.reading import KeptCard, explained, formed_in_order
from serving.work.pending import Pending, newest_order, pending, waiting_requests
from sources.contract import ORDERS

if TYPE_CHECKING:
    from serving.live.scoring import LiveScorer

AT_ONCE = 250  # customers computed together
NO_HISTORIES = (
    "the release was published by older code, which kept no histories: run `make run` and publish."
)
NOT_OF_ALL = (
    "the release was published by older code, which does not say who is new: run `make run` and "
    "publish."
)
AGREED_SINCE = (
    "they objected to profiling and agreed since, and their history comes with the next release."
)
NEVER_BOUGHT = (
    "who has no purchase (an order with an amount above 0), or objects to profiling, has no card."
)
WAITS = "what was told waits for the orders, of which the newest is of"
NAMED = 3  # customers named per reason
STRENGTH = "relationship_strength"
OF_THE_RELEASE = (
    "name",
    "owner",
    "rank_in_stage",
    "rfm_segment",
    "abc_class",
    "suggested_level",
    STRENGTH,
    f"{STRENGTH}_change",
    f"{STRENGTH}_since",
    "relationship_declined",
    "held_by",
    "intended_action",
    "arm",
    "withheld",
    "withheld_by",
    "persistent_control",
    "is_exploration",
    "propensity",
    "action_propensity",
    "contact_propensity",
)
# What the release tells of asking a customer to come back; who bought since needs no asking.
OF_THE_LAPSED = (
    "one_return_pays_for",
    "win_back_action",
    "win_back_channel",
    "win_back_cost",
    "win_back_blocked",
)
log = logging.getLogger("uvicorn.error")


@dataclass(frozen=True)
class Done:
    """How many cards were made, and of whom of those asked for none, with the reason."""

    made: int
    why_not: Mapping[str, str]

    def told(self) -> str | None:
        """The reasons in words, with customers as examples; None where there is none."""
        by_reason: dict[str, list[str]] = defaultdict(list)
        for who, why in sorted(self.why_not.items()):
            by_reason[why].append(who)
        sentences = []
        for why, customers in by_reason.items():
            named = ", ".join(repr(who) for who in customers[:NAMED])
            more = len(customers) - NAMED
            sentences.append(f"{named}{f' and {more} more' if more > 0 else ''}: {why}")
        return " ".join(sentences) or None


class LiveCards:
    """Keeps the cards of one process's store in step with the events that are told to it."""

    def __init__(self, engine: Engine, models: LiveModels) -> None:
        self._engine, self._models, self._lock = engine, models, Lock()
        self._caught_up = ""  # the release of which everybody's cards are in step, or soon will be

    def after(self, customers: Collection[str]) -> str | None:
        """Make these customers' cards anew; why some were not made, None where all are.

        With the first events after a release has come, everybody's who waits, after these. Others
        wait for no more than one part of that: a few seconds.
        """
        try:
            scorer = self._models.scorer()
            if scorer.release_id != self._current():
                self._models.settled()
                scorer = self._models.scorer()
            done = bring_up_to_date(self._engine, scorer, customers)
            self._catch_up(scorer)
        except RegularsError as error:
            log.warning("Cards were not made anew: %s", error)
            return str(error)
        return done.told()

    def _catch_up(self, scorer: "LiveScorer") -> None:
        with self._lock:
            before, self._caught_up = self._caught_up, scorer.release_id
        if before == scorer.release_id:
            return
        try:
            bring_up_to_date(self._engine, scorer)
        except RegularsError:
            with self._lock:
                self._caught_up = before
            raise

    def _current(self) -> str:
        with self._engine.connect() as connection:
            return find_release(connection).release.release_id


def bring_up_to_date(
    engine: Engine, scorer: "LiveScorer", customers: Collection[str] | None = None
) -> Done:
    """Make the cards anew of these customers whose events the release does not know.

    None: everybody's. Raises NoModelsError where the models are not those of the current release,
    or it has no histories, and StoreError where the store cannot be read or written.
    """
    done = 0
    why_not: dict[str, str] = {}
    try:
        with engine.connect() as connection:
            found = _of_models(connection, scorer)
            known = requests_of(connection, found.number)
            waits = waiting_requests(connection, found)
        asked = waits if customers is None else waits.keys() & set(customers)
        behind = sorted(who for who in asked if waits[who] > known.get(who, 0))
        for start in range(0, len(behind), AT_ONCE):
            with engine.connect() as connection:
                part = behind[start : start + AT_ONCE]
                cards, without = _made(connection, found, scorer, part)
            why_not |= without
            with writing(engine) as connection:
                _of_models(connection, scorer)  # a release may have come meanwhile
                done += keep_live(connection, found.number, cards)
    except DBAPIError as error:
        raise explained(engine, error) from None
    return Done(done, why_not)


def _of_models(connection: Connection, scorer: "LiveScorer") -> Found:
    found = find_release(connection)
    if found.release.release_id != scorer.release_id:
        raise NoModelsError(f"The models of release {found.release.release_id} are not loaded.")
    if found.part(connection, UNTIL) is None:
        raise NoModelsError(f"No card can be made anew: {NO_HISTORIES}")
    return found


def _made(
    connection: Connection, found: Found, scorer: "LiveScorer", customers: Sequence[str]
) -> tuple[list[LiveCard], dict[str, str]]:
    """Cards of these customers, and why those have none who have none.

    All as of the day after the newest order that is known of anybody, as `/v1/score` and the next
    run: other rows that are newer than that wait.
    """
    told = pending(connection, found, customers)
    day = newest_order(connection, found)
    known = histories_of(connection, found.number, sorted(told))
    before = {
        card["customer_id"]: card
        for card in formed_in_order(connection, sorted(told), found, 0, KeptCard.read)
    }
    why_not = _unknown_before(connection, found, told, known, before)
    why_not |= {
        who: f"{WAITS} {day.isoformat()}."
        for who, its in told.items()
        if who not in why_not and its.oldest > day
    }
    asked = sorted(told.keys() - why_not.keys())
    if not asked:
        return [], why_not
    others = _of_others(connection, found, told, known)
    until = dt.date.fromisoformat(found.part(connection, UNTIL))
    index, made = list_index(connection, found), []
    ids = pa.array(asked, pa.string())
    theirs = {n: rows.filter(pc.is_in(rows["customer_id"], ids)) for n, rows in known.items()}
    news = [without_orders(told[who], others[who]) for who in asked]
    tables = with_news(theirs, news, until, scorer.schemas)
    for who, (card, bought) in scorer.score_tables(asked, tables, day).items():
        own = before.get(who)
        rank = None if card["churn_risk"] is None else index.rank(card["churn_risk"])
        whole = _of_both(card, own) | {"risk_rank": rank, "is_live": True, "purchases": bought}
        made.append(LiveCard(whole, told[who].request))
    scored = {one.card["customer_id"] for one in made}
    return made, why_not | {who: NEVER_BOUGHT for who in asked if who not in scored}


def _of_others(
    connection: Connection,
    found: Found,
    told: Mapping[str, Pending],
    known: Mapping[str, pa.Table],
) -> dict[str, set[str]]:
    """The numbers of told orders that the release knows of somebody else, by customer.

    The next run takes such an order for the one that the export holds, which counts.
    """
    own: dict[str, set[str]] = defaultdict(set)
    if ORDERS.name in known:
        orders = known[ORDERS.name].select(["customer_id", "order_id"])
        for who, order_id in zip(*orders.to_pydict().values(), strict=True):
            own[who].add(order_id)
    new = {
        who: {row["order_id"] for row in its.rows.get(ORDERS.name, ())} - own[who]
        for who, its in told.items()
    }
    theirs = known_order_ids(connection, found.number, sorted(set().union(*new.values())))
    return {who: ids & theirs for who, ids in new.items()}


def _unknown_before(
    connection: Connection,
    found: Found,
    customers: Collection[str],
    known: Mapping[str, pa.Table],
    before: Collection[str],
) -> dict[str, str]:
    """Of whom nobody can tell here how they bought before, with the reason.

    No history in the store does not say that somebody is new: they may have objected to profiling
    when the release was made or loaded.
    """
    without = dict.fromkeys(without_history(connection, customers), AGREED_SINCE)
    there = {who for rows in known.values() for who in pc.unique(rows["customer_id"]).to_pylist()}
    is_of_all = found.part(connection, IS_OF_ALL)
    for who in set(customers) - there - without.keys():
        if who in before or not is_of_all:
            without[who] = NOT_OF_ALL
    return without


def _of_both(card: Card, before: Card | None) -> Card:
    """The new card with what only the release can tell; `before` is None of who is new."""
    if before is None:
        return card
    kept = {name: before[name] for name in OF_THE_RELEASE}
    if card["status"] == ALREADY_CHURNED:
        kept |= {name: before[name] for name in OF_THE_LAPSED}
    moved = (card["churn_risk"], before["churn_risk"], before["risk_change"])
    if None not in moved:  # against the same earlier release
        kept["risk_change"] = moved[0] - moved[1] + moved[2]
    return card | kept
