"""Live features: a handful of customers, the same numbers as in the snapshot."""

import random

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from features.checking.company import company
from features.families.definition import Feature
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


@pytest.fixture
def arrays_alone(monkeypatch):
    """No database is there to answer in place of the arrays."""
    monkeypatch.setattr("features.live.Prepared", None)


@pytest.mark.slow
def test_one_history_after_another_gives_the_rows_of_the_snapshot(
    frames, live, batch, arrays_alone
):
    for customer in batch["customer_id"][:12]:
        alone = live.snapshot(of(frames, [customer]), day(AS_OF))
        expected = batch[batch["customer_id"] == customer]
        assert not {*LABELS} & {*alone.columns}
        assert_frame_equal(censoring_aside(alone), censoring_aside(expected), check_exact=True)


@pytest.mark.slow
def test_many_histories_at_once_give_the_snapshot(frames, live, batch, arrays_alone):
    together = live.snapshot(of(frames, batch["customer_id"]), day(AS_OF))
    assert_frame_equal(censoring_aside(together), censoring_aside(batch), check_exact=True)


@pytest.mark.slow
def test_nothing_is_left_of_the_call_before(frames, live, batch, arrays_alone):
    everybody = of(frames, batch["customer_id"])
    live.snapshot(everybody, day(AS_OF))
    assert live.snapshot({}, day(AS_OF)).empty
    with pytest.raises(KeyError):
        live.snapshot({"orders": everybody["orders"].drop_columns(["amount"])}, day(AS_OF))
    with pytest.raises(KeyError):
        live.snapshot(everybody | {"invoices": everybody["orders"]}, day(AS_OF))
    assert live.snapshot({}, day(AS_OF)).empty


@pytest.mark.slow
def test_a_purchase_of_today_and_the_date_itself_change_what_is_said(
    frames, live, batch, arrays_alone
):
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


@pytest.mark.slow
def test_a_database_answers_the_same_where_arrays_do_not(frames, engine, batch):
    timeline = timeline_at(active_within_days=400, churn="cancellation")
    features, _ = supported(engine.schemas, LONG, ATTRIBUTES, OWN)
    live = LiveFeatures(engine.schemas, features, timeline)
    rows = of(frames, batch["customer_id"])
    by_arrays = (*live.with_categories(rows, day(AS_OF)), live.timelines(rows, day(AS_OF)))
    assert not any(found.empty for found in by_arrays)
    live = LiveFeatures(engine.schemas, features, timeline, many_rows=0)
    by_database = (*live.with_categories(rows, day(AS_OF)), live.timelines(rows, day(AS_OF)))
    assert live.snapshot({}, day(AS_OF)).empty
    for ours, theirs in zip(by_arrays, by_database, strict=True):
        assert_frame_equal(ours, theirs, check_exact=True)


def of_own_code(build):
    return Feature("own", "own", "purchase_days", None, "", "", (), None, None, build)


def test_a_feature_of_ones_own_may_use_what_only_the_database_knows(frames, engine, batch):
    ours = of_own_code(lambda days: days.gap.var())
    live = LiveFeatures(engine.schemas, [ours], TIMELINE)
    table = live.snapshot(of(frames, batch["customer_id"]), day(AS_OF))
    known = batch["gap_std"].notna().to_numpy()
    assert table["own"][known].to_numpy() == pytest.approx(batch["gap_std"][known].to_numpy() ** 2)
    assert live.timelines(of(frames, batch["customer_id"]), day(AS_OF)).shape[0] > len(table)


def test_a_value_that_arrays_refuse_is_left_to_the_database(frames, engine, batch):
    customer = batch["customer_id"][0]
    ours = of_own_code(lambda days: days.ago.max())
    live = LiveFeatures(engine.schemas, [ours], TIMELINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("features.live.Prepared", None)
        live.snapshot(of(frames, [customer]), day(AS_OF))
        far = {"customer_id": customer, "order_id": "far", "event_time": "7000-01-01", "amount": 1}
        rows = of({"orders": pd.concat([frames["orders"], frame("orders", [far])])}, [customer])
        with pytest.raises(TypeError):  # there is no database
            live.snapshot(rows, day(AS_OF))
    assert live.snapshot(rows, day(AS_OF))["own"].tolist() == [batch["tenure_days"][0]]


def test_a_call_that_fails_leaves_nobody_behind(frames, engine, batch):
    customer, other = batch["customer_id"][:2]
    live = LiveFeatures(engine.schemas, [of_own_code(lambda days: days.gap.var())], TIMELINE)
    rows = of(frames, [customer])
    events = rows["events"]
    place = events.schema.get_field_index("event_time")
    broken = events.set_column(place, "event_time", pa.array(["abc"] * len(events)))
    with pytest.raises(duckdb.Error):  # after the orders were taken in
        live.snapshot({"orders": rows["orders"], "events": broken}, day(AS_OF))
    assert live.snapshot({}, day(AS_OF)).empty
    assert live.snapshot(of(frames, [other]), day(AS_OF))["customer_id"].tolist() == [other]
