"""The user's own database: the same tables as files of the same content, on two databases."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from pandas.testing import assert_frame_equal

from core.errors import TableError
from pipelines import source
from sources.kinds.sql import database
from sources.kinds.sql.source import files
from sources.params import SourceParams
from sources.registry import fingerprint, load
from tests.sources.folders import HEADER, checked, write
from tests.sources.shops import ROWS, TEXT_IDS, ids, read, refusal

GOOD = HEADER + "00123,1,2017-05-01 10:00:00,5\n00124,2,2017-05-02,-1.5\n"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "your-data.md"
# DuckDB drops a column in place on its way to pandas.
ZONED = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")


def first(shop, column, **changes):
    """The checked first value of a column of `orders`."""
    return read(shop.params(**changes))[1]["orders"].rows[column].iloc[0]


@pytest.mark.slow
def test_a_database_gives_the_same_rows_as_files_of_the_same_content(shop, tmp_path):
    shop.table("orders", TEXT_IDS, *ROWS)
    shop.table("customers", "customer_id TEXT, name TEXT, age INTEGER", "'00123', 'Ann', 30")
    people = "customer_id,name,age\n00123,Ann,30\n"
    theirs = checked(write(tmp_path, orders=GOOD, customers=people))
    found, ours = read(shop.params())
    assert list(ours) == ["orders", "customers"]
    for name, table in ours.items():
        assert_frame_equal(table.rows, theirs[name].rows)
        assert table.counts == theirs[name].counts
    assert sorted(found["files"]) == ["customers/00001.parquet", "orders/00001.parquet"]


def test_renames_and_expressions_work_on_a_query_as_on_files(shop):
    shop.table(
        "sales",
        "customer TEXT, invoice INTEGER, day TEXT, quantity INTEGER, price NUMERIC(10, 2)",
        "'00123', 536365, '12/1/2010', 6, 2.55",
        "NULL, 536366, '12/2/2010', 1, NULL",
    )
    query = "SELECT * FROM sales -- those of the shop;\n WHERE day <> 'at :ten or 10:30, 5%' ; "
    params = shop.params(
        queries={"orders": query},
        columns={"orders": {"customer_id": "customer", "order_id": "invoice"}},
        derive={
            "orders": {
                "amount": "quantity * price",
                "event_time": "strptime(day, '%m/%d/%Y')",
            }
        },
    )
    orders = read(params)[1]["orders"]
    assert orders.rows.loc[0, ["customer_id", "order_id", "amount"]].tolist() == [
        "00123",
        "536365",
        pytest.approx(15.3),
    ]
    assert orders.rows["event_time"].tolist() == [pd.Timestamp("2010-12-01")]
    assert orders.counts["guests"] == 1


def test_a_table_is_left_out_where_its_query_is_null(shop):
    shop.table("orders", TEXT_IDS, *ROWS)
    shop.table("events", "id INTEGER", "1")
    assert list(load(shop.params(queries={"events": None}))) == ["orders"]
    assert "no table orders" in refusal(shop.params(queries={"orders": None}))


def test_the_example_of_the_docs_reads_what_it_says(shop):
    (block,) = [
        yaml.safe_load(text)["source"]
        for text in re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
        if "kind: sql" in text and "incremental" in text
    ]
    shop.table(
        "order_lines",
        "buyer TEXT, order_no INTEGER, sold_at TIMESTAMP, booked_at TIMESTAMP, sku TEXT, "
        "quantity INTEGER, unit_price NUMERIC(10, 2), channel TEXT",
        "'00123', 7, '2017-05-01 10:00:00', '2017-05-01 11:00:00', 'A', 2, 2.50, 'web'",
        "'00124', 8, '2017-05-01 10:00:00', '2017-05-01 11:00:00', 'A', 2, 2.50, 'test'",
    )
    params = SourceParams.model_validate(block | {"path": shop.url})
    found, tables = read(params)
    assert tables["orders"].rows.iloc[0].to_dict() == {
        "customer_id": "00123",
        "order_id": "7",
        "event_time": pd.Timestamp("2017-05-01 10:00"),
        "known_at": pd.Timestamp("2017-05-01 11:00"),
        "product": "A",
        "amount": 5.0,
        "quantity": 2.0,
        "line_id": "1",
    }
    assert len(tables["orders"].rows) == 1
    assert "read by known_at: orders" in found["description"]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("type_of", "value", "as_text"),
    [
        ("TEXT", "'00123'", "00123"),
        ("INTEGER", "123", "123"),
        ("BIGINT", "9007199254740993", "9007199254740993"),
        ("DOUBLE PRECISION", "17850", "17850"),
        ("TEXT", "'1e5'", "1e5"),
    ],
)
def test_ids_are_text_whatever_their_type(shop, type_of, value, as_text):
    shop.table("orders", f"customer_id {type_of}, order_id TEXT, event_time TEXT")
    shop.insert("orders", f"{value}, '1', '2017-05-01'", "NULL, '2', '2017-05-01'")
    assert first(shop, "customer_id") == as_text


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
@ZONED
@pytest.mark.parametrize(
    ("column", "type_of", "value", "meant"),
    [
        ("customer_id", "numeric", "17850.00", "17850"),
        ("customer_id", "numeric", "1234567890123456789012", "1234567890123456789012"),
        (
            "customer_id",
            "uuid",
            "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        ),
        ("customer_id", "char(6)", "'00123'", "00123"),
        ("amount", "numeric(10,2)", "0.10", 0.1),
        ("amount", "real", "0.5", 0.5),
        # A date is the same date in any zone.
        ("event_time", "date", "'2017-07-15'", pd.Timestamp("2017-07-15")),
        ("event_time", "timestamp", "'2017-07-15 00:30'", pd.Timestamp("2017-07-14 22:30")),
        ("event_time", "timestamptz", "'2017-07-15 00:30+00'", pd.Timestamp("2017-07-15 00:30")),
        ("event_time", "timestamptz", "'2017-07-15 00:30-05'", pd.Timestamp("2017-07-15 05:30")),
    ],
)
def test_types_of_postgresql_arrive_as_the_contract_means_them(shop, column, type_of, value, meant):
    row = {"customer_id": "'1'", "order_id": "'1'", "event_time": "'2017-01-01'", "amount": "1"}
    types = {"customer_id": "TEXT", "order_id": "TEXT", "event_time": "DATE", "amount": "INT"}
    types, row = types | {column: type_of}, row | {column: value}
    shop.table("orders", ", ".join(f"{c} {t}" for c, t in types.items()), ", ".join(row.values()))
    assert first(shop, column, timezone="Europe/Berlin") == meant


@pytest.mark.slow
def test_yes_and_no_and_missing_values_arrive(shop):
    shop.table("orders", TEXT_IDS, *ROWS, "NULL, '3', '2017-05-03 00:00:00', NULL")
    columns = "customer_id TEXT, channel TEXT, event_time TIMESTAMP, granted BOOLEAN"
    at = "'email', '2017-05-01 00:00:00'"
    shop.table("consents", columns, f"'a', {at}, TRUE", f"'b', {at}, FALSE")
    tables = read(shop.params())[1]
    assert tables["consents"].rows["granted"].tolist() == [True, False]
    assert tables["orders"].counts["guests"] == 1


def test_an_unchanged_database_has_the_same_fingerprint_in_whatever_order_it_answers(shop):
    rows = [f"'c{n % 7}', '{n}', '2017-05-{n % 28 + 1:02} 00:00:00', {n}.50" for n in range(99)]
    shop.table("orders", TEXT_IDS, *rows)
    before = fingerprint(shop.params())
    assert fingerprint(shop.params()) == before
    shop.run("DELETE FROM orders")
    shop.insert("orders", *reversed(rows))
    shop.run("CREATE INDEX by_amount ON orders (amount)")
    if shop.kind == "postgresql":
        shop.run("CLUSTER orders USING by_amount")
    assert fingerprint(shop.params()) == before
    shop.run("UPDATE orders SET amount = 0.25 WHERE order_id = '7'")
    assert fingerprint(shop.params())["files"] != before["files"]


def test_rows_come_in_portions_and_none_is_lost(shop, monkeypatch):
    monkeypatch.setattr(database, "ROWS", 10)
    rows = [f"'c', '{n}', '2017-05-01 00:00:00', {n}" for n in range(25)]
    shop.table("orders", TEXT_IDS, *rows)
    with database.connected(database.address_of(shop.url)) as connection:
        result = database.Rows(connection, "orders", "SELECT * FROM orders")
        assert [len(portion) for portion in result.portions()] == [10, 10, 5]
    assert ids(read(shop.params())[1]) == sorted(str(n) for n in range(25))


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
def test_postgresql_keeps_the_rows_until_they_are_asked_for(shop):
    shop.table("orders", TEXT_IDS, *ROWS)
    with database.connected(database.address_of(shop.url)) as connection:
        rows = database.Rows(connection, "orders", "SELECT * FROM orders")
        open_there = connection.exec_driver_sql("SELECT count(*) FROM pg_cursors").scalar_one()
        rows.close()
    assert open_there == 1


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
def test_postgresql_shows_all_tables_as_they_are_at_one_moment(shop, monkeypatch):
    shop.table("orders", TEXT_IDS, *ROWS)
    shop.table("customers", "customer_id TEXT", "'00123'")
    portions = database.Rows.portions

    def meanwhile(self):
        yield from portions(self)
        shop.insert("customers", "'new'")

    monkeypatch.setattr(database.Rows, "portions", meanwhile)
    assert load(shop.params())["customers"]["customer_id"].tolist() == ["00123"]


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["postgresql"], indirect=True)
@ZONED
def test_expressions_over_times_with_a_zone_are_in_utc_on_every_machine(shop):
    columns = "customer_id TEXT, order_id TEXT, event_time TIMESTAMPTZ"
    shop.table("orders", columns, "'c', '1', '2017-05-01 23:30+00'")
    params = shop.params(derive={"orders": {"store": "strftime(event_time, '%d %H')"}})
    fingerprint(params)
    code = (
        "from sources.params import SourceParams; from sources.registry import load\n"
        f"params = SourceParams.model_validate({params.model_dump()!r})\n"
        "print(load(params)['orders']['store'].tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TZ": "Asia/Tokyo", "PYTHONPATH": str(DOCS.parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['01 23']"


@pytest.mark.parametrize(
    ("named", "driver"),
    [
        ("postgresql", "postgresql+psycopg"),
        ("postgres", "postgresql+psycopg"),
        ("postgresql+pg8000", "postgresql+pg8000"),
    ],
)
def test_postgresql_is_read_with_the_driver_that_is_there_unless_another_is_named(named, driver):
    assert database.address_of(f"{named}://reader@localhost/shop").drivername == driver


def test_ingest_reads_the_extract_and_not_the_database(shop, fetched):
    shop.table("orders", TEXT_IDS, *ROWS)
    params = shop.params()
    fingerprint(params)
    shop.run("DELETE FROM orders")
    assert load(params)["orders"]["order_id"].tolist() == ["1", "2"]
    assert fetched == [2]
    other = shop.params(queries={"orders": "SELECT * FROM orders"})
    assert load(other)["orders"].empty  # no extract of these queries yet: it is made
    assert fetched == [2, 0]


def test_a_reading_that_fails_leaves_the_former_extract(shop):
    shop.table("orders", TEXT_IDS, *ROWS)
    shop.table("tickets", "ticket_id TEXT", "'1'")
    before = files(shop.params())
    shop.run("DELETE FROM orders", "DROP TABLE tickets")
    shop.run("CREATE VIEW tickets AS SELECT 1 / 0 AS ticket_id, abs(-9223372036854775807 - 1) AS n")
    assert "refused the query of tickets" in refusal(shop.params())
    assert all(path.exists() for path in before.values())
    assert load(shop.params())["orders"]["order_id"].tolist() == ["1", "2"]
    assert [path.name for path in Path("extracts").iterdir()] == [
        next(iter(before.values())).parts[1]
    ]


def test_an_empty_table_is_told_as_for_files(shop):
    shop.table("orders", TEXT_IDS)
    with pytest.raises(TableError, match="orders has a header but no rows"):
        read(shop.params())
    derived = shop.params(derive={"orders": {"store": "amount / 2"}})
    assert "orders has a header but no rows" in refusal(derived, load)


def test_the_stage_says_what_it_read_and_what_it_read_whole(shop, capsys):
    shop.table("orders", TEXT_IDS, *ROWS)
    params = yaml.safe_load((DOCS.parents[1] / "params.yaml").read_text(encoding="utf-8"))
    params["source"] |= {"kind": "sql", "path": shop.url, "incremental": True}
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    source.main()
    assert "read whole: orders (no column known_at)" in capsys.readouterr().out
    found = json.loads(Path("data/source.json").read_text(encoding="utf-8"))
    assert list(found["files"]) == ["orders/00001.parquet"]


@pytest.mark.slow
def test_without_sqlalchemy_the_other_sources_work():
    code = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from sources.params import SourceParams\n"
        "from sources.registry import fingerprint\n"
        "try: fingerprint(SourceParams(kind='sql', path='sqlite:///x'))\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "sqlalchemy is not installed" in done.stdout
