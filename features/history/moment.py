"""The as-of date and the cohort as tables, which bases and labels are cut by."""

import ibis
import ibis.expr.types as ir

MOMENT = {
    "as_of": "int64",
    "active_within_days": "int64",
    "censored_before": "int64",
    "horizon_days": "int64",
    "value_horizon_days": "int64",
    "data_until": "int64",
    "as_of_date": "timestamp(6)",
    "split": "string",
}


def moment_table() -> ir.Table:
    """The as-of day and its windows: one row; days since 1970-01-01, and numbers of days."""
    return ibis.table(MOMENT, name="moment")


def cohort_table() -> ir.Table:
    """The customers who are looked at, computed once for each date; one column."""
    return ibis.table({"customer_id": "string"}, name="cohort")
