"""Peers that read sequences of purchases see those before each row's as-of date, and no other."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import accuracy
from benchmarks.peers.sequences import MAX_STEPS, sequences
from benchmarks.timelines import with_purchases
from pipelines.params import load_params

AS_OF = pd.Timestamp("2024-03-01")
ROWS = pd.DataFrame({"customer_id": ["b", "a", "c", "a"], "as_of_date": [AS_OF] * 4}).assign(
    as_of_date=[AS_OF, AS_OF, AS_OF, AS_OF - pd.Timedelta(days=14)]
)
DAYS = st.tuples(st.sampled_from(["a", "b", "z"]), st.integers(-20, 20))


def purchases(days):
    """One purchase day for each (customer, days from the as-of date)."""
    return pd.DataFrame(
        {
            "customer_id": pd.Series([customer for customer, _ in days], dtype=str),
            "event_day": AS_OF + pd.to_timedelta([day for _, day in days], unit="D"),
            "orders": 1,
            "amount": [100.0 + day for _, day in days],
        }
    )


def test_each_row_has_its_own_past_oldest_first():
    bought = purchases([("a", 0), ("a", -1), ("b", -30), ("a", -15), ("b", -2), ("a", -14)])
    found = with_purchases(ROWS, bought)
    assert [list(ages) for ages in found["purchase_ages"]] == [[30, 2], [15, 14, 1], [], [1]]
    assert [list(paid) for paid in found["purchase_amounts"]] == [
        [70.0, 98.0],
        [85.0, 86.0, 99.0],
        [],
        [85.0],
    ]


@given(days=st.lists(DAYS, max_size=12, unique=True))
def test_purchases_from_the_as_of_date_on_cannot_be_seen(days):
    found = with_purchases(ROWS, purchases(days))
    for row in found.to_dict("records"):
        before = (row["as_of_date"] - AS_OF).days
        past = sorted(d - before for who, d in days if who == row["customer_id"] and d < before)
        assert list(row["purchase_ages"]) == [-day for day in past]


def test_the_files_of_a_peer_hold_nothing_from_the_as_of_date_on(monkeypatch, tmp_path):
    given = {}

    def worker(_module, _peer, folder, **_python):
        for name in ("train", "test"):
            given[name] = pd.read_parquet(f"{folder}/{name}.parquet")

    monkeypatch.setattr(accuracy, "DATA", tmp_path)
    monkeypatch.setattr(accuracy, "worker", worker)
    snapshots = ROWS.assign(days_since_last_purchase=1.0, churned=True)
    bought = purchases([(who, day) for who in "ab" for day in range(-20, 20)])
    rows = SimpleNamespace(
        snapshots=snapshots, closed=snapshots, test=snapshots, purchases=bought, asked_days=28
    )
    params = load_params().model
    accuracy.peer("event_sequence", timelines=True)(rows, params, 1.0)
    assert "churned" in given["train"] and "churned" not in given["test"]
    for table in given.values():
        assert not any("event" in name for name in table)
        assert [len(ages) for ages in table["purchase_ages"]] == [20, 20, 0, 6]
        assert min(ages.min() for ages in table["purchase_ages"] if len(ages)) == 1
    accuracy.peer("xgboost_default")(rows, params, 1.0)
    assert "purchase_ages" not in given["test"]


def test_a_step_is_a_purchase_day_and_padding_is_nothing():
    bought = purchases([("a", -15), ("a", -11), ("a", -1), ("b", -2)])
    bought.loc[1, "amount"] = np.nan
    made = sequences(with_purchases(ROWS, bought))
    assert list(made.lengths) == [1, 3, 0, 1]
    gaps, first, ages, _, _, paid, told = made.steps[1, :3].T
    np.testing.assert_allclose(np.expm1(gaps), [0, 4, 10], rtol=1e-5)
    np.testing.assert_allclose(np.expm1(ages), [15, 11, 1], rtol=1e-5)
    np.testing.assert_allclose(np.expm1(paid), [85, 0, 99], rtol=1e-5)
    assert list(first) == [1, 0, 0] and list(told) == [1, 0, 1]
    inside = np.arange(MAX_STEPS) < made.lengths[:, None]
    assert not made.steps[~inside].any()
    np.testing.assert_allclose(np.expm1(made.ends[1, :3]), [1, 15, 3], rtol=1e-5)
    np.testing.assert_allclose(made.ends[2, :3], 0.0)


def test_of_a_long_history_the_latest_purchases_are_read():
    days = [("a", -day) for day in range(1, MAX_STEPS + 30)]
    made = sequences(with_purchases(ROWS.iloc[[1]], purchases(days)))
    assert list(made.lengths) == [MAX_STEPS]
    np.testing.assert_allclose(np.expm1(made.steps[0, [0, -1], 2]), [MAX_STEPS, 1], rtol=1e-5)
    assert not made.steps[0, :, 1].any()
