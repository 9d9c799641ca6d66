"""Outcomes that a CRM tells: kept durably, told once however often they are sent, read back.

A request is answered when its rows are on disk. On the next run stage `source` reads them back up
to a watermark, the number of the newest request, so that a rerun reads the same.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Connection, Engine, and_, delete, func, insert, inspect, or_, select
from sqlalchemy.exc import DBAPIError, NoSuchTableError

from core.clock import utc_now
from core.errors import NoReleaseError
from serving.store.database import unreachable, version, writing
from serving.store.errors import CustomerNotFoundError, IdempotencyKeyReusedError
from serving.store.listing import seen_among
from serving.store.past import COMPANY
from serving.store.published import NOTHING, find_release
from serving.store.visible import visible_owners
from serving.store.work_tables import outcome_requests, outcomes
from serving.work.kinds import Row
from serving.work.objections import heed_objections, refuse_kept_out

KNOWN_AT = "known_at"
IS_EVENT = "is_event"  # of a row read back: it counts as if the company's own files held it
NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


class Tellable(Protocol):
    """An outcome (kinds.py) or an event (events.py): a row of a table, about a customer."""

    @property
    def TABLE(self) -> str: ...  # noqa: N802
    @property
    def customer_id(self) -> str: ...
    @property
    def event_day(self) -> dt.date | None: ...
    def row(self) -> Row:
        """The cells of the row in the contract's columns; what is unknown is left out."""


class Accepted(BaseModel):
    """The answer: these outcomes are on disk, and the next run reads them back."""

    outcomes: int
    request: int = Field(description="Grows with each request; `watermark` of a run counts it.")
    received_at: AwareDatetime


@dataclass(frozen=True)
class Told:
    """Outcomes and events read back: rows by table, oldest first, each with `known_at`.

    Rows of events have `is_event` too. Times are text, ISO 8601 in UTC, all of one length, so that
    they sort as they follow.

    Of requests up to `watermark`; `others` counts those about customers of another company.
    """

    watermark: int
    rows: dict[str, list[Row]]
    others: int


def tell(engine: Engine, told: Sequence[Tellable], key: str, caller: str) -> Accepted:
    """Keep what is told under the caller's idempotency key; the same again gives the same answer.

    Who objects to profiling by it is out of every kept release at once.

    Raises IdempotencyKeyReusedError where the key came with something else, CustomerNotFoundError
    for customers who were erased or whom this caller does not see, and for events of those who
    object to profiling, NoReleaseError before the first release, StoreError where the store cannot
    be written.
    """
    if version(engine) is None:
        raise NoReleaseError(NOTHING)
    # One after another, so that no number below a watermark appears after that was read.
    with writing(engine) as connection:
        return tell_within(connection, told, key, caller)


def tell_within(
    connection: Connection, told: Sequence[Tellable], key: str, caller: str
) -> Accepted:
    """As `tell`, within a transaction of `writing`: it is kept with all else there, or not at all.

    Raises as `tell` does.
    """
    content = json.dumps([(one.TABLE, _as_json(one.row())) for one in told])
    sha = hashlib.sha256(content.encode()).hexdigest()
    is_known = and_(outcome_requests.c.caller == caller, outcome_requests.c.idempotency_key == key)
    query = select(outcome_requests.c.body_sha256, outcome_requests.c.answer)
    before = connection.execute(query.where(is_known)).first()
    if before is not None:
        if before.body_sha256 != sha:
            raise IdempotencyKeyReusedError(
                f"The Idempotency-Key {key!r} came with something else before: what was told "
                "then is kept, this is not. Send each request under a key of its own."
            )
        return Accepted.model_validate(before.answer)
    release = find_release(connection)
    customers = sorted({one.customer_id for one in told})
    events = sorted({one.customer_id for one in told if one.event_day is not None})
    refuse_kept_out(connection, customers, events)
    _refuse_unseen(connection, customers)
    now = utc_now().replace(tzinfo=dt.UTC)
    received = {
        "caller": caller,
        "idempotency_key": key,
        "body_sha256": sha,
        "received_at": now.replace(tzinfo=None),
        "company": release.part(connection, COMPANY),
        "answer": {},
    }
    number = connection.scalars(
        insert(outcome_requests).values(received).returning(outcome_requests.c.number)
    ).one()
    answer = Accepted(outcomes=len(told), request=number, received_at=now)
    its = outcome_requests.c.number == number
    connection.execute(
        outcome_requests.update().where(its).values(answer=answer.model_dump(mode="json"))
    )
    connection.execute(
        insert(outcomes),
        [
            {
                "request": number,
                "customer_id": one.customer_id,
                "table_name": one.TABLE,
                "row": _as_json(one.row(), now),
                "event_day": one.event_day,
            }
            for one in told
        ],
    )
    heed_objections(connection, told, caller)
    return answer


def take_back(connection: Connection, request: int) -> None:
    """Remove what a request told, within a transaction of `writing`; no later run reads it.

    The request itself stays, so that the numbers of watermarks only grow.
    """
    connection.execute(delete(outcomes).where(outcomes.c.request == request))


def read_told(engine: Engine, source: Mapping[str, Any]) -> Told:
    """All outcomes there are about the customers of this source.

    None without a store, or in one of older code, which publishing brings up to date.
    Raises StoreError when the database does not answer.
    """
    if version(engine) is None:
        return Told(0, {}, 0)
    company = source.get(COMPANY)
    is_ours = or_(outcome_requests.c.company.is_(None), outcome_requests.c.company == company)
    of_request = outcomes.c.request == outcome_requests.c.number
    joined = outcomes.join(outcome_requests, of_request)
    query = (
        select(
            outcomes.c.table_name,
            outcomes.c.row,
            outcome_requests.c.received_at,
            outcomes.c.event_day,
        )
        .select_from(joined)
        .order_by(outcomes.c.number)
    )
    rows: dict[str, list[Row]] = defaultdict(list)
    try:
        with engine.connect() as connection:  # one state of the store, from first to last
            if not inspect(connection).has_table(outcomes.name):
                return Told(0, {}, 0)
            watermark = connection.scalar(select(func.max(outcome_requests.c.number)))
            others = connection.scalar(select(func.count()).select_from(joined).where(~is_ours))
            for table, row, received_at, day in connection.execute(query.where(is_ours)):
                known_at = received_at.replace(tzinfo=dt.UTC).isoformat(timespec="microseconds")
                marked = {} if day is None else {IS_EVENT: True}
                rows[table].append(json.loads(row) | {KNOWN_AT: known_at, **marked})
    except DBAPIError as error:
        raise unreachable(engine, error) from None
    return Told(watermark or 0, dict(rows), others or 0)


def has_events(engine: Engine) -> bool:
    """Whether anything was told as it happened. Raises StoreError where it does not answer."""
    if version(engine) is None:
        return False
    try:
        with engine.connect() as connection:
            names = {column["name"] for column in inspect(connection).get_columns(outcomes.name)}
            if outcomes.c.event_day.name not in names:
                return False  # a store of older code
            told = select(outcomes.c.number).where(outcomes.c.event_day.is_not(None)).limit(1)
            return connection.scalar(told) is not None
    except NoSuchTableError:
        return False
    except DBAPIError as error:
        raise unreachable(engine, error) from None


def _refuse_unseen(connection: Connection, customers: list[str]) -> None:
    """Raises CustomerNotFoundError for one whom a caller limited to some owners does not see.

    Whoever sees everybody may tell of anybody, also of customers without a card: who objects to
    profiling has none, and may agree again.
    """
    if visible_owners(connection) is None:
        return
    seen = seen_among(connection, customers)
    unseen = [customer for customer in customers if customer not in seen]
    if unseen:
        more = f", nor {len(unseen) - 1} others of this request" if len(unseen) > 1 else ""
        raise CustomerNotFoundError(f"There is no customer {unseen[0]!r}{more}. Nothing was kept.")


def _as_json(row: Row, no_later_than: dt.datetime = NEVER) -> str:
    """The cells as JSON. A clock ahead of ours by a little tells a time to come: it is now."""

    def written(time: dt.datetime) -> str:
        return min(time, no_later_than).astimezone(dt.UTC).isoformat(timespec="microseconds")

    return json.dumps(row, default=written, ensure_ascii=False, sort_keys=True)
