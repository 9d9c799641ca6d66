"""The page in a browser with scripts switched off: sorting, filters, pages, languages, CSV."""

import csv
import datetime as dt
import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from serving.cards.category_risks import likely_left
from serving.cards.worded import strongest_reason
from serving.pages.list_tasks import ROWS
from serving.wording.languages import LANGUAGES
from serving.wording.sentences import label, sentence, written
from serving.wording.windows import window
from tests.serving.asking import listed, whole_list
from tests.serving.browsing import (
    LOW_KNOWN,
    NOTHING_KNOWN,
    ODD_ID,
    ORDINARY,
    customer,
    ids,
    of_total,
    parameters,
    said,
    spaced,
)
from tests.serving.releases import (
    ACTIONS,
    AS_OF,
    FORMULA,
    NAMES,
    OWNERS,
    SCRIPT,
    WARES,
)


def test_without_scripts_a_click_on_a_heading_sorts_and_another_turns_it_round(plain, live):
    page = plain("/?risk_band=high")
    assert page.locator("th[aria-sort]").count() == 1
    for column, sort, orders in (
        ("risk", "churn_risk", ("desc", "asc")),
        ("next_purchase", "next_purchase_date", ("asc", "desc")),
        ("value_at_risk", "value_at_risk", ("desc", "asc")),
    ):
        for order in orders:
            page.locator(f".list thead th.{column} a").click()
            assert parameters(page) == {"risk_band": "high", "sort": sort, "order": order}
            sorted_by = page.locator("th[aria-sort]")
            assert sorted_by.get_attribute("class") == column
            assert sorted_by.get_attribute("aria-sort") == f"{order}ending"
            wanted = listed(live, risk_band="high", sort=sort, order=order, limit=ROWS).customers
            assert ids(page) == [card.customer_id for card in wanted]


def test_without_scripts_filters_go_into_the_address_and_narrow_the_list(plain, live):
    page = plain()
    page.get_by_label("risk band").select_option("High")
    page.get_by_label("suggested action").select_option("Check-in e-mail")
    page.get_by_role("button", name="Show").click()
    asked = parameters(page)
    assert (asked["risk_band"], asked["intended_action"]) == ("high", "check_in_email")
    wanted = listed(live, risk_band="high", intended_action="check_in_email")
    assert 0 < wanted.total < listed(live).total
    assert ids(page) == [card.customer_id for card in wanted.customers]
    assert set(page.locator(".list tbody .band").all_inner_texts()) == {"High"}
    assert page.get_by_label("risk band").input_value() == "high"
    page.get_by_label("Name or id contains").fill("there is no such customer")
    page.get_by_role("button", name="Show").click()
    assert ids(page) == []
    assert page.get_by_text("No customer fits these filters.").is_visible()
    page.get_by_role("link", name="All customers").first.click()
    assert of_total(page) == (1, ROWS, listed(live).total)


def test_filtering_keeps_the_order_that_was_chosen(plain):
    page = plain("/?sort=churn_risk&order=asc")
    page.get_by_label("risk band").select_option("High")
    page.get_by_role("button", name="Show").click()
    assert page.locator("th[aria-sort]").get_attribute("class") == "risk"
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"


def test_without_scripts_the_next_page_goes_on_where_the_last_one_ended(plain, live):
    page = plain("/?sort=next_purchase_date")
    seen, first_page = ids(page), ids(page)
    assert of_total(page)[:2] == (1, ROWS)
    while page.get_by_role("link", name="Next page").count():
        page.get_by_role("link", name="Next page").click()
        first, last, total = of_total(page)
        assert (first, last) == (len(seen) + 1, len(seen) + len(ids(page)))
        seen += ids(page)
    assert len(seen) == total == len(set(seen))
    assert seen == [card.customer_id for card in whole_list(live, sort="next_purchase_date")]
    page.go_back()
    assert ids(page) == seen[-2 * ROWS : -ROWS] or seen[:-ROWS]
    page.get_by_role("link", name="First page").click()
    assert ids(page) == first_page
    assert parameters(page) == {"sort": "next_purchase_date"}


@pytest.mark.parametrize("who", [ORDINARY, LOW_KNOWN, NOTHING_KNOWN])
def test_without_scripts_a_customer_has_a_card_reasons_a_drawing_and_a_way_back(plain, live, who):
    page = plain(f"/?q={who}")
    page.locator(".list tbody th a").click()
    assert urlsplit(page.url).path == f"/customers/{who}"
    card = live.get(f"/v1/customers/{who}?purchases=true").json()
    assert card["customer_id"] in said(page.locator("h1"))
    assert written(card["churn_risk"], "percent", "en") in said(page.locator(".tiles"))
    for direction, place in (("up", 0), ("down", 1)):
        wanted = [one["sentence"] for one in card["reasons"] if one["direction"] == direction]
        shown = page.locator(".two > div").nth(place).locator("li")
        assert wanted and shown.all_inner_texts() == wanted
    start = AS_OF - dt.timedelta(days=365)
    days = [one["day"] for one in card["purchases"] if one["day"] >= start.isoformat()]
    assert page.locator("svg.timeline rect.bar").count() == len(days) < len(card["purchases"])
    expected = card["next_purchase_date"]
    assert page.locator("svg rect.interval").count() == (expected["low"] is not None)
    assert page.locator("svg line.median").count() == (expected["median"] is not None)
    page.get_by_role("link", name="Back to the list").click()
    assert urlsplit(page.url).path == "/"


def test_the_way_back_from_a_customer_keeps_the_filters(plain):
    page = plain("/?risk_band=high&sort=churn_risk&order=asc")
    before = ids(page)
    page.locator(".list tbody th a").first.click()
    page.get_by_role("link", name="Back to the list").click()
    assert ids(page) == before


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "asked",
    [{}, {"sort": "churn_risk", "order": "asc"}, {"risk_band": "low", "q": "1"}, {"limit": "130"}],
    ids=str,
)
def test_page_and_json_say_the_same_in_the_same_order(plain, live, asked, language):
    asked = {**asked, "language": language}
    page = plain(f"/?{urlencode(asked)}")
    answer = listed(live, **{"limit": ROWS, **asked})
    assert ids(page) == [card.customer_id for card in answer.customers]
    total = written(answer.total, "customers", language)
    assert said(page.locator(".strip .total")) == spaced(total)
    currency = live.get("/v1/releases/current").json()["currency"]
    shown = page.locator(".list tbody tr").evaluate_all(CELLS)
    assert [[spaced(cell) for cell in row] for row in shown] == [
        [spaced(cell) for cell in row_of(card, language, currency)] for card in answer.customers
    ]


CELLS = """rows => rows.map(row => [
    ".customer a", ".risk .band", ".risk b", ".reason", ".next_purchase", ".action .what",
    ".value_at_risk",
].map(at => row.querySelector(at).innerText))"""


def row_of(card, language, currency):
    """What a row of the list should say, from the card that the API gives out."""
    when = card.next_purchase_date
    if when.median:
        expected = window(when.low, when.high, card.as_of_date, language)
    else:
        key = "late" if when.low else "not_within"
        expected = sentence(f"next_purchase.{key}", language, **when.model_dump())
    if card.usual_gap_days:
        usual = sentence("worklist.usual_gap", language, usual_gap_days=card.usual_gap_days)
        expected = f"{expected} {usual}"
    reason = strongest_reason(card.model_dump())["sentence"]
    left = likely_left(card)
    if left:
        values = {"category": left.category, "risk": left.risk}
        reason = f"{reason} {sentence('worklist.category_left', language, **values)}"
    return [
        card.name or card.customer_id,
        label(f"risk_band.{card.risk_band}", language),
        written(card.churn_risk, "percent", language),
        reason,
        expected,
        card.intended_action.name,
        written(card.value_at_risk, "money", language, currency=currency),
    ]


def test_a_name_with_a_script_tag_stays_text(opened):
    for target in (f"/?{urlencode({'q': SCRIPT})}", customer("00000")):
        page = opened(target)
        assert page.locator("main").get_by_text(SCRIPT).first.is_visible()
        assert page.locator("main script").count() == 0
        assert SCRIPT in page.title() or target.startswith("/?")
        assert page.wrong == []


def test_the_browsers_language_is_taken_and_the_link_keeps_the_filters(plain):
    for locale, language, title in (
        ("ru-RU", "ru", "Клиенты под угрозой ухода"),
        ("en-GB", "en", "Customers at risk"),
        ("de-DE", "en", "Customers at risk"),
    ):
        page = plain("/?risk_band=high&risk_band=low&q=1&sort=churn_risk", locale=locale)
        assert page.locator("html").get_attribute("lang") == language
        assert said(page.locator("h1")) == title
    before = ids(page)
    page.get_by_role("link", name="RU", exact=True).click()
    assert page.locator("html").get_attribute("lang") == "ru"
    assert parse_qs(urlsplit(page.url).query)["risk_band"] == ["high", "low"]
    assert ids(page) == before
    page.locator(".list tbody th a").first.click()
    assert page.locator("html").get_attribute("lang") == "ru"


def test_any_customer_can_be_read_in_the_other_language(plain, awkward):
    page = plain(service=awkward)
    page.get_by_role("link", name=ODD_ID).click()
    page.get_by_role("link", name="RU", exact=True).click()
    assert said(page.locator("h1")) == ODD_ID
    page.get_by_role("link", name="Эта карточка в JSON").click()
    assert json.loads(page.locator("pre").inner_text())["customer_id"] == ODD_ID


@pytest.mark.parametrize(
    "target",
    [
        "/?",
        "/?sort=next_purchase_date&limit=130",
        "/?q=nobody",
        "/customers/00000?",
        "/customers/00007?",
        "/customers/00013?",
        "/customers/gone-0?",
        "/customers/nobody?",
        "/nowhere?",
        "/?sort=nonsense",
        "/?cursor=nonsense",
    ],
)
def test_a_russian_page_holds_no_english(plain, live, target):
    page = plain(f"{target}&language=ru", locale="ru-RU")
    text = page.locator("main").inner_text() + page.title()
    for attribute in ("title", "aria-label", "placeholder", "alt"):
        for node in page.locator(f"main [{attribute}]").all():
            text += "\n" + node.get_attribute(attribute)
    text += "".join(page.locator("main svg title").all_text_contents())
    release = live.get("/v1/releases/current").json()
    facts = [release[name] for name in ("release_id", "model_version", "source")]
    tools = ["make run", "Excel", "JSON", "Regulars"]
    names = [*NAMES.values(), *filter(None, OWNERS), *WARES]
    for known in sorted([*facts, *tools, *names], key=len)[::-1]:
        text = text.replace(known, "")
    assert re.findall("[A-Za-z]{2,}", re.sub("gone-0|cursor|sort", "", text)) == []


@pytest.mark.parametrize(
    ("language", "link", "delimiter"),
    [("en", "Download for Excel", ","), ("ru", "Скачать для Excel", ";")],
)
def test_the_download_for_excel_holds_the_whole_list_as_filtered(
    plain, live, language, link, delimiter
):
    for asked in ({}, {"intended_action": ACTIONS[1], "sort": "churn_risk", "order": "asc"}):
        page = plain(f"/?{urlencode({**asked, 'language': language})}")
        with page.expect_download() as download:
            page.get_by_role("link", name=link).click()
        assert download.value.suggested_filename == f"at-risk-{AS_OF}.csv"
        content = Path(download.value.path()).read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        _, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=delimiter)
        assert [row[0] for row in rows] == [one.customer_id for one in whole_list(live, **asked)]
        assert len(rows) == of_total(page)[2] > 0
        assert not any(cell == FORMULA for row in rows for cell in row)
