"""Overrides: what a person knows better than the model, with a reason and a day on which it ends.

    not_leaving  stays, whatever the risk says: on holiday, say
    leaving      leaves, whatever the risk says
    no_contact   is not to be contacted until that day: a person's judgement. What the customer
                 wants is a consent, which is told as an outcome.
    level        the relationship level that is wanted

An override stands beside what the model says and changes nothing of it: neither card nor plan.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from serving.cards.codes import OverrideKind, SuggestedLevel
from serving.cards.timeline import Override
from serving.people.audit import customer, note
from serving.store.database import writing
from serving.store.errors import CustomerNotFoundError, OverrideNotFoundError
from serving.store.listing import seen_among
from serving.store.page_tables import overrides
from serving.store.past import COMPANY
from serving.store.published import find_release
from serving.store.reading import explained

LONGEST_DAYS = 365
NO_CONTACT, LEVEL = "no_contact", "level"
OPPOSITES = {"leaving": "not_leaving", "not_leaving": "leaving"}  # never hold at once
AT_ONCE = 500  # ids in one statement


def _soon_enough(day: dt.date) -> dt.date:
    today = utc_now().date()
    if not today <= day <= today + dt.timedelta(days=LONGEST_DAYS):
        raise ValueError(f"is to be a day from today on, at most {LONGEST_DAYS} days ahead")
    return day


def _no_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("says nothing")
    return text.strip()


class NewOverride(BaseModel):
    """What a person knows better than the model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: OverrideKind
    level: SuggestedLevel | None = Field(default=None, description="Of kind level, and only there.")
    reason: Annotated[
        str,
        Field(min_length=1, max_length=1_000, pattern=r"^[^\x00]*$"),
        AfterValidator(_no_blank),
    ]
    expires_on: Annotated[dt.date, AfterValidator(_soon_enough)] = Field(
        description=f"The last day on which it holds, at most {LONGEST_DAYS} days ahead."
    )

    @model_validator(mode="after")
    def _level_of_a_level(self) -> "NewOverride":
        if (self.kind == LEVEL) != (self.level is not None):
            raise ValueError("level belongs to the kind level, and to no other")
        return self


def make_override(engine: Engine, customer_id: str, new: NewOverride, who: str) -> Override:
    """Keep an override; one of the same kind, or its opposite, that holds already ends with it.

    Raises CustomerNotFoundError for a customer without a card or of other owners, StoreError where
    the store cannot be written.
    """
    with writing(engine) as connection:
        _refuse_unseen(connection, customer_id)
        for one in overrides_of(connection, [customer_id]).get(customer_id, []):
            if one.kind in (new.kind, OPPOSITES.get(new.kind)):
                _end(connection, one.number, who)
        row = {
            "company": _company(connection),
            "customer_id": customer_id,
            "kind": new.kind,
            "value": new.level,
            "reason": new.reason,
            "expires_on": new.expires_on,
            "made_at": utc_now(),
            "made_by": who,
        }
        added = insert(overrides).values(row).returning(overrides.c.number)
        number = connection.scalars(added).one()
        note(
            connection,
            who,
            f"made override {number}: {new.kind}",
            customer(connection, customer_id),
        )
        its = select(overrides).where(overrides.c.number == number)
        return _override(connection.execute(its).one())


def end_override(engine: Engine, customer_id: str, number: int, who: str) -> Override:
    """End an override before its day; one that has ended stays as it is.

    Raises OverrideNotFoundError where the customer has no such override, and as `make_override`.
    """
    with writing(engine) as connection:
        _refuse_unseen(connection, customer_id)
        its = (*_of(connection, [customer_id]), overrides.c.number == number)
        row = connection.execute(select(overrides).where(*its)).first()
        if row is None:
            raise OverrideNotFoundError(f"Customer {customer_id!r} has no override {number}.")
        if _override(row).is_active:
            _end(connection, number, who)
            about = customer(connection, customer_id)
            note(connection, who, f"ended override {number}: {row.kind}", about)
        return _override(connection.execute(select(overrides).where(*its)).one())


def overrides_of(connection: Connection, customers: Collection[str]) -> dict[str, list[Override]]:
    """The overrides that hold today, by customer; who has none is left out.

    Whether the reader sees these customers is for the caller to have asked.
    """
    found: dict[str, list[Override]] = defaultdict(list)
    today, listed = utc_now().date(), list(customers)
    for start in range(0, len(listed), AT_ONCE):
        its = _of(connection, listed[start : start + AT_ONCE])
        holds = (overrides.c.ended_at.is_(None), overrides.c.expires_on >= today)
        query = select(overrides).where(*its, *holds).order_by(overrides.c.number)
        for row in connection.execute(query):
            found[row.customer_id].append(_override(row))
    return dict(found)


def kept_from_contact(connection: Connection) -> set[str]:
    """The customers whom nobody is to contact today, of all owners."""
    its = (overrides.c.company == _company(connection), overrides.c.kind == NO_CONTACT)
    holds = (overrides.c.ended_at.is_(None), overrides.c.expires_on >= utc_now().date())
    return set(connection.scalars(select(overrides.c.customer_id).where(*its, *holds)))


def all_overrides(connection: Connection, customer_id: str) -> list[Override]:
    """Every override of one customer: those that hold first, and then the newest first."""
    query = select(overrides).where(*_of(connection, [customer_id]))
    rows = connection.execute(query.order_by(overrides.c.number.desc()))
    return sorted((_override(row) for row in rows), key=lambda one: not one.is_active)


def read_overrides(engine: Engine, customer_id: str) -> list[Override]:
    """As `all_overrides`. Raises CustomerNotFoundError as `make_override`, and NoReleaseError."""
    try:
        with engine.connect() as connection:
            _refuse_unseen(connection, customer_id)
            return all_overrides(connection, customer_id)
    except DBAPIError as error:
        raise explained(engine, error) from None


def not_to_be_contacted(held: Iterable[Override]) -> Override | None:
    """The override that forbids a contact today, of those that hold; None where none does."""
    return next((one for one in held if one.kind == NO_CONTACT), None)


def _refuse_unseen(connection: Connection, customer_id: str) -> None:
    if customer_id not in seen_among(connection, [customer_id]):
        raise CustomerNotFoundError(f"There is no customer {customer_id!r}.")


def _end(connection: Connection, number: int, who: str) -> None:
    its = update(overrides).where(overrides.c.number == number)
    connection.execute(its.values(ended_at=utc_now(), ended_by=who))


def _of(connection: Connection, customers: Collection[str]) -> tuple[Any, ...]:
    is_ours = overrides.c.company == _company(connection)
    return (is_ours, overrides.c.customer_id.in_(customers))


def _company(connection: Connection) -> str:
    return find_release(connection).part(connection, COMPANY) or ""


def _override(row: Any) -> Override:
    ended = row.ended_at and row.ended_at.replace(tzinfo=dt.UTC)
    return Override(
        number=row.number,
        kind=row.kind,
        level=row.value,
        reason=row.reason,
        expires_on=row.expires_on,
        made_at=row.made_at.replace(tzinfo=dt.UTC),
        made_by=row.made_by,
        ended_at=ended,
        ended_by=row.ended_by,
        is_active=ended is None and row.expires_on >= utc_now().date(),
    )
