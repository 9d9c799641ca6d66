"""Every feature stated a second time, in plain Python over one customer's rows.

Nothing here is shared with the engine: dates instead of day numbers, decimals instead of SQL sums,
lists instead of aggregations. `None` is what the engine writes as NaN.
"""

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from tests.features.world import ACTIVE, DATA_FROM

WINDOWS = (7, 14, 30, 60, 90, 180, 365)


@dataclass(frozen=True)
class PurchaseDay:
    date: object
    orders: int
    lines: int
    money: Decimal


def money(value):
    """A cell of money: nothing known is nothing paid."""
    return Decimal(0) if value is None else Decimal(str(value))


class Customer:
    """What is known of one customer at the as-of date, out of the rows of the tables."""

    def __init__(self, rows, events, as_of):
        self.as_of = as_of.date()
        lines = [r for r in rows if happened_and_known(r, as_of)]
        self.net, self.discount = defaultdict(Decimal), defaultdict(Decimal)
        self.sold, self.refunded = defaultdict(Decimal), defaultdict(Decimal)
        self.categories, self.stores = defaultdict(set), defaultdict(set)
        bought = defaultdict(list)
        for order in {r["order_id"] for r in lines}:
            by_date = defaultdict(list)
            for line in lines:
                if line["order_id"] == order:
                    by_date[line["event_time"].date()].append(line)
            for date, group in by_date.items():
                paid = sum((money(r["amount"]) for r in group), Decimal(0))
                self.net[date] += paid
                self.discount[date] += sum((money(r["discount"]) for r in group), Decimal(0))
                self.sold[date] += max(paid, Decimal(0))
                self.refunded[date] -= min(paid, Decimal(0))
                if date == min(by_date) and paid > 0:
                    bought[date].append((len(group), paid))
        self.purchases = [
            PurchaseDay(date, len(own), sum(n for n, _ in own), sum(paid for _, paid in own))
            for date, own in sorted(bought.items())
        ]
        for line in lines:
            if money(line["amount"]) > 0:
                if line["category"] is not None:
                    self.categories[line["category"]].add(line["event_time"].date())
                if line["store"] is not None:
                    self.stores[line["store"]].add(line["event_time"].date())
        self.events = [
            (e["kind"], e["event_time"].date()) for e in events if happened_and_known(e, as_of)
        ]
        dates = [p.date for p in self.purchases]
        self.gaps = [(b - a).days for a, b in pairwise(dates)]

    def ago(self, date):
        """Whole days from a date to the as-of date: 1 is the day before it."""
        return (self.as_of - date).days

    def recent(self, window):
        return [p for p in self.purchases if self.ago(p.date) <= window]

    def total(self, by_date, window=math.inf):
        return sum((v for date, v in by_date.items() if self.ago(date) <= window), Decimal(0))

    def happenings(self, kind, window=math.inf):
        return [date for k, date in self.events if k == kind and self.ago(date) <= window]

    @property
    def silence(self):
        return self.ago(self.purchases[-1].date)

    @property
    def tenure(self):
        return self.ago(self.purchases[0].date)

    @property
    def orders(self):
        return sum(p.orders for p in self.purchases)


def happened_and_known(row, as_of):
    return row["event_time"] < as_of and (row["known_at"] is None or row["known_at"] < as_of)


def ratio(above, below):
    return None if above is None or not below else float(above) / float(below)


def mean(values):
    return statistics.fmean(values) if values else None


def deviation(values):
    return statistics.stdev(values) if len(values) > 1 else None


def log_ratio(last, before):
    return math.log((float(last) + 1) / (float(before) + 1))


def entropy(days_by_name):
    counts = [len(days) for days in days_by_name.values()]
    shares = [count / sum(counts) for count in counts]
    return -sum(share * math.log(share) for share in shares) if counts else None


def top_share(days_by_name):
    counts = [len(days) for days in days_by_name.values()]
    return ratio(max(counts), sum(counts)) if counts else None


def last_within(c, days_by_name, window):
    return sum(c.ago(max(days)) <= window for days in days_by_name.values())


def orders_in(c, window):
    return sum(p.orders for p in c.recent(window))


def orders_change(c, window):
    last = orders_in(c, window)
    return log_ratio(last, orders_in(c, 2 * window) - last)


def amount_change(c, window):
    last = c.total(c.net, window)
    before = c.total(c.net, 2 * window) - last
    return log_ratio(max(last, 0), max(before, 0))


def lines_per_order(c, window):
    return ratio(sum(p.lines for p in c.recent(window)), orders_in(c, window))


def discount_share(c, window):
    given = c.total(c.discount, window)
    return ratio(given, given + c.total(c.sold, window))


def refund_share(c, window):
    return ratio(c.total(c.refunded, window), c.total(c.sold, window))


def days_since(kind):
    return lambda c: c.ago(max(c.happenings(kind))) if c.happenings(kind) else None


def monetary_value(c):
    repeats = [p.money for p in c.purchases[1:]]
    return float(sum(repeats)) / len(repeats) if repeats else 0.0


EXPOSED, REDEEMED = "campaign_exposed", "coupon_redeemed"
SINGLE = {
    "days_since_last_purchase": lambda c: c.silence,
    "tenure_days": lambda c: c.tenure,
    "tenure_is_censored": lambda c: int(c.purchases[0].date < DATA_FROM + timedelta(days=ACTIVE)),
    "orders_total": lambda c: c.orders,
    "orders_rate": lambda c: c.orders / c.tenure,
    "amount_total": lambda c: float(c.total(c.net)),
    "amount_mean": lambda c: float(sum(p.money for p in c.purchases)) / c.orders,
    "amount_last": lambda c: float(c.purchases[-1].money),
    "amount_max": lambda c: float(max(p.money for p in c.purchases)),
    "gap_mean": lambda c: mean(c.gaps),
    "gap_median": lambda c: statistics.median(c.gaps) if c.gaps else None,
    "gap_std": lambda c: deviation(c.gaps),
    "gap_variation": lambda c: ratio(deviation(c.gaps), mean(c.gaps)),
    "gap_last": lambda c: c.gaps[-1] if c.gaps else None,
    "gap_max": lambda c: max(c.gaps, default=None),
    "gap_recent_mean": lambda c: mean(c.gaps[-3:]),
    "silence_over_gap_mean": lambda c: ratio(c.silence, mean(c.gaps)),
    "silence_over_gap_max": lambda c: ratio(c.silence, max(c.gaps, default=None)),
    "gaps_longer_share": lambda c: mean([gap > c.silence for gap in c.gaps]),
    "gap_recent_over_mean": lambda c: ratio(mean(c.gaps[-3:]), mean(c.gaps)),
    "categories_total": lambda c: len(c.categories) or None,
    "category_top_share": lambda c: top_share(c.categories),
    "category_repeat_share": lambda c: mean([len(d) > 1 for d in c.categories.values()]),
    "category_entropy": lambda c: entropy(c.categories),
    "stores_total": lambda c: len(c.stores) or None,
    "store_top_share": lambda c: top_share(c.stores),
    "campaigns_exposed_total": lambda c: len(c.happenings(EXPOSED)),
    "days_since_campaign": days_since(EXPOSED),
    "coupons_redeemed_total": lambda c: len(c.happenings(REDEEMED)),
    "days_since_coupon": days_since(REDEEMED),
    "coupons_per_campaign": lambda c: ratio(
        len(c.happenings(REDEEMED)), len(c.happenings(EXPOSED))
    ),
    "frequency": lambda c: len(c.purchases) - 1,
    "recency": lambda c: c.tenure - c.silence,
    "T": lambda c: c.tenure,
    "monetary_value": monetary_value,
}
FAMILIES = {
    "orders": (WINDOWS, orders_in),
    "amount": (WINDOWS, lambda c, window: float(c.total(c.net, window))),
    "lines_per_order": ((90,), lines_per_order),
    "discount_share": ((90,), discount_share),
    "refund_share": ((90,), refund_share),
    "orders_change": ((14, 30, 45, 90), orders_change),
    "amount_change": ((14, 30, 45, 90), amount_change),
    "categories": ((30, 90, 180), lambda c, window: last_within(c, c.categories, window)),
    "categories_new": (
        (30,),
        lambda c, window: sum(c.ago(min(days)) <= window for days in c.categories.values()),
    ),
    "stores": ((90,), lambda c, window: last_within(c, c.stores, window)),
    "campaigns_exposed": ((30, 90, 180), lambda c, window: len(c.happenings(EXPOSED, window))),
    "coupons_redeemed": ((30, 90, 180), lambda c, window: len(c.happenings(REDEEMED, window))),
}


def oracles():
    """The second statement of every feature, by column."""
    windowed = {
        f"{name}_{window}d": lambda c, value=value, window=window: value(c, window)
        for name, (windows, value) in FAMILIES.items()
        for window in windows
    }
    return SINGLE | windowed


def in_cohort(customer, active_within_days):
    return any(customer.ago(p.date) <= active_within_days for p in customer.purchases)
