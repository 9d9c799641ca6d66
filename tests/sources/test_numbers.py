"""Numbers as people write them: one notation for a column, told by its own cells or declared."""

import pandas as pd
import pytest
from pydantic import ValidationError

from sources.written.numbers import UNMARKED, UNMARKED_POINT
from tests.sources.raw_tables import check, good, orders, params, reasons


def amounts(*cells, **changes):
    rows = [("a", str(n), "2017-05-01", cell) for n, cell in enumerate(cells)]
    return check(orders(*rows), **changes)


@pytest.mark.slow_after(3)
@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        (["1 234,56", "12\u00a0345,6", "1\u202f000", "12,5"], [1234.56, 12345.6, 1000, 12.5]),
        (["1,234.56", "1,234", "1,234,567"], [1234.56, 1234, 1234567]),
        (["1.234,56", "1.234", "1.234.567"], [1234.56, 1234, 1234567]),
        (["1'234.50", "1’234", "12.5"], [1234.5, 1234, 12.5]),
        (["12,34,567.8", "1,23,456"], [1234567.8, 123456]),
        (["(12.50)", "12.50-", "-12.50", "−12.50", "-$12.50"], [-12.5] * 5),
        (["₽ 12,50", "12,50 руб.", "12,50 р.", "RUB 12,50"], [12.5] * 4),
        (["50%", "12.5 %"], [0.5, 0.125]),
        (["0,125", "1,234"], [0.125, 1.234]),
        (["1234,567", "1,234"], [1234.567, 1.234]),
        (["5", "1 000"], [5, 1000]),
    ],
)
def test_a_column_is_read_in_the_notation_that_its_cells_tell(written, numbers):
    result = amounts(*written)
    assert result.rows["amount"].tolist() == pytest.approx(numbers)
    (note,) = result.notes
    assert any(
        f'"{cell}" → {number:.12g}' in note.meaning
        for cell, number in zip(written, numbers, strict=True)
    )


def test_plain_numbers_are_read_to_the_last_bit_and_nothing_is_told():
    cells = ["0.1", "-5.5", "1e-7", "123456789.123456789", "5", ".5"]
    result = amounts(*cells)
    assert result.rows["amount"].tolist() == [float(cell) for cell in cells]
    assert result.notes == ()


def test_a_comma_that_no_cell_explains_is_asked_for_and_the_answer_is_taken():
    result = amounts("1,234", "2,345", "7")
    assert reasons(result) == [f"amount {UNMARKED}"] * 2
    for answer, numbers in (("1,234.56", [1234, 2345, 7]), ("1.234,56", [1.234, 2.345, 7])):
        read = amounts("1,234", "2,345", "7", numbers={"orders": {"amount": answer}})
        assert read.rows["amount"].tolist() == numbers


def test_points_that_may_stand_between_thousands_are_read_before_decimals_and_told():
    cells = [f"{n}.500" for n in range(1, 31)]
    result = amounts(*cells)
    assert result.rows["amount"].iloc[0] == 1.5
    assert "every point has three digits after it" in result.notes[0].meaning
    declared = amounts(*cells, numbers={"orders": {"amount": "1.234,56"}})
    assert declared.rows["amount"].iloc[0] == 1500


WHOLE_OR_POINTED = ["495", "1.791", "2.947", "12.005", "7", "-1.250"]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("form", ["{}", "{} €", "руб. {}"])
def test_points_among_whole_numbers_below_a_thousand_are_asked_for(form):
    cells = [form.format(cell) for cell in WHOLE_OR_POINTED]
    assert reasons(amounts(*cells)) == [f"amount {UNMARKED_POINT}"] * 4
    for answer, factor in (("1.234,56", 1000), ("1,234.56", 1)):
        read = amounts(*cells, numbers={"orders": {"amount": answer}}).rows["amount"]
        pointed = [1.791 * factor, 2.947 * factor, 12.005 * factor]
        assert read.tolist() == pytest.approx([495, *pointed, 7, -1.25 * factor])


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    "other", ["0.250", "1.5", "1200", "1.2345", "0.5", "12.50", "1000", "1234.567"]
)
def test_one_cell_that_can_be_read_in_one_way_answers_what_the_points_mean(other):
    result = amounts(*WHOLE_OR_POINTED, other)
    assert result.counts["quarantined"] == 0
    assert result.rows["amount"].iloc[1] == 1.791


def test_weights_that_all_have_three_decimals_are_no_thousands():
    raw = orders(*good(6)).assign(quantity=["1.250", "2.500", "1.000", "3.125", "7.005", "0"])
    assert check(raw).rows["quantity"].iloc[0] == 1.25


def test_what_the_sums_of_a_table_tell_answers_for_its_other_columns():
    cells = {"amount": ["12.50"] * 6, "quantity": WHOLE_OR_POINTED}
    assert check(orders(*good(6)).assign(**cells)).rows["quantity"].iloc[1] == 1.791


def test_a_cell_in_another_notation_than_its_column_is_set_aside_with_its_text():
    result = amounts(*["12.50"] * 200, "12,5")
    assert result.quarantine["amount"].tolist() == ["12,5"]
    assert result.counts["kept"] == 200


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    "cell", ["1,2,3", "12 34", "1.2.3", "--5", "K1388", "5 apples", "12-34", "%"]
)
def test_what_is_no_number_in_any_notation_is_set_aside(cell):
    raw = orders(*good(3))
    raw.loc[1, "amount"] = cell
    assert reasons(check(raw)) == ["amount is not a number"]


def test_every_number_column_of_every_table_is_read_so():
    raw = orders(*good(2)).assign(quantity=["1 000,5", "3"], discount=["2,50 €", "1"])
    rows = check(raw).rows
    assert rows["quantity"].tolist() == [1000.5, 3]
    assert rows["discount"].tolist() == [2.5, 1]


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("sums", "quantity", "read"),
    [("1 053,00", "3,000", 3), ("1.053,00", "3.000", 3000), ("1,053.00", "3,000", 3000)],
)
def test_what_a_column_does_not_tell_the_others_of_its_table_do(sums, quantity, read):
    rows = check(orders(*good(30)).assign(amount=sums, quantity=quantity)).rows
    assert set(rows["amount"]) == {1053.0}
    assert set(rows["quantity"]) == {float(read)}


def test_a_declared_number_that_shows_no_decimals_is_refused():
    with pytest.raises(ValidationError, match="does not show what stands before decimals"):
        params(numbers={"orders": {"amount": "1,234"}})


def test_amounts_of_which_none_is_known_are_absent_and_that_is_an_error():
    result = amounts("", None, "n/a")
    assert "amount" not in result.rows
    assert result.counts["kept"] == 3
    assert [note.severity for note in result.notes] == ["error"]
    assert amounts("", "5").rows["amount"].isna().tolist() == [True, False]


def test_typed_numbers_stay_as_they_are():
    raw = orders(*good(2)).assign(amount=pd.Series([0.1, 2.0]))
    assert check(raw).rows["amount"].tolist() == [0.1, 2.0]
