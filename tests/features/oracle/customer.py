"""One customer's rows as they stood at the as-of date, and the purchases among them."""

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

from features.checking.company import as_known


def money(value):
    """A number as written; what is unknown adds nothing, and is told apart by `is_unknown`."""
    return Decimal(0) if value is None else Decimal(str(value))


def total(rows, column):
    return sum((money(row[column]) for row in rows), Decimal(0))


def units_of(rows):
    """Unknown where the units of a line are; a table without quantities has none to know."""
    units = [row.get("quantity") for row in rows]
    return None if None in units else sum((money(one) for one in units), Decimal(0))


@dataclass(frozen=True)
class OrderDay:
    """What one order moved on one day."""

    began: datetime
    is_purchase: bool
    lines: int
    net: Decimal
    discount: Decimal
    units: Decimal | None
    is_unpriced: bool

    @property
    def date(self):
        return self.began.date()


@dataclass(frozen=True)
class PurchaseDay:
    """What all purchases of one day came to."""

    date: date
    purchases: list

    @property
    def money(self):
        """Unknown where one of the purchases is."""
        return (
            None
            if any(p.is_unpriced for p in self.purchases)
            else sum(p.net for p in self.purchases)
        )


class Customer:
    """What is known of one customer at the as-of date, out of the rows of every table."""

    def __init__(self, tables, as_of, has_amount=True):
        self.as_of = as_of.date()
        self.has_amount = has_amount
        self.known = {name: as_known(name, rows, as_of) for name, rows in tables.items()}
        self.order_days = self._order_days()
        self.purchases = [o for o in self.order_days if o.is_purchase]
        by_date = defaultdict(list)
        for purchase in self.purchases:
            by_date[purchase.date].append(purchase)
        self.purchase_days = [PurchaseDay(day, own) for day, own in sorted(by_date.items())]
        dates = [day.date for day in self.purchase_days]
        self.gaps = [(later - earlier).days for earlier, later in pairwise(dates)]

    def weight(self, line):
        """What makes a purchase when it sums to more than 0; without amounts the quantity does."""
        if self.has_amount:
            return money(line["amount"])
        return Decimal(1) if line["quantity"] is None else money(line["quantity"])

    def is_unknown(self, line):
        """Whether a line was bought for nobody knows how much."""
        if not self.has_amount or line["amount"] is not None:
            return False
        return line["quantity"] is None or line["quantity"] > 0

    @property
    def usual(self):
        """Mean money of the purchases whose money is known."""
        known = [p.net for p in self.purchases if not p.is_unpriced]
        return float(sum(known)) / len(known) if known else None

    def rows(self, table):
        return self.known.get(table, [])

    def _order_days(self):
        found = []
        by_order = defaultdict(lambda: defaultdict(list))
        for line in self.rows("orders"):
            by_order[line["order_id"]][line["event_time"].date()].append(line)
        for days in by_order.values():
            for day, lines in days.items():
                weight = sum(self.weight(line) for line in lines)
                is_unknown = any(self.is_unknown(line) for line in lines)
                is_purchase = weight > 0 or (is_unknown and weight == 0)
                is_purchase = is_purchase and day == min(days)
                found.append(
                    OrderDay(
                        began=min(line["event_time"] for line in lines),
                        is_purchase=is_purchase,
                        is_unpriced=is_purchase and is_unknown,
                        lines=len(lines),
                        net=total(lines, "amount"),
                        discount=total(lines, "discount"),
                        units=units_of(lines),
                    )
                )
        return found

    def ago(self, day):
        """Whole days from a date to the as-of date: 1 is the day before it."""
        return (self.as_of - day).days

    def within(self, day, window, end=0):
        """Whether a date lies in the `window` days that end `end` days before the as-of date."""
        return end < self.ago(day) <= end + window

    def purchases_in(self, window=math.inf, end=0):
        return [p for p in self.purchases if self.within(p.date, window, end)]

    def moved(self, window=math.inf, end=0):
        """What orders moved in a window, refunds among it."""
        return [o for o in self.order_days if self.within(o.date, window, end)]

    def bought(self, column):
        """Dates by category or store: of lines with a positive amount."""
        dates = defaultdict(set)
        for line in self.rows("orders"):
            if line[column] is not None and (self.weight(line) > 0 or self.is_unknown(line)):
                dates[line[column]].add(line["event_time"].date())
        return dates

    def since(self, dates):
        """Whole days since the latest of some dates."""
        return self.ago(max(dates)) if dates else None

    @property
    def silence(self):
        return self.since([day.date for day in self.purchase_days])

    @property
    def tenure(self):
        return self.ago(self.purchase_days[0].date) if self.purchase_days else None
