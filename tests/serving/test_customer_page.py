"""The page of one customer: the same content as the JSON."""

from typing import get_args
from urllib.parse import quote

import pytest

from serving.cards.card import KNOWN_FOR, ScoreCard
from serving.store.publishing import publish
from serving.wording.writing import lower_first
from tests.serving.conftest import Running
from tests.serving.reading_pages import page, rows, text_of, written
from tests.serving.releases import card_row, company, gone_row, write_release


def test_a_customer_page_holds_the_card(service):
    json = service.get("/v1/customers/00004?language=en").json()
    tree = page(service, "/customers/00004?language=en")
    text = text_of(tree.one("main"))
    assert written(json["churn_risk"], "percent", "en") in text
    assert written(json["value_at_risk"], "money", "en") in text
    risk, stays = written(json["churn_risk"], "percent", "en"), json["value_if_stays"]
    assert f"{risk} × ({written(stays, 'money', 'en')} if the customer stays, less " in text
    assert json["intended_action"]["name"] in text
    assert json["intended_action"]["why"]["sentence"] in text
    for reason in json["reasons"]:
        assert reason["sentence"] in text
    for blocked in json["intended_action"]["blocked"]:
        assert lower_first(blocked["sentence"]) in text
    assert "within 90 days" in text


def term(tree, dt):
    """The term that a dt names, without the explanation that is a tap away."""
    inside = [one for one in tree.all("summary") if dt in one["inside"]]
    return text_of(inside[0] if inside else dt)


STRENGTH, SECOND = "Strength of the relationship", "Probability of a second purchase"


LEVEL, SUGGESTED = "Relationship level", "Level that the customer's value justifies"
KEEPS = "What keeps the customer"


@pytest.mark.parametrize(
    ("who", "facts"),
    [
        (
            "00000",
            {
                STRENGTH: "62 of 100 Weaker by 3 points since Jul 21, 2024",
                LEVEL: "Unknown",
                SUGGESTED: "Basic",
                KEEPS: "Discounts",
            },
        ),
        (
            "00004",
            {
                STRENGTH: "62 of 100 Relationship weaker by 21 points since Jul 21, 2024",
                LEVEL: "Proactive",
                SUGGESTED: "Partnership",
                KEEPS: "Nothing clear",
            },
        ),
        (
            "00005",
            {
                STRENGTH: "62 of 100",
                LEVEL: "Partnership",
                SUGGESTED: "Basic",
                KEEPS: "Too little known",
            },
        ),
        (
            "00006",
            {
                STRENGTH: "A relationship starts at the second purchase",
                SECOND: "34% within 90 days",
                LEVEL: "Unknown",
                SUGGESTED: "Reactive",
                KEEPS: "Discounts",
            },
        ),
    ],
)
def test_a_customer_page_tells_the_relationship(service, who, facts):
    tree = page(service, f"/customers/{who}?language=en")
    told = [term(tree, one) for one in tree.all("dt")], [text_of(one) for one in tree.all("dd")]
    found = dict(zip(*told, strict=True))
    asked = (STRENGTH, SECOND, LEVEL, SUGGESTED, KEEPS)
    assert [name for name in asked if name in found] == [name for name in asked if name in facts]
    # What each word means stands beside it.
    assert all(found[name].startswith(fact) for name, fact in facts.items())
    assert found[KEEPS] != facts[KEEPS]


@pytest.mark.slow
def test_a_release_without_a_relationship_does_not_mention_one(service, tmp_path, engine):
    kept = {"relationship_level", "suggested_level", "held_by", "second_purchase_probability"}
    old = [{n: v for n, v in row.items() if n not in kept} for row in [card_row("1")]]
    publish(write_release(tmp_path / "r", old), engine, keep=2)
    with Running(engine) as other:
        assert "Relationship" not in text_of(page(other, "/customers/1?language=en").one("main"))


@pytest.mark.slow
def test_a_release_from_before_low_gains_were_told_tells_what_it_counted_on(tmp_path, engine):
    rows = [card_row("1", expected_gain=0.25)]
    del rows[0]["expected_gain_low"]
    publish(write_release(tmp_path / "r", rows), engine, keep=1)
    with Running(engine) as other:
        assert other.get("/v1/customers/1").json()["intended_action"]["expected_gain_low"] is None
        text = text_of(page(other, "/customers/1?language=en").one("main"))
        assert "$0.25 after costs: $0.25 at the low end of the effect, $0.50 in the middle" in text


def test_reasons_stand_under_their_direction(service):
    tree = page(service, "/customers/00001?language=en")
    columns = {text_of(e): e["inside"][-1] for e in tree.all("h3") if e.get("class")}
    assert set(columns) == {"Signs of leaving", "Signs of staying"}
    assert all(
        len([i for i in tree.all("li") if column in i["inside"]]) == 1
        for column in columns.values()
    )


def test_likely_categories_stand_with_their_probability_in_both_languages(service):
    for language, headings, chance in (
        ("en", ("Likely to buy within 30 days", "Not bought in the last 90 days"), "55%"),
        ("ru", ("вероятно, купит в течение 30 дней", "чего не покупал последние 90 дней"), "55 %"),
    ):
        tree = page(service, f"/customers/00001?language={language}")
        text = text_of(tree.one("main"))
        assert all(heading in text for heading in headings)
        lists = [text_of(e) for e in tree.all("li")]
        assert f"bread & rolls: {chance}" in lists
        assert any(one.startswith("tea: 20") for one in lists)


def test_main_categories_stand_with_their_risk_in_both_languages(service):
    for language, heading, cells in (
        ("en", "the risk of losing each", ("62%", "31 days ago", "25%", "23.56")),
        ("ru", "риск потерять каждую", ("62 %", "31 день назад", "25 %", "23,56")),
    ):
        text = text_of(page(service, f"/customers/00001?language={language}").one("main"))
        told = text.split(heading, 1)[1]
        assert "bread & rolls" in told
        assert all(cell in told.replace("\u00a0", " ") for cell in cells), told


@pytest.mark.slow
def test_without_categories_the_page_does_not_speak_of_them(tmp_path, engine):
    lists = ("next_categories_new", "next_categories_any", "category_risks")
    bare = [{k: v for k, v in card_row("1").items() if k not in lists}]
    few = [card_row("1", next_categories_new=[], category_risks=[])]
    for number, (rows_, heading) in enumerate(((bare, False), (few, True))):
        publish(write_release(tmp_path / str(number), rows_), engine, keep=2)
        with Running(engine) as other:
            text = text_of(page(other, "/customers/1?language=en").one("main"))
            assert ("Likely to buy" in text) == heading
            assert ("No other category is known" in text) == heading
            assert ("No category is bought often enough to tell" in text) == heading


def test_the_timeline_is_drawn_with_what_is_expected(service):
    tree = page(service, "/customers/00005?language=en")
    svg = tree.one("svg", class_="timeline")
    inside = [e for e in tree.elements if svg in e["inside"]]
    kinds = [e.get("class") for e in inside if e["tag"] in ("rect", "line")]
    assert kinds.count("bar") == 2  # the third purchase is more than a year back
    assert kinds.count("interval") == kinds.count("median") == kinds.count("as-of") == 1
    title = text_of(next(e for e in inside if e["tag"] == "title"))
    assert "2 days with purchases since October 28, 2023" in title
    assert "next purchase: late October to mid-January (most likely November 1, 2024)" in title


def test_a_withheld_action_is_said_to_be(service):
    row = next(row for row in company() if row["withheld"])
    tree = page(service, f"/customers/{row['customer_id']}?language=en")
    assert "The next plan draws again" in text_of(tree.one("main"))
    tree = page(service, f"/?q={row['customer_id']}&language=en")
    assert "do not contact" in rows(tree)[row["customer_id"]]["action"]


@pytest.mark.slow
def test_someone_gone_is_said_to_be(service, tmp_path, engine):
    text = text_of(page(service, "/customers/gone-1?language=en").one("main"))
    assert "Already gone: last bought on April 10, 2024" in text
    unknown = [card_row("1"), gone_row("2", last_purchase_date=None)]
    publish(write_release(tmp_path / "r", unknown), engine, keep=2)
    with Running(engine) as other:
        assert "Already gone" in text_of(page(other, "/customers/2?language=en").one("main"))


@pytest.mark.slow
def test_a_card_may_lack_whatever_may_be_unknown(tmp_path, engine):
    """Of a customer who came since the release most is unknown: each field is left out once."""
    together = (
        "next_purchase_date",
        "intended_action",
        "value_",
        "expected_",
        "relationship_strength",
    )
    lacking = [
        name
        for name, value in card_row("1").items()
        if value is not None
        and name in ScoreCard.model_fields
        and name not in KNOWN_FOR
        and not name.startswith(together)
        and type(None) in get_args(ScoreCard.model_fields[name].annotation)
    ]
    assert {"held_by", "relationship_level", "abc_class", "lifecycle_stage"} <= set(lacking)
    rows_ = [card_row(f"no {name}", **{name: None}) for name in lacking]
    publish(write_release(tmp_path / "release", rows_), engine, keep=3)
    with Running(engine) as running:
        for name in lacking:
            for language in ("en", "ru"):
                target = f"/customers/{quote(f'no {name}')}?language={language}"
                assert running.get(target).status == 200, (name, language)
