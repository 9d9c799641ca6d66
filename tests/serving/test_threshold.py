"""Where to cut: what a cut reaches is summed up from the risks of exactly the list shown."""

import re

import numpy as np
import pytest

from serving.work.threshold import cut_of
from tests.serving.asking import whole_list
from tests.serving.reading_pages import page, text_of

ASKED = "abc_class=A&language=en"


@pytest.mark.parametrize("at", [0.4, 0.0, 1.0])
def test_a_cut_is_summed_up_from_the_cards_that_the_filters_leave(service, at):
    risks = [card.churn_risk for card in whole_list(service, abc_class="A")]
    cut = service.get(f"/v1/at-risk/threshold?abc_class=A&min_churn_risk={at}").json()["cut"]
    reached = [risk for risk in risks if risk >= at]
    assert (cut["customers"], cut["reached"]) == (len(risks), len(reached))
    assert cut["leavers"] == pytest.approx(sum(reached))
    assert cut["expected_leavers"] == pytest.approx(sum(risks))
    assert cut["wasted"] == pytest.approx(sum(1 - risk for risk in reached))
    assert cut["leavers_share"] == pytest.approx(sum(reached) / sum(risks))
    for point in cut["curve"]:
        assert point["reached"] == sum(risk >= point["min_churn_risk"] for risk in risks)
    listed = service.get(f"/v1/at-risk?abc_class=A&min_churn_risk={at}").json()
    assert listed["total"] == cut["reached"]


def test_the_page_says_the_same_as_the_json_and_shows_the_list_above_the_cut(service):
    cut = service.get("/v1/at-risk/threshold?abc_class=A&min_churn_risk=0.4").json()["cut"]
    for target in ("/", "/cut"):
        tree = page(service, f"{target}?{ASKED}&min_churn_risk=0.4")
        (said,) = [text_of(e) for e in tree.all("p") if "Cut at" in e["text"]]
        told = [int(n) for n in re.findall(r"\d+", said)]
        assert told[:3] == [40, cut["reached"], cut["customers"]]
        assert told[3:5] == [round(cut["leavers"]), round(cut["expected_leavers"])]
        assert tree.one("svg", role="img")["aria-label"]
        table = next(e for e in tree.all("table") if tree.one("div", id="cut") in e["inside"])
        cells = [text_of(e) for e in tree.all("td") if table in e["inside"]]
        assert cells[::2] == [str(point["reached"]) for point in cut["curve"]]
    tree = page(service, f"/?{ASKED}&min_churn_risk=0.4")
    slider = tree.one("input", type="range")
    assert slider["value"] == "0.4"
    inside = [e for e in tree.all("input", type="hidden") if e["inside"][-1] in slider["inside"]]
    assert {"abc_class", "language"} <= {e["name"] for e in inside}


def test_a_slider_stands_where_the_list_is_cut_so_that_untouched_it_asks_the_same(service):
    for at, step in (("0.15", "0.05"), ("0.37", "any"), ("1", "0.05")):
        slider = page(service, f"/?min_churn_risk={at}").one("input", type="range")
        assert (float(slider["value"]), slider["step"]) == (float(at), step)


def test_a_cut_of_nobody_reaches_nobody():
    cut = cut_of(np.array([]), 0.3)
    assert (cut.customers, cut.reached, cut.leavers_share) == (0, 0, None)
