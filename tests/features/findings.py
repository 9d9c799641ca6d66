"""Findings of small tables, one room of the usability report at a time."""

import pandas as pd

from features.usability.customers import customer_findings
from features.usability.feed import feeds, judge
from features.usability.times import late_findings, lateness, time_findings
from features.usability.values import value_findings
from sources.params import SourceParams
from tests.features.usable import (
    CUSTOMERS,
    DAYS,
    START,
    checked,
    orders,
    rhythm,
    seen,
)


def of_customers(of=None, **tables):
    of_tables = checked(**({"orders": orders()} | tables))
    return seen(customer_findings(of_tables, of or rhythm(), SourceParams(kind="files")))


def of_values(timezone="UTC", **tables):
    source = SourceParams(kind="files", timezone=timezone)
    return seen(value_findings(checked(**({"orders": orders()} | tables)), source))


def of_times(of=None, is_auto=False, **tables):
    tables = checked(**({"orders": orders()} | tables))
    judged = [judge(feed, frozenset()) for feed in feeds(tables)]
    late = late_findings({name: lateness(name, table) for name, table in tables.items()})
    return seen([*time_findings(tables, of or rhythm(), 28, is_auto, judged), *late])


def with_amounts(amounts):
    rows = orders()
    return rows.assign(amount=[*amounts, *rows["amount"][len(amounts) :]])


def tickets(**columns):
    number = range(30)
    base = {
        "customer_id": [f"c{one + 1}" for one in number],
        "ticket_id": [f"t{one}" for one in number],
        "opened_at": [START + pd.Timedelta(days=10 * one) for one in number],
    }
    return pd.DataFrame(base | columns)


def events(first=0, last=DAYS - 1, customers=None):
    days = range(first, last + 1)
    ids = customers or [f"c{one + 1}" for one in range(CUSTOMERS)]
    return pd.DataFrame(
        {
            "customer_id": [ids[one % len(ids)] for one in days],
            "event_time": [START + pd.Timedelta(days=one, hours=10) for one in days],
            "kind": "visit",
        }
    )
