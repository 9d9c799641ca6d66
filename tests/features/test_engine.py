"""The engine on DuckDB: what it makes of an expression, and what it leaves behind."""

from collections import namedtuple

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from core import room
from core.errors import EnvironmentProblem
from features.engines import duckdb
from features.engines.compiling import compiled
from features.engines.duckdb import DuckEngine
from features.history.facts import Step

ROWS = pa.table(
    {
        "customer_id": ["a", "a", "a", "b", "b", "c"],
        "ago": pa.array([1, 5, 9, 2, 9, 9], pa.int64()),
        "kind": ["x", "x", "y", "x", None, "y"],
        "paid": [1.0, None, 4.0, 8.0, 16.0, 32.0],
    }
)


@pytest.fixture
def engine():
    return DuckEngine({"rows": ROWS})


def test_a_condition_on_an_aggregate_means_the_same_whatever_the_aggregate(engine):
    rows = ibis.table(engine.schemas["rows"], name="rows")
    lately = rows.ago <= 5
    table = rows.group_by("customer_id").aggregate(
        total=rows.paid.sum(where=lately),
        highest=rows.paid.max(where=lately),
        lowest=rows.paid.min(where=lately),
        mean=rows.paid.mean(where=lately),
        filled=rows.paid.count(where=lately),
        there=rows.count(where=lately),
        kinds=rows.kind.nunique(where=lately),
        median=rows.paid.quantile(0.5, where=lately),
    )
    statement = compiled(table)
    # Only where it can be said in another way without another meaning.
    assert "COUNT(DISTINCT" in statement and statement.count("FILTER") == 2
    found = engine.frame(table.order_by("customer_id")).set_index("customer_id")
    assert found.loc["a"].tolist() == [1.0, 1.0, 1.0, 1.0, 1, 2, 1, 1.0]
    assert found.loc["b"].tolist() == [8.0, 8.0, 8.0, 8.0, 1, 1, 1, 8.0]
    assert found.loc["c", ["filled", "there", "kinds"]].tolist() == [0, 0, 0]
    assert found.loc["c", ["total", "highest", "lowest", "mean", "median"]].isna().all()


def test_whole_numbers_that_are_kept_are_narrow_and_their_sums_are_not(engine):
    rows = ibis.table(engine.schemas["rows"], name="rows")
    large = Step("large", rows.mutate(big=rows.ago * 0 + 2_000_000_000), keep=True)
    for _ in engine.parts([large], []):
        kept = ibis.table(large.table.schema(), name="large")
        total = engine.frame(kept.aggregate(total=kept.big.sum()))
        assert total["total"].tolist() == [12_000_000_000]
        assert total["total"].dtype == "int64"


def test_what_one_part_made_is_gone_before_the_next_and_customers_lie_together():
    named = ROWS.append_column("name", ROWS["customer_id"])
    engine = DuckEngine({"rows": named.take([5, 0, 3, 1, 4, 2])}, part_rows=3)
    rows = ibis.table(engine.schemas["rows"], name="rows")
    kept = Step("kept", rows.select("customer_id", "name"), keep=True)
    seen = []
    for part in engine.parts([kept], []):
        # without ids, so that rows come as they lie
        found = engine.frame(ibis.table(kept.table.schema(), name="kept").select("name"))
        assert found["name"].is_monotonic_increasing
        seen += [(part, customer) for customer in found["name"]]
    assert sorted(customer for _, customer in seen) == ["a", "a", "a", "b", "b", "c"]
    assert len({part for part, _ in seen}) == 2
    assert {len({p for p, c in seen if c == customer}) for customer in "abc"} == {1}
    with pytest.raises(Exception, match="kept"):
        engine.frame(ibis.table(kept.table.schema(), name="kept"))


def test_customers_go_by_numbers_inside_and_by_their_ids_outside(tmp_path):
    engine = DuckEngine({"rows": ROWS, "others": pa.table({"customer_id": ["0", "b"]})})
    rows, others = (ibis.table(engine.schemas[name], name=name) for name in ("rows", "others"))
    both = rows.semi_join(others, "customer_id").select("customer_id", "ago")
    later = rows.order_by(ibis.desc("customer_id"), "ago").select("customer_id", "ago")
    later = later.order_by(ibis.desc("customer_id"), "ago")
    for _ in engine.parts([Step("both", both, keep=True)], []):
        assert engine._duck.execute('SELECT DISTINCT customer_id FROM "both"').fetchall() == [(3,)]
        found = engine.frame(ibis.table(both.schema(), name="both").order_by("ago"))
        assert found.values.tolist() == [["b", 2], ["b", 9]]
        engine.write(later, tmp_path / "later.parquet")
        with pytest.raises(TypeError, match="first: numbers"):
            engine.frame(rows.aggregate(first=rows.customer_id.min()))
    written = pd.read_parquet(tmp_path / "later.parquet")
    assert written.values.tolist() == [["c", 9], ["b", 2], ["b", 9], ["a", 1], ["a", 5], ["a", 9]]
    assert engine.frame(others.order_by("customer_id"))["customer_id"].tolist() == ["0", "b"]


@pytest.mark.parametrize("nulls_first", [True, False])
@pytest.mark.parametrize("order", [ibis.asc, ibis.desc])
def test_what_is_unknown_stands_where_an_order_puts_it_with_numbers_too(order, nulls_first):
    rows = {"customer_id": ["a", "b", "c"], "ago": pa.array([None, 1, 2])}
    engine = DuckEngine({"rows": pa.table(rows)})
    asked = ibis.table(engine.schemas["rows"], name="rows")
    asked = asked.order_by(order("ago", nulls_first=nulls_first))
    by_ids = engine.frame(asked)["customer_id"].tolist()
    assert by_ids[0 if nulls_first else -1] == "a"
    for _ in engine.parts([], []):
        assert engine.frame(asked)["customer_id"].tolist() == by_ids


def test_a_table_may_have_any_column_and_ids_any_character_in_parts_too():
    ids = ["a", "b'", "c\0", "d", "e", "f"]
    rows = pa.table({"customer_id": ids, "part": range(6), "PART_": range(6)})
    empty = rows.slice(0, 0)
    engine = DuckEngine({"rows": rows, "nothing": empty}, part_rows=2)
    wanted = ibis.table(engine.schemas["rows"], name="rows")
    none = ibis.table(engine.schemas["nothing"], name="nothing")
    seen = []
    for _ in engine.parts([], []):
        seen.append(engine.frame(wanted))
        assert engine.frame(none).empty
    found = pd.concat(seen).sort_values("part")
    assert len(seen) > 1
    assert found["customer_id"].tolist() == ids
    assert found["part"].tolist() == found["PART_"].tolist() == list(range(6))


def test_a_temporary_folder_without_room_for_the_parts_is_told_before_the_work(monkeypatch):
    free = namedtuple("free", "free")
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: free(1_000_000_000))
    large = DuckEngine({"rows": ROWS}, part_rows=3)
    assert list(large.parts([], [])) == [0, 1]
    monkeypatch.setattr(duckdb, "LOOSER", 10**10)
    told = r"takes up to [\d,.]+ GB, and 1.00 GB are free there: free space, or"
    with pytest.raises(EnvironmentProblem, match=told):
        next(large.parts([], []))
    assert list(DuckEngine({"rows": ROWS}).parts([], [])) == [0]  # one part is written nowhere
