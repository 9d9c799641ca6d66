"""The pages as HTML: the same content and order as the JSON, and text stays text."""

from html.parser import HTMLParser
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from serving.publishing import publish
from serving.wording import label
from serving.wording import written as written_by_babel
from tests.serving.conftest import Running
from tests.serving.releases import NAMES, SCRIPT, card_row, company, gone_row, write_release

VOID = {"meta", "link", "input", "br", "line", "rect"}


class Tree(HTMLParser):
    """Elements with their attributes and text, and a check that every tag is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(text)
        assert self.open == [], "a tag is not closed"

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "text": "", **dict(attributes)}
        element["inside"] = [*self.open]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        element = {"tag": tag, "text": "", "inside": [*self.open], **dict(attributes)}
        self.elements.append(element)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, **attributes):
        return [
            element
            for element in self.elements
            if element["tag"] == tag
            and all(element.get(n.rstrip("_")) == v for n, v in attributes.items())
        ]

    def one(self, tag, **attributes):
        (found,) = self.all(tag, **attributes)
        return found


def written(*arguments):
    """With plain spaces, as `text_of` has them."""
    return " ".join(written_by_babel(*arguments).split())


def page(service, target="/", **headers):
    answer = service.get(target, **headers)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Tree(answer.text)


def text_of(element):
    return " ".join(element["text"].split())


def rows(tree):
    """Customer id → the texts of its cells, in the order of the page."""
    found = {}
    for row in tree.all("tr"):
        if "data-customer" in row:
            cells = [e for e in tree.elements if row in e["inside"] and e["tag"] in ("td", "th")]
            found[row["data-customer"]] = {cell["class"]: text_of(cell) for cell in cells}
    return found


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
    query = urlencode({**asked, "language": language}, doseq=True)
    json = service.get(f"/v1/at-risk?{query}").json()
    shown = rows(page(service, f"/?{query}"))
    assert list(shown) == [card["customer_id"] for card in json["customers"]]
    for card in json["customers"]:
        cells = shown[card["customer_id"]]
        assert (card["name"] or card["customer_id"]) in cells["customer"]
        assert written(card["churn_risk"], "percent", language) in cells["risk"]
        assert label(f"risk_band.{card['risk_band']}", language) in cells["risk"]
        assert cells["reason"] == card["reasons"][0]["sentence"]
        assert card["intended_action"]["name"] in cells["action"]
        assert cells["value_at_risk"] == written(card["value_at_risk"], "money", language)
        median = card["next_purchase_date"]["median"]
        if median:
            assert written(median, "day", language) in cells["next_purchase"]


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
    assert chosen == {"medium", "do_nothing", "value_at_risk", "desc"}
    assert tree.one("input", name="q")["value"] == '"x'
    assert tree.one("input", name="language")["value"] == "en"
    labelled = [e for e in tree.elements if e["tag"] in ("select", "input") and "type" not in e]
    assert all(any(i["tag"] == "label" for i in e["inside"]) for e in labelled)


def test_empty_fields_of_the_form_ask_for_nothing(service):
    tree = page(service, "/?risk_band=&lifecycle_stage=&intended_action=&q=&sort=value_at_risk")
    assert len(rows(tree)) == 50


def test_nobody_found_is_said(service):
    tree = page(service, "/?q=nobody-at-all&language=en")
    assert rows(tree) == {}
    assert any("No customer fits" in text_of(e) for e in tree.all("p"))


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
    assert tree.one("input", name="q")["value"] == text
    assert tree.all("script") == []


@pytest.mark.parametrize("target", ["/", "/customers/00005", "/customers/gone-1"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_page_carries_its_date_and_horizon(service, target, language):
    tree = page(service, f"{target}?language={language}")
    text = text_of(tree.one("p", class_="figures"))
    assert written("2024-10-27", "date", language) in text
    for days in (30, 90):
        assert written(days, "days", language) in text
    assert tree.one("html")["lang"] == language


def test_the_page_says_that_its_figures_are_out_of_date(service, tmp_path, engine):
    assert "October 27, 2024" in text_of(page(service).one("p", class_="figures"))
    (warning,) = page(service, "/?language=en").all("p", class_="warning")
    assert "Out of date since November 10, 2024" in text_of(warning)
    import pandas as pd

    later = pd.Timestamp.now().normalize() + pd.Timedelta(days=9)
    publish(write_release(tmp_path / "fresh", company(20, expires_at=later)), engine, keep=2)
    with Running(engine) as fresh:
        assert page(fresh).all("p", class_="warning") == []


def test_a_customer_page_holds_the_card(service):
    json = service.get("/v1/customers/00004?language=en").json()
    tree = page(service, "/customers/00004?language=en")
    text = text_of(tree.one("main"))
    assert written(json["churn_risk"], "percent", "en") in text
    assert written(json["value_at_risk"], "money", "en") in text
    assert json["intended_action"]["name"] in text
    assert json["intended_action"]["why"]["sentence"] in text
    for reason in json["reasons"]:
        assert reason["sentence"] in text
    for blocked in json["intended_action"]["blocked"]:
        assert blocked["sentence"] in text
    assert "within 90 days" in text


STRENGTH, SECOND = "Strength of the relationship", "Probability of a second purchase"
LEVEL, SUGGESTED = "Relationship level", "Level that value suggests"


@pytest.mark.parametrize(
    ("who", "facts"),
    [
        (
            "00000",
            {
                STRENGTH: "62 of 100 -3 points since Jul 21, 2024",
                LEVEL: "Unknown",
                SUGGESTED: "Basic",
                "Held by": "Discounts",
            },
        ),
        (
            "00004",
            {
                STRENGTH: "62 of 100 Relationship weaker: -21 points since Jul 21, 2024",
                LEVEL: "Proactive",
                SUGGESTED: "Partnership",
                "Held by": "Nothing clear",
            },
        ),
        (
            "00005",
            {
                STRENGTH: "62 of 100",
                LEVEL: "Partnership",
                SUGGESTED: "Basic",
                "Held by": "Too little known",
            },
        ),
        (
            "00006",
            {
                STRENGTH: "A relationship starts at the second purchase",
                SECOND: "34% within 90 days",
                LEVEL: "Unknown",
                SUGGESTED: "Reactive",
                "Held by": "Discounts",
            },
        ),
    ],
)
def test_a_customer_page_tells_the_relationship(service, who, facts):
    tree = page(service, f"/customers/{who}?language=en")
    told = [text_of(one) for one in tree.all("dt")], [text_of(one) for one in tree.all("dd")]
    found = dict(zip(*told, strict=True))
    asked = (STRENGTH, SECOND, LEVEL, SUGGESTED, "Held by")
    assert {name: found[name] for name in asked if name in found} == facts


def test_a_release_without_a_relationship_does_not_mention_one(service, tmp_path, engine):
    kept = {"relationship_level", "suggested_level", "held_by", "second_purchase_probability"}
    old = [{n: v for n, v in row.items() if n not in kept} for row in [card_row("1")]]
    publish(write_release(tmp_path / "r", old), engine, keep=2)
    with Running(engine) as other:
        assert "Relationship" not in text_of(page(other, "/customers/1?language=en").one("main"))


def test_the_list_says_whose_relationship_has_weakened(service):
    shown = rows(page(service, "/?relationship_declined=true&language=en"))
    assert shown
    assert all("Relationship weaker: -" in row["customer"] for row in shown.values())
    every = rows(page(service, "/?limit=1000&language=en"))
    assert {who for who, row in every.items() if "weaker" in row["customer"]} == set(shown)
    tree = page(service, "/?relationship_declined=true&held_by=habit&language=en")
    assert "checked" in tree.one("input", name="relationship_declined")
    assert {"habit"} < {e["value"] for e in tree.all("option") if "selected" in e}


def test_reasons_stand_under_their_direction(service):
    tree = page(service, "/customers/00001?language=en")
    columns = {text_of(e): e["inside"][-1] for e in tree.all("h3") if e.get("class")}
    assert set(columns) == {"With a higher risk", "With a lower risk"}
    assert all(
        len([i for i in tree.all("li") if column in i["inside"]]) == 1
        for column in columns.values()
    )


def test_likely_categories_stand_with_their_probability_in_both_languages(service):
    for language, headings, chance in (
        ("en", ("Likely to buy within 30 days", "Not bought in the last 90 days"), "55%"),
        ("ru", ("Что купит в течение 30 дней", "Не было в покупках последние 90 дней"), "55 %"),
    ):
        tree = page(service, f"/customers/00001?language={language}")
        text = text_of(tree.one("main"))
        assert all(heading in text for heading in headings)
        lists = [text_of(e) for e in tree.all("li")]
        assert f"bread & rolls: {chance}" in lists
        assert any(one.startswith("tea: 20") for one in lists)


def test_without_categories_the_page_does_not_speak_of_them(tmp_path, engine):
    lists = ("next_categories_new", "next_categories_any")
    bare = [{k: v for k, v in card_row("1").items() if k not in lists}]
    few = [card_row("1", next_categories_new=[])]
    for number, (rows_, heading) in enumerate(((bare, False), (few, True))):
        publish(write_release(tmp_path / str(number), rows_), engine, keep=2)
        with Running(engine) as other:
            text = text_of(page(other, "/customers/1?language=en").one("main"))
            assert ("Likely to buy" in text) == heading
            assert ("No other category is known" in text) == heading


def test_the_timeline_is_drawn_with_what_is_expected(service):
    tree = page(service, "/customers/00005?language=en")
    svg = tree.one("svg")
    inside = [e for e in tree.elements if svg in e["inside"]]
    kinds = [e.get("class") for e in inside if e["tag"] in ("rect", "line")]
    assert kinds.count("bar") == 2  # the third purchase is more than a year back
    assert kinds.count("interval") == kinds.count("median") == kinds.count("as-of") == 1
    title = text_of(next(e for e in inside if e["tag"] == "title"))
    assert "2 days with purchases since October 28, 2023" in title
    assert "next purchase: November 1, 2024" in title


def test_a_withheld_action_is_said_to_be(service):
    row = next(row for row in company() if row["withheld"])
    tree = page(service, f"/customers/{row['customer_id']}?language=en")
    assert "Left untreated on purpose" in text_of(tree.one("main"))
    tree = page(service, f"/?q={row['customer_id']}&language=en")
    assert "Do not contact" in rows(tree)[row["customer_id"]]["action"]


def test_someone_gone_is_said_to_be(service, tmp_path, engine):
    text = text_of(page(service, "/customers/gone-1?language=en").one("main"))
    assert "Already gone: last bought on April 10, 2024" in text
    unknown = [card_row("1"), gone_row("2", last_purchase_date=None)]
    publish(write_release(tmp_path / "r", unknown), engine, keep=2)
    with Running(engine) as other:
        assert "Already gone" in text_of(page(other, "/customers/2?language=en").one("main"))


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
        russian = service.get(f"{target}?language=ru")
        assert said not in russian.text


def test_without_a_release_the_page_says_so_in_both_languages(empty_service):
    for language, said in (("en", "There is no release yet"), ("ru", "Выпуска ещё нет")):
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
        scripts = tree.all("script")
        assert (target == "/docs") == bool(scripts)


def test_pages_say_that_they_depend_on_the_language_header(service):
    assert service.get("/").headers["vary"] == "Accept-Language"
    assert page(service, Accept_Language="ru").one("html")["lang"] == "ru"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_is_extrapolated_is_said_wherever_figures_are(tmp_path, engine, language):
    rows = [card_row("1", value_extrapolation=2.5, value_horizon_days=365)]
    facts = {"value_horizon_days": 365, "value_extrapolated_from": 90}
    told = {"en": "extrapolated", "ru": "продлено"}[language]
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
    assert {"en": "extrapolated", "ru": "продлено"}[language] not in text
