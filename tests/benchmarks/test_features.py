"""The engines that ours is measured beside compute the same thing."""

import json
from importlib import import_module

import pandas as pd
import pytest

from benchmarks import features
from benchmarks.agreement import compare
from benchmarks.engines import ours
from benchmarks.measuring import NotPossibleError
from benchmarks.orders import AS_OF_DATES, write_orders

ORDERS = 20_000
CORE = 25  # columns at least


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    path = tmp_path_factory.mktemp("orders") / "orders.parquet"
    write_orders(ORDERS, path)
    return path


@pytest.fixture(scope="module")
def snapshots(orders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours")
    return folder, ours.run(orders, folder)


def columns_of(folder):
    table = pd.read_parquet(next(folder.glob(f"{AS_OF_DATES[-1]}*.parquet")))
    return set(table.columns) - {"customer_id", "as_of_date", "split"}


@pytest.mark.slow
def test_sql_by_hand_has_every_column_of_ours_with_the_same_values(orders, snapshots, tmp_path):
    folder, made = snapshots
    assert import_module("benchmarks.engines.duckdb_sql").run(orders, tmp_path) == made
    assert set(compare(folder, tmp_path)) == columns_of(folder)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["polars_core", "pandas_core"])
def test_a_core_of_the_columns_agrees(engine, orders, snapshots, tmp_path):
    made = import_module(f"benchmarks.engines.{engine}").run(orders, tmp_path)
    agreed = compare(snapshots[0], tmp_path)
    assert len(agreed) == made >= CORE


@pytest.mark.slow
def test_another_value_is_named_with_its_column_and_customer(snapshots, tmp_path):
    folder, _ = snapshots
    for file in folder.glob("*.parquet"):
        table = pd.read_parquet(file)
        if file.name.startswith(str(AS_OF_DATES[-1])):
            at = table["gap_mean"].first_valid_index()
            customer = table["customer_id"][at]
            table.loc[at, "gap_mean"] *= 1 + 1e-8
        table.to_parquet(tmp_path / file.name)
    with pytest.raises(ValueError, match=f"{AS_OF_DATES[-1]}: gap_mean of {customer}"):
        compare(folder, tmp_path)


def test_orders_are_the_same_each_time_skewed_and_in_no_order(orders, tmp_path):
    write_orders(ORDERS, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == orders.read_bytes()
    table = pd.read_parquet(orders)
    assert not table["customer_id"].is_monotonic_increasing
    counts = table.groupby("customer_id")["order_id"].nunique().sort_values()
    assert counts.sum() == ORDERS
    assert counts.tail(len(counts) // 5).sum() > 0.4 * ORDERS
    assert 0.01 < (table["amount"] < 0).mean() < 0.05
    assert table["order_id"].duplicated().any()


def test_what_cannot_be_run_is_recorded_and_what_was_measured_before_stays(
    tmp_path, monkeypatch, capsys
):
    def run(engine, orders, folder):
        if engine == "polars":
            raise NotPossibleError("out of memory")
        return {"seconds": 2.0, "features": 4, "peak_mb": 10, "versions": {}}

    monkeypatch.setattr(features, "ROOT", tmp_path)
    monkeypatch.setattr(features, "OUT", tmp_path / "features.json")
    monkeypatch.setattr(features, "DATA", tmp_path)
    monkeypatch.setattr(features, "run", run)
    monkeypatch.setattr(features, "data_of", lambda orders: tmp_path)
    monkeypatch.setattr(features, "agreement", lambda engine: 4)
    features.main(["--orders", "1000000", "10000000", "--engines", "ours", "polars"])
    features.main(["--orders", "50000000", "--engines", "pandas", "duckdb_sql"])
    result = json.loads(features.OUT.read_text(encoding="utf-8"))
    assert [(row["orders"], row["engine"]) for row in result["rows"]] == [
        (1_000_000, "ours"),
        (10_000_000, "ours"),
        (50_000_000, "duckdb_sql"),
    ]
    reasons = {(e["orders"], e["engine"]): e["reason"] for e in result["not_run"]}
    assert reasons[10_000_000, "polars"] == "out of memory"
    assert reasons[50_000_000, "pandas"] == "measured up to 10,000,000 orders only"
    assert str(tmp_path) not in json.dumps(result)
    assert "growth from 1,000,000 to 10,000,000 orders: ours 1.0" in capsys.readouterr().out
