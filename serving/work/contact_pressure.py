"""How often one customer was contacted lately, against what the plan of the release allows.

Counted as the plan counts (actions/plan/pressure.py): contacts that were intended, also where they
were held back. Those told since the release count too, so that nobody is called twice.
"""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from features.history.contacts_made import was_intended
from serving.cards.timeline import ContactPressure
from serving.store.published import Found
from serving.store.tables import CONTACT_LIMITS
from serving.work.kinds import Row

DAY = dt.timedelta(days=1)


def pressure_of(
    connection: Connection, found: Found, contacts: Sequence[Row]
) -> ContactPressure | None:
    """The contacts of one customer against the limits; None where the release has none.

    Counted on the as-of date, or on the day after the newest contact where that is later.
    """
    limits = found.part(connection, CONTACT_LIMITS)
    if limits is None:
        return None
    intended = [row["event_time"] for row in contacts if was_intended(row)]
    as_of = max([found.release.as_of_date, *(time.date() + DAY for time in intended)])
    midnight = dt.datetime.combine(as_of, dt.time.min)
    rest = max(
        (
            (time + dt.timedelta(days=limits["quiet_days"])).date()
            for time in intended
            if limits["quiet_days"]
        ),
        default=None,
    )
    return ContactPressure(
        counted_as_of=as_of,
        days=limits["days"],
        contacts=sum(midnight - time <= dt.timedelta(days=limits["days"]) for time in intended),
        most=limits["most"],
        quiet_days=limits["quiet_days"],
        quiet_until=rest if rest is not None and rest >= as_of else None,
    )
