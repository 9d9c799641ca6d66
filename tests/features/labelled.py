"""Orders, and the labels that the engine makes of them."""

from dataclasses import replace

from features.building import moment_row
from features.history.bases import standing
from features.history.facts import collect
from features.history.labels import labels
from features.history.moment import cohort_table
from tests.features.world import (
    AS_OF,
    day,
    frame,
    moment,
    on_duckdb,
    timeline_at,
)

HORIZON = 28


VALUE_HORIZON = 60


CLOSED = day(AS_OF) + VALUE_HORIZON  # the day of the last row


def labels_at(rows, as_of=AS_OF, data_until=CLOSED, horizons=(HORIZON, VALUE_HORIZON)):
    """The labels of every customer that has a row, by customer."""
    columns = [name for name in rows[0] if any(row.get(name) is not None for row in rows)]
    engine = on_duckdb({"orders": frame("orders", rows, columns)})
    facts = collect(engine.schemas)
    plan = replace(
        timeline_at(as_of, data_until=data_until),
        horizon_days=horizons[0],
        value_horizon_days=horizons[1],
    )
    for _ in engine.parts(facts.steps, ()):
        engine.put("moment", moment_row(plan, day(as_of)))
        facts.add("cohort", facts.tables["customer_days"].select("customer_id").distinct())
        facts.add("standing", standing(facts))
        for step in facts.steps[-2:]:
            engine.create(step)
        table = engine.frame(labels(cohort_table(), facts, "lapse"))
    return table.sort_values("customer_id").set_index("customer_id")


def order(customer, offset, amount=5.0, order_id=None):
    order_id = order_id or f"{customer}-{offset}"
    return {
        "customer_id": customer,
        "order_id": order_id,
        "event_time": moment(offset),
        "amount": amount,
    }
