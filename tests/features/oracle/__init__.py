"""Every feature stated a second time, in plain Python over one customer's rows.

Nothing here is shared with the engine: dates instead of day numbers, decimals instead of SQL sums,
lists instead of aggregations. `None` is what the engine writes as a missing value.
"""

from tests.features.oracle import assortment, events, money, orders, service, spend, subscriptions
from tests.features.oracle.customer import Customer

FAMILIES = (orders, spend, money, assortment, events, service, subscriptions)


def oracles():
    """The second statement of every feature, by column."""
    found = {}
    for family in FAMILIES:
        stated = dict(family.SINGLE)
        for name, (windows, value) in family.WINDOWED.items():
            for window in windows:
                stated[f"{name}_{window}d"] = lambda c, v=value, w=window: v(c, w)
        for name, value in stated.items():
            found[name] = unless_none(value, family.NEEDS) if family.NEEDS else value
    return found


def unless_none(value, needs):
    """A value that is unknown of a customer who has none of what it is made of."""
    return lambda c: value(c) if getattr(c, needs) else None


def in_cohort(customer, active_within_days, churn="lapse"):
    """Whether a customer can leave (bought lately, or subscribes), and lets us profile."""
    if service.objects(customer):
        return False
    if churn == "cancellation":
        return bool(subscriptions.running(customer))
    return bool(customer.purchases_in(active_within_days))


__all__ = ["Customer", "in_cohort", "oracles"]
