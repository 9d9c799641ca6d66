"""Whether actions worked and risks were true: what a release keeps, API and page tell the same."""

import datetime as dt
import json
from typing import get_args

import pytest

from actions.effects.report import VERDICTS
from core.errors import ArtifactError
from core.files import hashes, read_json, write_json
from serving.cards.codes import Verdict
from serving.pages import forest
from serving.pages.forest import Row
from serving.store.publishing import publish
from serving.store.release_effects import read_effects
from serving.store.reports import keep_report
from tests.serving.conftest import Running
from tests.serving.reading_pages import page, text_of
from tests.serving.release_effects import between, effects
from tests.serving.releases import AS_OF, HORIZON, company, write_release
from tests.serving.test_monitor import monitor_report


@pytest.fixture
def told(engine, tmp_path):
    """Publishes a release with these facts, and runs the service on it."""
    running = []

    def run(facts, report=None, **changes):
        folder = write_release(tmp_path / "release", company(), **changes)
        if facts is None:
            (folder / "reports" / "effects.json").unlink()
        else:
            write_json(folder / "reports" / "effects.json", facts)
        manifest = read_json(folder / "manifest.json")
        write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
        published = publish(folder, engine, keep=2)
        if report is not None:
            keep_report(engine, published.release_id, report)
        running.append(Running(engine))
        return running[-1].__enter__()

    yield run
    for one in running:
        one.__exit__()


def asked(service, language="en"):
    return service.get(f"/v1/effects?language={language}").json()


def test_the_verdicts_are_those_of_the_stage():
    assert get_args(Verdict.__value__) == VERDICTS


@pytest.mark.slow
def test_each_quarter_is_told_with_its_interval_the_newest_first(told):
    service = told(effects())
    periods = asked(service)["effects"]["periods"]
    assert [(p["action_id"], p["period"]) for p in periods] == [
        ("check_in_email", "2024Q3"),
        ("check_in_email", "2024Q2"),
        ("check_in_email", "2024Q1"),
        ("owner_phone_call", "2024Q1"),
    ]
    best = periods[2]
    assert best["stays"] == {"value": 0.1, "low": pytest.approx(0.05), "high": pytest.approx(0.15)}
    assert (best["stayed_treated"], best["stayed_withheld"]) == (0.8, 0.69)
    assert "30 customers" in periods[0]["sentence"] and "Dec 30, 2024" in periods[0]["sentence"]
    assert "7 in 100" in periods[1]["sentence"]


@pytest.mark.slow
def test_money_is_that_of_all_who_were_treated_with_the_interval_of_their_spend(told):
    """100 treated, 6.00 more each at a margin of a quarter, and 0.50 for each contact."""
    money = asked(told(effects()))["effects"]["periods"][2]["money"]
    assert money["extra_spend"] == {"value": 6.0, "low": 2.0, "high": 10.0}
    assert money["spent"] == 50.0
    assert money["net"] == {"value": 100.0, "low": 0.0, "high": 200.0}
    assert money["return_on_spent"] == {"value": 3.0, "low": 1.0, "high": 5.0}


@pytest.mark.slow
def test_where_chance_hardly_made_the_groups_nothing_is_claimed_anywhere(told):
    service = told(effects())
    row = asked(service)["effects"]["periods"][3]
    figures = ("stays", "stayed_treated", "stayed_withheld", "smallest_shown", "money")
    assert [row[name] for name in figures] == [None] * len(figures)
    card = page(service, "/proof?language=en").one("section", **{"data-action": "owner_phone_call"})
    assert "Nothing is claimed" in text_of(card)
    assert "+40" not in text_of(card) and "0.4" not in text_of(card)


@pytest.mark.slow
def test_page_and_api_tell_the_same_in_the_same_order(told):
    service = told(effects())
    for language in ("en", "ru"):
        tree = page(service, f"/proof?language={language}")
        told_by_api = asked(service, language)["effects"]["periods"]
        for action in ("check_in_email", "owner_phone_call"):
            card = tree.one("section", **{"data-action": action})
            rows = [
                r["data-period"]
                for r in tree.all("tr")
                if card in r["inside"] and "data-period" in r
            ]
            its = [one for one in told_by_api if one["action_id"] == action]
            assert rows == [one["period"] for one in its]
            (verdicts,) = [
                e for e in tree.all("ul") if card in e["inside"] and e.get("class") == "verdicts"
            ]
            words = text_of(verdicts)
            places = [words.index(" ".join(one["sentence"].split())) for one in its]
            assert places == sorted(places)


@pytest.mark.slow
@pytest.mark.parametrize(
    "effect, said", [(0.2, "more stay"), (-0.2, "fewer stay"), (0.01, "no difference shown")]
)
def test_all_offers_together_are_told_apart_and_claim_only_what_is_shown(told, effect, said):
    together = effects()["programme"] | {"stays": between(effect), "spend": between(40 * effect, 4)}
    words = text_of(
        page(told(effects(programme=together)), "/proof?language=en").one("section", id="programme")
    )
    spend = {"more stay": "spend more", "fewer stay": "spend less"}.get(said, said)
    assert said in words.lower() and words.count(spend) >= 1
    assert "400 customers are compared with 60" in words


@pytest.mark.slow
def test_the_forest_has_a_line_at_nothing_and_a_row_for_each_quarter(told):
    tree = page(told(effects()), "/proof?language=en")
    chart = tree.one("svg", **{"aria-labelledby": "forest-check_in_email-title"})
    inside = [e for e in tree.elements if chart in e["inside"]]
    assert len([e for e in inside if e.get("class") == "zero"]) == 1
    assert len([e for e in inside if e["tag"] == "circle"]) == 3  # two quarters, and all together
    assert [e["text"] for e in inside if e.get("class") == "none"] == ["not enough data yet"]


@pytest.mark.slow
def test_without_contacts_it_says_what_is_missing_and_by_when_an_answer_comes(told):
    facts = {"why_not": {"message_key": "why_no_effects.no_contacts", "values": {}}}
    service = told(facts)
    found = asked(service)
    assert found["effects"]["why_not"]["sentence"] == "Not known yet: the data has no contacts."
    words = text_of(page(service, "/proof?language=en").one("main"))
    assert "Log every contact" in words and "When an answer can be expected" in words
    assert "23 in 100 customers" in words  # what this plan shows by its first date
    first = AS_OF + dt.timedelta(days=HORIZON)
    assert found["past"] == [] and found["next_closes"] == first.isoformat()
    assert "No list is old enough" in words


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["few_drawn", "few_closed", "few_left_or_stayed", "none_by_chance"]
)
def test_why_nothing_is_measured_can_be_said_in_both_languages(told, name):
    numbers = ("drawn", "needed", "treated", "withheld", "left", "stayed")
    why = {"message_key": f"why_no_effects.{name}", "values": dict.fromkeys(numbers, 21)}
    service = told(effects(why_not=why, learned=None, periods=[], programme=None))
    for language in ("en", "ru"):
        text = asked(service, language)["effects"]["why_not"]["sentence"]
        assert text and text in text_of(page(service, f"/proof?language={language}").one("main"))


@pytest.mark.slow
def test_a_release_of_older_code_says_so(told):
    service = told(None)
    assert asked(service)["effects"] is None
    assert "older version" in service.get("/proof?language=en").text


@pytest.mark.slow
def test_where_a_rule_ranks_there_is_no_plan_to_tell_of(told):
    service = told(None, gate={"why": "few", "distance": []})
    assert asked(service)["plan"] is None
    assert service.get("/proof").status == 200


@pytest.mark.slow
def test_past_risks_are_told_against_what_became_of_the_untreated(told):
    service = told(effects(), report=monitor_report())
    (one,) = asked(service)["past"]
    became = monitor_report()["releases"][0]["groups"]["untreated"]
    promised = became["expected_to_leave"] / became["customers"]
    its = one["untreated"]
    assert its["promised"] == pytest.approx(promised)
    assert its["left"] == pytest.approx(became["left"] / became["customers"])
    tree = page(service, "/proof?language=en")
    chart = tree.one("svg", **{"aria-labelledby": "past-chart-title"})
    inside = [e for e in tree.elements if chart in e["inside"]]
    assert [e.get("class") for e in inside if e["tag"] == "circle"] == ["effect"]
    assert len([e for e in inside if e.get("class") == "promised"]) == 1
    assert "Promised 57.1%, left 85.7%" in " ".join(chart["text"].split())


@pytest.mark.slow
def test_facts_that_break_the_schema_are_not_published(engine, tmp_path):
    wrong = effects()
    wrong["periods"][0]["verdict"] = "surely"
    folder = write_release(tmp_path / "release", company())
    write_json(folder / "reports" / "effects.json", wrong)
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    with pytest.raises(ArtifactError, match="verdict"):
        publish(folder, engine, keep=2)


def test_what_is_kept_is_what_is_read_again(tmp_path):
    write_json(tmp_path / "reports" / "effects.json", effects())
    kept = read_effects(tmp_path)
    assert type(kept).model_validate(json.loads(kept.model_dump_json())) == kept


def test_a_forest_of_shares_need_not_hold_nothing_and_one_of_nothing_is_none():
    rows = [Row("a", "a", 0.31, 0.28, 0.34, 0.3), Row("b", "b", None)]
    drawn = forest.draw(rows, "percent", "en", has_zero=False)
    assert drawn.zero is None
    assert drawn.left <= drawn.marks[0].low < drawn.marks[0].promised < drawn.marks[0].value
    assert drawn.marks[1].value is None
    assert forest.draw(rows[1:], "percent", "en") is None
    with_zero = forest.draw(rows, "points", "en")
    assert with_zero.left == with_zero.zero
