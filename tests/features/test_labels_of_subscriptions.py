"""Labels of subscribers: who has cancelled within the horizon."""

import pytest

from tests.features.labelled import CLOSED, HORIZON, order
from tests.features.world import (
    DAY,
    frame,
    moment,
    on_duckdb,
    snapshot_at,
    timeline_at,
)


def subscription(customer, number, start, end=None):
    return {
        "customer_id": customer,
        "subscription_id": f"{customer}-{number}",
        "started_at": moment(start),
        "ended_at": moment(end),
    }


def cancelled(rows, orders=()):
    """Who of the customers with a subscription at the as-of date has left, by customer."""
    frames = {
        "orders": frame("orders", list(orders) or [order("buyer", -DAY)]),
        "subscriptions": frame("subscriptions", rows),
    }
    table, _ = snapshot_at(on_duckdb(frames), timeline_at(churn="cancellation", data_until=CLOSED))
    return table.set_index("customer_id")["churned"]


@pytest.mark.slow
def test_a_subscription_that_ends_within_the_horizon_is_a_loss_to_the_microsecond():
    end = HORIZON * DAY
    ends = {"a: before": -1, "b: at midnight": 0, "c": 1, "d: last": end - 1, "e: at the end": end}
    rows = [subscription(customer, 1, -50 * DAY, when) for customer, when in ends.items()]
    rows.append(subscription("f: open", 1, -50 * DAY))
    left = cancelled(rows)
    # Who had ended before the as-of date has already left and is in no cohort.
    assert left.to_dict() == {
        "b: at midnight": 1,
        "c": 1,
        "d: last": 1,
        "e: at the end": 0,
        "f: open": 0,
    }


@pytest.mark.slow
def test_a_change_of_plan_is_no_cancellation_and_a_start_counts_from_its_day():
    rows = [
        subscription("changed", 1, -50 * DAY, 9 * DAY),
        subscription("changed", 2, 9 * DAY),
        subscription("back too late", 1, -50 * DAY, 9 * DAY),
        subscription("back too late", 2, HORIZON * DAY),
        subscription("back in time", 1, -50 * DAY, 9 * DAY),
        subscription("back in time", 2, HORIZON * DAY - 1),
        subscription("starts at midnight", 1, 0),
        subscription("starts before", 1, -1),
    ]
    assert cancelled(rows).to_dict() == {
        "back in time": 0,
        "back too late": 1,
        "changed": 0,
        "starts before": 0,
    }


@pytest.mark.slow
def test_buying_does_not_keep_who_cancels_and_silence_does_not_lose_who_stays():
    rows = [subscription("cancels", 1, -50 * DAY, 9 * DAY), subscription("silent", 1, -50 * DAY)]
    left = cancelled(rows, [order("cancels", -DAY), order("cancels", 5 * DAY)])
    assert left.to_dict() == {"cancels": 1, "silent": 0}
