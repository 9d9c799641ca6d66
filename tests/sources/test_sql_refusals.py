"""What a database refuses, and what is refused before one is asked: said without a secret."""

import pytest

from sources.kinds.sql.source import describe, files
from sources.params import SourceParams
from sources.registry import fingerprint, load
from tests.sources.shops import ROWS, TEXT_IDS, refusal


def test_without_orders_it_says_what_is_there(shop):
    assert "has no table orders (it has: nothing)" in refusal(shop.params())
    shop.table("order_lines", "id INTEGER")
    shop.table("people", "id INTEGER")
    text = refusal(shop.params())
    assert "has no table orders (it has: order_lines, people)" in text
    assert 'source.queries: {orders: "SELECT * FROM order_lines"}' in text


def test_a_query_that_fails_is_refused_with_its_table_and_without_its_text(shop):
    shop.table("orders", TEXT_IDS, *ROWS)
    wrong = "SELECT 'hunter2', nonesuch FROM orders"
    text = refusal(shop.params(queries={"customers": wrong}))
    assert "refused the query of customers: " in text
    assert "nonesuch" in text and "source.queries" in text
    assert "hunter2" not in text
    text = refusal(shop.params(queries={"order": "SELECT 1"}))
    assert "a query for order, which is not a table of the contract. Did you mean orders?" in text
    text = refusal(shop.params(queries={"orders": "SELECT a.*, a.order_id FROM orders a"}))
    assert "The query of orders returns several columns called order_id" in text


def test_the_database_is_only_read(shop):
    shop.table("orders", TEXT_IDS, *ROWS)
    deleting = shop.params(queries={"events": "DELETE FROM orders RETURNING *"})
    assert "refused the query of events" in refusal(deleting)
    if shop.kind == "postgresql":
        shop.run("CREATE SEQUENCE numbers")
        counting = shop.params(queries={"events": "SELECT nextval('numbers')"})
        assert "in a read-only transaction" in refusal(counting)
    assert len(load(shop.params())["orders"]) == 2


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reader:hunter2@localhost/shop",
        "postgresql://reader@localhost/shop?password=hunter2",
        "postgresql://reader@localhost/shop?sslpassword=hunter2",
        "postgresql:///reader:hunter2@localhost/shop",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dhunter2",
        "mysql+pymysql://reader:hunter2@localhost/shop",
    ],
)
@pytest.mark.parametrize("step", [fingerprint, load, describe, files])
def test_a_password_in_the_address_is_refused_and_not_repeated(url, step):
    text = refusal(SourceParams(kind="sql", path=url), step)
    assert "source.path in params.yaml holds a password" in text
    assert "PGPASSWORD" in text and "~/.pgpass" in text
    assert "hunter2" not in text


def test_the_description_holds_no_credentials(shop):
    about = describe(shop.params())
    assert about.startswith(f"database {shop.kind}://") and "@" not in about and "?" not in about


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "source.path is empty in params.yaml"),
        ("reader:hunter2@localhost", "is not a database URL"),
        ("sqlite:///nowhere.sqlite3", "names the SQLite file nowhere.sqlite3, which is not there"),
        ("sqlite://", "names the SQLite file :memory:"),
        ("nonesuch://localhost/shop", "what reads it is not installed"),
        ("mysql+pymysql://localhost/shop", "No module named 'pymysql'"),
        ("postgresql://localhost:1/shop", "The database postgresql://localhost:1/shop does not"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(url, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = refusal(SourceParams(kind="sql", path=url))
    assert said in text
    assert "hunter2" not in text
    assert not list(tmp_path.iterdir())
