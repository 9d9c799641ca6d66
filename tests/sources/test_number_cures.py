"""Numbers among other texts: the line that is printed reads them rightly, or none is printed."""

import pytest

from core.errors import TableError
from tests.sources.folders import checked, params, write
from tests.sources.pasted import lines, paste
from tests.sources.raw_tables import check, orders

MAPPING = {"columns": {"orders": {"amount": "Сумма"}}}


def refused(folder, cells):
    """The parameters, and what is said of a column of such cells."""
    rows = "\n".join(f"k{n};{n};2023-06-02;{cell}" for n, cell in enumerate(cells))
    write(folder, orders=f"customer_id;order_id;event_time;Сумма\n{rows}")
    of_params = params(folder, **MAPPING)
    with pytest.raises(TableError) as error:
        checked(of_params)
    return of_params, str(error.value)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["495 р. 60 коп.", "1 495 р. 05 коп.", "7 р. 5 коп."], [495.6, 1495.05, 7.05]),
        (["495 руб 60 коп", "1\u00a0495 рублей 00 копеек", "12 руб."], [495.6, 1495, 12]),
        (["495р60к", "-5 р 10 к", "12.50"], [495.6, -5.1, 12.5]),
        (["$5 20c", "5 $ 20 c", "4 USD 10 cents"], None),
        (["5 zł 20 gr", "1 234 zł 05 gr"], [5.2, 1234.05]),
        (
            ["about 1.5 units", "2.25 pcs", "-3 шт.", "1 234.50", "50%"],
            [1.5, 2.25, -3, 1234.5, 0.5],
        ),
        (["~ 12 шт", "(12.50)", "12.50-", "7"], [12, -12.5, -12.5, 7]),
    ],
)
def test_a_line_for_numbers_among_words_reads_every_cell_rightly(tmp_path, cells, numbers):
    of_params, text = refused(tmp_path, cells)
    if numbers is None:
        assert lines(text) == []
        return
    assert checked(paste(of_params, text))["orders"].rows["amount"].tolist() == numbers


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "cell",
    [
        "1'791.5 units",
        "1,791 units",
        "1.791 шт",
        "1.5 тыс. руб.",
        "2 млн",
        "3k pcs",
        "3 x 5",
        "2 по 10",
        "5 - 7",
        "K1388",
        ".5 units",
        "(5 units)",
        "50% off",
        "minus 5",
        "60 коп.",
        "10:30",
        "2023-01-05",
        "free",
    ],
)
def test_no_line_is_printed_where_the_first_digits_would_be_another_number(tmp_path, cell):
    _, text = refused(tmp_path, [cell] * 3)
    assert lines(text) == []
    assert "export the column so" in text


def test_no_line_takes_the_marks_off_several_currencies(tmp_path):
    _, text = refused(tmp_path, ["about 5 USD", "about 6 EUR", "7 p. EUR"])
    assert lines(text) == []


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        (["1'791.—", "12.–", "7.-", "CHF 9.—", "8.50"], [1791, 12, 7, 9, 8.5]),
        (["1.791,-", "12,-- Kč", "12,— Kč", "5,- Kč", "8,50"], [1791, 12, 12, 5, 8.5]),
        (["-12.-", "(3.—)", "4.50-", "5-"], [-12, -3, -4.5, -5]),
    ],
)
def test_a_dash_in_the_place_of_cents_is_no_minus(written, numbers):
    rows = [("a", str(n), "2017-05-01", cell) for n, cell in enumerate(written)]
    assert check(orders(*rows)).rows["amount"].tolist() == numbers
