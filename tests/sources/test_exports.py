"""The exports of ../shared/cases/exports, as companies deliver them: read, or refused."""

import re
from pathlib import Path

import pytest

from core.errors import SourceError
from sources.kinds.files import describe, load
from sources.tables.check_tables import check_tables
from tests.sources.folders import checked, params
from tests.sources.pasted import paste

EXPORTS = Path(__file__).resolve().parents[3] / "shared" / "cases" / "exports"
pytestmark = pytest.mark.skipif(
    not EXPORTS.is_dir(), reason="../shared/cases is not beside this repository"
)


def refusal(of_params):
    with pytest.raises(SourceError) as error:
        check_tables(load(of_params), of_params)
    return str(error.value)


def note(table, check):
    (found,) = (note for note in table.notes if note.check == check)
    return found


def test_1c_is_read_in_its_encoding_after_one_line():
    of_params = params(EXPORTS / "onec")
    assert describe(of_params).endswith("orders.csv read as cp1251")
    mended = paste(of_params, refusal(of_params))
    told = note(checked(mended)["orders"], "not_mapped")
    assert "Сумма (amount), Количество (quantity), Номенклатура (product)" in told.meaning
    orders = checked(paste(mended, told.what_to_do))["orders"]
    assert orders.counts["kept"] == 299
    assert orders.rows["amount"].iloc[0] == 1053
    assert orders.rows["customer_id"].iloc[0] == "000000302"


def test_lines_of_shopify_are_their_orders_customers():
    of_params = params(EXPORTS / "shopify", files={"orders": "orders_export_1.csv"})
    mended = paste(of_params, refusal(of_params))
    orders = checked(mended)["orders"]
    assert (orders.counts["kept"], orders.counts["guests"]) == (299, 0)
    assert [n.rows for n in orders.notes if n.check == "blank_within_order"] == [171]


def test_woocommerces_house_account_is_a_guest_and_its_failed_orders_are_told():
    of_params = params(EXPORTS / "woo")
    orders = checked(paste(of_params, refusal(of_params)))["orders"]
    assert orders.counts["guests"] == 50
    assert "billing_email" in note(orders, "means_nobody").what_to_do
    assert "order_total (amount)" in note(orders, "not_mapped").meaning
    unfinished = note(orders, "not_a_purchase")
    left = checked(paste(paste(of_params, refusal(of_params)), unfinished.what_to_do))["orders"]
    assert left.counts["left_out"] == 40  # five of them of guests


def test_a_workbook_of_two_sheets_asks_and_reads_both():
    said = refusal(params(EXPORTS / "xlsx"))
    (both,) = re.findall(r'"(orders\.xlsx#\*)"', said)
    of_params = params(EXPORTS / "xlsx", files={"orders": both})
    columns = {"orders": {"customer_id": "CustomerID", "order_id": "InvoiceNo"}}
    columns["orders"]["event_time"] = "InvoiceDate"
    orders = checked(of_params.model_copy(update={"columns": columns}))["orders"]
    assert (orders.counts["kept"], orders.counts["guests"]) == (21_947, 0)
    assert orders.rows["customer_id"].iloc[0] == "12302"


def test_utf16_and_a_tiny_shop_are_read_as_they_are():
    assert checked(params(EXPORTS / "utf16"))["orders"].counts["kept"] == 8_745
    assert checked(params(EXPORTS / "tiny"))["orders"].counts["kept"] == 402


def test_epoch_milliseconds_are_read_by_the_line_printed():
    of_params = params(EXPORTS / "epoch")
    assert checked(paste(of_params, refusal(of_params)))["orders"].counts["kept"] == 299


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("telco", "label: Churn, customer: customerID}"),
        ("feature_table", "label: churn, customer: customer_id, as_of: as_of}"),
    ],
)
def test_features_with_a_label_are_told_where_they_are_read(folder, line):
    said = refusal(params(EXPORTS / folder))
    assert "source: {kind: table, path: " in said and line in said


def test_orders_without_a_date_say_what_is_missing():
    said = refusal(params(EXPORTS / "instacart"))
    assert 'columns: {orders: {customer_id: "user_id"}}' in said
    assert "No name shows which column is the date and time (event_time)" in said
