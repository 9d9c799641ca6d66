"""Ranges of customers, which together hold everybody whatever the files are."""

import numpy as np
import pandas as pd
import pytest

from features import reading
from features.reading import (
    Customers,
    customer_parts,
    read_places,
    read_snapshot,
    read_snapshots,
)
from features.sample import EVERYBODY, Sample
from features.timeline import day_of

DAY = day_of(pd.Timestamp("2024-05-01").date())
IDS = ["", "A", "C10", "C2", "é", "я", "🛒"]  # in the order of their bytes, as snapshots are


@pytest.fixture
def folder(tmp_path):
    rows = pd.DataFrame({"customer_id": pd.array(IDS, "str"), "orders": range(len(IDS))})
    rows.iloc[:3].to_parquet(tmp_path / "2024-05-01-0000.parquet", row_group_size=2)
    rows.iloc[3:].to_parquet(tmp_path / "2024-05-01-0001.parquet")
    rows.iloc[:1].to_parquet(tmp_path / "2024-04-17-0000.parquet")
    return tmp_path


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_every_customer_is_in_one_range_in_order(folder, monkeypatch, size):
    monkeypatch.setattr(reading, "PART_CUSTOMERS", size)
    parts = customer_parts(folder, DAY)
    found = [read_snapshot(folder, DAY, one)["customer_id"].tolist() for one in parts]
    assert [one for part in found for one in part] == IDS
    assert max(map(len, found)) <= size
    assert (parts[0].first, parts[-1].until) == (None, None)


def test_who_is_in_no_snapshot_is_in_a_range_too(folder, monkeypatch):
    monkeypatch.setattr(reading, "PART_CUSTOMERS", 3)
    everybody = pd.DataFrame({"customer_id": pd.array(["!", *IDS, "C1", "🛒🛒"], "str")})
    everybody.to_parquet(folder / "purchases.parquet")
    found = [one.read(folder / "purchases.parquet") for one in customer_parts(folder, DAY)]
    assert sorted(pd.concat(found)["customer_id"]) == sorted(everybody["customer_id"])


def test_only_the_columns_that_there_are_are_read(folder):
    rows = read_snapshot(folder, DAY, Customers("A", "C2"), ["orders", "not there"])
    assert rows.to_dict("list") == {"orders": [1, 2]}


def test_rows_are_found_by_their_places_in_the_order_asked_for(folder):
    rows = read_snapshots(folder)
    assert len(rows) == len(IDS) + 1
    for places in ([6, 0, 4, 1], [2], []):
        found = read_places(folder, EVERYBODY, np.array(places, dtype=np.int64))
        pd.testing.assert_frame_equal(found, rows.iloc[places].reset_index(drop=True))
    some = Sample(0.5)
    few = read_snapshots(folder, some)
    assert 1 < len(few) < len(rows)
    last = np.array([len(few) - 1, 0])
    pd.testing.assert_frame_equal(
        read_places(folder, some, last), few.iloc[last].reset_index(drop=True)
    )
