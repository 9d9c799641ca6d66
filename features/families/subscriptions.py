"""Subscriptions: their age, plan and price, and when the next renewal comes.

The current subscription is the newest of those that run; the previous one is the newest of those
that have ended. A new price is a new row that starts where the old one ends.
"""

import ibis.expr.types as ir

from features.families.definition import TEXT, feature
from features.history.facts import exactly

AMOUNT, PERIOD = ("subscription_amount",), ("period_days",)


@feature(base="subscriptions", group="subscription", unit="days")
def subscription_tenure_days(subscriptions: ir.Table) -> ir.Value:
    """Whole days since the customer's first subscription started."""
    return subscriptions.ago.max()


@feature(base="subscriptions", group="subscription", unit="subscriptions")
def subscriptions_running(subscriptions: ir.Table) -> ir.Value:
    """Subscriptions that run at the as-of date."""
    return subscriptions.is_running.sum()


@feature(base="subscriptions", group="subscription", unit="subscriptions")
def subscriptions_ended(subscriptions: ir.Table) -> ir.Value:
    """Subscriptions that had ended by the as-of date, price changes among them."""
    return (~subscriptions.is_running).sum()


@feature(base="subscriptions", group="subscription", unit=TEXT, needs=("subscription_plan",))
def subscription_plan(subscriptions: ir.Table) -> ir.Value:
    """Plan of the current (newest running) subscription; of several the first in the alphabet."""
    return subscriptions.subscription_plan.min(where=subscriptions.is_current)


@feature(base="subscriptions", group="subscription", unit="days")
def days_since_subscription_change(subscriptions: ir.Table) -> ir.Value:
    """Whole days since the current subscription started."""
    return subscriptions.ago.min(where=subscriptions.is_current)


@feature(
    base="subscriptions",
    group="subscription",
    unit="money a period",
    needs=AMOUNT,
)
def subscription_amount(subscriptions: ir.Table) -> ir.Value:
    """What the running subscriptions cost together; unknown without a price."""
    return _cost(subscriptions, subscriptions.is_running)


@feature(base="subscriptions", group="subscription", unit="log ratio", needs=AMOUNT)
def subscription_price_change(subscriptions: ir.Table) -> ir.Value:
    """Log ratio of the current subscription's price to the previous one's; of several the sum."""
    now = _cost(subscriptions, subscriptions.is_current)
    before = _cost(subscriptions, subscriptions.is_previous)
    return (_positive(now) / _positive(before)).ln()


@feature(base="subscriptions", group="subscription", unit="renewals", needs=PERIOD)
def subscription_renewals(subscriptions: ir.Table) -> ir.Value:
    """Full periods (whole days) since the current subscription started; of several the most."""
    return subscriptions.renewals.max(where=subscriptions.is_current)


@feature(base="subscriptions", group="subscription", unit="days", needs=PERIOD)
def days_to_renewal(subscriptions: ir.Table) -> ir.Value:
    """Whole days to the current subscription's next renewal, 1 or more; of several the least."""
    return subscriptions.to_renewal.min(where=subscriptions.is_current)


@feature(base="subscriptions", group="subscription", unit="days", needs=(*PERIOD, "orders"))
def payment_overdue_days(subscriptions: ir.Table) -> ir.Value:
    """Days since the last purchase beyond the current period, at least 0; of several the least."""
    overdue = (subscriptions.paid_ago - subscriptions.period).clip(lower=0)
    return overdue.min(where=subscriptions.is_current)


def _cost(subscriptions: ir.Table, wanted: ir.Value) -> ir.Value:
    return exactly(subscriptions.amount).sum(where=wanted).cast("float64")


def _positive(amount: ir.Value) -> ir.Value:
    return (amount > 0).ifelse(amount, None)


FEATURES = (
    subscription_tenure_days,
    subscriptions_running,
    subscriptions_ended,
    subscription_plan,
    days_since_subscription_change,
    subscription_amount,
    subscription_price_change,
    subscription_renewals,
    days_to_renewal,
    payment_overdue_days,
)
