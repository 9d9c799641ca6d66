"""Cards made anew from what was told since the release: its history of a customer, and the events.

What takes a comparison with everybody else, and the plan, stay as the release has them: a holdout
is one until its end, and no plan is made for one customer alone.
"""

import datetime as dt
import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from core.errors import RegularsError
from serving.cards.stored import Card
from serving.live.histories import KEYS, typed_rows
from serving.live.process import LiveModels
from serving.store.database import writing
from serving.store.errors import NoModelsError
from serving.store.histories import UNTIL, histories_of
from serving.store.listing import list_index
from serving.store.live_cards import LiveCard, keep_live, requests_of
from serving.store.published import Found, find_release
from serving.store.reading import KeptCard, explained, formed_in_order
from serving.work.kinds import Row
from serving.work.pending import Pending, pending, waiting_requests
from sources.contract import ORDERS, TABLES, TIME, Table
from sources.tables.told import as_own, standing

if TYPE_CHECKING:
    from features.history.facts import Schemas
    from serving.live.scoring import LiveScorer

AT_ONCE = 250  # customers computed together
NO_HISTORIES = (
    "the release was published by older code, which kept no histories: run `make run` and publish."
)
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
)
log = logging.getLogger("uvicorn.error")


class LiveCards:
    """Keeps the cards of one process's store in step with the events that are told to it."""

    def __init__(self, engine: Engine, models: LiveModels) -> None:
        self._engine, self._models, self._lock = engine, models, Lock()
        self._caught_up = ""  # the release of which everybody's cards are in step

    def after(self, customers: Collection[str]) -> str | None:
        """Make these customers' cards anew; why that is not possible, None where it is done.

        With the first events after a release has come, everybody's who waits.
        """
        try:
            scorer = self._models.scorer()
            if scorer.release_id != self._current():
                self._models.settled()
                scorer = self._models.scorer()
            with self._lock:
                is_new = self._caught_up != scorer.release_id
                bring_up_to_date(self._engine, scorer, None if is_new else customers)
                self._caught_up = scorer.release_id
        except RegularsError as error:
            log.warning("Cards were not made anew: %s", error)
            return str(error)
        return None

    def _current(self) -> str:
        with self._engine.connect() as connection:
            return find_release(connection).release.release_id


def bring_up_to_date(
    engine: Engine, scorer: "LiveScorer", customers: Collection[str] | None = None
) -> int:
    """Make the cards anew of these customers whose events the release does not know; how many.

    None: everybody's. Raises NoModelsError where the models are not those of the current release,
    or it has no histories, and StoreError where the store cannot be read or written.
    """
    done = 0
    try:
        with engine.connect() as connection:
            found = _of_models(connection, scorer)
            known = requests_of(connection, found.number)
            waits = waiting_requests(connection, found)
        asked = waits if customers is None else waits.keys() & set(customers)
        behind = sorted(who for who in asked if waits[who] > known.get(who, 0))
        for start in range(0, len(behind), AT_ONCE):
            with engine.connect() as connection:
                cards = _made(connection, found, scorer, behind[start : start + AT_ONCE])
            with writing(engine) as connection:
                _of_models(connection, scorer)  # a release may have come meanwhile
                done += keep_live(connection, found.number, cards)
    except DBAPIError as error:
        raise explained(engine, error) from None
    return done


def _of_models(connection: Connection, scorer: "LiveScorer") -> Found:
    found = find_release(connection)
    if found.release.release_id != scorer.release_id:
        raise NoModelsError(f"The models of release {found.release.release_id} are not loaded.")
    if found.part(connection, UNTIL) is None:
        raise NoModelsError(f"No card can be made anew: {NO_HISTORIES}")
    return found


def _made(
    connection: Connection, found: Found, scorer: "LiveScorer", customers: Sequence[str]
) -> list[LiveCard]:
    told = pending(connection, found, customers)
    known = histories_of(connection, found.number, sorted(told))
    until = dt.date.fromisoformat(found.part(connection, UNTIL))
    before = {
        card["customer_id"]: card
        for card in formed_in_order(connection, sorted(told), found, 0, KeptCard.read)
    }
    index = list_index(connection, found)
    by_day: dict[dt.date, list[str]] = defaultdict(list)
    for who, its in told.items():
        # Whose events are older than the release is scored as of its date.
        by_day[max(its.newest, found.release.data_until)].append(who)
    made = []
    for day, some in by_day.items():
        ids = pa.array(some, pa.string())
        theirs = {n: rows.filter(pc.is_in(rows["customer_id"], ids)) for n, rows in known.items()}
        tables = with_news(theirs, [told[who] for who in some], until, scorer.schemas)
        for who, (card, bought) in scorer.score_tables(some, tables, day).items():
            own = before.get(who)
            rank = None if card["churn_risk"] is None else index.rank(card["churn_risk"])
            whole = _of_both(card, own) | {"risk_rank": rank, "is_live": True, "purchases": bought}
            made.append(LiveCard(whole, told[who].request))
    return made


def _of_both(card: Card, before: Card | None) -> Card:
    """The new card with what only the release can tell; `before` is None of who is new."""
    if before is None:
        return card
    kept = {name: before[name] for name in OF_THE_RELEASE}
    moved = (card["churn_risk"], before["churn_risk"], before["risk_change"])
    if None not in moved:  # against the same earlier release
        kept["risk_change"] = moved[0] - moved[1] + moved[2]
    return card | kept


def with_news(
    known: Mapping[str, pa.Table],
    told: Sequence[Pending],
    until: dt.date,
    schemas: "Schemas",
) -> dict[str, pa.Table]:
    """Histories of some customers with what was told of them, in the schemas of the release.

    An order, or a row, that a history holds already counts once, as in the next run
    (sources/tables/told.py). Tables and columns that the release does not have are left out.
    """
    whole = {
        name: _in_schema(table, schemas[name]) for name, table in known.items() if name in schemas
    }
    for name, schema in schemas.items():
        contract = TABLES[name]
        rows = [row for its in told for row in as_own(standing(its.rows.get(name, ()), contract))]
        if not rows:
            continue
        before = whole.get(name, schema.to_pyarrow().empty_table())
        rows, before = _not_known(rows, before, contract, until)
        counts = Counter(before["order_id"].to_pylist()) if contract is ORDERS else None
        told_rows = [(row["customer_id"], _timed(row, contract)) for row in rows]
        new = typed_rows(name, told_rows, schema, counts)
        whole[name] = pa.concat_tables([before, new])
    return whole


def _not_known(
    rows: list[Row], before: pa.Table, contract: Table, until: dt.date
) -> tuple[list[Row], pa.Table]:
    """The rows that are new, and the history with what they tell of rows that it leaves open."""
    key = [
        column for column in contract.key if column != "line_id" and column in before.schema.names
    ]
    have = before.select(key).to_pylist() if len(before) else []
    place = {_key(_typed(row), key): number for number, row in enumerate(have)}
    if contract is ORDERS:  # what comes later under the number of an order is a line of its own
        end = (until + dt.timedelta(days=1)).isoformat()
        new = [row for row in rows if row[contract.time] >= end or _key(row, key) not in place]
        return _once(new, contract), before
    new, later = [], {}
    for row in rows:
        number = place.get(_key(_typed(_timed(row, contract)), key))
        if number is None:
            new.append(row)
        else:
            later[number] = _timed(row, contract)
    return _once(new, contract), _completed(before, later, contract)


def _completed(before: pa.Table, later: Mapping[int, Row], contract: Table) -> pa.Table:
    """The rows of a history; cells whose time they leave open as `later` tells them, by place."""
    if not later or not contract.later:
        return before
    rows = before.to_pylist()
    for number, news in later.items():
        for time, cells in contract.later.items():
            if time in rows[number] and rows[number][time] is None and time in news:
                rows[number] |= {c: news[c] for c in cells if c in news and c in rows[number]}
                rows[number][time] = _naive(news[time])
    return pa.Table.from_pylist(rows, before.schema)


def _once(rows: list[Row], contract: Table) -> list[Row]:
    """The rows; of those that were told under one key of their own the first."""
    key = KEYS.get(contract.name)
    if key is None:
        return rows
    seen, kept = set(), []
    for row in rows:
        its = tuple(row.get(column) for column in key)
        if None in its or its not in seen:
            kept.append(row)
        seen.add(its)
    return kept


def _timed(row: Row, contract: Table) -> Row:
    """The row as read back, with its times as times."""
    times = [c for c, kind in contract.columns.items() if kind == TIME and row.get(c) is not None]
    return {**row, **{c: dt.datetime.fromisoformat(row[c]) for c in times}}


def _typed(row: Mapping[str, Any]) -> Row:
    """The row with its times as the tables have them."""
    return {c: _naive(v) if isinstance(v, dt.datetime) else v for c, v in row.items()}


def _naive(time: dt.datetime) -> dt.datetime:
    return time if time.tzinfo is None else time.astimezone(dt.UTC).replace(tzinfo=None)


def _key(row: Mapping[str, Any], key: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row.get(column) for column in key)


def _in_schema(table: pa.Table, schema: Any) -> pa.Table:
    """A table of the store in the release's schema; columns that were not kept have no value."""
    wanted = schema.to_pyarrow()
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)
