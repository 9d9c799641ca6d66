"""Features of all money that moved, refunds among it."""

import math
from decimal import Decimal

from tests.features.oracle.numbers import by_month, log_ratio, ratio, slope

NEEDS = "order_days"
WINDOWS = (7, 14, 30, 60, 90, 180, 365)


def net(c, window=math.inf, end=0):
    return sum((o.net for o in c.moved(window, end)), Decimal(0))


def sold(c, window):
    return sum((o.net for o in c.moved(window) if o.net > 0), Decimal(0))


def refunded(c, window):
    return -sum((o.net for o in c.moved(window) if o.net < 0), Decimal(0))


def refund_dates(c, window=math.inf):
    return {o.date for o in c.moved(window) if o.net < 0}


def discount_share(c, window=math.inf):
    given = sum((o.discount for o in c.moved(window)), Decimal(0))
    return ratio(given, given + sold(c, window))


SINGLE = {
    "amount_total": lambda c: float(net(c)),
    "refund_share_total": lambda c: ratio(refunded(c, math.inf), sold(c, math.inf)),
    "days_since_refund": lambda c: c.since(refund_dates(c)),
    "discount_share_total": discount_share,
    "amount_slope": lambda c: slope(by_month(c, net)),
}
WINDOWED = {
    "amount": (WINDOWS, lambda c, w: float(net(c, w))),
    "refund_share": ((90,), lambda c, w: ratio(refunded(c, w), sold(c, w))),
    "refund_days": ((90, 365), lambda c, w: len(refund_dates(c, w))),
    "discount_share": ((90,), discount_share),
    "amount_change": ((14, 30, 45, 90), lambda c, w: log_ratio(net(c, w), net(c, w, end=w))),
}
