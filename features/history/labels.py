"""Labels: what happened from the as-of date on, unknown until the outcome window has closed."""

import ibis
import ibis.expr.types as ir

from features.history.bases import usual_money, with_unpriced
from features.history.facts import Facts, as_number
from features.history.moment import moment_table
from features.timeline import all_known, is_closed, outcome, runs_at, with_end

LABELS = (
    "outcome_known",
    "churned",
    "orders_in_horizon",
    "spend_in_horizon",
    "value_known",
    "orders_in_value_horizon",
    "value",
    "days_to_next_purchase",
    "followup_days",
)


def labels(customers: ir.Table, facts: Facts, churn: str) -> ir.Table:
    """The labels of the given customers: one row each, `customer_id` and `LABELS`.

    Money labels are absent when there are no amounts, and unknown where no purchase
    of the customer has a known amount. `days_to_next_purchase` is empty when no
    purchase was seen within `followup_days`; the day of the last row of the data may be incomplete
    and counts as unseen.
    """
    later = outcome(all_known(facts.tables["customer_days"]), moment_table())
    near, far = (later.ahead < days for days in (later.horizon_days, later.value_horizon_days))
    found = {
        "next_purchase": later.ahead.min(where=later.orders > 0),
        "orders_near": later.orders.sum(where=near),
        "orders_far": later.orders.sum(where=far),
    }
    has_amount = "amount" in facts.has
    if has_amount:
        for name, window in (("near", near), ("far", far)):
            found[f"spend_{name}"] = later.amount.sum(where=window)
            if "unpriced" in facts.has:
                found[f"unpriced_{name}"] = later.unpriced.sum(where=window)
                found[f"usual_{name}"] = usual_money(later, window)
    table = _joined(customers, later.group_by("customer_id").aggregate(**found))
    if churn == "cancellation":
        table = _joined(table, _still_running(facts).mutate(runs=True))
    if "unpriced" in facts.has:
        table = _joined(table, facts.tables["standing"].select("customer_id", "usual"))
    table = table.cross_join(moment_table())
    known = is_closed(table.as_of, table.horizon_days, table.data_until)
    value_known = is_closed(table.as_of, table.value_horizon_days, table.data_until)
    orders = _where(known, table.orders_near)
    left = table.runs.isnull() if churn == "cancellation" else orders == 0
    columns = {
        "outcome_known": known,
        "churned": ibis.ifelse(known, as_number(left), None),
        "orders_in_horizon": orders,
    }
    if has_amount:
        columns["spend_in_horizon"] = _money(known, table, "near")
    columns["value_known"] = value_known
    columns["orders_in_value_horizon"] = _where(value_known, table.orders_far)
    if has_amount:
        columns["value"] = _money(value_known, table, "far")
    return table.select(
        "customer_id",
        **columns,
        days_to_next_purchase=table.next_purchase.cast("float64"),
        followup_days=(table.data_until - table.as_of).clip(lower=0).cast("float64"),
    )


def _still_running(facts: Facts) -> ir.Table:
    """Customers with a subscription that runs at the end of the horizon."""
    rows = with_end(facts.tables["subscriptions_days"]).cross_join(moment_table())
    running = rows.filter(runs_at(rows, rows.as_of + rows.horizon_days))
    return running.select("customer_id").distinct()


def _where(is_known: ir.Value, total: ir.Value) -> ir.Value:
    """No row in a closed window is a true zero; in an open one nothing is known."""
    return ibis.ifelse(is_known, total.cast("float64").fill_null(0.0), None)


def _money(is_known: ir.Value, table: ir.Table, window: str) -> ir.Value:
    """As `_where`; a purchase of unknown money counts as others of the window, else as usual."""
    if f"unpriced_{window}" not in table.columns:
        return _where(is_known, table[f"spend_{window}"])
    usual = ibis.coalesce(table[f"usual_{window}"], table.usual)
    spent = with_unpriced(table[f"spend_{window}"], table[f"unpriced_{window}"], usual)
    return ibis.ifelse(is_known, spent, None)


def _joined(left: ir.Table, right: ir.Table) -> ir.Table:
    return left.left_join(right, "customer_id").drop("customer_id_right")
