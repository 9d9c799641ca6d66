"""What became of customers: the same as the labels where there are any, by hand elsewhere."""

import numpy as np
import pandas as pd
import pytest

from features.history.outcomes import (
    bought_after,
    cancelled,
    cancelled_after,
    contacted,
    lapsed,
)
from features.history.periods import bought_in
from features.timeline import day_of
from tests.snapshots import HORIZON, simulate, simulate_purchases, timeline

START = pd.Timestamp("2024-03-01")
AS_OF = day_of(START.date())


def times(*days):
    return [pd.NaT if d is None else START + pd.Timedelta(days=d) for d in days]


def test_who_lapsed_is_who_the_labels_call_churned():
    rows, purchases = simulate(), simulate_purchases()
    for day in timeline().test:
        at_day = rows[rows["as_of_date"] == pd.Timestamp("1970-01-01") + pd.Timedelta(days=day)]
        found = lapsed(purchases, list(at_day["customer_id"]), day, HORIZON)
        np.testing.assert_array_equal(found, at_day["churned"].to_numpy() == 1)


def test_a_subscription_that_runs_at_the_end_of_the_horizon_is_none_that_was_cancelled():
    subscriptions = pd.DataFrame(
        {
            "customer_id": ["open", "ends_before", "ends_on_the_last_day", "ends_after", "later"],
            "started_at": times(-100, -100, -100, -100, 30),
            "ended_at": times(None, 29, 30, 31, None),
        }
    )
    customers = [*subscriptions["customer_id"], "never_had_one"]
    found = dict(zip(customers, cancelled(subscriptions, customers, AS_OF, 30), strict=True))
    assert found == {
        "open": False,
        "ends_before": True,
        "ends_on_the_last_day": False,  # it runs at the midnight that begins the day
        "ends_after": False,
        "later": True,
        "never_had_one": True,
    }
    without_ends = subscriptions.drop(columns="ended_at")
    assert not cancelled(without_ends, ["ends_before"], AS_OF, 30).any()


def test_contacted_are_those_with_a_contact_made_within_the_horizon():
    contacts = pd.DataFrame(
        {
            "customer_id": ["before", "first", "last", "after", "held", "left_alone"],
            "event_time": times(-1, 0, 29, 30, 5, 5),
            "action_id": ["mail", "mail", "mail", "mail", "mail", "do_nothing"],
            "channel": "email",
            "arm": ["treated", "treated", "treated", "treated", "holdout", "treated"],
        }
    )
    customers = [*contacts["customer_id"], "nobody"]
    found = contacted(contacts, customers, AS_OF, 30)
    assert found.tolist() == [False, True, True, False, False, False, False]


@pytest.mark.slow
def test_outcomes_after_days_of_their_own_are_those_after_one_day_for_each():
    rows, purchases = simulate(), simulate_purchases()
    customers = sorted(set(rows["customer_id"]))[:80]
    days = np.array([timeline().test[0] - 40 + number % 30 for number in range(len(customers))])
    found = bought_after(purchases, customers, days, (10, 45))
    for place, (customer, day) in enumerate(zip(customers, days, strict=True)):
        alone = bought_in(purchases, int(day), [10, 45], [customer])
        assert found["orders"][place] == alone["orders"][0, 1]
        assert found["spend"][place] == pytest.approx(alone["spend"][0, 1])
    assert found["orders"].sum() > 0


def test_cancelled_after_days_of_their_own_are_those_after_one_day_for_each():
    subscriptions = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "c"],
            "started_at": times(-100, 40, -100, -100),
            "ended_at": times(20, None, 29, None),
        }
    )
    customers = ["a", "a", "a", "b", "b", "c", "never"]
    days = AS_OF + np.array([-20, 0, 20, 0, -2, 0, 0])
    found = cancelled_after(subscriptions, customers, days, 30)
    each = [
        bool(cancelled(subscriptions, [c], int(d), 30)[0])
        for c, d in zip(customers, days, strict=True)
    ]
    assert found.tolist() == each == [False, True, False, True, False, False, True]
