"""Erasure: a customer leaves the store for good; a receipt and an entry of the audit log remain."""

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, select, update

from core.clock import utc_now
from serving.people.audit import customer, note
from serving.store import page_tables  # noqa: F401  (its tables have customers too)
from serving.store.database import writing
from serving.store.kept_out import keep_out
from serving.store.published import find_release
from serving.store.reading import formed_in_order, reading
from serving.store.removal import OF_RELEASES, overwrite_removed
from serving.store.tables import metadata, releases
from serving.store.work_tables import outcome_requests, outcomes
from serving.work.unnaming import unname
from serving.work.views import forget_searches


@dataclass(frozen=True)
class Receipt:
    """What an erasure did. `number` is its entry in the audit log.

    `releases` and `cards`: what releases held of the customer; `other_rows`: what was told of them,
    and what was written about others that named them.
    `is_overwritten`: whether no byte of it is left in the store's files; if not, erase once more.
    """

    number: int
    at: dt.datetime
    releases: int
    cards: int
    other_rows: int
    is_overwritten: bool


def erase(engine: Engine, customer_id: str, who: str) -> Receipt:
    """Erase a customer from the store, whether or not it holds anything of them.

    They are out of every kept release at once, and `ingest` and publishing leave them out from now
    on. May be repeated. Raises StoreError where the store cannot be written; nothing is done then.
    """
    with writing(engine) as connection:
        known_as = {customer_id, *_names_of(connection, customer_id)}
        removed = keep_out(connection, customer_id, "erased")
        others = _remove_told(connection, customer_id) + forget_searches(connection, known_as)
        others += unname(connection, known_as)
        number = note(connection, who, "erased", customer(connection, customer_id))
    return Receipt(
        number=number,
        at=utc_now(),
        releases=removed.releases,
        cards=removed.cards,
        other_rows=others,
        is_overwritten=overwrite_removed(engine),
    )


def _names_of(connection: Connection, customer_id: str) -> set[str]:
    """Every name under which a kept release knows the customer."""
    kept = select(releases.c.release_id).where(releases.c.published_at.is_not(None))
    names: set[str] = set()
    for release_id in connection.scalars(kept).all():
        found = find_release(connection, release_id)
        cards = formed_in_order(connection, [customer_id], found, 0, reading(["name"]))
        names.update(card["name"] for card in cards if card["name"])
    return names


def _remove_told(connection: Connection, customer_id: str) -> int:
    """Remove the customer's rows of every table that has customers and is of no release."""
    _rename_keys(connection, customer_id)
    of_customers = [table for table in metadata.sorted_tables if "customer_id" in table.c]
    return sum(
        connection.execute(delete(table).where(table.c.customer_id == customer_id)).rowcount
        for table in reversed(of_customers)
        if table not in OF_RELEASES
    )


def _rename_keys(connection: Connection, customer_id: str) -> None:
    """Callers choose idempotency keys as they like, and may have put the id into one."""
    its = select(outcomes.c.request).where(outcomes.c.customer_id == customer_id)
    key = outcome_requests.c.idempotency_key
    found = select(outcome_requests.c.number, key).where(outcome_requests.c.number.in_(its))
    for row in connection.execute(found).all():
        if customer_id in row.idempotency_key:
            hashed = hashlib.sha256(row.idempotency_key.encode()).hexdigest()
            renamed = update(outcome_requests).where(outcome_requests.c.number == row.number)
            connection.execute(renamed.values(idempotency_key=f"renamed-{hashed}"))
