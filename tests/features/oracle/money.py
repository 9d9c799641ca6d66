"""Features of all money that moved, refunds among it."""

import math
from decimal import Decimal

from tests.features.oracle.numbers import by_month, log_ratio, ratio, slope

NEEDS = "order_days"
WINDOWS = (7, 14, 30, 60, 90, 180, 365)


def net(c, window=math.inf, end=0):
    """What moved; what nobody knows counts as the customer's usual purchase."""
    rows = c.moved(window, end)
    known = float(sum((o.net for o in rows if not o.is_unpriced), Decimal(0)))
    unknown = sum(o.is_unpriced for o in rows)
    if not unknown:
        return known
    return None if c.usual is None else known + unknown * c.usual


def change(c, window):
    last, both = net(c, window), net(c, 2 * window)
    return None if last is None or both is None else log_ratio(last, both - last)


def amount_slope(c):
    months = by_month(c, net)
    return None if None in months else slope(months)


def sold(c, window):
    return sum((o.net for o in priced(c, window) if o.net > 0), Decimal(0))


def refunded(c, window):
    return -sum((o.net for o in priced(c, window) if o.net < 0), Decimal(0))


def refund_dates(c, window=math.inf):
    return {o.date for o in priced(c, window) if o.net < 0}


def priced(c, window):
    return [o for o in c.moved(window) if not o.is_unpriced]


def discount_share(c, window=math.inf):
    given = sum((o.discount for o in priced(c, window)), Decimal(0))
    return ratio(given, given + sold(c, window))


SINGLE = {
    "amount_total": net,
    "refund_share_total": lambda c: ratio(refunded(c, math.inf), sold(c, math.inf)),
    "days_since_refund": lambda c: c.since(refund_dates(c)),
    "discount_share_total": discount_share,
    "amount_slope": amount_slope,
}
WINDOWED = {
    "amount": (WINDOWS, net),
    "refund_share": ((90,), lambda c, w: ratio(refunded(c, w), sold(c, w))),
    "refund_days": ((90, 365), lambda c, w: len(refund_dates(c, w))),
    "discount_share": ((90,), discount_share),
    "amount_change": ((14, 30, 45, 90), change),
}
