"""From which risk on a contact pays, as the API and the page tell it."""

import pytest

from core.files import read_json
from serving.cards.profit import TERMS
from tests.serving.asking import problem, whole_list
from tests.serving.reading_pages import page, text_of
from tests.serving.release_reports import EVALUATION

CUTS, PROFIT = (EVALUATION["churn"][name] for name in ("cuts", "expected_maximum_profit"))


def told(service, query=""):
    return service.get(f"/v1/profit{query}").json()


def test_the_curve_is_what_each_contact_brings_and_costs(service, release):
    found = told(service)
    assert found["release_id"] == read_json(release / "manifest.json")["release_id"]
    assert {name: found[name] for name in TERMS} == PROFIT["terms"]
    assert (found["offer"], found["missing"]) == ("owner_phone_call", [])
    earned = [0, 570, 780, 810, 660]  # 25 of a leaver, less 5 of a stayer
    assert [p["profit"] for p in found["curve"]] == pytest.approx([1000 * e / 120 for e in earned])
    best = found["best"]
    assert (best["churn_risk"], best["share_contacted"]) == (0.1, 0.75)
    assert best["share_low"] <= 0.75 <= best["share_high"]
    for point in found["curve"]:
        assert point["profit_low"] <= point["profit"] <= point["profit_high"]


def test_other_costs_move_the_cut_and_are_nobodys_offer(service):
    dear = told(service, "?contact_cost=25")
    assert dear["offer"] is None and dear["contact_cost"] == 25
    assert dear["best"]["share_contacted"] == 0 and dear["today"]["reached"] == 0
    cheap = told(service, "?contact_cost=0&incentive_cost=0")
    assert cheap["best"]["share_contacted"] == 0.75  # nobody left below it
    worth = told(service, "?customer_value=50")
    assert worth["best"]["share_contacted"] == 0.5


def test_the_best_cut_is_counted_on_the_list_of_today(service):
    risks = [card.churn_risk for card in whole_list(service)]
    found = told(service)["today"]
    reached = [risk for risk in risks if risk >= 0.1]
    assert (found["customers"], found["reached"]) == (len(risks), len(reached))
    assert found["leavers"] == pytest.approx(sum(reached))


def test_page_and_json_say_the_same_for_any_costs_without_a_script(service):
    for query in ("", "&customer_value=50&contact_cost=2.5"):
        tree = page(service, f"/profit?language=en{query}")
        found = told(service, f"?{query}")
        form = tree.one("form", action="/profit")
        fields = {
            e["name"]: e["value"]
            for e in tree.all("input")
            if form in e["inside"] and e.get("type") == "number"
        }
        assert {name: float(value) for name, value in fields.items()} == {
            name: found[name] for name in TERMS
        }
        text = text_of(tree.one("main"))
        assert f"From a risk of {100 * found['best']['churn_risk']:g}% on" in text
        assert f"these are {found['today']['reached']} of {found['today']['customers']}" in text
        assert len(tree.one("polygon", class_="interval")["points"].split()) == 2 * len(
            found["curve"]
        )
        (link,) = [e["href"] for e in tree.all("a") if "min_churn_risk" in e.get("href", "")]
        assert page(service, link)
    assert "/profit" in {
        e["href"].partition("?")[0] for e in page(service, "/model?language=en").all("a")
    }


def test_where_no_contact_pays_the_page_says_so(service):
    for language, words in (("en", "no contact pays"), ("ru", "не окупается ни для кого")):
        text = text_of(page(service, f"/profit?language={language}&contact_cost=1000").one("main"))
        assert words in text


@pytest.mark.parametrize("query", ["contact_cost=-1", "kept_share=1.5", "customer_value=1e999"])
def test_costs_that_are_none_are_refused(service, query):
    said = problem(service.get(f"/v1/profit?{query}"), "invalid-parameters")
    assert said["errors"][0]["parameter"] == query.partition("=")[0]
