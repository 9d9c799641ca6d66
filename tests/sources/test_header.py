"""What a refused header says, in the user's own columns, and that it runs as printed."""

import json

import pytest

from core.errors import SourceError
from sources.contract import TABLES
from sources.kinds.files import load
from sources.meanings.column_names import COLUMN_NAMES, meant_columns
from sources.tables.check_tables import check_tables
from tests.each import check_each
from tests.sources.folders import checked, params, write
from tests.sources.pasted import paste

EXPORTS = {  # header: which columns are meant by customer_id, event_time, order_id, amount
    "order_id,order_date,status,billing_email,order_total,payment_method": (
        *("billing_email", "order_date", "order_id", "order_total"),
    ),
    "Name,Email,Financial Status,Paid at,Total,Created at,Cancelled at,Notes": (
        *("Email", "Created at", "Name", "Total"),
    ),
    "Дата;Номер документа;Контрагент;Код контрагента;Номенклатура;Сумма": (
        *("Код контрагента", "Дата", "Номер документа", "Сумма"),
    ),
    "Дата;Номер;Контрагент;Сумма": ("Контрагент", "Дата", "Номер", "Сумма"),
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country": (
        *("CustomerID", "InvoiceDate", "InvoiceNo", None),
    ),
    "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at": (
        *("customer_id", "order_purchase_timestamp", "order_id", None),
    ),
    "ID,Purchase Point,Purchase Date,Bill-to Name,Grand Total (Base),Customer Email": (
        *("Customer Email", "Purchase Date", "ID", "Grand Total (Base)"),
    ),
    "ID сделки;Дата создания;Контакт;Сумма сделки;Ответственный": (
        *("Контакт", "Дата создания", "ID сделки", "Сумма сделки"),
    ),
    "Номер заказа;Дата оформления;Телефон;Сумма заказа;Менеджер": (
        *("Телефон", "Дата оформления", "Номер заказа", "Сумма заказа"),
    ),
    "id,Created date (UTC),Amount,Currency,Customer ID,Customer Email,Status": (
        *("Customer ID", "Created date (UTC)", "id", "Amount"),
    ),
}


def test_columns_of_known_exports_are_recognised():
    def recognised(header, meant):
        names = header.replace(";", ",").split(",")
        for column, name in zip(
            ("customer_id", "event_time", "order_id", "amount"), meant, strict=True
        ):
            assert next(iter(meant_columns(column, "orders", names)), None) == name, column

    check_each(EXPORTS.items(), recognised)


def test_a_price_is_the_money_of_a_line_only_where_nothing_counts_pieces():
    assert meant_columns("amount", "orders", ["item", "price"]) == ["price"]
    assert meant_columns("amount", "orders", ["qty", "price"]) == []


def test_the_vocabulary_names_every_column_of_the_contract():
    assert {table: set(columns) for table, columns in COLUMN_NAMES.items()} == {
        name: set(table.columns) for name, table in TABLES.items()
    }


def refusal(of_params):
    with pytest.raises(SourceError) as error:
        check_tables(load(of_params), of_params)
    return str(error.value)


def test_all_missing_columns_are_named_in_one_line_that_runs(tmp_path):
    text = "Номер документа;Дата;Код контрагента;Сумма\n1;02.06.2023;K1;5\n2;03.06.2023;K2;6\n"
    of_params = write(tmp_path, orders=text)
    said = refusal(of_params)
    assert "orders has no column customer_id, event_time, order_id." in said
    assert checked(paste(of_params, said))["orders"].counts["kept"] == 2


def test_money_under_another_name_is_told_with_the_line_that_reads_it(tmp_path):
    text = "customer_id,order_id,event_time,order_total,note\nK1,1,2023-06-02,5,x\n"
    of_params = write(tmp_path, orders=text)
    (note,) = (n for n in checked(of_params)["orders"].notes if n.check == "not_mapped")
    assert (note.severity, note.column) == ("warning", "amount")
    assert checked(paste(of_params, note.what_to_do))["orders"].rows["amount"].tolist() == [5]


def test_a_file_without_a_header_is_told_so(tmp_path):
    said = refusal(write(tmp_path, orders="K1,1001,2023-06-02,5.50\nK2,1002,2023-06-03,7\n"))
    assert "The first row seems to be data and not names (1001, 2023-06-02, 5.50)" in said


def test_a_header_in_another_language_says_what_is_looked_for(tmp_path):
    said = refusal(write(tmp_path, orders="顾客;订单;日期;金额\nK1;1;2023-06-02;5\n"))
    assert "It has: 顾客, 订单, 日期, 金额." in said
    assert "who bought (customer_id) and the date and time (event_time)" in said
    assert "columns: {orders: {customer_id: …}}" in said


def test_a_column_of_json_is_named_with_the_line_that_takes_its_part(tmp_path):
    """JSON in a cell of CSV stays text; in a file of JSON an object gives columns."""
    text = "order_id;created_at;buyer\n" + "".join(
        f'{n};2023-06-0{n};{{"id": "K{n}", "vip": true}}\n' for n in (1, 2)
    )
    of_params = write(tmp_path, orders=text)
    of_params = of_params.model_copy(update={"columns": {"orders": {"event_time": "created_at"}}})
    said = refusal(of_params)
    assert "It may be inside a column of JSON" in said
    mended = checked(paste(of_params, said))["orders"].rows
    assert mended["customer_id"].tolist() == ["K1", "K2"]


def test_a_value_within_an_object_of_json_is_a_column_that_is_named(tmp_path):
    rows = [
        {"order_id": str(n), "created_at": f"2023-06-0{n}", "buyer": {"id": f"K{n}", "vip": True}}
        for n in (1, 2)
    ]
    (tmp_path / "orders.json").write_text(json.dumps(rows))
    of_params = params(tmp_path, columns={"orders": {"event_time": "created_at"}})
    said = refusal(of_params)
    assert "Did you mean buyer.id?" in said
    assert checked(paste(of_params, said))["orders"].rows["customer_id"].tolist() == ["K1", "K2"]


def test_features_with_a_label_are_no_purchases_and_their_source_is_named(tmp_path):
    text = "customerID,as_of,tenure,Churn\n" + "".join(
        f"C{n},2024-01-01,{n},{'Yes' if n % 3 else 'No'}\n" for n in range(9)
    )
    (tmp_path / "telco.csv").write_text(text)
    line = (
        f'source: {{kind: table, path: "{tmp_path}/telco.csv", label: Churn, customer: customerID'
    )
    for of_params in (params(tmp_path), params(tmp_path, files={"orders": "telco.csv"})):
        assert f"{line}, as_of: as_of}}" in refusal(of_params)
