"""The pages as HTML: the same content and order as the JSON, and text stays text."""

import datetime as dt
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from serving.cards.category_risks import LIKELY
from serving.pages.list_tasks import ROWS
from serving.store.publishing import publish
from serving.wording.sentences import label
from serving.wording.windows import window
from tests.serving.conftest import Running
from tests.serving.reading_pages import Tree, page, rows, text_of, written
from tests.serving.releases import NAMES, SCRIPT, card_row, company, write_release


def day(text):
    """A day of the JSON; the days of the reach, a number, as they are."""
    return dt.date.fromisoformat(text) if isinstance(text, str) else text


HTMX = ("/static/htmx/htmx.min.js", None)  # the script of all pages, and its `defer`


@pytest.mark.slow_after(2)
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"risk_band": "high"},
        {"sort": "churn_risk", "order": "asc"},
        {"sort": "next_purchase_date"},
        {"q": "0010"},
        {"intended_action": ["check_in_email", "do_nothing"], "limit": "20"},
    ],
    ids=str,
)
def test_page_and_json_agree_in_content_and_order(service, asked, language):
    query = urlencode({"limit": ROWS, **asked, "language": language}, doseq=True)
    json = service.get(f"/v1/at-risk?{query}").json()
    query = urlencode({**asked, "language": language}, doseq=True)
    tree, days = page(service, f"/?{query}"), []
    shown = rows(tree)
    assert list(shown) == [card["customer_id"] for card in json["customers"]]
    for card in json["customers"]:
        cells = shown[card["customer_id"]]
        assert (card["name"] or card["customer_id"]) in cells["customer"]
        assert written(card["churn_risk"], "percent", language) in cells["risk"]
        assert label(f"risk_band.{card['risk_band']}", language) in cells["risk"]
        assert cells["reason"].startswith(card["reasons"][0]["sentence"])
        more = cells["reason"].removeprefix(card["reasons"][0]["sentence"])
        stays = card["churn_risk"] < LIKELY
        left = [one for one in card["category_risks"] or [] if one["risk"] >= LIKELY and stays]
        assert bool(more) == bool(left)
        for one in left[:1]:
            risk = written(one["risk"], "percent", language)
            assert more.endswith(f"{one['category']}, {risk}")
        assert card["intended_action"]["name"] in cells["action"]
        assert cells["value_at_risk"] == written(card["value_at_risk"], "money", language)
        when = {name: day(text) for name, text in card["next_purchase_date"].items()}
        if when["median"]:
            as_of = day(card["as_of_date"])
            assert window(when["low"], when["high"], as_of, language) in cells["next_purchase"]
            days.append(written(when["median"], "day", language))
    titles = [" ".join(e["title"].split()) for e in tree.all("b") if "title" in e]
    assert len(titles) == len(days)
    assert all(one in title for one, title in zip(days, titles, strict=True))


@pytest.mark.slow
def test_pages_follow_each_other_without_a_gap(service):
    target, found = "/?risk_band=high&sort=churn_risk&limit=7", []
    while target:
        tree = page(service, target)
        found += list(rows(tree))
        following = tree.all("a", rel="next")
        target = following[0]["href"] if following else None
    json = service.get("/v1/at-risk?risk_band=high&sort=churn_risk&limit=1000").json()
    assert found == [card["customer_id"] for card in json["customers"]]


def test_a_click_on_a_heading_sorts_and_a_second_turns_round(service):
    tree = page(service, "/?risk_band=high&language=en")
    (heading,) = [e for e in tree.all("th") if e.get("class") == "risk" and e["scope"] == "col"]
    assert "aria-sort" not in heading
    (link,) = [e for e in tree.all("a") if heading in e["inside"]]
    assert parse_qs(urlsplit(link["href"]).query) == {
        "risk_band": ["high"],
        "language": ["en"],
        "sort": ["churn_risk"],
        "order": ["desc"],
    }
    tree = page(service, link["href"])
    (heading,) = [e for e in tree.all("th") if e.get("class") == "risk" and e["scope"] == "col"]
    assert heading["aria-sort"] == "descending"
    (link,) = [e for e in tree.all("a") if heading in e["inside"]]
    assert "order=asc" in link["href"]


def test_filters_stand_in_the_form_as_in_the_address(service):
    tree = page(service, "/?risk_band=medium&q=%22x&language=en&intended_action=do_nothing")
    chosen = {e["value"] for e in tree.all("option") if "selected" in e}
    assert chosen == {"medium", "do_nothing", "to_do", "value_at_risk", "desc"}
    assert tree.one("input", name="q", type="search")["value"] == '"x'
    assert tree.all("input", name="language")[0]["value"] == "en"
    labelled = [e for e in tree.elements if e["tag"] in ("select", "input") and "type" not in e]
    assert all(any(i["tag"] == "label" for i in e["inside"]) for e in labelled)


def test_empty_fields_of_the_form_ask_for_nothing(service):
    tree = page(service, "/?risk_band=&lifecycle_stage=&intended_action=&q=&sort=value_at_risk")
    assert len(rows(tree)) == ROWS


def test_nobody_found_is_said(service):
    tree = page(service, "/?q=nobody-at-all&language=en")
    assert rows(tree) == {}
    assert any("No customer fits" in text_of(e) for e in tree.all("p"))


@pytest.mark.slow
def test_markup_in_a_name_stays_text(service):
    for target in ("/?q=script", "/customers/00000"):
        tree = page(service, target)
        assert not [e for e in tree.all("script") if "alert" in e["text"]]
        assert SCRIPT in tree.one("main")["text"]
    for name in NAMES.values():
        assert name in page(service, f"/?q={quote(name)}").one("main")["text"]


def test_markup_in_a_search_stays_text(service):
    text = '"><script>alert(1)</script>'
    tree = page(service, f"/?q={quote(text)}")
    assert tree.one("input", name="q", type="search")["value"] == text
    assert [script["src"] for script in tree.all("script")] == [HTMX[0]]


@pytest.mark.slow
@pytest.mark.parametrize("target", ["/", "/customers/00005", "/customers/gone-1"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_page_carries_its_date_and_horizon(service, target, language):
    tree = page(service, f"{target}?language={language}")
    text = text_of(tree.one("p", class_="figures"))
    assert written("2024-10-27", "date", language) in text
    for days in (30, 90):
        assert written(days, "days", language) in text
    assert tree.one("html")["lang"] == language


@pytest.mark.slow
def test_the_page_says_that_its_figures_are_out_of_date(service, tmp_path, engine):
    assert "October 27, 2024" in text_of(page(service).one("p", class_="figures"))
    (warning,) = page(service, "/?language=en").all("p", class_="warning slim")
    assert "Out of date since November 10, 2024" in text_of(warning)
    import pandas as pd

    later = pd.Timestamp.now().normalize() + pd.Timedelta(days=9)
    rows = [{**row, "expires_at": later} for row in company(20)]
    publish(write_release(tmp_path / "fresh", rows), engine, keep=2)
    with Running(engine) as fresh:
        assert page(fresh).all("p", class_="warning slim") == []


@pytest.mark.slow
def test_the_list_says_whose_relationship_has_weakened(service):
    shown = rows(page(service, "/?relationship_declined=true&language=en"))
    assert shown
    assert all("relationship \u2212" in row["customer"] for row in shown.values())
    every = rows(page(service, "/?limit=1000&language=en"))
    assert {who for who, row in every.items() if "relationship" in row["customer"]} == set(shown)
    tree = page(service, "/?relationship_declined=true&held_by=habit&language=en")
    assert "checked" in tree.one("input", name="relationship_declined", type="checkbox")
    assert {"habit"} < {e["value"] for e in tree.all("option") if "selected" in e}


def test_links_keep_the_language_that_the_address_names(service):
    for target, wanted in (("/", False), ("/?language=ru", True)):
        tree = page(service, target)
        link = next(e for e in tree.all("a") if e["href"].startswith("/customers/"))
        assert ("language=ru" in link["href"]) == wanted


def test_the_language_can_be_changed_without_losing_the_filters(service):
    tree = page(service, "/?risk_band=high&sort=churn_risk&language=en")
    russian = tree.one("a", hreflang="ru")["href"]
    assert parse_qs(urlsplit(russian).query) == {
        "risk_band": ["high"],
        "sort": ["churn_risk"],
        "language": ["ru"],
    }
    assert "Клиенты под угрозой" in text_of(page(service, russian).one("main"))


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("/customers/nobody", 404, "There is no such customer"),
        ("/nothing", 404, "There is nothing at this address"),
        ("/?sort=nonsense", 422, "A part of the address cannot be used"),
        ("/?release=none", 404, "This list is no longer kept"),
        ("/?changed_since=none", 404, "This list is no longer kept"),
        ("/?cursor=x", 422, "A part of the address cannot be used"),
        ("/?colour=red", 422, "It is: colour"),
        ("/?limit=5&limit=6", 422, "A part of the address cannot be used"),
    ],
)
def test_what_cannot_be_shown_is_said_on_a_page(service, target, status, said):
    answer = service.get(target)
    assert answer.status == status
    assert said in text_of(Tree(answer.text).one("main"))
    if status == 404:
        russian = service.get(f"{target}{'&' if '?' in target else '?'}language=ru")
        assert said not in russian.text


def test_without_a_release_the_page_says_so_in_both_languages(empty_service):
    for language, said in (
        ("en", "There is nothing to show yet"),
        ("ru", "Пока показывать нечего"),
    ):
        answer = empty_service.get(f"/?language={language}")
        assert answer.status == 503
        assert said in answer.text
        assert "make run" in answer.text


def test_nothing_on_a_page_comes_from_elsewhere_or_needs_a_script(service):
    for target in ("/", "/customers/00001", "/docs"):
        tree = page(service, target)
        for element in tree.elements:
            for name in ("href", "src", "action"):
                assert not (element.get(name) or "").startswith(("http", "//")), element
            assert "style" not in element
            assert not [name for name in element if name.startswith("on")]
        scripts = {(element["src"], element.get("defer", "no")) for element in tree.all("script")}
        own = {("/static/swagger-ui/swagger-ui-bundle.js", None), ("/static/docs.js", None)}
        assert scripts == {HTMX} | (own if target == "/docs" else set())


def test_pages_say_that_they_depend_on_the_language_header(service):
    assert service.get("/").headers["vary"] == "Accept-Language, Accept-Encoding"
    assert page(service, Accept_Language="ru").one("html")["lang"] == "ru"


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_is_extrapolated_is_said_wherever_figures_are(tmp_path, engine, language):
    rows = [card_row("1", value_extrapolation=2.5, value_horizon_days=365)]
    facts = {"value_horizon_days": 365, "value_extrapolated_from": 90}
    told = {"en": "extrapolated", "ru": "продолжение расчёта"}[language]
    publish(write_release(tmp_path / "far", rows, **facts), engine, keep=2)
    with Running(engine) as far:
        for target in ("/", "/customers/1"):
            text = text_of(page(far, f"{target}?language={language}").one("p", class_="figures"))
            assert written(365, "days", language) in text
            assert told in text
            assert written(90, "days_of", language) in text
        assert far.get("/v1/customers/1").json()["value_extrapolation"] == 2.5
        assert far.get("/v1/releases/current").json()["value_extrapolated_from"] == 90
    # The list of data without amounts shows orders of nobody, so nothing that is extrapolated.
    publish(write_release(tmp_path / "poor", rows, money=False, **facts), engine, keep=2)
    with Running(engine) as far:
        assert told in text_of(page(far, f"/customers/1?language={language}").one("main"))
        assert told not in page(far, f"/?language={language}").one("main")["text"]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_orders_over_the_value_horizon_stand_beside_those_of_the_horizon(service, language):
    text = page(service, f"/customers/00005?language={language}").one("main")["text"]
    assert written(6.25, "number", language) in text
    assert {"en": "extrapolated", "ru": "продолжение расчёта"}[language] not in text


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "target", ["/", "/customers/00001", "/overview", "/plan", "/proof", "/model"]
)
def test_every_drawing_has_its_table_in_the_same_part_of_the_page(service, target):
    tree = page(service, f"{target}?language=en")
    parts = ("section", "details", "figure")
    tables = [one for one in tree.elements if one["tag"] == "table"]
    for drawing in tree.all("svg", role="img"):
        around = [one for one in drawing["inside"] if one["tag"] in parts]
        assert any(around[-1] in table["inside"] for table in tables) or any(
            around[-2] in table["inside"] for table in tables if len(around) > 1
        ), (target, drawing.get("class"))
