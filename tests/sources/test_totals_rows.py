"""Rows of totals are set aside by name, in every table; customers whose names begin so stay."""

import pytest

from core.errors import TableError
from sources.contract import CUSTOMERS, SUBSCRIPTIONS
from sources.meanings.totals_rows import is_of_totals
from tests.sources.folders import checked, params, write
from tests.sources.pasted import paste
from tests.sources.raw_tables import check, good, orders, reasons
from tests.sources.test_keys import csv

OF_TOTALS = [
    *("Итого", "ИТОГО:", "Всего", "Итого за январь 2023 г.", "Итого по магазину Север"),
    *("Итог", "Общий итог", "Подытог", "Всего за 2023 год", "** Итого **"),
    *("Total", "TOTAL:", "Grand Total", "Grand total 2023", "Totals", "Subtotal", "Sub-total Q1"),
    *("Total for Jan 2023", "total_2023-01", "Total (1,597)", "Sum", "Sum: 12", "Total revenue"),
    *("Summe", "Gesamt", "Gesamtsumme", "Zwischensumme", "Total général", "Totale", "Suma"),
]
CUSTOMERS_ALL_THE_SAME = [
    *("Total Energies", "TotalEnergies", "Summer", "Sum41", "Sum Ting", "Totally Tea", "Totalbau"),
    *("Всеволод", "Всего хорошего", "Итоговая", "Gesamtschule Nord", "Gesamt Bau GmbH", "Sumatra"),
    *("C0001", "17850", "Total Market", "Suma Foods", "A Total"),
]


@pytest.mark.parametrize("text", OF_TOTALS)
def test_words_of_totals_are_told_from_names(text):
    assert is_of_totals(text)


@pytest.mark.parametrize("text", CUSTOMERS_ALL_THE_SAME)
def test_names_that_begin_like_totals_are_names(text):
    assert not is_of_totals(text)


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("customer", "order"), [("Итого", "1597"), ("Total", None), (None, "Итого"), ("c1", "Summe")]
)
def test_a_row_of_totals_among_orders_is_set_aside_by_its_row_and_is_no_guest(customer, order):
    result = check(orders(*good(30), (customer, order, "2017-12-31", 150.0)))
    assert result.rows["amount"].sum() == 150
    assert result.counts["guests"] == 0
    (finding,) = result.findings
    assert "is that of a row of totals (first: row 32, " in finding


def test_totals_that_cannot_be_read_are_totals_all_the_same():
    result = check(orders(*good(30), ("Итого:", None, None, "1 380 р. 5 к.")))
    assert reasons(result) == ["customer_id is that of a row of totals"]


def test_totals_among_subscriptions_and_customers_are_set_aside_too():
    rows = orders(*good(30), ("Всего", "x", "2017-12-31", 150.0))
    contracts = rows.rename(columns={"order_id": "subscription_id", "event_time": "started_at"})
    assert reasons(check(contracts, SUBSCRIPTIONS)) == ["customer_id is that of a row of totals"]
    people = rows[["customer_id"]].assign(region="north")
    assert check(people, CUSTOMERS).counts["kept"] == 30


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("name", ["Клиент", "customer_id"])
@pytest.mark.parametrize(
    ("total", "of_order"),
    [
        (lambda n: "ИТОГО", lambda n: f"ИТОГО {n}"),
        (lambda n: f"Total 2023-01-{n + 1:02}", str),
        (lambda n: "", lambda n: f"Total: 2023-01-{n + 1:02}"),
    ],
)
def test_many_rows_of_totals_stop_the_run_and_the_line_leaves_them_out(
    tmp_path, name, total, of_order
):
    rows = [(f"c{n % 40}", n, f"2023-01-{n % 28 + 1:02}", 5) for n in range(1, 141)]
    rows += [("Total Energies", 1000, "2023-01-02", 5)]
    rows += [(total(n), of_order(n), f"2023-01-{n + 1:02}", 25) for n in range(28)]
    write(tmp_path, orders=csv(*rows, header=f"{name},order_id,event_time,amount"))
    mapping = {"columns": {"orders": {"customer_id": name}}} if name != "customer_id" else {}
    of_params = params(tmp_path, filter={"orders": "order_id <> '140'"}, **mapping)
    with pytest.raises(TableError, match=r"28 rows: .* is that of a row of totals") as error:
        checked(of_params)
    table = checked(paste(of_params, str(error.value)))["orders"]
    assert table.rows["amount"].sum() == 5 * 140
    assert (table.counts["left_out"], table.counts["quarantined"]) == (29, 0)
