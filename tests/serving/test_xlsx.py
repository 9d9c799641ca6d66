"""The list as a workbook, read back by another library."""

import datetime as dt
import io
from urllib.parse import urlencode

import pytest
from python_calamine import CalamineWorkbook

from serving.wording.sentences import field_label
from tests.serving.asking import whole_list
from tests.serving.releases import FORMULA


def sheet(service, **asked):
    answer = service.get(f"/v1/at-risk?{urlencode({**asked, 'format': 'xlsx'})}")
    assert answer.status == 200
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.body))
    heading, *rows = book.get_sheet_by_index(0).to_python()
    return [dict(zip(heading, row, strict=True)) for row in rows]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_workbook_holds_exactly_the_list_in_its_order_with_values_of_their_kinds(
    service, language
):
    asked = {"abc_class": "A", "sort": "churn_risk", "order": "asc", "language": language}
    rows, cards = sheet(service, **asked), whole_list(service, **asked)
    name_of = {name: field_label(name, language) for name in ("customer_id", "churn_risk")}
    assert [row[name_of["customer_id"]] for row in rows] == [card.customer_id for card in cards]
    assert all(isinstance(row[name_of["customer_id"]], str) for row in rows)
    for row, card in zip(rows, cards, strict=True):
        assert row[name_of["churn_risk"]] == pytest.approx(card.churn_risk, abs=1e-4)
        assert row[field_label("value_at_risk", language)] == pytest.approx(card.value_at_risk)
        day = row[field_label("last_purchase_date", language)]
        assert isinstance(day, dt.date) and day == card.last_purchase_date


def test_what_looks_like_a_formula_stays_text_and_zeros_stay_in_front(service):
    (row,) = sheet(service, q="00001", language="en")
    assert row["name"] == FORMULA
    assert row[field_label("customer_id", "en")] == "00001"


def test_an_empty_list_is_a_workbook_with_a_heading(service):
    assert sheet(service, q="nobody-at-all") == []
