"""CSV for machines and for spreadsheets."""

import csv
import io
import json
import re
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.cards.csv import AFTER_A_SEPARATOR, AT_THE_START, COLUMNS, HARMLESS, QUOTED, csv_lines
from serving.cards.stored import read_card
from tests.serving.releases import FORMULA, NAMES, cards_in, company, write_release


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    folder = write_release(tmp_path_factory.mktemp("r") / "release", company(40))
    return cards_in(folder)


def stored(card):
    return read_card(card.model_dump_json())


def table(cards, language="en", for_excel=False):
    text = "".join(csv_lines(map(stored, cards), language, for_excel))
    separator = ";" if for_excel and language == "ru" else ","
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=separator))


def test_names_come_back_whole_and_a_formula_stays_text(cards):
    rows = table(cards)
    names = {row[0]: row[1] for row in rows[1:]}
    for customer, name in NAMES.items():
        assert names[customer] == (f"'{name}" if name == FORMULA else name)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝"])
def test_a_cell_that_a_spreadsheet_would_compute_is_quoted(cards, start):
    text = f"{start}1+1"
    odd = cards[0].model_copy(update={"name": text, "owner": text, "customer_id": text})
    row = table([odd])[1]
    assert row[:3] == [f"'{text}"] * 3


@pytest.mark.parametrize("name", ["A;=1+1", "A,=1+1", 'A; "=1+1', "A\n-1", "A;;\t@x", ";=1", "=;="])
@pytest.mark.parametrize("separator", [",", ";"])
def test_no_cell_begins_a_formula_whichever_separator_the_spreadsheet_takes(cards, name, separator):
    """Also for a reader that splits at its separator wherever it stands, in quotes or not."""
    odd = cards[0].model_copy(update={"name": name, "owner": name})
    text = "".join(csv_lines([stored(odd)], "en", for_excel=False))
    begun = [cell for line in text.splitlines() for cell in line.split(separator)]
    assert len(begun) >= 2
    for cell in begun:
        started = cell.replace('"', "").lstrip()
        assert not started.startswith(("=", "@")) and not re.match(r"[+-](?!\d)", started)
    assert "-1" not in [cell.strip('" ') for cell in begun]
    assert table([odd])[1][1].replace("'", "") == name


def test_a_cell_with_either_separator_stands_in_quotes(cards):
    odd = cards[0].model_copy(update={"name": "Søn; Ltd, x"})
    assert '"Søn; Ltd, x"' in "".join(csv_lines([stored(odd)], "en", for_excel=False))


def test_numbers_are_not_quoted_even_below_zero(cards):
    changed = cards[0].model_copy(update={"value_at_risk": -12.5, "risk_change": -0.25})
    row = dict(zip(COLUMNS, table([changed])[1], strict=True))
    assert (row["value_at_risk"], row["risk_change"]) == ("-12.5", "-0.25")


def test_what_is_not_known_is_empty(cards):
    gone = next(card for card in cards if card.status == "already_churned")
    row = dict(zip(COLUMNS, table([gone])[1], strict=True))
    assert row["churn_risk"] == row["action"] == row["reason"] == row["withheld"] == ""
    assert row["status"] == "already_churned"


def test_likely_categories_stand_in_one_cell_likeliest_first(cards):
    row = dict(zip(COLUMNS, table(cards[:1])[1], strict=True))
    assert row["next_categories_any"] == "bread & rolls; '=milk"
    assert row["next_categories_new"] == "tea"
    assert row["category_risks"] == "bread & rolls; '=milk"
    gone = next(card for card in cards if card.status == "already_churned")
    assert dict(zip(COLUMNS, table([gone])[1], strict=True))["next_categories_any"] == ""
    formula = cards[0].next_categories.any[1]
    odd = cards[0].next_categories.model_copy(update={"any": [formula]})
    [_, quoted] = table([cards[0].model_copy(update={"next_categories": odd})])
    assert dict(zip(COLUMNS, quoted, strict=True))["next_categories_any"] == "'=milk"


def test_excel_gets_what_it_opens_right_in_each_language(cards):
    english, russian = (
        "".join(csv_lines([stored(cards[0])], language, for_excel=True))
        for language in ("en", "ru")
    )
    assert english.startswith("\ufeffcustomer,name,")
    assert russian.startswith("\ufeffклиент;имя;")
    row = dict(zip(COLUMNS, table(cards[:1], "ru", for_excel=True)[1], strict=True))
    assert row["churn_risk"] == str(round(cards[0].churn_risk, 4)).replace(".", ",")
    assert row["withheld"] == "нет"
    assert row["risk_band"] in ("Высокий", "Средний", "Низкий")
    assert (row["relationship_level"], row["suggested_level"]) == ("Неизвестен", "Базовый")
    assert row["held_by"] == "Скидки"


def test_every_heading_is_in_the_language(cards):
    headings = table(cards[:1], "ru", for_excel=True)[0]
    assert [h for h in headings if not any("а" <= letter.lower() <= "я" for letter in h)] == []
    assert not any("_" in heading for heading in table(cards[:1], "en", for_excel=True)[0])


def test_lines_of_json_are_the_cards_of_the_list(service):
    answer = service.get("/v1/at-risk/export?format=ndjson&risk_band=high&language=ru")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"].endswith('2024-10-27.ndjson"')
    page = service.get("/v1/at-risk?risk_band=high&language=ru&limit=1000").json()
    assert [json.loads(line) for line in answer.text.splitlines()] == page["customers"]
    assert len(page["customers"]) > 10
    accepted = service.get("/v1/at-risk?risk_band=high&language=ru", Accept="application/x-ndjson")
    assert accepted.body == answer.body


def test_the_export_is_the_list_in_that_format(service):
    for asked in ("format=csv&language=en", "format=excel&language=ru&owner=Anna"):
        whole = service.get(f"/v1/at-risk/export?{asked}")
        assert whole.body == service.get(f"/v1/at-risk?{asked}").body
    assert service.get("/v1/at-risk/export").text.startswith("customer_id,")


def test_the_service_gives_excel_the_language_asked_for(service):
    query = urlencode({"format": "excel", "language": "ru", "risk_band": "high"})
    text = service.get(f"/v1/at-risk?{query}").text
    assert text.startswith("\ufeffклиент;")
    assert len(text.splitlines()) == 1 + service.get("/v1/at-risk?risk_band=high").json()["total"]


@pytest.mark.slow
@given(text=st.from_regex(HARMLESS, fullmatch=True))
def test_what_is_written_as_it_is_needs_neither_quotes_nor_apostrophes(text):
    assert not any(one.search(text) for one in (AFTER_A_SEPARATOR, QUOTED))
    assert not AT_THE_START.match(text)
