"""The cohort: which customers are eligible at an as-of date."""

import ibis.expr.types as ir

from features.history.bases import subscriptions
from features.history.consent import without_objectors
from features.history.facts import Facts
from features.history.moment import moment_table
from features.timeline import visible, within


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
