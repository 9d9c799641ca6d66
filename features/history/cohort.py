"""The cohort: which customers are eligible at an as-of date."""

import ibis.expr.types as ir

from features.history.bases import moment_table, subscriptions
from features.history.consent import objections
from features.history.facts import Facts
from features.timeline import known, visible, within


def cohort(facts: Facts, churn: str) -> ir.Table:
    """Customers who can leave, one column, and did not object to profiling.

    lapse: bought within the last `active_within_days`; cancellation: a subscription runs.
    """
    if churn == "cancellation":
        rows = subscriptions(facts)
        active = rows.filter(rows.is_running)
    else:
        rows = visible(facts.tables["purchase_days"], moment_table())
        active = rows.filter(within(rows.ago, rows.active_within_days))
    return without_objectors(active.select("customer_id").distinct(), facts)


def without_objectors(customers: ir.Table, facts: Facts) -> ir.Table:
    """Leave out whose newest word on profiling is no: never scored, listed or exported."""
    if not {"consents", "purpose"} <= facts.has:
        return customers
    said = known(facts.tables["consents_days"], moment_table())
    return customers.anti_join(objections(said), "customer_id")
