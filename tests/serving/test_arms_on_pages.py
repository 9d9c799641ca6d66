"""What pages and API say of arms: which layer withholds, what can be shown, and what is unpaid."""

import csv

import pytest

from core.files import hashes, read_json, write_json
from serving.store.publishing import publish
from tests.serving.asking import card_of
from tests.serving.conftest import Running
from tests.serving.reading_pages import page, text_of
from tests.serving.releases import card_row, company, write_release

ARMS = (
    "withheld_by",
    "persistent_control",
    "is_exploration",
    "propensity",
    "action_propensity",
    "contact_propensity",
    "due_date",
)
FEW = [{"date": "2025-10-27", "plans": 12, "customers": 60, "smallest_effect": None}]


def with_plan(folder, rows, **changes):
    """A release with another plan; parts that are None are left out."""
    write_release(folder, rows)
    plan = {**read_json(folder / "plan.json"), **changes}
    write_json(folder / "plan.json", {n: part for n, part in plan.items() if part is not ...})
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    return folder


@pytest.fixture
def told(engine, tmp_path):
    """The main part of the list's page, and the facts of the release, for a changed plan."""

    def texts(language="en", rows=None, **changes):
        folder = with_plan(tmp_path / f"r{language}", rows or company(30), **changes)
        publish(folder, engine, keep=2)
        with Running(engine) as service:
            facts = service.get("/v1/releases/current").json()
            return text_of(page(service, f"/?language={language}").one("main")), facts["plan"]

    return texts


@pytest.mark.slow
def test_the_page_says_what_plans_like_this_one_will_show(told):
    text, plan = told()
    assert "by Oct 27, 2025 whether actions keep at least 6.6% of these customers" in text
    assert "holds back 10% by lot while effects are assumed" in text
    assert [one["smallest_effect"] for one in plan["can_show"]] == [0.23, 0.066]
    assert "оставляет без действия такую долю клиентов: 10 %" in told("ru")[0].replace(
        "\u00a0", " "
    )


@pytest.mark.slow
def test_too_few_customers_are_told_so(told):
    arms = {"holdout_share_by": "too_few", "explored": 0, "can_show": {"by_date": FEW}}
    text, _ = told(arms=arms)
    assert "Too few customers to show any effect by Oct 27, 2025" in text
    assert "holds back only 10% by lot" in text


@pytest.mark.slow
def test_a_plan_that_withholds_nothing_by_lot_promises_no_effect(told):
    shown = [{**FEW[0], "smallest_effect": 0.1}]
    arms = {"holdout_share_by": "given", "explored": 0, "can_show": {"by_date": shown}}
    text, plan = told(arms=arms, holdout_share=0.0)
    assert "what each action does will never be shown" in text
    assert "keep at least" not in text and "0% by lot" not in text
    assert plan["can_show"] == []


@pytest.mark.slow
def test_a_plan_without_gains_says_why_and_who_comes_first(told):
    text, plan = told(no_gains="no_margin", ranked_by="value_at_risk", curves=[])
    assert "No margin rate is set" in text and "Customers come by value at risk" in text
    assert (plan["no_gains"], plan["ranked_by"]) == ("no_margin", "value_at_risk")


@pytest.mark.slow
def test_a_plan_without_money_is_told_in_russian(told):
    text, _ = told("ru", no_gains="no_money", ranked_by="churn_risk", curves=[])
    assert "выгоду нельзя рассчитать. Первыми идут клиенты с наибольшим риском ухода" in text


@pytest.mark.slow
def test_what_no_budget_pays_for_is_told_and_promises_nothing(told):
    row = card_row(
        "1",
        arm="holdout",
        withheld=True,
        withheld_by="budget",
        propensity=0.0,
        contact_propensity=0.0,
    )
    text, plan = told(rows=[row], unpaid={"customers": 9})
    assert "The budget pays for no action; 9 customers would get one" in text
    assert "do not contact: no budget" in text and "keep at least" not in text
    assert plan["unpaid"] == 9 and plan["withheld"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("persistent_control", "one of the few who get no offers from any plan"),
        ("draw", "The next plan draws again"),
        ("budget", "The budget pays for no action at all"),
        (None, "Left untreated on purpose"),  # of an older release
    ],
)
def test_a_card_says_which_layer_withholds_its_action(engine, tmp_path, layer, said):
    row = card_row("1", arm="holdout", withheld=True, withheld_by=layer)
    publish(write_release(tmp_path / "r", [row]), engine, keep=2)
    with Running(engine) as service:
        assert said in text_of(page(service, "/customers/1?language=en").one("main"))
        assert service.get("/v1/customers/1").json()["withheld_by"] == layer


@pytest.mark.slow
def test_a_release_from_before_there_were_layers_is_served(engine, tmp_path):
    old = [{name: cell for name, cell in row.items() if name not in ARMS} for row in company(30)]
    gone = dict.fromkeys(("arms", "unpaid", "ranked_by"), ...)
    publish(with_plan(tmp_path / "r", old, epoch="2024Q3", **gone), engine, keep=2)
    with Running(engine) as service:
        card = service.get("/v1/customers/00013").json()
        plan = service.get("/v1/releases/current").json()["plan"]
        text = text_of(page(service, "/?language=en").one("main"))
        lines = service.get("/v1/at-risk/export?format=csv").text.splitlines()
    assert card["withheld"] is True
    assert {card[name] for name in ARMS if name != "due_date"} == {None}
    assert card["intended_action"]["due_date"] is None
    assert (plan["epoch"], plan["can_show"], plan["unpaid"]) == ("2024Q3", [], 0)
    assert "held back to measure the effect" in text and "by lot" not in text
    assert len(lines) == 31


def test_the_chances_of_a_contact_stand_on_the_card_and_in_the_csv(engine, tmp_path):
    publish(write_release(tmp_path / "r", [card_row("1", propensity=0.7)]), engine, keep=2)
    with Running(engine) as service:
        lines = service.get("/v1/at-risk/export?format=csv").text.splitlines()
    (found,) = csv.DictReader(lines)
    assert (found["propensity"], found["contact_propensity"]) == ("0.7", "0.686")
    assert (found["persistent_control"], found["due_date"]) == ("false", "2024-10-30")
    assert card_of(engine, "1").action_propensity == 0.98
