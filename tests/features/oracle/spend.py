"""Features of what purchases cost and hold."""

import math

from tests.features.oracle.numbers import deviation, mean, ratio

NEEDS = "purchases"


def day_amounts(c):
    return [float(day.money) for day in c.purchase_days if day.money is not None]


def last_amount(c):
    money = c.purchase_days[-1].money
    return None if money is None else float(money)


def lines_per_order(c, window=math.inf):
    return mean([p.lines for p in c.purchases_in(window)])


def with_discount(purchases):
    return mean([p.discount > 0 for p in purchases])


def monetary_value(c):
    later = [float(day.money) for day in c.purchase_days[1:] if day.money is not None]
    return mean(later) or 0.0


SINGLE = {
    # spend
    "amount_mean": lambda c: c.usual,
    "amount_last": last_amount,
    "amount_max": lambda c: max(day_amounts(c), default=None),
    "amount_min": lambda c: min(day_amounts(c), default=None),
    "amount_std": lambda c: deviation(day_amounts(c)),
    "amount_variation": lambda c: ratio(deviation(day_amounts(c)), mean(day_amounts(c))),
    "amount_last_over_mean": lambda c: ratio(last_amount(c), mean(day_amounts(c))),
    "amount_top_share": lambda c: ratio(max(day_amounts(c), default=None), sum(day_amounts(c))),
    "lines_per_order_total": lines_per_order,
    "units_per_order": lambda c: mean([float(p.units) for p in c.purchases if p.units is not None]),
    # discounts
    "discounted_orders_share_total": lambda c: with_discount(c.purchases),
    "days_since_full_price": lambda c: c.since([p.date for p in c.purchases if p.discount <= 0]),
    "discount_last": lambda c: with_discount(c.purchase_days[-1].purchases),
    "monetary_value": monetary_value,
}
WINDOWED = {
    "lines_per_order": ((90,), lines_per_order),
    "discounted_orders_share": ((90,), lambda c, w: with_discount(c.purchases_in(w))),
}
