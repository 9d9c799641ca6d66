"""A made-up company with rows in every table, most of them on or beside the edge of a window.

Rows are dicts with every column of the contract; what is not known is None. Some rows reach the
company late, some cells fill in later, and some of that is after the as-of date.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import pandas as pd

from features.checking.world import AS_OF, DAY, OWN_KIND, Row, columns_of, frame, moment
from sources.contract import TABLES

Rows = list[Row]
Company = dict[str, Rows]

EDGES = (1, 7, 14, 28, 30, 45, 60, 90, 180, 335, 365)
REACH = 420  # days of history
PRICES = (0.1, 0.2, -0.3, 7.35, 19.99, -7.35, 0.0, None)
KINDS = (
    "visit",
    "visit",
    "app_open",
    "email_open",
    "email_click",
    "campaign_exposed",
    "campaign_exposed",
    "coupon_redeemed",
    "loyalty_points",
    "referral",
    "share",
    OWN_KIND,
    OWN_KIND,
    OWN_KIND,
)


def company(rng: Random, customers: int, ahead: float = 0, kinds: Sequence[str] = KINDS) -> Company:
    """Rows of every table; `ahead` is the share of the times that lie right beside the as-of
    midnight, its neighbours or the end of the horizon. `kinds` are drawn for its events."""
    made = Maker(rng, customers, ahead)
    return {
        "orders": made.orders(),
        "subscriptions": made.subscriptions(),
        "events": made.rows(
            "events", 12, event_time=None, kind=kinds, value=(5.0, -3.0, 2.5, None)
        ),
        "tickets": made.tickets(),
        "surveys": made.rows(
            "surveys",
            2,
            event_time=None,
            kind=("nps", "nps", "nps", "csat", "other"),
            score=tuple(float(score) for score in range(11)),
        ),
        "contacts": made.contacts(),
        "consents": made.rows(
            "consents",
            3,
            event_time=None,
            channel=("email", "phone", "all"),
            granted=(True, False),
            purpose=("marketing", "service", None, "marketing", "profiling", None, "marketing"),
        ),
        "customers": made.customers(),
    }


class Maker:
    """Draws rows; ids are text, `00007` stays `00007`."""

    def __init__(self, rng: Random, customers: int, ahead: float) -> None:
        self.rng, self.number, self.ahead = rng, customers, ahead

    def who(self) -> str:
        """A customer: the later, the fewer rows, down to none."""
        first, second = self.rng.randrange(self.number), self.rng.randrange(self.number)
        return f"{min(first, second):05d}"

    def offset(self) -> int:
        """Microseconds from the as-of date: beside the edge of a window, or anywhere."""
        rng = self.rng
        if rng.random() < self.ahead:
            days, shift = rng.choice((-1, 0, 0, 1, 28)), rng.choice((-1, 0, 1))
            return days * DAY + shift
        if rng.random() < 0.3:
            return -rng.randrange(1, REACH * DAY)
        return min(-1, -rng.choice(EDGES) * DAY + rng.choice((-DAY, -1, 0, 1, DAY - 1, DAY)))

    def late(self, offset: int) -> pd.Timestamp | None:
        """When a row is known: mostly at once, at times days later, or announced before."""
        usual = (None, None, None, None, 0, 1, DAY, 20 * DAY, -DAY)
        delay = self.rng.choice((*usual, max(-offset, 0), max(-offset - 1, 0)))
        return None if delay is None else moment(offset + delay)

    def rows(self, table: str, each: int, **choices: Any) -> Rows:
        """Rows with drawn times, and cells drawn from `choices`."""
        found = []
        customer, offset = self.who(), self.offset()
        for number in range(each * self.number):
            if self.rng.random() < 0.9:  # else another row of the same customer and time
                customer, offset = self.who(), self.offset()
            row = dict.fromkeys(columns_of(table)) | {"customer_id": customer}
            for column, values in choices.items():
                row[column] = moment(offset) if values is None else self.rng.choice(values)
            for column in row:
                if column.endswith("_id") and column != "customer_id":
                    row[column] = f"{table}-{number}"
            if "known_at" in row:
                row["known_at"] = self.late(offset)
            found.append(row)
        return found

    def orders(self) -> Rows:
        """Rows of the table."""
        rng, found = self.rng, []
        for customer in range(self.number):
            offset = self.offset()
            for order in range(rng.randrange(1, 10)):
                if rng.random() < 0.85:  # else another order at the same time
                    offset = self.offset()
                for _ in range(rng.choice((1, 1, 2, 3))):
                    # A refund, or an odd late line.
                    when = offset + rng.choice((0, 0, 0, 1, 3 * DAY, 40 * DAY))
                    found.append(
                        dict.fromkeys(columns_of("orders"))
                        | {
                            "customer_id": f"{customer:05d}",
                            "order_id": f"{customer}-{order}",
                            "event_time": moment(when),
                            "known_at": self.late(when),
                            "amount": rng.choice(PRICES),
                            "quantity": rng.choice((1.0, 2.0, 0.5, -1.0, None)),
                            "category": rng.choice(("bread", "milk", "wine", None)),
                            "store": rng.choice(("north", "south", None)),
                            "discount": rng.choice((0.0, 0.35, 1.05, None)),
                        }
                    )
        return found

    def subscriptions(self) -> Rows:
        """Rows of the table."""
        found = self.rows(
            "subscriptions",
            2,
            started_at=None,
            subscription_plan=("basic", "plus", "premium", None),
            amount=(9.0, 19.0, 39.0, 0.0, None),
            period_days=(30.0, 7.0, 365.0, 30.4375, 6.5, 0.3, None, 0.0),
        )
        for row in found:
            if self.rng.random() < 0.5:
                row["ended_at"] = self.later(row["started_at"])
        return found

    def tickets(self) -> Rows:
        """Rows of the table."""
        found = self.rows(
            "tickets",
            2,
            opened_at=None,
            kind=("complaint", "complaint", "question", None),
            csat=(1.0, 4.37, 5.0, None),
        )
        for row in found:
            if self.rng.random() < 0.7:
                row["closed_at"] = self.later(row["opened_at"])
                if self.rng.random() < 0.3:
                    row["reopened_at"] = self.later(row["closed_at"])
                    if self.rng.random() < 0.3:
                        row["closed_at"] = self.later(row["reopened_at"])
        return found

    def contacts(self) -> Rows:
        """Rows of the table."""
        found = self.rows(
            "contacts",
            3,
            event_time=None,
            action_id=("mail", "call", "do_nothing"),
            channel=("email", "phone", "none"),
            arm=("treated", "treated", "holdout"),
            responded=(True, False, None),
        )
        for row in found:
            if self.rng.random() < 0.6:
                row["responded_at"] = self.later(row["event_time"])
        return found

    def customers(self) -> Rows:
        """Rows of the table."""
        return [
            dict.fromkeys(columns_of("customers"))
            | {
                "customer_id": f"{customer:05d}",
                "created_at": self.rng.choice((None, moment(self.offset()))),
                "region": self.rng.choice(("north", "south", None)),
                "household_size": self.rng.choice((1.0, 2.0, 3.0, None)),
            }
            for customer in range(self.number)
        ]

    def later(self, time: pd.Timestamp) -> pd.Timestamp:
        """A time after another one: on the same day, or up to the as-of date and beyond."""
        left = max(int((AS_OF - time).total_seconds() * 1_000_000), 0)
        after = self.rng.choice((1, DAY, 3 * DAY, left, left + 1, left - 1))
        return time + pd.Timedelta(microseconds=after)


def frames_of(drawn: Company) -> dict[str, pd.DataFrame]:
    """The tables as frames."""
    return {name: frame(name, rows) for name, rows in drawn.items()}


def past_of(drawn: Company, as_of: pd.Timestamp) -> Company:
    """The tables as they stood at the as-of date."""
    return {name: as_known(name, rows, as_of) for name, rows in drawn.items()}


def as_known(table: str, rows: Rows, as_of: pd.Timestamp) -> Rows:
    """Rows as they stood at the as-of date, in plain Python: the rule of the design, section 2.

    Rows that had not happened or had not reached us are gone; cells that filled in later are empty.
    """
    contract = TABLES[table]
    stood = []
    for row in rows:
        happened: Any = row.get(contract.time)
        known = row.get("known_at")
        if table != "customers" and not happened < as_of:
            continue
        if known is not None and not known < as_of:
            continue
        for time, cells in contract.later.items():
            if row[time] is None or not row[time] < as_of:
                row = row | dict.fromkeys((time, *cells))
        if table == "customers" and happened is not None and not happened < as_of:
            row = row | {contract.time: None}
        stood.append(row)
    return stood
