"""Which older release is meant by what has changed since."""

import datetime as dt
import re

from sqlalchemy import Connection, func, select

from serving.store.errors import ReleaseNotFoundError
from serving.store.published import Found, find_release
from serving.store.tables import releases


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


def _day(asked: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(asked) if re.fullmatch(r"\d{4}-\d\d-\d\d", asked) else None
    except ValueError:
        return None
