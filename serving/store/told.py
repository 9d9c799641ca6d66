"""What was told that a release does not know: which rows of outcomes, and who was contacted."""

import datetime as dt
import json
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from serving.store.histories import UNTIL
from serving.store.past import COMPANY, WATERMARK
from serving.store.published import Found
from serving.store.work_tables import outcome_requests, outcomes
from sources.contract import CONTACTS
from sources.meanings.vocabulary import TREATED


def with_requests() -> Any:
    """Outcomes joined with the requests that told them."""
    return outcomes.join(outcome_requests, outcomes.c.request == outcome_requests.c.number)


def is_told_since(connection: Connection, found: Found) -> Any:
    """The condition on `with_requests`: of this company, and not in the release."""
    company, until = found.part(connection, COMPANY), found.part(connection, UNTIL)
    is_ours = or_(outcome_requests.c.company.is_(None), outcome_requests.c.company == company)
    is_new = [outcomes.c.request > (found.part(connection, WATERMARK) or 0)]
    if until is not None:
        is_new.append(outcomes.c.event_day > dt.date.fromisoformat(until))
    return and_(is_ours, or_(*is_new))


def told_contacts(connection: Connection, found: Found) -> dict[str, dt.date]:
    """The day (UTC) of the newest contact that was told since, by customer.

    Contacts that were withheld are none.
    """
    told = (outcomes.c.table_name == CONTACTS.name, is_told_since(connection, found))
    query = select(outcomes.c.customer_id, outcomes.c.row).select_from(with_requests()).where(*told)
    newest: dict[str, dt.date] = {}
    for row in connection.execute(query):
        contact = json.loads(row.row)
        day = dt.datetime.fromisoformat(contact["event_time"]).astimezone(dt.UTC).date()
        if contact["arm"] == TREATED:
            newest[row.customer_id] = max(day, newest.get(row.customer_id, day))
    return newest


def contacted_within(connection: Connection, found: Found, days: int) -> set[str]:
    """Who was contacted since, or less than so many days before the release's date, as was told."""
    as_of, told = found.release.as_of_date, told_contacts(connection, found)
    return {who for who, day in told.items() if (as_of - day).days < days}
