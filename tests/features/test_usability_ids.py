"""One person's id in several forms is told, and the line printed makes one person of them."""

import pytest

from features.usability.customers import customer_findings
from tests.features.usable import kept, rhythm, seen
from tests.sources.folders import checked, params, write
from tests.sources.pasted import paste
from tests.sources.test_keys import csv

PEOPLE = 40


def findings(of_params):
    return seen(customer_findings(kept(checked(of_params)), rhythm(), of_params))


def shop(form, other, rows=200, every=2):
    """Orders of forty people, of whom some are written in another form every second time."""
    return csv(
        *(
            (
                f'"{(other if n // PEOPLE % every else form)(n % PEOPLE)}"',
                n,
                f"2023-01-{n % 28 + 1:02}",
                5 + n % 9,
            )
            for n in range(rows)
        )
    )


FORMS = {
    "phones": (lambda n: f"8 (910) 307-25-{n + 10}", lambda n: f"+791030725{n + 10}"),
    "bare phones": (lambda n: f"910307{n + 1000}", lambda n: f"8-910-307-{n + 1000}"),
    "French phones": (lambda n: f"06 12 34 56 {n + 10}", lambda n: f"+3361234 56{n + 10}"),
    "Cyrillic": (lambda n: f"С-{n}", lambda n: f"C-{n}"),
    "Cyrillic within": (lambda n: f"MOCKBA{n}", lambda n: f"МОСКВА{n}"),
    "capitals": (lambda n: f"Ann{n}@X.example", lambda n: f"ann{n}@x.example"),
    "zeros": (lambda n: f"{n:05}", lambda n: f"{n}"),
    "hyphens": (lambda n: f"AB-{n}", lambda n: f"AB {n}"),
    "capitals and zeros": (lambda n: f"C{n:04}", lambda n: f"c{n}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMS)
def test_one_id_in_two_forms_is_told_with_counts_and_mended_by_the_line_printed(tmp_path, kind):
    of_params = write(tmp_path, orders=shop(*FORMS[kind]))
    found = findings(of_params).of("id_forms")
    assert (found["severity"], found["rows"]) == ("error", 200)
    assert "80 of 80 customer ids differ" in found["meaning"]
    assert "40 customers seem to be 80" in found["meaning"]
    mended = paste(of_params, found["what_to_do"])
    assert "id_forms" not in findings(mended).checks()
    assert checked(mended)["orders"].rows["customer_id"].nunique() == PEOPLE


@pytest.mark.slow
def test_letters_that_look_alike_are_shown_by_their_code(tmp_path):
    found = findings(write(tmp_path, orders=shop(*FORMS["Cyrillic"]))).of("id_forms")
    assert "C-0, С-0, which is '\\u0421-0'" in found["meaning"]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "one",
    [
        lambda n: f"79103072{n + 100}",
        lambda n: f"{n % 2 + 1}{n % 2 + 1}0000{n // 2:07}",  # cards of two series
        lambda n: f"Иванов {n}",
        lambda n: f"1{n}.5",
    ],
)
def test_ids_of_different_people_are_not_told_to_be_one(tmp_path, one):
    assert "id_forms" not in findings(write(tmp_path, orders=shop(one, one))).checks()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*FORMS, "prefix"])
def test_ids_in_another_form_than_in_orders_meet_by_the_line_printed(tmp_path, kind):
    form, other = FORMS.get(kind, (lambda n: f"K{n + 1000}", lambda n: f"{n + 1000}"))
    customers = "id,name\n" + "".join(f'"{other(n)}",x\n' for n in range(PEOPLE))
    write(tmp_path, orders=shop(form, form), customers=customers)
    of_params = params(tmp_path, columns={"customers": {"customer_id": "id"}})
    found = findings(of_params).of("id_forms")
    assert (found["table"], found["severity"]) == ("customers", "error")
    mended = paste(of_params, found["what_to_do"])
    assert findings(mended).checks() == set()
    rows = {name: set(table.rows["customer_id"]) for name, table in checked(mended).items()}
    assert rows["orders"] == rows["customers"]


@pytest.mark.slow
def test_ids_of_another_kind_stay_strangers(tmp_path):
    customers = "customer_id\n" + "".join(f"user-{n + 5000}\n" for n in range(PEOPLE))
    of_params = write(tmp_path, orders=shop(*[lambda n: f"K{n}"] * 2), customers=customers)
    assert findings(of_params).checks() == {"not_in_orders"}


@pytest.mark.slow
@pytest.mark.parametrize("nobody", ["0", "-1", "guest", "Гость", "Розничный покупатель", "9999999"])
def test_an_id_that_means_nobody_is_told_and_its_rows_are_those_of_guests(tmp_path, nobody):
    text = shop(*[lambda n: f"K{n}"] * 2, rows=2000)
    rows = [(nobody, f"g{n}", f"2023-01-{n % 28 + 1:02}", 5) for n in range(300)]
    of_params = write(tmp_path, orders=text + csv(*rows).split("\n", 1)[1])
    orders = checked(of_params)["orders"]
    (found,) = (note for note in orders.notes if note.check == "means_nobody")
    assert f"{nobody} (300)" in found.meaning
    assert orders.counts["guests"] == 300
    assert "house_account" not in findings(of_params).checks()
    kept = paste(of_params, found.what_to_do)
    assert checked(kept)["orders"].counts["guests"] == 0


@pytest.mark.slow
def test_a_customer_who_buys_a_little_more_is_no_guest(tmp_path):
    text = shop(*[lambda n: f"{n}"] * 2, rows=2000)
    assert "house_account" not in findings(write(tmp_path, orders=text)).checks()


@pytest.mark.slow
def test_a_customer_who_brings_much_of_the_money_is_told_by_name(tmp_path):
    text = shop(*[lambda n: f"K{n}"] * 2, rows=400)
    rows = [("Wholesale", f"w{n}", f"2023-01-{n % 28 + 1:02}", 300) for n in range(8)]
    of_params = write(tmp_path, orders=text + csv(*rows).split("\n", 1)[1])
    found = findings(of_params).of("lone_customer")
    assert found["meaning"].startswith("Wholesale (40%) of the money")
    assert found["rows"] == 8
    mended = paste(of_params, found["what_to_do"])
    assert "lone_customer" not in findings(mended).checks()
    assert "lone_customer" not in findings(write(tmp_path, orders=text)).checks()
