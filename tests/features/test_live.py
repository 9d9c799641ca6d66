"""Live features: a handful of customers, the same numbers as in the snapshot."""

import random

import duckdb
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from features.checking.company import company
from features.history.labels import LABELS
from features.live import LiveFeatures
from features.snapshot import supported
from tests.features.world import (
    AS_OF,
    ATTRIBUTES,
    DAY,
    LONG,
    OWN,
    arrow,
    day,
    frame,
    moment,
    on_duckdb,
    snapshot_at,
    timeline_at,
)

TIMELINE = timeline_at(active_within_days=400)


@pytest.fixture(scope="module")
def frames():
    rows = company(random.Random(8), 60, 0.2)
    return {name: frame(name, found) for name, found in rows.items()}


@pytest.fixture(scope="module")
def engine(frames):
    return on_duckdb(frames)


@pytest.fixture(scope="module")
def live(engine):
    features, _ = supported(engine.schemas, LONG, ATTRIBUTES, OWN)
    return LiveFeatures(engine.schemas, features, TIMELINE)


@pytest.fixture(scope="module")
def batch(engine):
    table, _ = snapshot_at(engine, TIMELINE)
    return table


def of(frames, customers):
    """The rows of some customers, by table; tables without any are left out."""
    found = {name: table[table["customer_id"].isin(customers)] for name, table in frames.items()}
    return {name: arrow(table) for name, table in found.items() if len(table)}


def censoring_aside(table):
    # `snapshot_at` starts the data of the tests on a day of its own; what is live has no outcome.
    there = [name for name in ("tenure_is_censored", *LABELS) if name in table.columns]
    return table.drop(columns=there).reset_index(drop=True)


@pytest.mark.slow
def test_one_history_after_another_gives_the_rows_of_the_snapshot(frames, live, batch):
    for customer in batch["customer_id"][:12]:
        alone = live.snapshot(of(frames, [customer]), day(AS_OF))
        expected = batch[batch["customer_id"] == customer]
        assert not {*LABELS} & {*alone.columns}
        assert_frame_equal(censoring_aside(alone), censoring_aside(expected), check_exact=True)


@pytest.mark.slow
def test_many_histories_at_once_give_the_snapshot(frames, live, batch):
    together = live.snapshot(of(frames, batch["customer_id"]), day(AS_OF))
    assert_frame_equal(censoring_aside(together), censoring_aside(batch), check_exact=True)


@pytest.mark.slow
def test_nothing_is_left_of_the_call_before(frames, live, batch):
    everybody = of(frames, batch["customer_id"])
    live.snapshot(everybody, day(AS_OF))
    assert live.snapshot({}, day(AS_OF)).empty
    with pytest.raises(KeyError):
        live.snapshot({"orders": everybody["orders"].drop_columns(["amount"])}, day(AS_OF))
    with pytest.raises(KeyError):
        live.snapshot(everybody | {"invoices": everybody["orders"]}, day(AS_OF))
    assert live.snapshot({}, day(AS_OF)).empty


@pytest.mark.slow
def test_a_purchase_of_today_and_the_date_itself_change_what_is_said(frames, live, batch):
    customer = batch["customer_id"][0]
    # Without a word on profiling: who objects on the as-of date has no row on the next.
    frames = {name: table for name, table in frames.items() if name != "consents"}
    rows = of(frames, [customer])
    bought = frame(
        "orders",
        [
            {
                "customer_id": customer,
                "order_id": "new",
                "event_time": moment(DAY // 2),
                "amount": 1e9,  # far from anything the statement was planned for
            }
        ],
    )
    today = of(frames | {"orders": bought}, [customer])
    before = live.snapshot(rows, day(AS_OF))
    after = live.snapshot(today, day(AS_OF) + 1)
    assert before["days_since_last_purchase"][0] > 1
    assert after["days_since_last_purchase"][0] == 1
    assert after["amount_7d"][0] == 1e9
    # Who is beyond the active window has no row, as in the snapshot.
    assert live.snapshot(rows, day(AS_OF) + 5_000).empty


def test_a_call_that_fails_leaves_nobody_behind(frames, live, batch):
    customer, other = batch["customer_id"][:2]
    rows = of(frames, [customer])
    events = rows["events"]
    place = events.schema.get_field_index("event_time")
    broken = events.set_column(place, "event_time", pa.array(["abc"] * len(events)))
    with pytest.raises(duckdb.Error):  # after the orders were taken in
        live.snapshot({"orders": rows["orders"], "events": broken}, day(AS_OF))
    assert live.snapshot({}, day(AS_OF)).empty
    assert live.snapshot(of(frames, [other]), day(AS_OF))["customer_id"].tolist() == [other]
