"""Returns whose quantity alone says what they are get the sign they lack, by the line printed."""

import pytest

from tests.sources.folders import params, write
from tests.sources.pasted import paste
from tests.sources.test_keys import csv
from tests.sources.test_meanings import notes, total

HEADER = "customer_id,order_id,event_time,Sum,Pieces"
COLUMNS = {"columns": {"orders": {"amount": "Sum", "quantity": "Pieces"}}}


def shop(folder, amount="{}", pieces=lambda n: -1 if n % 10 == 0 else 1, **changes):
    """Two hundred lines of 10 to 209, of which every tenth came back."""
    rows = [
        (f"c{n % 40}", n, f"2023-01-{n % 28 + 1:02}", amount.format(n + 10), pieces(n))
        for n in range(200)
    ]
    write(folder, orders=csv(*rows, header=HEADER))
    return params(folder, **(COLUMNS | changes))


RIGHT = sum((n + 10) * (-1 if n % 10 == 0 else 1) for n in range(200))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("amount", "back", "sold", "more"),
    [
        ("{}", "-1", "1", 0),
        ("{}.5", "-1", "1", 0.5),
        ('"{},50"', "-1", "1", 0.5),
        ('"1 {:03},50 ₽"', "-1", "1", 1000.5),
        ("€ {}.50", '"-1,5"', '"1,5"', 0.5),
        ("{}", '"(2,5)"', '"2,5"', 0),
    ],
)
def test_returns_with_a_positive_amount_are_an_error_whose_line_gives_the_right_sum(
    tmp_path, amount, back, sold, more
):
    of_params = shop(tmp_path, amount, lambda n: back if n % 10 == 0 else sold)
    (note,) = notes(of_params, "unsigned_returns")
    assert (note.severity, note.column, note.rows) == ("error", "amount", 20)
    mended = paste(of_params, note.what_to_do)
    assert total(mended) == pytest.approx(RIGHT + more * 160)
    assert f"is {RIGHT + more * 160:,.2f}, and not" in note.meaning
    assert notes(mended, "unsigned_returns") == []


@pytest.mark.slow
def test_amounts_in_a_declared_notation_keep_it_in_the_line_for_returns(tmp_path):
    declared = {"numbers": {"orders": {"amount": "1.234,56"}}}
    of_params = shop(tmp_path, "1.{:03}", **declared)
    (note,) = notes(of_params, "unsigned_returns")
    assert total(paste(of_params, note.what_to_do)) == RIGHT + 160_000


def test_returns_that_are_negative_already_stay_so_beside_the_others(tmp_path):
    write(
        tmp_path,
        orders=csv(
            *[(f"c{n}", n, "2023-01-01", 10, 1) for n in range(20)],
            ("c1", "r1", "2023-01-02", -10, -1),
            ("c2", "r2", "2023-01-02", 10, -1),
            header=HEADER,
        ),
    )
    of_params = params(tmp_path, **COLUMNS)
    (note,) = notes(of_params, "unsigned_returns")
    assert note.rows == 1
    assert total(paste(of_params, note.what_to_do)) == 180


@pytest.mark.slow
def test_returns_whose_amount_is_calculated_are_mended_too(tmp_path):
    of_params = shop(
        tmp_path,
        columns={"orders": {"quantity": "Pieces"}},
        derive={"orders": {"amount": "abs(Pieces) * Sum"}},
    )
    (note,) = notes(of_params, "unsigned_returns")
    assert total(paste(of_params, note.what_to_do)) == RIGHT


@pytest.mark.slow
@pytest.mark.parametrize("pieces", ["-2", '"-2,5"'])
def test_where_nearly_all_quantities_are_negative_they_are_turned_and_nothing_is_a_return(
    tmp_path, pieces
):
    of_params = shop(tmp_path, pieces=lambda _: pieces)
    (note,) = notes(of_params)[-1:]
    assert (note.check, note.severity, note.rows) == ("turned_quantities", "warning", 200)
    mended = paste(of_params, note.what_to_do)
    assert notes(mended, "turned_quantities") == []
    assert total(mended) == sum(n + 10 for n in range(200))


@pytest.mark.slow
def test_returns_with_negative_amounts_need_nothing(tmp_path):
    assert notes(shop(tmp_path, "{}", lambda _: 1)) == []
    text = csv(*[(f"c{n}", n, "2023-01-01", -5, -1) for n in range(9)], header=HEADER)
    write(tmp_path, orders=text + "\nx,99,2023-01-01,7,1")
    assert notes(params(tmp_path, **COLUMNS)) == []
