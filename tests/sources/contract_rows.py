"""Contracts as companies note them: laid end to end, one row each."""

import pandas as pd

from sources.params import SourceParams
from sources.subscriptions.billing import contracted
from sources.tables.check_tables import check_tables


def chains(customers=12, rows=6, months=1, last=lambda next_start: next_start, first="2022-02-01"):
    """Contracts of whole calendar months, the next from the end of the one before.

    `last` makes the text of `ended_at` of the day on which the next one starts. Every third
    customer leaves half-way.
    """
    found = []
    for number in range(customers):
        begin = pd.Timestamp(first) + pd.Timedelta(days=number % 3)
        for row in range(rows // 2 if number % 3 == 2 else rows):
            start = begin + pd.DateOffset(months=months * row)
            end = begin + pd.DateOffset(months=months * (row + 1))
            cells = (f"c{number}", f"c{number}-{row}", f"{start:%Y-%m-%d}", str(last(end)), 25)
            found.append(cells)
    columns = ["customer_id", "subscription_id", "started_at", "ended_at", "amount"]
    return pd.DataFrame(found, columns=columns)


def read(raw, grace_days=0, **changes):
    """The checked tables that the subscriptions come to."""
    params = SourceParams(kind="files", **changes)
    return contracted(check_tables({"subscriptions": raw}, params), params, grace_days)


def notes_of(tables):
    return {note.check: note for note in tables["subscriptions"].notes}
