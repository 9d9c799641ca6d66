"""Features of subscriptions and of the customer's own attributes."""

import math

NEEDS = None


def subscriptions(c):
    return c.rows("subscriptions")


def running(c):
    return [row for row in subscriptions(c) if row["ended_at"] is None]


def ended(c):
    return [row for row in subscriptions(c) if row["ended_at"] is not None]


def started(row):
    return row["started_at"].date()


def current(c):
    """The newest of the running subscriptions: several where they started on one day."""
    newest = max(map(started, running(c)), default=None)
    return [row for row in running(c) if started(row) == newest]


def known(rows, column):
    return [row[column] for row in rows if row[column] is not None]


def subscription_amount(c):
    amounts = known(running(c), "amount")
    return sum(amounts) if amounts else None


def price_change(c):
    newest = max(map(started, ended(c)), default=None)
    now = known(current(c), "amount")
    before = known([row for row in ended(c) if started(row) == newest], "amount")
    if not now or not before or min(sum(now), sum(before)) <= 0:
        return None
    return math.log(sum(now) / sum(before))


def periods(c):
    """Days since the current subscription started, and its period, of those that have one."""
    found = [(c.ago(started(row)), period_of(row)) for row in current(c)]
    return [(age, period) for age, period in found if period]


def period_of(row):
    """Whole days of a period, halves rounded up; none below half a day."""
    return math.floor((row["period_days"] or 0) + 0.5)


def payment_overdue(c):
    if c.silence is None:
        return None
    return min((max(c.silence - period, 0) for _, period in periods(c)), default=None)


def customer_row(c):
    return next(iter(c.rows("customers")), {})


def account_days(c):
    created = customer_row(c).get("created_at")
    return None if created is None else c.ago(created.date())


SINGLE = {
    "subscription_tenure_days": lambda c: max(
        (c.ago(started(row)) for row in subscriptions(c)), default=None
    ),
    "subscriptions_running": lambda c: len(running(c)) if subscriptions(c) else None,
    "subscriptions_ended": lambda c: len(ended(c)) if subscriptions(c) else None,
    "subscription_plan": lambda c: min(known(current(c), "subscription_plan"), default=None),
    "days_since_subscription_change": lambda c: c.since(list(map(started, running(c)))),
    "subscription_amount": subscription_amount,
    "subscription_price_change": price_change,
    "subscription_renewals": lambda c: max(
        (age // period for age, period in periods(c)), default=None
    ),
    "days_to_renewal": lambda c: min(
        (period - age % period for age, period in periods(c)), default=None
    ),
    "payment_overdue_days": payment_overdue,
    "account_days": account_days,
    "attribute_region": lambda c: customer_row(c).get("region"),
    "attribute_household_size": lambda c: customer_row(c).get("household_size"),
}
WINDOWED = {}
