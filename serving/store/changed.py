"""What has changed since an older release: which one is meant, and whose cards differ."""

import datetime as dt
import re

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from models.words import SCORED
from serving.cards.query import RISK_MOVED
from serving.store.errors import ReleaseNotFoundError
from serving.store.published import Found, find_release
from serving.store.tables import cards, releases

# What a CRM acts on: a card is another one where one of these is.
COMPARED = ("status", "risk_band", "intended_action", "arm")


def older_release(connection: Connection, asked: str) -> Found:
    """The release of this id; of a date, the newest kept one of that as-of date or before.

    Raises ReleaseNotFoundError where no such release is kept.
    """
    day = _day(asked)
    if day is None:
        return find_release(connection, asked)
    is_kept = releases.c.published_at.is_not(None)
    found = connection.scalar(
        select(releases.c.release_id)
        .where(is_kept, releases.c.as_of_date <= day)
        .order_by(releases.c.as_of_date.desc(), releases.c.number.desc())
        .limit(1)
    )
    if found is None:
        oldest = connection.scalar(select(func.min(releases.c.as_of_date)).where(is_kept))
        raise ReleaseNotFoundError(
            f"No release of {day} or before is kept; the oldest one is of {oldest}. Take "
            "everybody, without changed_since."
        )
    return find_release(connection, found)


def is_changed(older: Found) -> ColumnElement[bool]:
    """The condition on `cards` that leaves those who differ from their card in that release."""
    before = cards.alias("before")
    same_risk = or_(
        cards.c.status != SCORED,  # of others the column is no probability
        func.abs(before.c.churn_risk - cards.c.churn_risk) < RISK_MOVED,
    )
    is_same = and_(
        before.c.number == older.number,
        before.c.customer_id == cards.c.customer_id,
        *(before.c[name].is_not_distinct_from(cards.c[name]) for name in COMPARED),
        same_risk,
    )
    return ~select(before.c.number).where(is_same).exists()


def _day(asked: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(asked) if re.fullmatch(r"\d{4}-\d\d-\d\d", asked) else None
    except ValueError:
        return None
