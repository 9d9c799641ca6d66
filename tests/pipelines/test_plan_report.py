"""The plan as a page: figures are those of the plan, in both languages, whatever is known."""

import re

import numpy as np
import pytest

from actions.plan.gates import History
from actions.plan.plan import make_plan
from pipelines.reports.plan_report import SEGMENTS, plan_report
from serving.wording.languages import LANGUAGES
from tests.actions.conftest import AS_OF, catalog, params, scores  # noqa: F401

CASES = {
    "as usual": ({}, "USD"),
    "no margin": ({"margin_rate": None}, "USD"),
    "no currency": ({}, None),
    "no budget": ({"budget": 0.0}, "USD"),
    "no budget, no margin": ({"budget": 0.0, "margin_rate": None}, "USD"),
    "nobody withheld": ({"holdout_share": 0.0, "persistent_control": 0.0}, "USD"),
    "no draw": ({"holdout_share": 0.0}, "USD"),
    "no control": ({"persistent_control": 0.0}, "USD"),
}


@pytest.fixture
def planned(scores, catalog, params):  # noqa: F811
    def make(changes, currency, customers=300):
        given = scores(
            customers,
            churn_risk=np.linspace(0.05, 0.9, customers),
            rfm_segment=["loyal", "new", "at_risk"][:customers] * (customers // 3),
            expires_at=AS_OF + np.timedelta64(14, "D"),
        )
        wanted = {
            "holdout_share": "auto",
            "persistent_control": 0.05,
            "exploration_share": 0.1,
            "budget": 400.0,
            "capacities": {"phone": 40},
            **changes,
        }
        plan, summary = make_plan(given, catalog(), params(**wanted), History(), currency)
        return plan, given, summary

    return make


def with_segments(plan, given):
    """The rows of a plan with the segments of the cards, as they are held of everybody."""
    segments = [name for name in SEGMENTS if name in given]
    return plan.merge(given[["customer_id", *segments]], on="customer_id")


def rows_of(page, heading):
    """The rows of the table below a heading, by their first cell."""
    table = page.split(f"## {heading}")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


def test_its_figures_are_those_of_the_plan(planned):
    plan, given, summary = planned({}, "USD")
    page = plan_report(with_segments(plan, given), summary, "en")
    assert page.startswith("# Plan as of January 1, 2018\n")
    rows = rows_of(page, "What is planned")
    for name, action in (("Mail", "mail"), ("Call", "call")):
        its = plan[plan["intended_action"] == action]
        counts = [len(its), int((~its["withheld"]).sum()), int(its["withheld"].sum())]
        assert rows[name][:3] == [str(count) for count in counts]
        assert rows[name][3].startswith("$") and rows[name][4].startswith(("$", "-$"))
    assert rows["Phone"] == [str((plan["channel"] == "phone").sum()), "40"]
    to_spend = plan.loc[~plan["withheld"], "expected_cost"].sum()
    assert f"${to_spend:,.0f} of a budget of $400 to be spent" in page
    assert f"1.00 more or less changes the gain by {summary['marginal_return']:,.1f}" in page
    # Both sums are told, so that the sentence agrees with the column of the table.
    gain, done = plan["expected_gain"].sum(), plan.loc[~plan["withheld"], "expected_gain"].sum()
    assert f"carried out ${done:,.0f}, by the low end" in page and done < 0.9 * gain
    assert f"; ${gain:,.0f} with what is withheld" in page
    gates = rows_of(page, "What each gate costs")
    assert gates["For customers with an open complaint"][0] == "300"
    segments = rows_of(page, "Who is offered what")
    assert sum(int(cell) for row in segments.values() for cell in row) == 300
    shown = summary["arms"]["can_show"]["by_date"]
    arms = rows_of(page, "Who is withheld, and what that will show")
    assert list(arms) == ["Jan 29, 2018", "Apr 1, 2018", "Jun 30, 2018", "Jan 1, 2019"]
    assert arms["Jan 1, 2019"][2] == f"{100 * shown[-1]['smallest_effect']:.1f}%".replace(
        ".0%", "%"
    )
    assert f"{summary['arms']['explored']} customers got an allowed action by lot" in page


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("case", CASES)
def test_every_plan_has_a_page_in_every_language(planned, case):
    plan, given, summary = planned(*CASES[case])
    pages = [plan_report(with_segments(plan, given), summary, language) for language in LANGUAGES]
    for page in pages:
        assert not re.search(r"\bnan\b|None|\{\w+", page)
        tables = [line for line in page.splitlines() if line.startswith("|")]
        assert len({line.count(" | ") for line in tables}) > 1
    # The same tables, whatever the language.
    shapes = [[line.count("|") for line in page.splitlines() if "|" in line] for page in pages]
    assert shapes[0] == shapes[1]
    english, russian = pages
    assert re.search("[а-яё]", russian) and not re.search("[а-яё]", english)
    if "no margin" in case or case == "no currency":
        assert "come by value at risk" in english and "xpected gain" not in english
    if "no budget" in case:
        assert "Nobody is contacted" in english and "by lot" not in english
    never = {
        "nobody withheld": "neither what each does nor what all do together",
        "no draw": "what each action does will never be shown, only what all offers do together",
        "no control": "what all offers do together will never be shown, only what each action does",
    }
    assert english.count("never be shown") == (case in never) == russian.count("никогда не станет")
    assert never.get(case, "") in english
    has_draw = case not in ("nobody withheld", "no draw")
    assert ("If 30% were withheld by lot, these effects would be shown" in english) != has_draw
    assert "0% by lot" not in english.replace("30% by lot", "")
    # What is planned costs as much as the rows of the table, paid or not.
    planned = f"{plan['expected_cost'].sum():,.0f}"
    assert re.search(rf"[;] \$?{planned}(\.\d+)? are planned", english)


@pytest.mark.slow
def test_what_the_busiest_owner_carries_out_stands_beside_the_capacities(
    scores,  # noqa: F811
    catalog,  # noqa: F811
    params,  # noqa: F811
):
    owners = ["Anna"] * 20 + ["Boris"] * 4 + [None] * 6
    for owner, told in ((owners, ["5", "5"]), (owners[20:24] + [None] * 26, ["4", "5"])):
        given = scores(30, owner=owner)
        by_owner = catalog(call={"carried_out_by": "owner"})
        plan, summary = make_plan(given, by_owner, params(owner_capacity=5), History(), "USD")
        page = plan_report(with_segments(plan, given), summary, "en")
        assert rows_of(page, "What is planned")["The busiest owner, in person"] == told
        called = plan[plan["intended_action"] == "call"]["customer_id"]
        count = given.set_index("customer_id")["owner"][called].value_counts().max()
        assert summary["owner_capacity"] == {"limit": 5, "intended": count}
    for actions, most in ((by_owner, None), (catalog(), 5)):  # no limit; nobody to keep to it
        _, summary = make_plan(scores(30), actions, params(owner_capacity=most), History(), "USD")
        assert summary["owner_capacity"] is None


def test_a_plan_for_nobody_has_a_page(planned, scores, catalog, params):  # noqa: F811
    plan, summary = make_plan(scores(0), catalog(), params(), History(), "USD")
    for language, title in zip(LANGUAGES, ("# Plan", "# План"), strict=True):
        page = plan_report(with_segments(plan, scores(0)), {**summary, "objected": 21}, language)
        assert page.startswith(f"{title}\n") and "21" in page
        assert "|" not in page and "%" not in page
