"""Every kind of file that people export is read as the table it holds."""

import gzip
import json
import zipfile
from datetime import datetime

import pandas as pd
import pytest

from core.errors import SourceError
from sources.formats.looking import look
from sources.kinds.files import describe, files, load
from tests.sources.folders import HEADER, checked, params, write
from tests.sources.workbooks import ods, xls, xlsb, xlsx

GOOD = HEADER + "00123,1,2017-05-01,5\n00124,2,2017-05-02,-1.5\n"
COLUMNS = tuple(HEADER.strip().split(","))


def as_rows(text=GOOD):
    return [line.split(",") for line in text.splitlines()]


def as_objects():
    header, *rows = as_rows()
    return [dict(zip(header, row, strict=True)) for row in rows]


WAYS = {
    "orders.tsv": lambda path: path.write_text(GOOD.replace(",", "\t")),
    "orders.csv.gz": lambda path: path.write_bytes(gzip.compress(GOOD.encode())),
    "orders.jsonl": lambda path: path.write_text("\n".join(map(json.dumps, as_objects()))),
    "orders.xlsx": lambda path: xlsx(path, Sheet1=as_rows()),
    "orders.xls": lambda path: xls(path, as_rows()),
    "orders.ods": lambda path: ods(path, Sheet1=as_rows()),
    "orders.zip": lambda path: zipped(path, {"deep/sales.csv": GOOD}),
    "orders.txt": lambda path: path.write_text(GOOD.replace(",", "|")),
    "orders.CSV": lambda path: path.write_text(GOOD.replace(",", ";")),
    "orders.json": lambda path: path.write_text(json.dumps(as_objects())),
    "orders.ndjson.gz": lambda path: path.write_bytes(
        gzip.compress("\n".join(map(json.dumps, as_objects())).encode())
    ),
    "orders.xlsb": lambda path: xlsb(path, as_rows()),
}


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.slow_after(7)
@pytest.mark.parametrize("name", WAYS)
def test_every_format_is_the_same_table_when_read_and_when_looked_at(tmp_path, name):
    WAYS[name](tmp_path / name)
    rows = checked(params(tmp_path))["orders"].rows
    assert rows["customer_id"].tolist() == ["00123", "00124"]
    assert rows["amount"].tolist() == [5.0, -1.5]
    assert rows["event_time"].tolist() == [pd.Timestamp("2017-05-01"), pd.Timestamp("2017-05-02")]
    assert list(files(params(tmp_path))) == [name]
    (looked,) = look(tmp_path)
    assert looked.address.startswith(name)
    assert (looked.columns, looked.rows, looked.refusal) == (COLUMNS, 2, "")
    assert looked.sample["customer_id"].tolist() == ["00123", "00124"]


def test_objects_within_a_row_of_json_give_columns_and_lists_stay_text(tmp_path):
    buyer = {"id": "00123", "a.b": 1, "home": {"city": "Bonn", "tags": ["x"]}}
    rows = [
        {"order_id": "1", "event_time": "2017-05-01", "customer": buyer, "customer.home.city": "K"},
        {"order_id": "2", "event_time": "2017-05-02", "customer": None, "lines": [{"sku": "s"}]},
    ]
    (tmp_path / "orders.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (looked,) = look(tmp_path)
    assert set(looked.columns) == {
        *("order_id", "event_time", "customer", "customer.home.city", "lines"),
        *("customer.id", "customer.a.b"),
    }
    assert looked.sample["customer.home.city"].iloc[0] == "K"  # its own column, not the nested one
    mapped = params(
        tmp_path,
        columns={"orders": {"customer_id": "customer.id"}},
        derive={"orders": {"product": "lines->>'$[0].sku'", "store": '"customer.a.b"'}},
    )
    found = checked(mapped)["orders"]
    assert found.counts["guests"] == 1
    assert found.rows[["customer_id", "store"]].to_numpy().tolist() == [["00123", "1"]]
    assert load(mapped)["orders"]["product"].iloc[1] == "s"


def test_cells_of_excel_keep_their_meaning(tmp_path):
    rows = [
        ["customer_id", "order_id", "event_time", "amount", "product"],
        [123.0, 1, datetime.fromisoformat("2017-05-01 12:50"), 1.234, "00123"],
        [None, 2, datetime.fromisoformat("2017-05-02"), 5, 17.0],
        [7, 3, datetime.fromisoformat("2017-05-03"), None, None],
    ]
    xlsx(tmp_path / "orders.xlsx", Sheet1=rows)
    result = checked(params(tmp_path))["orders"]
    assert result.counts["guests"] == 1
    assert result.rows["customer_id"].tolist() == ["123", "7"]
    assert result.rows["event_time"].tolist() == [
        pd.Timestamp("2017-05-01 12:50"),
        pd.Timestamp("2017-05-03"),
    ]
    typed = params(tmp_path, derive={"orders": {"store": "year(event_time)::VARCHAR"}})
    assert load(typed)["orders"]["store"].unique().tolist() == ["2017"]  # dates, no texts
    assert result.rows["amount"].iloc[0] == 1.234  # a number, of which nothing has to be asked
    assert result.rows["product"].iloc[0] == "00123"
    assert load(params(tmp_path))["orders"]["product"].iloc[1] == "17"  # beside a text


@pytest.mark.slow
def test_titles_above_and_totals_below_are_no_rows(tmp_path):
    sheet = [
        ["Sales report", None, None, None],
        ["Period", "2017", None, None],
        [],
        ["customer_id", "order_id", "event_time", "amount"],
        ["00123", "1", "2017-05-01", "5"],
        ["00124", "2", "2017-05-02", "-1.5"],
        ["Total", None, None, "3.5"],
        ["Prepared by: A. Ivanova", None, None, None],
    ]
    text = "\n".join(";".join(cell or "" for cell in (row + [None] * 4)[:4]) for row in sheet)
    ragged = "Sales report\n\n" + GOOD + "Total,of May,3.5\n\nPrepared by: A. Ivanova\n"
    xlsx(tmp_path / "orders.xlsx", Sheet1=sheet)
    for name, content in (("orders.csv", text), ("ragged.csv", ragged)):
        (tmp_path / name).write_text(content)
    for looked in look(tmp_path):
        assert (looked.columns, looked.rows, looked.refusal) == (COLUMNS, 2, ""), looked.address
        assert looked.title_lines in (2, 3)
        assert (looked.trimmed.totals, looked.trimmed.remarks) == (1, 1)
    for name in ("orders.csv", "ragged.csv", "orders.xlsx"):
        of_params = params(tmp_path, files={"orders": name})
        assert checked(of_params)["orders"].counts["kept"] == 2, name


@pytest.mark.slow
def test_source_files_says_which_file_holds_which_table(tmp_path):
    write(tmp_path, customers="customer_id,name\n00123,Anna\n")
    (tmp_path / "2023").mkdir()
    (tmp_path / "2023" / "sales_1.csv").write_text(GOOD)
    (tmp_path / "2023" / "sales_2.csv").write_text(HEADER + "7,9,2017-05-03,2\n")
    zipped(tmp_path / "all.zip", {"a/o.csv": GOOD, "a/c.csv": "x,y\n1,2\n"})
    xlsx(tmp_path / "book.xlsx", May=as_rows(), June=as_rows(HEADER + "7,9,2017-06-03,2\n"))
    for given, rows in (
        ("2023/sales_1.csv", 2),
        ("2023/sales_*.csv", 3),
        (["2023/sales_1.csv", "book.xlsx#June"], 3),
        ("book.xlsx#May", 2),
        ("book.xlsx#*", 3),
        ("all.zip#a/o.csv", 2),
    ):
        of_params = params(tmp_path, files={"orders": given})
        found = load(of_params)
        assert (len(found["orders"]), len(found["customers"])) == (rows, 1), given
    assert sorted(files(of_params)) == ["all.zip", "customers.csv"]
    assert describe(of_params) == f"folder {tmp_path}; orders from all.zip#a/o.csv"
    assert list(load(params(tmp_path, files={"orders": "book.xlsx#May", "customers": None}))) == [
        "orders"
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("sale.csv", "which is not in"),
        ("../orders.csv", "outside of source.path"),
        ("book.xlsx#Mai", "has no Mai inside. Did you mean May? It has: May, June."),
        ("book.xlsx#X*", "nothing in"),
        ("book.xlsx", "holds 2 tables: May, June"),
        ("sales.csv#x", "is one table, with nothing called x inside"),
    ],
)
def test_what_source_files_names_and_is_not_there_is_said(tmp_path, given, said):
    (tmp_path / "sales.csv").write_text(GOOD)
    xlsx(tmp_path / "book.xlsx", May=as_rows(), June=as_rows())
    with pytest.raises(SourceError) as error:
        load(params(tmp_path, files={"orders": given}))
    assert said in str(error.value)


@pytest.mark.slow
def test_the_refusal_of_a_folder_without_orders_names_the_likeliest_file_with_a_line_that_runs(
    tmp_path,
):
    for n in range(500):
        (tmp_path / f"log_{n:03}.csv").write_text("a,b\n1,2\n")
    (tmp_path / "Заказы за 2017.csv").write_text(GOOD)
    with pytest.raises(SourceError) as error:
        load(params(tmp_path))
    text = str(error.value)
    assert 'files: {orders: "Заказы за 2017.csv"}' in text
    assert "and 493 more" in text and len(text) < 700
    assert f"make own-data FROM={tmp_path}" in text
    assert len(load(params(tmp_path, files={"orders": "Заказы за 2017.csv"}))["orders"]) == 2
