"""Labels: what happened from the as-of date on. Unknown where the outcome window is not closed."""

import ibis
import ibis.expr.types as ir

from features.history import Facts, purchases
from features.timeline import is_closed, outcome

LABELS = (
    "outcome_known",
    "churned",
    "orders_in_horizon",
    "spend_in_horizon",
    "value_known",
    "value",
    "days_to_next_purchase",
    "followup_days",
)


def all_purchases(facts: Facts) -> ir.Table:
    """Every order day of the data with `is_purchase`, computed once for the labels of all dates."""
    return purchases(facts.order_days).cache()


def labels(
    rows: ir.Table, customers: ir.Table, as_of: int, horizons: tuple[int, int], data_until: int
) -> ir.Table:
    """The labels of the given customers: one row each, columns `LABELS`.

    `rows` is `all_purchases`, `horizons` are horizon_days and value_horizon_days. Money labels are
    absent when there are no amounts. `days_to_next_purchase` is empty when no purchase was seen
    within `followup_days`; the day of the last row of the data may be incomplete and counts as
    unseen.
    """
    horizon_days, value_horizon_days = horizons
    has_amount = "amount" in rows.columns
    followup = max(data_until - as_of, 0)
    seen = outcome(rows, as_of, followup)
    first = seen.group_by("customer_id").aggregate(next_day=seen.day.min(where=seen.is_purchase))
    near = outcome(rows, as_of, horizon_days)
    sums = {"orders_in_horizon": near.is_purchase.sum()}
    if has_amount:
        sums["spend_in_horizon"] = near.amount.sum()
    table = _joined(customers, first)
    table = _joined(table, near.group_by("customer_id").aggregate(**sums))
    is_known = is_closed(as_of, horizon_days, data_until)
    value_is_known = is_closed(as_of, value_horizon_days, data_until)
    if has_amount:
        far = outcome(rows, as_of, value_horizon_days)
        table = _joined(table, far.group_by("customer_id").aggregate(value=far.amount.sum()))
        table = table.mutate(
            spend_in_horizon=_known(table.spend_in_horizon, is_known),
            value=_known(table.value, value_is_known),
        )
    table = table.mutate(orders_in_horizon=_known(table.orders_in_horizon, is_known))
    return table.mutate(
        outcome_known=ibis.literal(is_known),
        value_known=ibis.literal(value_is_known),
        churned=(table.orders_in_horizon == 0).cast("float64"),
        days_to_next_purchase=(table.next_day - as_of).cast("float64"),
        followup_days=ibis.literal(float(followup)),
    ).drop("next_day")


def _known(column: ir.Value, is_known: bool) -> ir.Value:
    """No row in a closed window is a true zero; in an open one nothing is known."""
    if is_known:
        return column.cast("float64").fill_null(0.0)
    return ibis.null("float64")


def _joined(left: ir.Table, right: ir.Table) -> ir.Table:
    return left.left_join(right, "customer_id").drop("customer_id_right")
