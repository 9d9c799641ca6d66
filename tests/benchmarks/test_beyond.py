"""The case whose answers reach beyond all outcomes: no model sees what it is judged by."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.beyond import ALL_DAYS, beyond_plan, build_beyond, over_all_days
from benchmarks.cases import Prepared
from features.engines.duckdb import DuckEngine
from features.history.labels import LABELS
from features.planning.profile import profile
from features.planning.timeplan import Timeline
from features.reading import read_snapshots
from features.timeline import day_of

FIRST = pd.Timestamp("2024-01-01")
DATE, TOLD, HORIZON = "2024-09-01", 110, 28


@pytest.fixture(scope="module")
def orders():
    rng = np.random.default_rng(1)
    customer = rng.integers(0, 60, 1_500)
    return pd.DataFrame(
        {
            "customer_id": pd.Series(customer, dtype="int64").map("c{:02d}".format),
            "order_id": [f"o{number}" for number in range(1_500)],
            "line_id": "1",
            "event_time": FIRST + pd.to_timedelta(rng.integers(0, 360, 1_500), unit="D"),
            "amount": rng.gamma(2, 10, 1_500).round(2),
        }
    )


@pytest.fixture(scope="module")
def engine(orders, tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "orders.parquet"
    orders.assign(known_at=orders["event_time"]).to_parquet(path, index=False)
    return DuckEngine({"orders": path})


@pytest.fixture(scope="module")
def prepared(engine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    build_beyond(engine, HORIZON, TOLD, DATE, folder)
    plan = Timeline.from_json(json.loads((folder / "timeline.json").read_text()))
    beyond = over_all_days(read_snapshots(folder / "beyond"))
    return Prepared(read_snapshots(folder / "snapshots"), plan, beyond=beyond)


@pytest.mark.slow
def test_the_plan_keeps_to_what_had_closed_and_carries_the_rest_on(engine):
    plan = beyond_plan(HORIZON, TOLD, day_of(pd.Timestamp(DATE).date()), profile(engine))
    assert plan.windows == (HORIZON, 60)
    assert (plan.extrapolated_from, plan.value_horizon_days) == (60, TOLD)
    assert max(plan.train) + HORIZON <= min(plan.validation)
    assert max(plan.validation) + HORIZON <= plan.test[0] == plan.data_until == plan.score
    assert not {*plan.unused} & {*plan.train, *plan.validation}
    assert plan.active_within_days == ALL_DAYS


@pytest.mark.slow
def test_models_see_no_outcome_after_the_date(prepared):
    seen, day = prepared.snapshots, pd.Timestamp(DATE)
    horizon, learned = prepared.timeline.windows
    for label, days in (("orders_in_horizon", horizon), ("orders_in_value_horizon", learned)):
        closes = seen["as_of_date"] + pd.Timedelta(days=days)
        assert (seen[label].notna() == (closes <= day)).all(), label
    assert not set(LABELS) & set(prepared.closed)
    assert (prepared.closed["as_of_date"] == day).all()


@pytest.mark.slow
def test_answers_are_judged_by_all_the_days_told(prepared, orders):
    assert prepared.asked_days == TOLD
    after = (orders["event_time"] - pd.Timestamp(DATE)).dt.days
    came = orders[after.between(0, TOLD - 1)].groupby("customer_id")["amount"]
    found = prepared.test.set_index("customer_id")
    assert len(found) == 60
    expected = came.agg(["size", "sum"]).reindex(found.index).fillna(0.0)
    np.testing.assert_allclose(found["orders_in_horizon"], expected["size"])
    np.testing.assert_allclose(found["spend_in_horizon"], expected["sum"])


def test_days_that_the_data_does_not_hold_are_refused(engine, tmp_path):
    with pytest.raises(ValueError, match="400 days from 2024-09-01 on are not in the data"):
        build_beyond(engine, HORIZON, 400, DATE, tmp_path)
