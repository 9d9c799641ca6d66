import random

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.testing import assert_frame_equal

from features.checking.world import DAY, frame, moment, on_duckdb, snapshot_of, timeline_at
from features.engines.known import as_given, with_full
from features.snapshot import program, supported

ORDERS = {"customer_id": ["a", "b"], "amount": [1.0, 2.0], "discount": [0.5, 0.0]}


def told(table, name="orders"):
    schema = table.schema if isinstance(table, pa.Table) else pq.read_schema(table)
    return with_full(name, ibis.Schema.from_pyarrow(schema), table)


def test_an_amount_that_is_always_there_cannot_be_null(tmp_path):
    full, path = pa.table(ORDERS), tmp_path / "orders.parquet"
    pq.write_table(full, path, row_group_size=1)
    for table in (full, path):
        assert not told(table)["amount"].nullable
        assert told(table)["discount"].nullable  # nothing depends on it
        assert told(table, "tickets")["amount"].nullable
        assert str(as_given(told(table))["amount"]) == "float64"
    holed = pa.table(ORDERS | {"amount": [1.0, None]})
    pq.write_table(holed, path, row_group_size=1)
    assert told(holed)["amount"].nullable and told(path)["amount"].nullable
    tags = pa.array([{"from": "a", "to": "b"}] * 2)
    for table in (full, holed):  # records before it are two columns of the file
        pq.write_table(table.add_column(0, "tags", tags), path)
        assert told(path)["amount"].nullable == (table is holed)
    pq.write_table(full, path, write_statistics=False)
    assert told(path)["amount"].nullable  # the file does not tell
    assert "amount" not in told(full.drop_columns("amount"))


def test_features_are_the_same_whether_or_not_amounts_might_have_been_unknown():
    drawn = random.Random(3)
    orders = [
        {
            "customer_id": f"c{drawn.randrange(8)}",
            "order_id": f"o{number // 2}",
            "event_time": moment(-drawn.randrange(1, 300) * DAY + drawn.randrange(DAY)),
            "amount": drawn.choice([-7.25, 3.1, 9.99, 20.0]),
            "discount": drawn.choice([0.0, 1.3]),
            "category": drawn.choice("xyz"),
        }
        for number in range(160)
    ]
    engine = on_duckdb({"orders": frame("orders", orders, orders[0])})
    found = []
    for schemas in (engine.schemas, {"orders": as_given(engine.schemas["orders"])}):
        features, _ = supported(schemas, 10_000)
        made = program(schemas, features)
        unknown = [step for step in made.steps if "unpriced" in step.table.columns]
        found.append((bool(unknown), snapshot_of(engine, made, timeline_at())))
    (is_counted, lean), (is_counted_too, whole) = found
    assert not is_counted and is_counted_too
    assert len(lean) > 4 and lean["amount_90d"].nunique() > 4
    assert_frame_equal(lean, whole, check_exact=True)
