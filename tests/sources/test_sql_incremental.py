"""Only what is new is fetched: no row twice, none lost, and what cannot be so is read whole."""

import pytest
from sqlalchemy.engine import make_url

from sources.kinds.sql.source import describe
from sources.registry import fingerprint, load
from tests.sources.shops import KNOWN, ids, read


def order(number, known, amount=5):
    known = f"'2017-05-{known}'" if known else "NULL"
    return f"'c', '{number}', '2017-05-01 00:00:00', {known}, {amount}"


@pytest.fixture
def grown(shop, fetched):
    """A shop of three orders that was read once."""
    shop.table(
        "orders",
        KNOWN,
        order(1, "01 10:00:00"),
        order(2, "02 10:00:00"),
        order(3, "02 10:00:00"),
    )
    read(shop.params(incremental=True))
    assert fetched == [3]
    return shop


@pytest.mark.slow
def test_only_new_rows_and_those_at_the_boundary_are_fetched(grown, fetched):
    grown.insert("orders", order(4, "03 10:00:00"))
    found, tables = read(grown.params(incremental=True))
    assert fetched == [3, 3]  # the two at the boundary and the new one
    assert ids(tables) == ["1", "2", "3", "4"]
    assert sorted(found["files"]) == ["orders/00001.parquet", "orders/00002.parquet"]
    grown.insert("orders", order(5, "04 10:00:00"))
    assert ids(read(grown.params(incremental=True))[1]) == ["1", "2", "3", "4", "5"]
    assert fetched == [3, 3, 2]


@pytest.mark.slow
def test_an_old_row_that_changed_is_not_read_again_and_starting_afresh_sees_it(grown):
    grown.run("UPDATE orders SET amount = 99 WHERE order_id = '1'")
    grown.insert("orders", order(4, "03 10:00:00"))
    rows = read(grown.params(incremental=True))[1]["orders"].rows.set_index("order_id")
    assert rows.loc["1", "amount"] == 5
    found, tables = read(grown.params())
    assert tables["orders"].rows.set_index("order_id").loc["1", "amount"] == 99
    assert list(found["files"]) == ["orders/00001.parquet"]


@pytest.mark.slow
def test_a_late_row_is_seen_only_from_the_boundary_on(grown):
    grown.insert("orders", order("late", "02 09:59:59"), order("same", "02 10:00:00"))
    assert ids(read(grown.params(incremental=True))[1]) == ["1", "2", "3", "same"]


@pytest.mark.slow
def test_unchanged_rows_change_nothing(grown, fetched):
    before = fingerprint(grown.params(incremental=True))
    grown.run("DELETE FROM orders WHERE order_id = '2'")
    grown.insert("orders", order(2, "02 10:00:00"))  # now behind the other one at the boundary
    assert fingerprint(grown.params(incremental=True)) == before
    assert fetched == [3, 2, 2]


@pytest.mark.slow
def test_rows_that_are_there_twice_stay_as_many_as_they_are(grown):
    params = grown.params(incremental=True)
    grown.insert("orders", order(3, "02 10:00:00"), order(3, "02 10:00:00"))
    assert ids(read(params)[1]) == ["1", "2", "3", "3", "3"]
    assert ids(read(params)[1]) == ["1", "2", "3", "3", "3"]
    grown.insert("orders", order(3, "02 10:00:00"))
    assert ids(read(params)[1]) == ["1", "2", "3", "3", "3", "3"]


@pytest.mark.slow
def test_rows_that_do_not_say_when_they_came_are_not_missed(grown):
    params = grown.params(incremental=True)
    grown.insert("orders", order(4, None), order(5, None))
    assert ids(read(params)[1]) == ["1", "2", "3", "4", "5"]
    grown.insert("orders", order(6, None))
    assert ids(read(params)[1]) == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.slow
def test_a_time_to_come_does_not_hide_the_rows_until_then(grown):
    params = grown.params(incremental=True)
    grown.insert("orders", "'c', '4', '2017-05-01 00:00:00', '2999-01-01 00:00:00', 5")
    fingerprint(params)
    grown.insert("orders", order(5, "03 10:00:00"))
    fingerprint(params)
    assert sorted(load(params)["orders"]["order_id"]) == ["1", "2", "3", "4", "5"]


@pytest.mark.slow
def test_the_databases_own_name_of_known_at_is_asked_for(shop, fetched):
    columns = 'customer_id TEXT, order_id TEXT, event_time TEXT, "Booked at" DATE'
    shop.table("sales", columns, "'c', '1', '2017-05-01', '2017-05-02'")
    shop.insert("sales", "'c', '0', '2017-05-01', '2017-05-01'")
    params = shop.params(
        incremental=True,
        queries={"orders": "WITH s AS (SELECT * FROM sales) SELECT * FROM s -- all of it"},
        columns={"orders": {"known_at": "Booked at"}},
    )
    fingerprint(params)
    shop.insert("sales", "'c', '2', '2017-05-01', '2017-05-03'")
    assert ids(read(params)[1]) == ["0", "1", "2"]
    assert fetched == [2, 2]


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")
def test_times_with_a_zone_are_asked_for_as_instants(shop, fetched):
    columns = "customer_id TEXT, order_id TEXT, event_time DATE, known_at TIMESTAMPTZ"
    shop.table("orders", columns, "'c', '1', '2017-05-01', '2017-05-02 01:00+02'")
    shop.insert("orders", "'c', '0', '2017-05-01', '2017-05-01 22:59:59.5+00'")
    name = make_url(shop.url).database
    shop.run(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
    params = shop.params(incremental=True)
    fingerprint(params)
    shop.insert("orders", "'c', '2', '2017-05-01', '2017-05-02 00:30+01'")
    assert ids(read(params)[1]) == ["0", "1", "2"]
    assert fetched == [2, 2]


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("columns", "row", "changes", "reason"),
    [
        ("event_time TEXT", "'2017-05-01'", {}, "no column known_at"),
        ("event_time TEXT, known_at INTEGER", "'2017-05-01', 20170501", {}, "not always a date"),
        ("event_time TEXT, known_at TEXT", "'2017-05-01', '1/5/2017'", {}, "not always a date of"),
        ("event_time TEXT, known_at TEXT", "'2017-05-01', NULL", {}, "known_at is empty"),
        (
            "event_time TEXT, day TEXT",
            "'2017-05-01', '2017-05-01'",
            {"derive": {"orders": {"known_at": "day"}}},
            "known_at is computed by source.derive",
        ),
    ],
)
def test_a_table_that_cannot_be_asked_for_what_is_new_is_read_whole_and_says_why(
    shop, fetched, columns, row, changes, reason
):
    shop.table("orders", f"customer_id TEXT, order_id TEXT, {columns}", f"'c', '1', {row}")
    params = shop.params(incremental=True, **changes)
    fingerprint(params)
    shop.insert("orders", f"'c', '2', {row}")
    about = fingerprint(params)["description"]
    assert fetched == [1, 2]
    assert "read by known_at: nothing; read whole: orders (" in about and reason in about
    assert sorted(load(params)["orders"]["order_id"]) == ["1", "2"]
    assert describe(shop.params()).count(";") == 0


def test_text_that_changes_its_form_is_read_whole(shop, fetched):
    columns = "customer_id TEXT, order_id TEXT, event_time TEXT, known_at TEXT"
    shop.table("orders", columns, "'c', '1', '2017-05-01', '2017-05-02 10:00'")
    params = shop.params(incremental=True)
    fingerprint(params)
    shop.insert("orders", "'c', '2', '2017-05-01', '2017-05-02T11:00'")
    shop.insert("orders", "'c', '0', '2017-05-01', '1.5.2017'")
    fingerprint(params)
    assert sorted(load(params)["orders"]["order_id"]) == ["0", "1", "2"]
    assert fetched == [1, 2, 3]


@pytest.mark.slow
def test_a_new_column_starts_the_table_afresh(grown, fetched):
    grown.run("ALTER TABLE orders ADD COLUMN store TEXT")
    tables = read(grown.params(incremental=True))[1]
    assert ids(tables) == ["1", "2", "3"]
    assert "store" in tables["orders"].rows
    assert fetched == [3, 3]


@pytest.mark.slow
def test_other_queries_start_afresh(grown, fetched):
    grown.run("UPDATE orders SET amount = 99 WHERE order_id = '1'")
    query = {"orders": "SELECT * FROM orders WHERE amount > 5"}
    assert ids(read(grown.params(incremental=True, queries=query))[1]) == ["1"]
    assert fetched == [3, 1]


@pytest.mark.slow
def test_a_column_has_the_type_that_suits_all_parts(grown):
    grown.insert("orders", order(4, "03 10:00:00", "NULL"))
    expression = {"orders": {"quantity": "amount * 2"}}
    tables = read(grown.params(incremental=True, derive=expression))[1]
    assert tables["orders"].rows["quantity"].sum() == 30
