"""The page of the plan: what another budget brings, who is offered what, as the API tells it."""

from urllib.parse import parse_qs, urlencode

import pytest

from core.files import hashes, read_json, write_json
from serving.cards.plan import PlanPoint
from serving.pages import plan_chart
from serving.store.publishing import publish
from serving.wording.sentences import written
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.reading_pages import page, text_of
from tests.serving.release_reports import PLAN, plan_curves, plan_point
from tests.serving.releases import company, write_release


@pytest.fixture
def planned(engine, tmp_path):
    """Publishes a release with another plan, and runs the service on it."""
    running = []

    def run(facts=(), **changes):
        folder = write_release(tmp_path / "release", company(), **dict(facts))
        plan = {**read_json(folder / "plan.json"), **changes}
        plan = {name: part for name, part in plan.items() if part != "gone"}
        write_json(folder / "plan.json", plan)
        manifest = read_json(folder / "manifest.json")
        write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
        publish(folder, engine, keep=2)
        running.append(Running(engine))
        return running[-1].__enter__()

    yield run
    for one in running:
        one.__exit__()


def dollars(value):
    return " ".join(written(value, "money", "en", currency="USD").split())


def rows_of(tree, name):
    """The cells of the rows that have this attribute, by its value."""
    return {
        row[name]: [
            text_of(e) for e in tree.elements if row in e["inside"] and e["tag"] in ("td", "th")
        ]
        for row in tree.all("tr")
        if name in row
    }


def test_who_is_offered_what_is_the_same_and_in_the_same_order_on_page_and_api(service):
    told = service.get("/v1/plan?language=en").json()["contents"]
    shown = rows_of(page(service, "/plan?language=en"), "data-action")
    assert list(shown) == [one["action_id"] for one in told["actions"]]
    for one in told["actions"]:
        name, contacts, withheld, channels, cost, gain = shown[one["action_id"]]
        assert name == one["name"]
        assert (contacts, withheld) == (str(one["contacts"]), str(one["withheld"]))
        assert channels.endswith(str(one["contacts"]))
        assert cost == dollars(one["cost"])
        assert gain == dollars(one["expected_gain_by_source"]["assumed"])
    assert sum(one["contacts"] for one in told["actions"]) == 77


def test_who_gets_no_offers_from_any_plan_is_told_beside_those_left_out_by_lot(service):
    assert service.get("/v1/releases/current").json()["plan"]["always_withheld"] == 2
    for path in ("/plan", "/"):
        told = text_of(page(service, f"{path}?language=en").one("main"))
        assert "held back to measure the effect. Of them 2 get no offers from any plan" in told
        told = text_of(page(service, f"{path}?language=ru").one("main"))
        assert "Из них 2 не получают предложений ни в одном плане" in told


def test_an_action_leads_to_its_customers_and_its_contacts_to_those_to_be_contacted(service):
    tree = page(service, "/plan?language=en")
    (row,) = [r for r in tree.all("tr") if r.get("data-action") == "check_in_email"]
    links = [e["href"] for e in tree.all("a") if row in e["inside"]]
    assert links == [
        "/?language=en&intended_action=check_in_email",
        "/?language=en&intended_action=check_in_email&to_contact=true",
    ]
    wanted = [service.get(link.replace("/?", "/v1/at-risk?")).json()["total"] for link in links]
    assert wanted[0] > wanted[1] > 0


def test_gates_are_told_with_customers_and_costs_and_what_is_by_design_is_left_out(service):
    told = service.get("/v1/plan").json()["contents"]["stopped"]
    assert [one["gate"] for one in told] == ["not_applicable", "no_consent", "frequency_cap"]
    shown = rows_of(page(service, "/plan?language=en"), "data-gate")
    assert shown == {
        "no_consent": ["No consent to be contacted this way", "20", "21", "$3.50"],
        "frequency_cap": ["Contacted as often as is allowed in this time", "7", "7", "–"],
    }


def test_the_sliders_ask_what_the_api_is_asked(service):
    for query in ("", "?budget=2", "?budget=3.5", "?budget=1&capacity=0", "?budget=5&capacity=1.5"):
        told = service.get(f"/v1/plan:what-if{query}").json()
        tree = page(service, f"/plan{query}{'&' if query else '?'}language=en")
        words = text_of(tree.one("div", id="what-if-result"))
        assert f"{told['customers']} customers" in words
        assert dollars(told["cost"]) in words
        assert ("This is the plan" in words) is told["is_the_plan"]
        assert dollars(told["expected_gain"]) in words
        assert " lot " not in words


def test_an_exact_budget_goes_before_the_slider_and_into_the_address(service):
    answer = service.get("/plan?budget=1&exact=3.5&capacity=2&language=ru")
    assert answer.status == 303
    assert answer.headers["location"] == "/plan?budget=3.5&capacity=2&language=ru"
    assert service.get("/plan?budget=1&exact=").status == 200


def sent(service, target, **touched):
    """Where the form of the sliders leads when its button is pressed."""
    tree = page(service, target)
    form = tree.one("form", class_="sliders")
    fields = {e["name"]: e.get("value", "") for e in tree.all("input") if form in e["inside"]}
    answer = service.get("/plan?" + urlencode(fields | touched))
    assert answer.status == 303
    return answer.headers["location"]


@pytest.mark.slow
@pytest.mark.parametrize("budget", [3.37, 1000.0])
def test_a_form_that_nobody_touched_shows_the_same_plan_again(planned, budget):
    limits = {"limit": budget, "intended": 3.0, "to_spend": 2.5}
    service = planned(budget=limits, arms={**PLAN["arms"], "explored": 3})
    for query in ("", "&budget=3.5", "&budget=77.7&capacity=1.3"):
        before = page(service, f"/plan?language=en{query}").one("div", id="what-if-result")
        target = sent(service, f"/plan?language=en{query}")
        assert page(service, target).one("div", id="what-if-result")["text"] == before["text"]
    stop = page(service, "/plan?language=en").one("input", id="budget")["value"]
    moved = sent(service, "/plan?language=en&budget=1", slider=stop)
    assert float(parse_qs(moved.partition("?")[2])["budget"][0]) == budget, "back at the plan's own"
    assert "budget=0.5" in sent(service, "/plan?language=en", slider="0.5")


@pytest.mark.slow
def test_what_lots_cost_stands_with_the_figures(planned):
    service = planned(arms={**PLAN["arms"], "explored": 3})
    words = text_of(page(service, "/plan?language=en").one("div", id="what-if-result"))
    assert "a lot chose the action for 3 customers" in words
    assert "without a lot: Gain $50.00 (assumed effects)" in words
    words = text_of(page(service, "/plan?language=en&budget=2").one("div", id="what-if-result"))
    assert "no lot chooses" in words and "without a lot:" not in words


@pytest.mark.parametrize(
    "wrong", ["budget=-1", "budget=x", "capacity=5", "other=1", "budget=1&budget=2"]
)
def test_what_cannot_be_asked_is_a_page_that_says_so(service, wrong):
    answer = service.get(f"/plan?{wrong}")
    assert answer.status == 422 and answer.headers["content-type"].startswith("text/html")


@pytest.mark.slow
def test_gains_of_assumed_and_measured_effects_are_never_added_up(planned):
    mixed = plan_curves()
    for curve in mixed:
        for point in curve["points"]:
            gain = point["expected_gain"]
            parts = {"assumed": gain - gain / 8, "estimated": gain / 8} if gain else {}
            point["expected_gain_by_source"] = parts
    both = {"assumed": 30.0, "estimated": 11.0}
    by_arm = {
        **PLAN["by_arm"],
        "treated": {**PLAN["by_arm"]["treated"], "expected_gain_by_source": both},
    }
    del by_arm["treated"]["expected_gain"]
    service = planned(curves=mixed, by_arm=by_arm)
    tree = page(service, "/plan?budget=2&language=en")
    result = text_of(tree.one("div", id="what-if-result"))
    assert "$21.00 gain expected after costs, from assumed effects" in result
    assert "$3.00 gain expected after costs, from measured effects" in result
    assert "$24.00" not in result.partition("Expected gain")[0]
    assert len(tree.all("polyline")) == 2
    slopes = service.get("/v1/plan:what-if?budget=2").json()
    assert sum(slopes["marginal_return_by_source"].values()) == pytest.approx(
        slopes["marginal_return"]
    )
    assert slopes["next"]["expected_gain_by_source"] == {"assumed": 38.5, "estimated": 5.5}


@pytest.mark.slow
def test_without_gains_it_says_by_what_the_plan_goes_and_how_to_get_them(planned):
    service = planned(no_gains="no_margin", ranked_by="value_at_risk", curves=[])
    words = text_of(page(service, "/plan?language=en").one("section", id="what-if"))
    assert "Customers come by value at risk" in words and "actions.margin_rate" in words
    assert "form" not in words and page(service, "/plan").all("form", class_="sliders") == []


@pytest.mark.slow
def test_a_plan_of_older_code_says_so_and_can_still_be_approved(planned):
    service = planned(blocked_customers="gone", curves="gone")
    assert service.get("/v1/plan").json()["contents"] is None
    tree = page(service, "/plan?language=en")
    assert "published by an older version" in tree.one("main")["text"]
    assert tree.one("form", method="post")["action"].startswith("/plan/approve")


@pytest.mark.slow
def test_where_a_rule_ranks_there_is_no_plan_and_the_page_says_what_to_do(planned):
    service = planned(facts={"gate": {"why": "few", "distance": []}})
    problem(service.get("/v1/plan"), "no-plan")
    problem(service.get("/v1/plan/approvals"), "no-plan")
    answer = service.get("/plan?language=en")
    assert answer.status == 200 and "There is no plan yet" in answer.text


def test_the_exports_are_those_of_the_list_to_contact(service):
    links = [e["href"] for e in page(service, "/plan?language=en").all("a") if "download" in e]
    assert len(links) >= 2
    for link in links:
        answer = service.get(link)
        assert answer.status == 200
        assert "attachment" in answer.headers["content-disposition"]
    plain = next(link for link in links if "format=csv" in link)
    lines = service.get(plain).text.strip().split("\n")
    assert len(lines) - 1 == service.get("/v1/at-risk?to_contact=true").json()["total"]


@pytest.mark.slow
def test_talking_points_show_words_in_place_of_placeholders(planned):
    points = {"en": ["Ask {customer_name} about {categories}."], "ru": ["Спросить."]}
    facts = {"name": {"en": "Say <b>hello</b>"}, "talking_points": points}
    service = planned(actions={"check_in_email": facts})
    text = service.get("/plan?language=en").text
    assert "Ask ‹name› about ‹likely categories›." in text
    assert "Say &lt;b&gt;hello" in text and "<b>hello" not in text


def test_the_curve_begins_at_nothing_rises_and_ends_where_the_slider_does():
    points = [PlanPoint.model_validate(p) for p in plan_curves()[1]["points"]]
    shown = PlanPoint.model_validate(plan_point(1.0, 24.0, check_in_email=43))
    drawn = plan_chart.draw(points, shown, 2.0, 5.0, "en")
    (line,) = drawn.lines
    places = [tuple(map(float, pair.split(","))) for pair in line.points.split()]
    assert places[0] == (drawn.left, drawn.floor) and places[-1][0] == drawn.right
    assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)
    assert line.mark == places[2]
    assert [tick.text for tick in drawn.across] == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "most, parts, step", [(166.0, 40, 5.0), (100.0, 5, 20.0), (0.3, 40, 0.01), (0.0, 5, 1.0)]
)
def test_steps_are_round_and_as_fine_as_there_is_room_for(most, parts, step):
    assert plan_chart.round_step(most, parts) == pytest.approx(step)
