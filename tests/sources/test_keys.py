"""Order numbers that many purchases share stop the run, and the line printed mends the data."""

import pandas as pd
import pytest

from core.errors import TableError
from tests.sources.folders import checked, params, write
from tests.sources.pasted import lines, paste

DAYS = pd.date_range("2023-01-01", periods=60)


def csv(*rows, header="customer_id,order_id,event_time,amount"):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def refused(of_params):
    with pytest.raises(TableError) as error:
        checked(of_params)
    return str(error.value)


def purchases(of_params):
    rows = checked(of_params)["orders"].rows
    days = rows.assign(day=rows["event_time"].dt.normalize())
    return len(days[["customer_id", "order_id", "day"]].drop_duplicates()), len(
        rows[["customer_id", "order_id"]].drop_duplicates()
    )


def payments():
    """Each of ten people pays every ten days, always under the number of the contract."""
    return [(f"c{n}", f"sub{n}", f"{day:%Y-%m-%d}", 9.9) for day in DAYS[::10] for n in range(10)]


@pytest.mark.slow
def test_one_number_for_all_payments_is_refused_and_the_line_printed_tells_them_apart(tmp_path):
    folder = write(tmp_path, orders=csv(*payments(), header="kunde,order,date,amount"))
    columns = {"customer_id": "kunde", "order_id": "order", "event_time": "date"}
    of_params = params(tmp_path, columns={"orders": columns})
    assert folder.path == of_params.path
    text = refused(of_params)
    assert "60 of 60 purchases have an order_id that is not theirs alone" in text
    assert "(first: sub0, 6 purchases of 1 customer from 2023-01-01 to 2023-02-20)" in text
    assert purchases(paste(of_params, text)) == (60, 60)


@pytest.mark.slow
def test_an_order_paid_in_parts_is_one_purchase_by_the_second_line_printed(tmp_path):
    of_params = write(tmp_path, orders=csv(*payments()))
    text = refused(of_params)
    assert len(lines(text)) == 2
    assert purchases(paste(of_params, text, which=1)) == (10, 10)


@pytest.mark.slow
def test_a_number_that_begins_anew_every_day_is_refused_and_mended(tmp_path):
    rows = [
        (f"c{(7 * n + k) % 50}", k + 1, f"{day:%Y-%m-%d} 1{k}:00:00", 5)
        for n, day in enumerate(DAYS)
        for k in range(5)
    ]
    of_params = write(tmp_path, orders=csv(*rows))
    text = refused(of_params)
    assert "5 belong to several customers" in text
    (line,) = lines(text)[:1]
    assert line == (
        "derive",
        {"orders": {"order_id": "concat_ws(' ', order_id, left(event_time, 10))"}},
    )
    assert purchases(paste(of_params, text)) == (300, 300)


@pytest.mark.slow
def test_a_number_that_begins_anew_every_day_is_mended_whatever_form_the_dates_have(tmp_path):
    rows = [
        (f"c{(7 * n + k) % 50}", k + 1, f"{day:%d.%m.%Y} 1{k}:00:00", 5)
        for n, day in enumerate(DAYS)
        for k in range(5)
    ]
    write(tmp_path, orders=csv(*rows, header='Клиент,"Номер ""чека""",Дата,Сумма'))
    of_params = params(
        tmp_path,
        columns={
            "orders": {"customer_id": "Клиент", "order_id": 'Номер "чека"', "amount": "Сумма"}
        },
        derive={"orders": {"event_time": "strptime(\"Дата\", '%d.%m.%Y %H:%M:%S')"}},
    )
    assert purchases(paste(of_params, refused(of_params))) == (300, 300)


@pytest.mark.slow
@pytest.mark.parametrize(
    "form",
    [
        *("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+03:00", "%Y/%m/%d %H:%M"),
        *("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%y, %H:%M:%S", "%d/%m/%Y %H:%M", "%Y%m%d %H:%M"),
        *("%m/%d/%Y %I:%M:%S %p", "%b %d, %Y %I:%M %p", "%B %d, %Y", "%B %d, %Y, %H:%M"),
        *("%d %b %Y %H:%M", "%d-%b-%Y %H:%M", "%d %B %Y", "%Y.%m.%d %H:%M:%S.250 UTC"),
    ],
)
def test_the_day_in_the_line_printed_is_right_in_every_form_that_times_have(tmp_path, form):
    rows = [
        (f"c{(7 * n + k) % 50}", k + 1, f'"{day + pd.Timedelta(hours=9 + k):{form}}"', 5)
        for n, day in enumerate(DAYS)
        for k in range(5)
    ]
    of_params = write(tmp_path, orders=csv(*rows))
    assert purchases(paste(of_params, refused(of_params))) == (300, 300)
    orders = checked(paste(of_params, refused(of_params)))["orders"].rows
    assert orders.groupby(orders["event_time"].dt.normalize())["order_id"].nunique().eq(5).all()
    days = orders["order_id"].str.split(" ", n=1).str[1]
    assert days.nunique() == len(DAYS)  # a day, and not a time: lines of one order stay together


@pytest.mark.slow
def test_a_number_that_counts_the_orders_of_each_customer_takes_the_customer_with_it(tmp_path):
    rows = [
        (f"c{n}", k + 1, f"{DAYS[(5 * k + n // 3) % 60]:%Y-%m-%d}", 5)
        for n in range(30)
        for k in range(8)
    ]
    of_params = write(tmp_path, orders=csv(*rows))
    text = refused(of_params)
    assert lines(text) == [
        ("derive", {"orders": {"order_id": "concat_ws(' ', order_id, customer_id)"}})
    ]
    assert purchases(paste(of_params, text)) == (240, 240)


@pytest.mark.slow
def test_the_number_of_several_tills_takes_customer_and_day_with_it(tmp_path):
    rows = [
        (f"c{(11 * n + 3 * till + k) % 40}", k + 1, f"{day:%Y-%m-%d}", 5)
        for n, day in enumerate(DAYS)
        for till in range(2)
        for k in range(5)
    ]
    of_params = write(tmp_path, orders=csv(*rows))
    text = refused(of_params)
    assert "customer_id, event_time)" in lines(text)[0][1]["orders"]["order_id"]
    assert len(set(purchases(paste(of_params, text)))) == 1


def test_the_customers_id_as_order_number_is_called_so(tmp_path):
    rows = [(f"c{n}", f"{day:%Y-%m-%d}", 9.9) for day in DAYS[::10] for n in range(10)]
    write(tmp_path, orders=csv(*rows, header="id,date,amount"))
    names = {"customer_id": "id", "order_id": "id", "event_time": "date"}
    of_params = params(tmp_path, columns={"orders": names})
    text = refused(of_params)
    assert "order_id is the customer's id" in text
    assert lines(text) == [("derive", {"orders": {"order_id": "concat_ws(' ', id, date)"}})]
    assert purchases(paste(of_params, text)) == (60, 60)


def test_without_an_order_number_one_is_derived_and_the_customer_keeps_its_column(tmp_path):
    rows = [(f"c{n}", f"{day:%Y-%m-%d}", 9.9) for day in DAYS[::10] for n in range(10)]
    write(tmp_path, orders=csv(*rows, header="id,date,amount"))
    of_params = params(tmp_path, columns={"orders": {"customer_id": "id", "event_time": "date"}})
    text = refused(of_params)
    assert "Did you mean" not in text
    assert purchases(paste(of_params, text)) == (60, 60)


def test_what_stands_in_derive_already_stays_in_the_line_printed(tmp_path):
    rows = [(f"c{n}", f"{day:%Y-%m-%d}", 9.9) for day in DAYS[::10] for n in range(10)]
    write(tmp_path, orders=csv(*rows, header="id,date,price"))
    of_params = params(
        tmp_path,
        columns={"orders": {"customer_id": "id"}},
        derive={"orders": {"event_time": "CAST(date AS TIMESTAMP)", "amount": "price * 2"}},
    )
    mended = paste(of_params, refused(of_params))
    assert (checked(mended)["orders"].rows["amount"] == 19.8).all()


def test_refunds_late_lines_and_a_few_shared_numbers_stop_nothing(tmp_path):
    rows = [(f"c{n % 40}", n, f"{DAYS[n % 60]:%Y-%m-%d}", 5) for n in range(400)]
    rows += [(f"c{n % 40}", n, "2023-03-20", -5) for n in range(200)]  # refunds, weeks later
    rows += [
        (f"c{n % 40}", n, f"{DAYS[n % 60] + pd.Timedelta(days=1):%Y-%m-%d}", 2) for n in range(200)
    ]
    of_params = write(tmp_path, orders=csv(*rows))
    result = checked(of_params)["orders"]
    assert len(result.rows) == 800
    assert result.notes == ()


@pytest.mark.slow
def test_some_shared_numbers_are_a_warning_with_the_line_that_mends_them(tmp_path):
    rows = [(f"c{n % 40}", n, f"{DAYS[n % 60]:%Y-%m-%d}", 5) for n in range(400)]
    rows += [(f"c{n}", 7, f"{DAYS[n]:%Y-%m-%d}", 5) for n in range(20, 32)]
    of_params = write(tmp_path, orders=csv(*rows))
    (note,) = checked(of_params)["orders"].notes
    assert (note.check, note.severity) == ("shared_order_numbers", "warning")
    mended = paste(of_params, note.what_to_do)
    assert checked(mended)["orders"].notes == ()


@pytest.mark.slow
def test_free_orders_and_returns_say_nothing_about_numbers_without_amounts_either(tmp_path):
    rows = [(f"c{n % 40}", n, f"{DAYS[n % 60]:%Y-%m-%d}", 1) for n in range(400)]
    rows += [(f"c{n % 40}", n, "2023-03-20", -1) for n in range(200)]
    header = "customer_id,order_id,event_time,quantity"
    of_params = write(tmp_path, orders=csv(*rows, header=header))
    assert checked(of_params)["orders"].notes == ()


def test_periods_under_the_number_of_one_contract_get_a_number_each_by_the_line_printed(tmp_path):
    rows = [
        (f"c{n}", f"s{n}", f"2023-{month:02}-01", f"2023-{month + 1:02}-01")
        for n in range(20)
        for month in range(1, 11)
    ]
    write(tmp_path, subscriptions=csv(*rows, header="customer_id,contract,begin,ended_at"))
    names = {"subscription_id": "contract", "started_at": "begin"}
    of_params = params(tmp_path, columns={"subscriptions": names})
    text = refused(of_params)
    assert "another row has the same subscription_id and different content" in text
    assert checked(paste(of_params, text))["subscriptions"].counts["kept"] == 200


def test_a_line_number_that_numbers_no_lines_is_done_without_by_the_line_printed(tmp_path):
    rows = [(f"c{n}", f"o{n}", 1, "2023-01-01", k) for n in range(20) for k in range(1, 11)]
    header = "customer_id,order_id,line_id,event_time,amount"
    of_params = write(tmp_path, orders=csv(*rows, header=header))
    assert checked(paste(of_params, refused(of_params)))["orders"].counts["kept"] == 200
