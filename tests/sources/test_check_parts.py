"""A large table is checked part by part, with the rows, counts and findings of the whole."""

import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from core.errors import EnvironmentProblem
from sources.kinds import files
from sources.kinds.sql import source as sql
from sources.params import SourceParams
from sources.tables import check_tables as check_tables_of
from sources.tables import cutting
from sources.tables.check_tables import check_in_parts, check_tables
from sources.tables.erased import parts_without_erased, without_erased
from sources.tables.kept import CheckedParts
from sources.tables.told import with_told
from tests.sources.in_parts import ORDERS, START, alike, both, in_order, lines, small_parts

__all__ = ["small_parts"]  # a fixture


def test_clean_lines_are_those_of_the_whole(tmp_path):
    whole, parts, said = both(tmp_path, {"orders": lines()})
    alike(whole["orders"], parts["orders"])
    assert said == [] and whole["orders"].counts["kept"] == 2 * ORDERS


def test_what_is_kept_of_a_checked_part_holds_none_of_its_rows(tmp_path, monkeypatch):
    together, held = check_tables_of._together, []

    def spy(facts, raw):
        held.extend(one.rows["order_id"].array.__arrow_array__() for one in facts)
        return together(facts, raw)

    monkeypatch.setattr(check_tables_of, "_together", spy)
    both(tmp_path, {"orders": lines()})
    assert len(held) > 2
    assert max(texts.get_total_buffer_size() for texts in held) < 100


def test_faults_of_single_rows_add_up(tmp_path):
    rows = lines()
    rows.loc[[900, 901, 2_000, 2_001], "customer_id"] = None  # guests
    rows.loc[[11, 1_400], "order_id"] = None
    rows.loc[[12, 13, 2_600], "event_time"] = pd.Timestamp("2199-01-01")
    rows.loc[[20], "amount"] = 1e15
    whole, parts, said = both(tmp_path, {"orders": rows})
    alike(whole["orders"], parts["orders"])
    assert said == []
    assert len(whole["orders"].findings) == 3 and whole["orders"].counts["guests"] > 0


@pytest.mark.slow
def test_repeats_and_contradictions_of_an_order_are_found_in_its_part(tmp_path):
    rows = lines().assign(line_id=lambda all_: (all_.index % 2).astype(str))
    again, other = rows.iloc[[0, 10, 2_000]], rows.iloc[[21, 1_401]].assign(amount=1.0)
    whole, parts, said = both(tmp_path, {"orders": pd.concat([rows, again, other])})
    alike(whole["orders"], parts["orders"])
    assert said == []
    assert (whole["orders"].counts["duplicates"], whole["orders"].counts["quarantined"]) == (3, 4)


@pytest.mark.slow
def test_repeated_rows_are_dropped_where_that_is_asked_for(tmp_path):
    rows = pd.concat([lines(), lines().iloc[:100]])
    whole, parts, _ = both(tmp_path, {"orders": rows}, drop_repeated_rows=["orders"])
    alike(whole["orders"], parts["orders"])
    assert whole["orders"].counts["duplicates"] == 100


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2012-03-05", "2026-05-01"])
def test_a_stray_time_is_found_among_all_times(tmp_path, day):
    rows = lines()
    rows.loc[[100, 101], "event_time"] = pd.Timestamp(day)
    whole, parts, said = both(tmp_path, {"orders": rows})
    alike(whole["orders"], parts["orders"])
    assert said == [] and whole["orders"].counts["quarantined"] == 2


@pytest.mark.slow
def test_what_is_decided_of_a_column_is_decided_of_all_of_it(tmp_path):
    """One day above the 12th shows which is the day: its part knows, and the others do not."""
    rows = lines()
    days = (START + pd.to_timedelta(rows.index // 2 % 12, "D")).strftime("%d/%m/2022")
    rows = rows.assign(event_time=days)
    rows.loc[[7], "event_time"] = "31/01/2022"
    whole, parts, (said,) = both(tmp_path, {"orders": rows})
    pd.testing.assert_frame_equal(parts["orders"].rows, whole["orders"].rows)
    assert "orders: 3,000 rows are checked in memory, all at once" in said


@pytest.mark.slow
def test_dates_and_numbers_as_people_write_them_are_read_alike_in_all_parts(tmp_path):
    rows = lines()
    rows = rows.assign(
        event_time=rows["event_time"].dt.strftime("%d.%m.%Y %H:%M"),
        amount=rows["amount"].map(lambda value: f"1 {value:06.2f}".replace(".", ",")),
    )
    whole, parts, said = both(tmp_path, {"orders": rows})
    alike(whole["orders"], parts["orders"])
    assert said == []
    assert [note.column for note in whole["orders"].notes] == ["event_time", "amount"]


def test_notes_that_count_rows_add_up(tmp_path):
    """Blank cells within orders, totals on first lines, guests by a word, and words not known."""
    rows = lines()
    is_later = rows.index % 2 == 1
    rows.loc[is_later, ["customer_id", "amount"]] = None
    rows.loc[rows.index // 2 % 10 == 3, "customer_id"] = "guest"
    number = np.arange(3_000)
    events = pd.DataFrame(
        {
            "customer_id": [f"c{one % 300}" for one in number],
            "event_time": START + pd.to_timedelta(number // 3, "h"),
            "kind": [("visit", "wobble", "dance", "dance")[one % 4] for one in number // 300],
        }
    )
    whole, parts, said = both(tmp_path, {"orders": rows, "events": events})
    alike(whole["orders"], parts["orders"])
    checks = {note.check for note in whole["orders"].notes}
    assert checks == {"blank_within_order", "total_on_first_line", "means_nobody"}
    (note,), (own,) = parts["events"].facts.notes, whole["events"].notes
    assert (note.rows, note.meaning) == (own.rows, own.meaning) and "dance (1,200)" in own.meaning
    assert said == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("why", "settings"),
    [
        ("looks beyond the row", {"filter": {"orders": "max(amount) OVER () > 0"}}),
        ("looks beyond the row", {"derive": {"orders": {"amount": "try_cast(label AS DOUBLE)"}}}),
        ("is a number that may have decimals", {"derive": {"orders": {"store": "price / 2"}}}),
    ],
)
def test_why_a_large_table_is_seen_whole_is_said(tmp_path, why, settings):
    lines().assign(price=2.5, label="12,50").to_parquet(tmp_path / "orders.parquet")
    params = SourceParams(kind="files", path=str(tmp_path), **settings)
    raw, said = files.load_in_parts(params, tmp_path / "room"), []
    pd.testing.assert_frame_equal(raw["orders"], files.load(params)["orders"])
    check_in_parts(raw, params, said.append)
    (line,) = said
    assert line.startswith("orders: 3,000 rows are checked in memory") and why in line


def test_columns_that_are_computed_come_in_parts(tmp_path):
    rows = lines().rename(columns={"amount": "price"}).assign(quantity=2)
    derive = {"orders": {"amount": "price * quantity"}}
    whole, parts, said = both(tmp_path, {"orders": rows}, derive=derive)
    alike(whole["orders"], parts["orders"])
    assert said == [] and whole["orders"].rows["amount"].iloc[0] == 10.0


def test_every_table_in_parts_has_the_rows_of_one_key_together(tmp_path):
    number = np.arange(3_000)
    events = pd.DataFrame(
        {
            "customer_id": [f"c{one % 300}" for one in number],
            "event_time": START + pd.to_timedelta(number // 3, "h"),
            "kind": "visit",
        }
    )
    whole, parts, said = both(tmp_path, {"orders": lines(), "events": events})
    found = parts["events"].whole().rows
    by = ["customer_id", "event_time", "line_id"]
    pd.testing.assert_frame_equal(in_order(found, by), in_order(whole["events"].rows, by))
    assert said == [] and found["customer_id"].nunique() == 300


@pytest.mark.slow
def test_customers_without_a_time_come_in_parts_with_their_attributes(tmp_path):
    number = np.arange(3_000)
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{one}" for one in number],
            "region": [("north", "south", None)[one % 3] for one in number],
            "age": np.where(number % 40 == 0, np.nan, number % 90),
        }
    )
    whole, parts, said = both(tmp_path, {"orders": lines(), "customers": customers})
    found = parts["customers"].whole().rows
    own = whole["customers"].rows
    pd.testing.assert_frame_equal(in_order(found, ["customer_id"]), in_order(own, ["customer_id"]))
    assert said == []


@pytest.mark.slow
def test_files_of_one_table_are_cut_together(tmp_path):
    source = tmp_path / "source" / "orders"
    source.mkdir(parents=True)
    rows = lines()
    rows.iloc[:1_401].to_parquet(source / "2022.parquet")  # an order lies in both files
    rows.iloc[1_401:].to_parquet(source / "2023.parquet")
    params = SourceParams(kind="files", path=str(tmp_path / "source"))
    raw = files.load_in_parts(params, tmp_path / "room")
    parts = check_in_parts(raw, params, print)
    alike(check_tables(files.load(params), params)["orders"], parts["orders"])
    assert sorted(n for part in raw["orders"] for n in part.index) == list(range(len(rows)))


@pytest.mark.slow
def test_an_id_that_is_new_each_time_is_refused_as_of_the_whole(tmp_path):
    rows = lines().assign(customer_id=lambda all_: all_["order_id"])
    with pytest.raises(Exception, match=r"1,500 of 1,500 customers bought on one day only"):
        both(tmp_path, {"orders": rows})


@pytest.mark.slow
def test_what_was_told_is_put_beside_rows_in_parts_as_beside_the_whole(tmp_path):
    contacts = pd.DataFrame(
        {
            "customer_id": [f"c{one % 300}" for one in range(1_200)],
            "contact_id": [f"k{one}" for one in range(1_200)],
            "event_time": START + pd.to_timedelta(np.arange(1_200) // 2, "D"),
            "action_id": "mail",
            "channel": "email",
            "arm": "treated",
        }
    )
    whole, parts, _ = both(tmp_path, {"orders": lines(), "contacts": contacts})
    when, known = "2023-06-01T09:00:00.000000+00:00", "2023-06-01T10:00:00.000000+00:00"
    order = {"customer_id": "c1", "event_time": when, "amount": "3.5", "known_at": known}
    answer = {"customer_id": "c7", "responded": True, "responded_at": when, "known_at": known}
    told = {
        "orders": [{**order, "order_id": one} for one in ("o17", "new")],
        "responses": [{**answer, "contact_id": one} for one in ("k7", "nobody knows it")],
    }
    params = SourceParams(kind="files")
    held, found = (with_told(tables, told, params) for tables in (whole, parts))
    for name, key in (("orders", ["order_id", "line_id"]), ("contacts", ["contact_id"])):
        assert isinstance(parts[name], CheckedParts)
        one, other = found.tables[name].whole(), held.tables[name]
        pd.testing.assert_frame_equal(in_order(one.rows, key), in_order(other.rows, key))
        assert one.counts == other.counts
    assert found.waiting == held.waiting == {"responses": 1}
    assert held.tables["orders"].counts["duplicates"] == 1  # o17 is the company's own
    assert held.tables["contacts"].rows["responded"].sum() == 1


@pytest.mark.slow
def test_rows_of_the_erased_are_left_out_of_every_part(tmp_path):
    rows = lines()
    rows.loc[[0, 1], "event_time"] = pd.Timestamp("2199-01-01")  # of c0, set aside
    whole, parts, _ = both(tmp_path, {"orders": rows})
    is_gone = {"c0", "c5"}.__contains__
    found = parts_without_erased(parts["orders"], is_gone)
    left = without_erased(whole["orders"], is_gone)
    alike(left, found)
    assert left.counts["erased"] == 2 * 2 * (ORDERS // 300) and left.counts["quarantined"] == 0
    assert parts_without_erased(parts["orders"], {"nobody"}.__contains__) is parts["orders"]


@pytest.mark.slow
def test_a_table_of_few_keys_has_fewer_parts_than_its_rows_would_make(tmp_path):
    number = np.arange(3_000)
    visits = pd.DataFrame(
        {
            "customer_id": [("c1", "c2")[one % 2] for one in number],
            "event_time": START + pd.to_timedelta(number, "h"),
            "kind": "visit",
        }
    )
    whole, parts, said = both(tmp_path, {"orders": lines(), "events": visits})
    by = ["customer_id", "event_time"]
    found = in_order(parts["events"].whole().rows, by)
    pd.testing.assert_frame_equal(found, in_order(whole["events"].rows, by))
    assert said == []


def test_a_temporary_folder_without_room_for_the_parts_is_told_before_the_work(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(cutting, "LOOSER", 10**12)
    told = r"ingest writes the tables once more to the temporary folder .* TMPDIR"
    with pytest.raises(EnvironmentProblem, match=told):
        both(tmp_path, {"orders": lines()})


def test_an_extract_of_a_database_comes_in_parts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = lines()
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        rows.astype({"event_time": str}).to_sql("orders", database, index=False)
        database.commit()
    queries = {"orders": "SELECT * FROM orders"}
    params = SourceParams(kind="sql", path=f"sqlite:///{tmp_path}/shop.db", queries=queries)
    whole = check_tables(sql.load(params), params)
    raw, said = sql.load_in_parts(params, tmp_path / "room"), []
    alike(whole["orders"], check_in_parts(raw, params, said.append)["orders"])
    assert said == []
