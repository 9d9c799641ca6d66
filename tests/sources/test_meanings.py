"""Orders that are no purchases, and totals on each line, are told; the line printed mends them."""

import pytest
import yaml

from core.errors import SourceError
from sources.kinds.files import load
from sources.tables.check_tables import check_tables
from tests.sources.folders import checked, params, write
from tests.sources.pasted import paste
from tests.sources.raw_tables import SHARED_CASES
from tests.sources.test_keys import csv


def notes(of_params, check=None):
    found = checked(of_params)["orders"].notes
    return [note for note in found if check is None or note.check == check]


def with_status(*cells, column="status"):
    """Two hundred orders, of which every fifth has one of the cells and the others `done`."""
    rows = [
        (
            f"c{n % 40}",
            n,
            f"2023-01-{n % 28 + 1:02}",
            5,
            cells[n % len(cells)] if n % 5 == 0 else "done",
        )
        for n in range(200)
    ]
    return csv(*rows, header=f"customer_id,order_id,event_time,amount,{column}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["cancelled"],
        ["wc-cancelled", "wc-failed", "wc-refunded"],
        ["Отменён"],
        ["отменен", "Возврат", "не оплачен", "Аннулирован"],
        ["CANCELED BY CUSTOMER"],
        ["voided"],
        ["test"],
        ["it's void"],
    ],
)
def test_orders_whose_status_says_that_nothing_was_bought_are_told_and_left_out_by_the_line(
    tmp_path, words
):
    of_params = write(tmp_path, orders=with_status(*words))
    (note,) = notes(of_params)
    assert (note.check, note.severity, note.column, note.rows) == (
        "not_a_purchase",
        "error",
        "status",
        40,
    )
    mended = paste(of_params, note.what_to_do)
    assert notes(mended) == []
    counts = checked(mended)["orders"].counts
    assert (counts["rows_in"], counts["kept"], counts["left_out"]) == (200, 160, 40)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "words", [["shipped"], ["partially_refunded"], ["not cancelled"], ["returning"], ["latest"]]
)
def test_other_words_are_no_reason_to_leave_an_order_out(tmp_path, words):
    assert notes(write(tmp_path, orders=with_status(*words))) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "cells", "others"),
    [
        ("is_cancelled", ["true"], "false"),
        ("cancelled", ["1"], "0"),
        ("Отменён", ["Да"], "Нет"),
        ("Cancelled at", [f"2023-01-{day:02} 10:00" for day in range(1, 21)], ""),
        ("test order", ["yes"], "no"),
        ("paid", ["no"], "yes"),
        ("Проведен", ["Нет"], "Да"),
        ("is_paid", ["0"], "1"),
        ("Оплачен", ["ложь"], "истина"),
    ],
)
def test_columns_that_flag_what_is_no_purchase_are_told_and_left_out_by_the_line(
    tmp_path, column, cells, others
):
    text = with_status(*cells, column=column).replace(",done\n", f",{others}\n")
    of_params = write(tmp_path, orders=text)
    (note,) = notes(of_params)
    assert (note.check, note.column, note.rows) == ("not_a_purchase", column, 40)
    mended = paste(of_params, note.what_to_do)
    assert notes(mended) == []
    assert checked(mended)["orders"].counts["kept"] == 160


@pytest.mark.slow
def test_two_such_columns_are_left_out_by_one_line_beside_the_filter_that_is_there(tmp_path):
    text = with_status("failed", column="Статус,is_test").replace(",done\n", ",done,0\n")
    text = text.replace(",failed\n", ",failed,0\n").replace(",done,0\n", ",done,1\n", 7)
    write(tmp_path, orders=text)
    of_params = params(tmp_path, filter={"orders": "customer_id <> 'c1'"})
    found = notes(of_params)
    assert [note.column for note in found] == ["Статус", "is_test"]
    assert found[0].what_to_do == found[1].what_to_do
    mended = paste(of_params, found[0].what_to_do)
    assert notes(mended) == []
    assert "c1" not in set(checked(mended)["orders"].rows["customer_id"])


def test_negative_rows_of_a_returned_order_are_no_purchases_anyhow(tmp_path):
    text = with_status("returned").replace(",5,returned", ",-5,returned")
    assert notes(write(tmp_path, orders=text)) == []


def test_a_filter_keeps_what_it_holds_for_and_names_what_is_wrong_with_it(tmp_path):
    write(tmp_path, orders=with_status("total line"))
    kept = params(tmp_path, filter={"orders": "status = 'done'"})
    assert checked(kept)["orders"].counts["left_out"] == 40
    with pytest.raises(SourceError, match=r"source\.filter: .*statos.* Columns: customer_id"):
        load(params(tmp_path, filter={"orders": "statos = 'done'"}))
    with pytest.raises(SourceError, match=r"leaves none of the 200 rows"):
        load(params(tmp_path, filter={"orders": "status = 'gone'"}))
    with pytest.raises(ValueError, match=r"'order' is not a table.*Did you mean orders"):
        params(tmp_path, filter={"order": "true"})


def test_what_is_filtered_out_never_reaches_an_expression(tmp_path):
    text = csv(("a", 1, "2023-01-01", 5), ("b", 2, "2023-01-02", 6), ("", "", "Total:", 11))
    write(tmp_path, orders=text)
    of_params = params(
        tmp_path,
        derive={"orders": {"event_time": "strptime(event_time, '%Y-%m-%d')"}},
        filter={"orders": "order_id IS NOT NULL"},
    )
    assert checked(of_params)["orders"].counts["kept"] == 2


def test_a_filter_is_counted_over_all_parts_of_a_table(tmp_path):
    (tmp_path / "orders").mkdir()
    for part in ("a", "b"):
        (tmp_path / "orders" / f"{part}.csv").write_text(
            with_status("x").replace("\nc", f"\n{part}")
        )
    of_params = params(
        tmp_path,
        derive={"orders": {"order_id": "concat_ws(' ', customer_id, order_id)"}},
        filter={"orders": "status <> 'x'"},
    )
    assert check_tables(load(of_params), of_params)["orders"].counts["left_out"] == 80


def lines_of_orders(amount, product=lambda n, k: f"p{n}{k}", lines=3):
    rows = [
        (f"c{n % 40}", n, f"2023-01-{n % 28 + 1:02}", amount(n, k), product(n, k))
        for n in range(100)
        for k in range(lines)
    ]
    return csv(*rows, header="customer_id,order_id,event_time,total,sku")


def total(of_params):
    return checked(of_params)["orders"].rows["amount"].sum()


@pytest.mark.slow
def test_a_total_on_each_line_is_an_error_whose_line_gives_the_right_sum(tmp_path):
    write(tmp_path, orders=lines_of_orders(lambda n, _: 10 + n))
    of_params = params(tmp_path, columns={"orders": {"amount": "total"}})
    (note,) = notes(of_params, "total_on_each_line")
    assert (note.check, note.severity, note.rows) == ("total_on_each_line", "error", 300)
    assert "the sum is 5,950 and not 17,850" in note.meaning
    mended = paste(of_params, note.what_to_do)
    assert total(mended) == pytest.approx(5950)
    assert notes(mended, "total_on_each_line") == []


def test_a_total_on_each_line_without_anything_beside_it_is_a_question(tmp_path):
    write(tmp_path, orders=lines_of_orders(lambda n, _: 10 + n, product=lambda *_: "x"))
    of_params = params(tmp_path, columns={"orders": {"amount": "total"}})
    (note,) = notes(of_params, "total_on_each_line")
    assert note.severity == "warning"


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "amount", [lambda n, k: 10 + (7 * n + 3 * k) % 50, lambda *_: 9.9, lambda n, k: 5 + k % 2]
)
def test_prices_of_lines_are_no_totals(tmp_path, amount):
    write(tmp_path, orders=lines_of_orders(amount))
    of_params = params(tmp_path, columns={"orders": {"amount": "total"}})
    assert notes(of_params, "total_on_each_line") == []


@pytest.mark.slow
@pytest.mark.skipif(
    not SHARED_CASES.is_dir(), reason="../shared/cases is not beside this repository"
)
def test_the_shops_of_the_cases_have_their_own_revenue_by_the_lines_printed():
    for case, check, right in (
        ("11-total-on-each-line", "total_on_each_line", 334_651),
        ("10-cancelled-status", "not_a_purchase", 269_000),
    ):
        given = yaml.safe_load((SHARED_CASES / case / "params.yaml").read_text())["source"]
        given |= {"path": str(SHARED_CASES / case / "data")}
        of_params = params(given.pop("path"), **{k: v for k, v in given.items() if k != "kind"})
        (note,) = notes(of_params, check)
        assert total(paste(of_params, note.what_to_do)) == pytest.approx(right, rel=0.01)


@pytest.mark.slow
def test_a_total_written_with_a_comma_on_each_line_is_mended_too(tmp_path):
    text = lines_of_orders(lambda n, _: f'"1 {100 + n},50"')
    write(tmp_path, orders=text)
    of_params = params(tmp_path, columns={"orders": {"amount": "total"}})
    (note,) = notes(of_params, "total_on_each_line")
    assert total(paste(of_params, note.what_to_do)) == pytest.approx(
        sum(1100.5 + n for n in range(100))
    )
