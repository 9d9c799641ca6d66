"""What two parts of a large table would read otherwise than the whole of it."""

from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sources.kinds import files
from sources.params import SourceParams
from sources.tables import cutting
from sources.tables.check_tables import check_in_parts
from sources.tables.told import with_told
from tests.sources.in_parts import ORDERS, START, alike, both, lines, small_parts

__all__ = ["small_parts"]  # a fixture


@pytest.mark.parametrize("tail", ["\t", "\u200b", ".0"])
def test_two_spellings_of_an_order_number_meet_in_one_part(tmp_path, tail):
    rows = lines()
    rows.loc[1::2, "order_id"] += tail
    (tmp_path / "source").mkdir()
    rows.to_parquet(tmp_path / "source" / "orders.parquet")
    params = SourceParams(kind="files", path=str(tmp_path / "source"))
    for part in files.load_in_parts(params, tmp_path / "room")["orders"]:
        assert (part["order_id"].str.removesuffix(tail).value_counts() == 2).all()


def test_of_two_rows_that_contradict_each_other_one_may_be_stray(tmp_path):
    rows = lines().assign(line_id=lambda all_: (all_.index % 2).astype(str))
    stray = rows.iloc[[10]].assign(event_time=pd.Timestamp("2012-03-05"))
    whole, parts, said = both(tmp_path, {"orders": pd.concat([rows, stray])})
    alike(whole["orders"], parts["orders"])
    assert said == [] and whole["orders"].counts["quarantined"] == 1


@pytest.mark.parametrize("name", [cutting.ROW, cutting.PLACE_OF, cutting.ROW.upper()])
def test_a_column_that_is_called_like_ours_stays(tmp_path, name):
    (tmp_path / "source").mkdir()
    lines().assign(**{name: 7}).to_parquet(tmp_path / "source" / "orders.parquet")
    params = SourceParams(kind="files", path=str(tmp_path / "source"))
    found = files.load_in_parts(params, tmp_path / "room")["orders"]
    assert isinstance(found, pd.DataFrame) and (found[name] == 7).all()


def test_rows_set_aside_of_files_that_write_a_column_in_two_types_are_kept(tmp_path):
    source = tmp_path / "source" / "orders"
    source.mkdir(parents=True)
    rows = lines()
    rows.loc[[4, 900, 2_000, 2_900], "event_time"] = pd.Timestamp("2199-01-01")
    rows.iloc[:1_500].to_parquet(source / "2022.parquet")
    rows.iloc[1_500:].to_csv(source / "2023.csv", index=False)
    params = SourceParams(kind="files", path=str(tmp_path / "source"))
    raw = files.load_in_parts(params, tmp_path / "room")
    found = check_in_parts(raw, params, print)["orders"]
    found.write(tmp_path / "rows.parquet", tmp_path / "aside.parquet")
    aside = pd.read_parquet(tmp_path / "aside.parquet")
    assert sorted(aside["order_id"]) == ["o1000", "o1450", "o2", "o450"]


def test_midnights_that_are_dates_in_some_parts_alone_are_decided_of_all(tmp_path):
    rows = lines().assign(line_id=lambda all_: (all_.index % 2).astype(str))
    times = (START + pd.to_timedelta(rows.index // 2 + 1, "s")).strftime("%Y-%m-%d %H:%M:%S")
    times = times.to_series(index=rows.index)
    times[::9] = "2022-01-01"
    times[4:764:8] = "2022-01-01 00:00:00"
    whole, parts, (said,) = both(
        tmp_path, {"orders": rows.assign(event_time=times)}, timezone="Europe/Moscow"
    )
    pd.testing.assert_frame_equal(parts["orders"].rows, whole["orders"].rows)
    assert "read_as" in said


def test_decimal_ids_are_read_by_looking_at_all_of_them(tmp_path):
    rows = lines()
    ids = [Decimal(one // 2) for one in range(len(rows))]
    ids[40] = Decimal("20.5")
    (tmp_path / "source").mkdir()
    rows.assign(order_id=ids).to_parquet(tmp_path / "source" / "orders.parquet")
    params = SourceParams(kind="files", path=str(tmp_path / "source"))
    found = files.load_in_parts(params, tmp_path / "room")["orders"]
    assert isinstance(found, pd.DataFrame)


def test_a_row_of_nothing_but_what_is_no_number_is_no_row(tmp_path):
    table = pa.Table.from_pandas(lines(), preserve_index=False)
    blank = table.slice(0, 1).to_pydict()
    blank = {name: [float("nan") if name == "amount" else None] for name in blank}
    (tmp_path / "source").mkdir()
    pq.write_table(
        pa.concat_tables([table, pa.table(blank, schema=table.schema)]),
        tmp_path / "source" / "orders.parquet",
    )
    params = SourceParams(kind="files", path=str(tmp_path / "source"))
    found = files.load_in_parts(params, tmp_path / "room")["orders"]
    assert isinstance(found, pd.DataFrame) and len(found) == 2 * ORDERS


def test_told_orders_that_the_company_has_too_leave_no_empty_part(tmp_path):
    _, parts, _ = both(tmp_path, {"orders": lines()})
    when, known = "2023-06-01T09:00:00.000000+00:00", "2023-06-01T10:00:00.000000+00:00"
    order = {"customer_id": "c17", "order_id": "o17", "event_time": when, "known_at": known}
    merged = with_told(parts, {"orders": [order]}, SourceParams(kind="files"))
    kept = merged.tables["orders"].write(tmp_path / "rows.parquet", tmp_path / "aside.parquet")
    assert len(kept.rows) == 2 * ORDERS and all(map(len, kept.rows.parts()))


def test_an_order_without_a_time_in_a_column_of_times_is_set_aside(tmp_path):
    rows = lines().drop(index=201)
    rows.loc[200, "event_time"] = pd.NaT
    whole, parts, _ = both(tmp_path, {"orders": rows})
    alike(whole["orders"], parts["orders"])
    assert whole["orders"].counts["quarantined"] == 1
