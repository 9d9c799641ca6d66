"""The cohort: which customers are eligible at an as-of date."""

import ibis.expr.types as ir

from features.history import History
from features.timeline import within


def cohort(history: History, active_within_days: int) -> ir.Table:
    """Customers who bought within the last `active_within_days` and did not object to profiling."""
    bought = history.bases["purchase_days"]
    active = bought.filter(within(bought.day, history.as_of, active_within_days))
    return without_objectors(active.select("customer_id").distinct(), history)


def without_objectors(customers: ir.Table, history: History) -> ir.Table:
    """Leave out who objected to profiling: never scored, listed or exported."""
    if history.objectors is None:
        return customers
    return customers.anti_join(history.objectors, "customer_id")
