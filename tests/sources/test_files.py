"""The user's own folder: what is there is read as it stands, and what cannot be is said."""

import pandas as pd
import pytest

from core.errors import SourceError, TableError
from sources.kinds.files import describe, files, load
from sources.params import SourceParams
from tests.sources.folders import HEADER, checked, params, write

GOOD = HEADER + "00123,1,2017-05-01,5\n00124,2,2017-05-02,-1.5\n"
FOREIGN = "CustomerID,InvoiceNo,InvoiceDate,Quantity,UnitPrice\n"
RENAMES = {"orders": {"customer_id": "CustomerID", "order_id": "InvoiceNo"}}


def refusal(of_params, read=load):
    with pytest.raises(SourceError) as error:
        read(of_params)
    return str(error.value)


def parquet(**columns):
    usual = {"order_id": ["1", "2"], "event_time": pd.to_datetime(["2017-05-01", "2017-05-02"])}
    return pd.DataFrame({**usual, **columns})


def test_ids_of_a_csv_keep_their_zeros(tmp_path):
    rows = checked(write(tmp_path, orders=GOOD))["orders"].rows
    assert rows["customer_id"].tolist() == ["00123", "00124"]
    assert rows["amount"].tolist() == [5.0, -1.5]
    assert rows["event_time"].tolist() == [pd.Timestamp("2017-05-01"), pd.Timestamp("2017-05-02")]


def test_ids_of_a_csv_stay_as_they_are_written(tmp_path):
    ids = ["1.10", "1e5", "7", "12345678901234567890"]
    text = HEADER + "".join(f"{name},{name},2017-05-01,5\n" for name in ids)
    rows = checked(write(tmp_path, orders=text))["orders"].rows
    assert rows["customer_id"].tolist() == rows["order_id"].tolist() == ids


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("ids", "as_text"),
    [
        (["00123", "x"], ["00123", "x"]),
        ([123, 7], ["123", "7"]),
        ([17850.0, 7.0], ["17850", "7"]),
        ([17850.0, None], ["17850"]),
        (pd.array([12345678901234567, None], dtype="Int64"), ["12345678901234567"]),
    ],
)
def test_ids_of_parquet_are_text_whatever_their_type(tmp_path, ids, as_text):
    result = checked(write(tmp_path, orders=parquet(customer_id=ids)))["orders"]
    assert result.rows["customer_id"].tolist() == as_text
    assert result.counts["guests"] == 2 - len(as_text)


def test_parts_of_a_table_agree_on_ids_with_and_without_gaps(tmp_path):
    (tmp_path / "orders").mkdir()
    parquet(customer_id=[17850.0, None]).to_parquet(tmp_path / "orders" / "b.parquet")
    parquet(customer_id=[17850, 7]).to_parquet(tmp_path / "orders" / "c.parquet")
    (tmp_path / "orders" / "a.csv").write_text(HEADER + "17850,9,2017-05-01,5\n")
    rows = checked(params(tmp_path))["orders"].rows
    assert rows["customer_id"].tolist() == ["17850", "17850", "17850", "7"]
    assert sorted(files(params(tmp_path))) == [
        "orders/a.csv",
        "orders/b.parquet",
        "orders/c.parquet",
    ]


@pytest.mark.slow
def test_further_tables_are_read_and_other_files_are_not(tmp_path):
    consents = "customer_id,channel,event_time,granted\n00123,email,2017-05-01,no\n"
    of_params = write(tmp_path, orders=GOOD, consents=consents, holidays="day\n2017-05-01\n")
    assert sorted(load(of_params)) == ["consents", "orders"]
    assert checked(of_params)["consents"].rows["granted"].tolist() == [False]
    assert sorted(files(of_params)) == ["consents.csv", "orders.csv"]
    assert describe(of_params) == f"folder {tmp_path}"


def test_an_empty_file_is_refused_by_name(tmp_path):
    text = refusal(write(tmp_path, orders=""))
    assert text.endswith("orders.csv is empty (0 bytes). Export it again, with a header row.")
    (tmp_path / "orders.csv").unlink()
    (tmp_path / "orders.parquet").touch()
    assert "orders.parquet is empty (0 bytes)" in refusal(params(tmp_path))


def test_a_header_without_rows_is_refused_with_and_without_expressions(tmp_path):
    of_params = write(tmp_path, orders=HEADER + "")
    with pytest.raises(TableError, match="orders has a header but no rows"):
        checked(of_params)
    write(tmp_path, orders="customer_id,order_id,event_time,Quantity,UnitPrice\n")
    derived = params(tmp_path, derive={"orders": {"amount": "Quantity * UnitPrice"}})
    assert "orders.csv has a header but no rows. Export it again." in refusal(derived)


def test_a_missing_folder_or_table_says_what_is_there(tmp_path):
    assert "source.path is empty" in refusal(SourceParams(kind="files"))
    assert "which is not a folder" in refusal(params(tmp_path / "nowhere"))
    (tmp_path / "sales.csv").write_text(GOOD)
    text = refusal(params(tmp_path))
    assert "holds no table orders" in text and "it holds: sales.csv" in text
    assert "files: {orders: sales.csv}" in text


def test_one_table_in_two_files_is_refused(tmp_path):
    write(tmp_path, orders=parquet(customer_id=["a", "b"]))
    text = refusal(write(tmp_path, orders=GOOD), files)
    assert "holds the table orders more than once: orders.csv, orders.parquet" in text
    assert "folder orders/" in text


def test_a_missing_required_column_names_the_columns_and_the_nearest(tmp_path):
    of_params = write(tmp_path, orders=GOOD.replace("customer_id", "CustomerID"))
    with pytest.raises(TableError) as error:
        checked(of_params)
    assert "It has: CustomerID, order_id, event_time, amount. Did you mean CustomerID?" in str(
        error.value
    )


def test_renames_and_expressions_make_the_contract_out_of_other_columns(tmp_path):
    rows = FOREIGN + "00123,536365,2010-12-01 08:26,6,2.55\n00124,C536366,2010-12-02,-1,2.5\n"
    write(tmp_path, orders=rows)
    columns = {"orders": RENAMES["orders"] | {"event_time": "InvoiceDate", "quantity": "Quantity"}}
    derive = {"orders": {"amount": "Quantity * UnitPrice", "store": "'web'"}}
    result = checked(params(tmp_path, columns=columns, derive=derive))["orders"]
    assert result.rows["amount"].tolist() == pytest.approx([15.3, -2.5])
    assert result.rows["quantity"].tolist() == [6, -1]
    assert result.rows["store"].tolist() == ["web", "web"]
    assert result.rows["order_id"].tolist() == ["536365", "C536366"]
    assert result.rows["customer_id"].tolist() == ["00123", "00124"]
    assert result.ignored_columns == ("UnitPrice",)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("written", "form", "meant"),
    [
        ("12/1/2010 8:26", "%m/%d/%Y %H:%M", "2010-12-01 08:26"),
        ("1.12.2010", "%d.%m.%Y", "2010-12-01"),
        ("3/4/2010", "%d/%m/%Y", "2010-04-03"),
        ("2010-12-01 08:26:00", "%Y-%m-%d %H:%M:%S", "2010-12-01 08:26"),
        ("20101201", "%Y%m%d", "2010-12-01"),
    ],
)
def test_dates_that_are_not_iso_are_computed_and_never_guessed(tmp_path, written, form, meant):
    write(tmp_path, orders=f"customer_id,order_id,InvoiceDate\n1,1,{written}\n")
    when = f"strptime(InvoiceDate::VARCHAR, '{form}')" if form == "%Y%m%d" else None
    derive = {"orders": {"event_time": when or f"strptime(InvoiceDate, '{form}')"}}
    rows = checked(params(tmp_path, derive=derive))["orders"].rows
    assert rows["event_time"].tolist() == [pd.Timestamp(meant)]
    berlin = params(tmp_path, derive=derive, timezone="Europe/Berlin")
    shifted = checked(berlin)["orders"].rows
    # A column of dates stays as it is in any zone.
    offset = pd.Timedelta(hours=1 if "08:26" in meant else 0)
    assert shifted["event_time"].tolist() == [pd.Timestamp(meant) - offset]


@pytest.mark.slow
def test_a_date_that_an_expression_cannot_read_stops_or_is_set_aside(tmp_path):
    rows = "".join(f"{n},{n},12/1/2010\n" for n in range(30)) + "x,x,32.13.2011\n"
    write(tmp_path, orders="customer_id,order_id,Day\n" + rows)
    strict = params(tmp_path, derive={"orders": {"event_time": "strptime(Day, '%m/%d/%Y')"}})
    text = refusal(strict)
    assert "orders.csv could not be read with source.derive.orders: " in text
    assert '"32.13.2011"' in text
    assert "Columns: customer_id, order_id, Day." in text
    assert "start with try_" in text
    lenient = params(tmp_path, derive={"orders": {"event_time": "try_strptime(Day, '%m/%d/%Y')"}})
    result = checked(lenient)["orders"]
    assert result.counts["quarantined"] == 1
    assert result.quarantine.loc[0, ["Day", "reason"]].tolist() == [
        "32.13.2011",
        "event_time is not a date",
    ]


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("Quantity *", "syntax error"),
        ("Price * 2", '"Price" not found'),
        ("no_such_function(amount)", "no_such_function"),
        ("amount || (SELECT)", "Parser Error"),
    ],
)
def test_a_bad_expression_is_refused_with_the_columns_there_are(tmp_path, expression, said):
    write(tmp_path, orders=GOOD)
    text = refusal(params(tmp_path, derive={"orders": {"amount": expression}}))
    assert "orders.csv could not be read with source.derive.orders: " in text
    assert said in text
    assert "Columns: customer_id, order_id, event_time, amount." in text


def test_a_rename_of_a_column_that_is_not_there_names_the_nearest(tmp_path):
    write(tmp_path, orders=FOREIGN + "1,1,2010-12-01,6,2.55\n")
    text = refusal(params(tmp_path, columns={"orders": {"customer_id": "CustomerId"}}))
    assert (
        "source.columns.orders.customer_id names the column CustomerId, which is not there" in text
    )
    assert "Did you mean CustomerID?" in text


def test_a_rename_to_a_column_that_the_contract_does_not_have_is_refused(tmp_path):
    write(tmp_path, orders=GOOD)
    text = refusal(params(tmp_path, columns={"orders": {"customer": "customer_id"}}))
    assert "orders.customer, which the contract does not have. Did you mean customer_id?" in text
    people = write(tmp_path, customers="customer_id,Tarif\n00123,gold\n")
    kept = people.model_copy(update={"columns": {"customers": {"tariff": "Tarif"}}})
    assert load(kept)["customers"].columns.tolist() == ["tariff", "customer_id"]


def test_a_row_with_too_few_or_too_many_cells_is_named(tmp_path):
    text = refusal(write(tmp_path, orders=GOOD + "00125,3\n"))
    assert "orders.csv: row 4 has 2 cells and the header has 4" in text
    assert "not copied whole" in text
    text = refusal(
        write(tmp_path, orders=GOOD + "00125,3,2017-05-01,5,6,7\n" + "1,1,2017-05-01,5\n")
    )
    assert "orders.csv: row 4 has 6 cells" in text


def test_files_that_are_no_tables_are_refused(tmp_path):
    (tmp_path / "orders.parquet").write_text("no parquet")
    assert "orders.parquet could not be read" in refusal(params(tmp_path))


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        "\ufeff" + GOOD,
        "\n\n" + GOOD,
        GOOD.replace("00123", '"00123"'),
        GOOD.rstrip("\n"),
    ],
)
def test_common_dialects_of_csv_read_the_same(tmp_path, content):
    rows = checked(write(tmp_path, orders=content))["orders"].rows
    assert rows["customer_id"].tolist() == ["00123", "00124"]
    assert rows["amount"].tolist() == [5.0, -1.5]


def test_quotes_commas_and_line_breaks_stay_inside_their_cell(tmp_path):
    text = 'customer_id,order_id,event_time,product\n"a,b","1",2017-05-01,"say ""hi""\nagain"\n'
    rows = checked(write(tmp_path, orders=text))["orders"].rows
    assert rows.loc[0, ["customer_id", "product"]].tolist() == ["a,b", 'say "hi"\nagain']


@pytest.mark.slow
def test_an_odd_value_far_down_does_not_break_the_column(tmp_path):
    lines = "".join(f"{n},{n},2017-05-01,{n}\n" for n in range(30_000))
    result = checked(write(tmp_path, orders=HEADER + lines + "x,x,2017-05-01,twelve\n"))["orders"]
    assert result.counts["kept"] == 30_000
    assert result.quarantine["reason"].tolist() == ["amount is not a number"]


# DuckDB drops a column in place on its way to pandas.
@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")
def test_zoned_times_of_parquet_are_moved_to_utc(tmp_path):
    times = pd.to_datetime(["2017-07-15 00:30", "2017-01-15 00:30"]).tz_localize("Europe/Berlin")
    table = parquet(customer_id=["a", "b"]).assign(event_time=times)
    rows = checked(write(tmp_path, orders=table))["orders"].rows
    assert rows["event_time"].tolist() == [
        pd.Timestamp("2017-07-14 22:30"),
        pd.Timestamp("2017-01-14 23:30"),
    ]
