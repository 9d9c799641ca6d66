"""What customers did, told as it happens: rows of the contract's tables for the live history.

They are kept beside outcomes, told once under the same keys, and read back by the next run.
"""

import datetime as dt
from dataclasses import dataclass

from serving.work.kinds import Row
from sources.contract import EVENTS, ORDERS, SURVEYS, TABLES, TICKETS

# Contacts and consents are outcomes, with an arm and an objection to heed; payments are made of
# subscriptions by `make run` alone.
TABLES_OF_EVENTS = (ORDERS.name, EVENTS.name, TICKETS.name, SURVEYS.name)


@dataclass(frozen=True)
class Event:
    """A row of a table, without `customer_id` in its cells; times have their offset."""

    TABLE: str
    customer_id: str
    cells: Row

    @property
    def event_day(self) -> dt.date:
        """The day on which it happened, in UTC as the tables."""
        time: dt.datetime = self.cells[TABLES[self.TABLE].time]
        return time.astimezone(dt.UTC).date()

    def row(self) -> Row:
        """The cells of the row in the contract's columns; what is unknown is left out."""
        return {"customer_id": self.customer_id, **self.cells}
