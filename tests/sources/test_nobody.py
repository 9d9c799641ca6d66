"""Ids that stand for nobody are guests; an id that may be somebody's is left alone."""

import pytest

from sources.meanings.nobody import CHECK
from tests.sources.folders import HEADER, checked, params, write
from tests.sources.pasted import paste

PEOPLE = "".join(f"K{n},{n},2023-01-{n % 28 + 1:02},5\n" for n in range(60))


def orders_of(tmp_path, customers, header=HEADER, more=""):
    rows = "".join(
        f"{who},g{n},2023-01-{n % 28 + 1:02},5{more.format(n)}\n" for n, who in enumerate(customers)
    )
    people = PEOPLE.replace(",5\n", f",5{more.format(0)}\n") if more else PEOPLE
    return write(tmp_path, orders=header + people + rows)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "who", ["Guest", "guest checkout", "Розничный покупатель", "Частное лицо", "Физ. лицо"]
)
def test_words_for_nobody_are_guests_however_few(tmp_path, who):
    found = checked(orders_of(tmp_path, [who]))["orders"]
    assert found.counts["guests"] == 1
    (note,) = (note for note in found.notes if note.check == CHECK)
    assert f"{who} (1)" in note.meaning


@pytest.mark.slow
def test_a_number_is_nobody_only_with_far_more_orders_than_a_person(tmp_path):
    for who, often, guests in (("0", 20, 20), ("0", 2, 0), ("-1", 20, 20), ("77", 20, 0)):
        found = checked(orders_of(tmp_path, [who] * often))["orders"]
        assert found.counts["guests"] == guests, (who, often)


def test_names_that_only_begin_so_are_customers(tmp_path):
    names = ["Гостева Анна", "Cash & Carry GmbH", "Default Systems", "Total Energies"]
    assert checked(orders_of(tmp_path, names))["orders"].counts["guests"] == 0


@pytest.mark.slow
def test_a_column_that_tells_these_people_apart_is_offered_and_reads_them(tmp_path):
    header = HEADER.replace("\n", ",billing_email\n")
    of_params = orders_of(tmp_path, ["0"] * 20, header=header, more=",m{}@x.com")
    found = checked(of_params)["orders"]
    (note,) = (note for note in found.notes if note.check == CHECK)
    assert "These rows have billing_email" in note.what_to_do
    mended = checked(paste(of_params, note.what_to_do))["orders"]
    assert mended.counts["guests"] == 0
    assert mended.rows["customer_id"].str.endswith("@x.com").all()


@pytest.mark.slow
def test_guests_whom_another_column_names_are_told_and_read_by_the_line(tmp_path):
    header = HEADER.replace("\n", ",Телефон\n")
    of_params = orders_of(tmp_path, [""] * 20, header=header, more=",+7900{}")
    found = checked(of_params)["orders"]
    assert found.counts["guests"] == 20
    (note,) = (note for note in found.notes if note.check == "known_otherwise")
    assert note.meaning == (
        "20 rows have no customer_id and a Телефон. They count as those of guests"
    )
    assert checked(paste(of_params, note.what_to_do))["orders"].counts["guests"] == 0


@pytest.mark.slow
def test_an_id_that_is_a_customers_after_all_is_kept_by_the_line(tmp_path):
    of_params = orders_of(tmp_path, ["Guest"] * 3)
    (note,) = (n for n in checked(of_params)["orders"].notes if n.check == CHECK)
    kept = checked(paste(params(tmp_path), note.what_to_do))["orders"]
    assert kept.counts["guests"] == 0
    assert "c Guest" in set(kept.rows["customer_id"])
