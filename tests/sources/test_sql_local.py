"""Queries over a folder of files, a DuckDB file and an SQLite file."""

import sqlite3
from pathlib import Path

import duckdb
import pytest
import yaml

from core.errors import SourceError
from sources.kinds.sql.source import files, load
from sources.params import SourceParams
from sources.registry import fingerprint
from sources.tables.check_tables import check_tables
from tests.sources.folders import HEADER
from tests.sources.workbooks import xlsx

DOCS = Path(__file__).resolve().parents[2] / "docs" / "your-data.md"
OLIST = {
    "olist_orders_dataset.csv": "order_id,customer_id,order_status,order_purchase_timestamp\n"
    "o1,c1,delivered,2017-10-02 10:56:33\no2,c2,delivered,2018-07-24 20:41:37\n"
    "o3,c3,canceled,2018-08-08 08:38:49\n",
    "olist_customers_dataset.csv": "customer_id,customer_unique_id\nc1,00861\nc2,00861\nc3,7\n",
    "olist_order_items_dataset.csv": "order_id,order_item_id,product_id,price\n"
    "o1,1,p1,29.99\no1,2,p2,10.00\no2,1,p1,118.70\no3,1,p1,5\n",
    "olist_sellers_dataset.pdf.csv": "seller\n",
}
GOOD = HEADER + "00123,1,2017-05-01,5\n00124,2,2017-05-02,-1.5\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The project's folder, below which extracts are written."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(**source):
    params = SourceParams(kind="sql", **source)
    assert files(params)
    return check_tables(load(params), params)


def refusal(**source):
    with pytest.raises(SourceError) as error:
        files(SourceParams(kind="sql", **source))
    return str(error.value)


@pytest.mark.slow
def test_the_several_files_of_the_documented_shop_are_one_table_of_orders(here):
    (here / "olist").mkdir()
    for name, content in OLIST.items():
        (here / "olist" / name).write_text(content)
    text = DOCS.read_text(encoding="utf-8").split("## Several files that belong together")[1]
    source = yaml.safe_load(text.split("```yaml")[1].split("```")[0])["source"]
    source.pop("kind")
    orders = checked(**source)["orders"]
    assert orders.counts["kept"] == 3
    assert orders.rows["customer_id"].tolist() == ["00861"] * 3
    assert orders.rows["amount"].sum() == pytest.approx(158.69)
    assert orders.rows["order_id"].nunique() == 2
    params = SourceParams(kind="sql", **source)
    first = fingerprint(params)
    assert first["company"] == "sql olist"
    assert first["description"] == "folder olist, by queries"
    assert fingerprint(params) == first
    items = here / "olist" / "olist_order_items_dataset.csv"
    items.write_text(OLIST[items.name].replace("29.99", "30.99"))
    assert fingerprint(params)["files"] != first["files"]


def test_a_file_that_is_called_like_a_table_needs_no_query(here):
    (here / "shop").mkdir()
    xlsx(here / "shop" / "orders.xlsx", Sheet1=[line.split(",") for line in GOOD.splitlines()])
    orders = checked(path="shop")["orders"]
    assert orders.rows["customer_id"].tolist() == ["00123", "00124"]
    assert orders.rows["amount"].tolist() == [5.0, -1.5]


@pytest.mark.slow
def test_a_duckdb_file_and_an_sqlite_file_are_read_the_same(here):
    rows = [("00123", "1", "2017-05-01", 5.0), ("00124", "2", "2017-05-02", -1.5)]
    columns = "customer_id TEXT, order_id TEXT, event_time TEXT, amount DOUBLE"
    for connect, name in ((duckdb.connect, "shop.duckdb"), (sqlite3.connect, "shop.db")):
        connection = connect(str(here / name))
        connection.execute(f"CREATE TABLE sales ({columns})")
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?)", rows)
        connection.commit()
        connection.close()
        orders = checked(path=name, queries={"orders": "SELECT * FROM sales WHERE amount > 0"})
        assert orders["orders"].rows["customer_id"].tolist() == ["00123"]
    assert (
        fingerprint(
            SourceParams(kind="sql", path="shop.duckdb", queries={"orders": "SELECT * FROM sales"})
        )["description"]
        == "DuckDB file shop.duckdb, by queries"
    )


def test_sheets_and_members_are_tables_of_their_own(here):
    (here / "shop").mkdir()
    rows = [line.split(",") for line in GOOD.splitlines()]
    xlsx(here / "shop" / "book.xlsx", May=rows, June=[["a"], ["1"]])
    query = {"orders": "SELECT * FROM book_May -- the month that counts"}
    assert checked(path="shop", queries=query)["orders"].counts["kept"] == 2


def test_columns_called_like_ids_are_text_in_every_file(here):
    (here / "shop").mkdir()
    (here / "shop" / "sales.csv").write_text(
        "Order ID,client_id,day,sum\n1,12345678901234567890,2017-05-01,5\nA2,7,2017-05-02,6\n"
    )
    (here / "shop" / "lines.csv").write_text("Order ID,item\n1,x\n")
    query = """SELECT client_id AS customer_id, "Order ID" AS order_id, day AS event_time
               FROM sales LEFT JOIN lines USING ("Order ID")"""
    rows = checked(path="shop", queries={"orders": query})["orders"].rows
    assert rows["customer_id"].tolist() == ["12345678901234567890", "7"]


def test_what_cannot_be_queried_is_said(here):
    (here / "shop").mkdir()
    (here / "shop" / "sales.csv").write_text(GOOD)
    assert "'SELECT * FROM \"sales\"'" in refusal(path="shop")
    said = refusal(path="shop", queries={"orders": "SELECT * FROM sale"})
    assert "source.queries.orders in params.yaml failed" in said and "Tables: sales." in said
    said = refusal(path="shop", queries={"orders": "SELECT nothing FROM sales"})
    assert 'Referenced column "nothing" not found' in said
    assert "Files are read whole" in refusal(path="shop", incremental=True)
    said = refusal(path="shop", queries={"order": "SELECT 1"})
    assert "which is not a table of the contract. Did you mean orders?" in said
    assert "no folder, DuckDB or SQLite file is there" in refusal(path="nowhere")
    (here / "shop" / "sales.tsv").write_text("a\tb\n1\t2\n")
    assert "holds two files for the table sales: sales.csv and sales.tsv" in refusal(path="shop")


def test_an_extract_is_whole_or_not_there(here):
    (here / "shop").mkdir()
    (here / "shop" / "sales.csv").write_text(GOOD)
    (here / "shop" / "people.csv").write_text("customer_id\n00123\n")
    queries = {"orders": "SELECT * FROM sales", "customers": "SELECT error('no') FROM people"}
    assert "source.queries.customers in params.yaml failed" in refusal(path="shop", queries=queries)
    assert not list((here / "extracts").glob("*"))
