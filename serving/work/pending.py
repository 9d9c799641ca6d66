"""Events that the current release does not know: those that came later, or are newer than its data.

A run reads events up to a watermark (`outcomes_until`), and takes in those up to its newest order
(`history_until`): these are in the histories of its release.
"""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, func, select

from serving.store.published import Found
from serving.store.told import is_told_since, with_requests
from serving.store.work_tables import outcome_requests, outcomes
from serving.work.kinds import Row
from serving.work.outcomes import IS_EVENT, KNOWN_AT
from sources.contract import ORDERS


@dataclass
class Pending:
    """What a release does not know of one customer: rows by table, oldest first, as read back."""

    request: int = 0  # the newest one
    oldest: dt.date = dt.date.max  # the day of the first
    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))


def waiting_requests(connection: Connection, found: Found) -> dict[str, int]:
    """The newest request of every customer of whom the release does not know all events."""
    newest = func.max(outcomes.c.request).label("newest")
    query = select(outcomes.c.customer_id, newest)
    grouped = query.select_from(with_requests()).where(_is_unknown(connection, found))
    rows = connection.execute(grouped.group_by(outcomes.c.customer_id))
    return {row.customer_id: row.newest for row in rows}


def pending(connection: Connection, found: Found, customers: Collection[str]) -> dict[str, Pending]:
    """The events of these customers that the release does not know; who has none is left out."""
    query = (
        select(outcomes, outcome_requests.c.received_at)
        .select_from(with_requests())
        .where(_is_unknown(connection, found), outcomes.c.customer_id.in_(customers))
        .order_by(outcomes.c.number)
    )
    told: dict[str, Pending] = defaultdict(Pending)
    for row in connection.execute(query):
        its = told[row.customer_id]
        its.request, its.oldest = max(its.request, row.request), min(its.oldest, row.event_day)
        cells = json.loads(row.row) | {KNOWN_AT: _known_at(row), IS_EVENT: True}
        its.rows[row.table_name].append(cells)
    return dict(told)


def told_since(connection: Connection, found: Found, customer_id: str) -> dict[str, list[Row]]:
    """Everything told of one customer that the release does not know, by table, oldest first.

    Outcomes too (contacts, answers, consents, complaints), which `pending` leaves to the next run.
    """
    its = outcomes.c.customer_id == customer_id
    query = select(outcomes, outcome_requests.c.received_at).select_from(with_requests())
    unknown = query.where(its, is_told_since(connection, found)).order_by(outcomes.c.number)
    told: dict[str, list[Row]] = defaultdict(list)
    for row in connection.execute(unknown):
        told[row.table_name].append(json.loads(row.row) | {KNOWN_AT: _known_at(row)})
    return dict(told)


def newest_order(connection: Connection, found: Found) -> dt.date:
    """The day of the newest order that is known of anybody: told, or in the release."""
    query = select(func.max(outcomes.c.event_day)).select_from(with_requests())
    its = (_is_unknown(connection, found), outcomes.c.table_name == ORDERS.name)
    told: dt.date | None = connection.scalar(query.where(*its))
    until = found.release.data_until
    return until if told is None else max(told, until)


def _known_at(row: Any) -> str:
    known_at: dt.datetime = row.received_at.replace(tzinfo=dt.UTC)
    return known_at.isoformat(timespec="microseconds")


def _is_unknown(connection: Connection, found: Found) -> Any:
    return and_(outcomes.c.event_day.is_not(None), is_told_since(connection, found))
