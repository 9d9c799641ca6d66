"""Contacts as an experiment: only what chance decided counts, with what was known before."""

import numpy as np
import pandas as pd
import pytest

from actions.effects.assigned import STALE_DAYS, assigned, wanted, with_snapshot
from actions.effects.window import Window, window_for

START = pd.Timestamp("2024-01-01")
FIRST = 19723  # 2024-01-01 in days since 1970


def contacts(**columns):
    """A contact of customer c1, ten days after the start; every column can be replaced."""
    frame = {
        "customer_id": "c1",
        "contact_id": "1",
        "event_time": START + pd.Timedelta(days=10, hours=9),
        "action_id": "mail",
        "channel": "email",
        "arm": "treated",
        "propensity": 0.7,
        **columns,
    }
    count = max(len(value) if isinstance(value, list) else 1 for value in frame.values())
    return pd.DataFrame(frame, index=range(count))


def snapshots(*days, customers=("c1",)):
    """Snapshots whose one feature is the day of their as-of date."""
    rows = [
        (customer, START + pd.Timedelta(days=day), day) for day in days for customer in customers
    ]
    return pd.DataFrame(rows, columns=["customer_id", "as_of_date", "seen_until"])


@pytest.mark.parametrize("days", [(0, 10, 11, 45), (30,), tuple(range(0, 60, 7))])
def test_nothing_that_was_known_is_younger_than_the_assignment(days):
    hours = [*range(0, 70 * 24, 5)]  # also midnights: the snapshot of a day is taken before it
    times = [START + pd.Timedelta(hours=hour) for hour in hours]
    ids = [str(hour) for hour in hours]
    log = contacts(event_time=times, contact_id=ids, customer_id=ids)
    found = assigned(log, snapshots(*days, customers=ids)).rows
    expected = []
    for day in (hour // 24 for hour in hours):
        known = [one for one in days if day - STALE_DAYS <= one <= day]
        expected += [max(known)] if known else []
    assert found["seen_until"].tolist() == expected
    assert (found["seen_until"] + FIRST <= found["day"]).all()


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"action_id": "do_nothing"}, "not_intended"),
        ({"channel": "none"}, "not_intended"),
        ({"persistent_control": True, "propensity": 0.0}, "persistent_control"),
        ({"propensity": np.nan}, "propensity_unknown"),
        ({"propensity": 1.0}, "propensity_certain"),
        ({"propensity": 0.0}, "propensity_certain"),
        ({"customer_id": "stranger"}, "no_snapshot"),
        ({"event_time": START - pd.Timedelta(days=1)}, "no_snapshot"),
    ],
)
def test_contacts_that_chance_did_not_decide_are_left_out_and_told(columns, reason):
    found = assigned(contacts(**columns), snapshots(7))
    assert len(found.rows) == 0
    assert found.left_out == {reason: 1}


def test_without_a_column_propensity_no_contact_counts():
    found = assigned(contacts().drop(columns="propensity"), snapshots(7))
    assert found.left_out == {"propensity_unknown": 1}


def test_rows_say_what_was_assigned_and_when():
    log = contacts(
        arm=["treated", "holdout"], contact_id=["1", "2"], customer_id=["c1", "c2"], cost=[2.0, 0.0]
    )
    found = assigned(log, snapshots(7, customers=("c1", "c2")))
    assert found.rows["treated"].tolist() == [True, False]
    assert found.rows["day"].tolist() == [FIRST + 10] * 2
    assert found.rows["cost"].tolist() == [2.0, 0.0]
    assert found.left_out == {}


def test_the_programme_holds_its_persistent_control_and_those_beside_it():
    log = contacts(
        customer_id=["a", "b", "c"],
        contact_id=["1", "2", "3"],
        persistent_control=[True, False, None],
        propensity=[0.0, 0.7, np.nan],
    )
    found = assigned(log, snapshots(7, customers=("a", "b", "c"))).programme
    assert found["customer_id"].tolist() == ["a", "b"]
    assert found["persistent"].tolist() == [True, False]


def test_an_answer_to_a_complaint_is_on_neither_side_of_the_programme():
    log = contacts(
        customer_id=["a", "b"],
        contact_id=["1", "2"],
        persistent_control=[True, False],
        propensity=1.0,
    )
    assert assigned(log, snapshots(7, customers=("a", "b"))).programme.empty


def test_rows_of_one_customer_and_day_keep_their_own_actions():
    rows = pd.DataFrame({"customer_id": "c1", "action_id": ["mail", "call"], "day": FIRST + 10})
    found = with_snapshot(rows, snapshots(3, 9), [FIRST + 3, FIRST + 9])
    assert found["action_id"].tolist() == ["call", "mail"]
    assert found["seen_until"].tolist() == [9, 9]


def test_contacts_with_the_same_action_on_one_day_are_one_decision():
    hours = [9, 8, 33, 9, 9]  # the second comes first; the third is of the next day
    log = contacts(
        event_time=[START + pd.Timedelta(days=10, hours=hour) for hour in hours],
        contact_id=["1", "2", "3", "4", "5"],
        action_id=["mail", "mail", "mail", "call", "mail"],
        customer_id=["c1", "c1", "c1", "c1", "c2"],
        arm=["treated", "holdout", "treated", "treated", "treated"],
    )
    found = assigned(log, snapshots(7, customers=("c1", "c2")))
    assert found.left_out == {"repeated": 1}
    kept = found.rows[["customer_id", "action_id", "day", "treated"]].to_numpy().tolist()
    assert kept == [
        ["c1", "call", FIRST + 10, True],
        ["c1", "mail", FIRST + 10, False],
        ["c2", "mail", FIRST + 10, True],
        ["c1", "mail", FIRST + 11, True],
    ]
    assert len(found.programme) == len(found.rows)


def test_a_shorter_window_is_used_until_enough_contacts_have_closed():
    days, treated = np.arange(1000) + 100, np.arange(1000) % 2 == 0

    def window(data_until, setting="auto", horizon=28):
        return window_for(setting, horizon, (days, treated), data_until)

    assert window(2000) == Window(30, 90, (30, 90))
    assert window(355) == Window(15, 45, (30, 90))
    assert window(2000, horizon=120) == Window(60, 180, (60, 180))
    assert window(2000, setting=(0, 60)) == Window(0, 60, (0, 60))
    assert window(100) == Window(30, 90, (30, 90))


def test_a_window_is_closed_when_all_of_its_days_are_over():
    window = Window(30, 90, (30, 90))
    assert window.closed(np.array([9, 10, 11]), 100).tolist() == [True, True, False]


def test_the_rows_that_are_wanted_are_enough():
    days, ids = (3, 9, 23), ["a", "b", "c"]
    log = contacts(
        customer_id=ids,
        contact_id=ids,
        event_time=[START + pd.Timedelta(days=day) for day in (10, 23, 2)],
    )
    dates, every = [FIRST + day for day in days], snapshots(*days, customers=ids)
    asked = wanted(log, dates)
    assert asked["customer_id"].tolist() == ["a", "b"]
    few = every.merge(asked, on=["customer_id", "as_of_date"])
    assert len(few) == 2
    pd.testing.assert_frame_equal(assigned(log, few, dates).rows, assigned(log, every, dates).rows)
