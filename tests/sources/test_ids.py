"""Ids that were damaged on the way are made whole in every table, or refused."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import TableError
from sources.contract import CUSTOMERS, EVENTS, TICKETS
from sources.meanings.ids import LOST_DIGITS
from tests.sources.folders import checked, write
from tests.sources.raw_tables import check, good, orders, reasons

ZERO_WIDTH = "\u200b"


def customers_of(result):
    return result.rows["customer_id"].tolist()


def test_zero_width_characters_and_no_break_spaces_are_taken_off_and_counted():
    odd = [f"{ZERO_WIDTH}ann@x.example", "ann@x.example\ufeff", "ann@x\u2060.example\u202f"]
    rows = [(one, f"o{n}", "2017-05-01", 5) for n, one in enumerate([*odd, "ann@x.example"])]
    result = check(orders(*rows))
    assert set(customers_of(result)) == {"ann@x.example"}
    (note,) = result.notes
    assert (note.check, note.column, note.rows) == ("invisible_characters", "customer_id", 3)
    assert "u200b" in note.meaning


def test_an_id_of_invisible_characters_alone_is_a_guests():
    result = check(orders((ZERO_WIDTH, "1", "2017-05-01", 5), *good(3)))
    assert result.counts["guests"] == 1


def test_letters_in_two_halves_are_one_letter():
    result = check(orders(("Андрей", "1", "2017-05-01", 5), ("Андреи\u0306", "2", "2017-05-01", 5)))
    assert customers_of(result) == ["Андрей", "Андрей"]


@pytest.mark.slow_after(3)
@pytest.mark.parametrize("form", ["7.91231E+10", "7,91231E+10", "7.91231e+10", "8E+10"])
def test_ids_in_scientific_notation_are_refused_with_the_way_to_export_them(form):
    with pytest.raises(TableError) as error:
        check(orders(*good(3), (form, "x", "2017-05-01", 5)), max_quarantined=0.05)
    text = str(error.value)
    assert f'{LOST_DIGITS} (first: row 5, "{form}")' in text
    assert "export the ids again as text" in text


def test_an_id_that_only_looks_a_little_scientific_stays():
    result = check(orders(*[(one, one, "2017-05-01", 5) for one in ("1e5", "12E7", "5e10a")]))
    assert customers_of(result) == ["1e5", "12E7", "5e10a"]


def test_orders_of_a_number_in_scientific_notation_are_set_aside():
    result = check(orders(*good(3), ("c", "2.02312E+11", "2017-05-01", 5)))
    assert reasons(result) == ["order_id is in scientific notation, so its last digits are lost"]


@pytest.mark.slow_after(2)
@pytest.mark.parametrize("form", ["17850.0", "17850,0", "17850.00", "17850.000000"])
def test_zeros_behind_a_point_are_taken_off(form):
    result = check(orders((form, "1.0", "2017-05-01", 5), ("17850", "2", "2017-05-01", 5)))
    assert customers_of(result) == ["17850", "17850"]
    assert {note.check for note in result.notes} == {"trailing_zeros"}


def test_ids_that_have_decimals_of_their_own_keep_their_zeros():
    result = check(orders(*[(one, one, "2017-05-01", 5) for one in ("1.0", "1.1", "17.000")]))
    assert customers_of(result) == ["1.0", "1.1", "17.000"]
    assert result.notes == ()


def test_ids_are_made_whole_in_every_table_alike():
    odd = f"{ZERO_WIDTH}17850.0"
    tables = [
        (EVENTS, {"event_time": "2017-05-01", "kind": "visit"}),
        (TICKETS, {"ticket_id": "1", "opened_at": "2017-05-01"}),
        (CUSTOMERS, {}),
    ]
    for table, cells in tables:
        result = check(pd.DataFrame([{"customer_id": odd, **cells}]), table)
        assert customers_of(result) == ["17850"], table.name


def test_words_for_nothing_are_guests_in_orders_and_mistakes_where_there_are_no_guests():
    words = ["NULL", "None", "nan", "NaN", r"\N", "n/a", "", None, "-"]
    result = check(
        orders(*good(3), *[(word, f"g{n}", "2017-05-01", 5) for n, word in enumerate(words)])
    )
    assert (result.counts["guests"], result.counts["kept"]) == (len(words), 3)
    tickets = pd.DataFrame(
        {"customer_id": ["c1", *words], "ticket_id": range(10), "opened_at": "2017-05-01"}
    )
    found = check(tickets, TICKETS)
    assert set(reasons(found)) == {"customer_id is missing"}
    assert customers_of(found) == ["c1"]


def test_binary_columns_of_parquet_that_hold_text_are_text(tmp_path):
    table = pa.table(
        {
            "customer_id": pa.array([b"K1000", "Ж2".encode(), None], pa.binary()),
            "order_id": pa.array([b"1", b"2", b"3"], pa.binary()),
            "event_time": pa.array([b"2023-01-01 10:00:00"] * 3, pa.binary()),
            "photo": pa.array([b"\xff\x00", b"\xfe", b"\xff"], pa.binary()),
        }
    )
    pq.write_table(table, tmp_path / "orders.parquet")
    result = checked(write(tmp_path))["orders"]
    assert customers_of(result) == ["K1000", "Ж2"]
    assert result.counts["guests"] == 1


def test_ids_too_long_for_the_floats_they_come_as_are_refused():
    rows = orders(*good(3)).assign(customer_id=[79123112345.0, 4276160012345678901.0, 5.0])
    assert reasons(check(rows)) == [f"customer_id {LOST_DIGITS}"]
    short = orders(*good(3)).assign(customer_id=[79123112345.0, 4276160012345678.0, 5.0])
    assert customers_of(check(short)) == ["79123112345", "4276160012345678", "5"]
