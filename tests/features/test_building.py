"""What is built beside the snapshots, and who is left out of all of it."""

import pandas as pd
import pytest

from features.building import purchase_timelines
from sources.contract import TABLES
from tests.features.built import snapshots_of, timeline
from tests.features.world import DAY, features_at, frame, moment, on_duckdb

BARE = ("customer_id", "order_id", "event_time")


def objection(customer, days, granted, **cells):
    row = {"customer_id": customer, "channel": "all", "event_time": moment(-days * DAY)}
    return row | {"granted": granted, "purpose": "profiling", "known_at": None} | cells


@pytest.mark.slow
def test_who_objected_to_profiling_is_in_no_cohort_and_no_timeline():
    names = ("objected", "came back", "objected again", "marketing only", "both at once", "silent")
    orders = [
        {"customer_id": name, "order_id": name, "event_time": moment(-DAY), "amount": 5.0}
        for name in names
    ]
    consents = [
        objection("objected", 9, granted=False),
        objection("came back", 9, granted=False),
        objection("came back", 8, granted=True),
        objection("objected again", 8, granted=True),
        objection("objected again", 7, granted=False),
        objection("objected again", 9, granted=True),
        objection("marketing only", 9, granted=False, purpose="marketing"),
        objection("both at once", 9, granted=True),
        objection("both at once", 9, granted=False, channel="email"),
    ]
    left = ["came back", "marketing only", "silent"]
    for order in (consents, consents[::-1]):
        frames = {"orders": frame("orders", orders), "consents": frame("consents", order)}
        assert features_at(frames)["customer_id"].tolist() == left
        timelines = pd.concat(purchase_timelines(on_duckdb(frames), timeline()))
        assert timelines["customer_id"].tolist() == left
        table = snapshots_of(frames)
        assert set(table["customer_id"]) == set(left)
    unpurposed = frame(
        "consents", consents, [c for c in TABLES["consents"].columns if c != "purpose"]
    )
    frames = {"orders": frame("orders", orders), "consents": unpurposed}
    assert len(features_at(frames)) == len(names)


def test_purchase_timelines_hold_what_was_bought_by_day():
    def line(customer, offset, amount, order_id, category=None):
        when = {"event_time": moment(offset), "amount": amount, "category": category}
        return {"customer_id": customer, "order_id": order_id} | when

    orders = [
        line("b", -DAY, 0.1, "1", "tea"),
        line("a", -3 * DAY, 0.1, "2", "tea"),
        line("a", -3 * DAY + 1, 0.2, "2"),
        line("a", -3 * DAY + 2, 4.0, "3", "bread"),
        line("a", -2 * DAY, -4.0, "3", "apples"),
        line("a", 0, 9.0, "4", "apples"),
    ]
    shop = on_duckdb({"orders": frame("orders", orders)})
    timelines = pd.concat(purchase_timelines(shop, timeline()))
    assert timelines.to_dict("list") == {
        "customer_id": ["a", "b"],
        "event_day": [moment(-3 * DAY), moment(-DAY)],
        "orders": [2, 1],
        "amount": [4.3, 0.1],
        "category": ["bread", "tea"],
    }
    bare = on_duckdb({"orders": frame("orders", orders, BARE)})
    assert not {"amount", "category"} & set(next(purchase_timelines(bare, timeline())))
