"""The report of effects: the same in both languages, and a sentence for all that facts say."""

import copy

import pytest

from actions.effects.assigned import LEFT_OUT
from actions.effects.learners import LEARNERS
from actions.effects.measuring import WHY_NOT, no_contacts
from actions.effects.report import VERDICTS
from serving.wording.sentences import keys, sentence
from tests.each import check_each
from tests.pipelines.effects_pages import told

BETWEEN = {"effect": 0.021, "low": 0.0031, "high": 0.0389, "se": 0.009}
OUTCOME = {
    "adjusted": BETWEEN,
    "interval": {"low": 0.0031, "high": 0.0389},
    "smallest_shown": 0.0252,
}
SPEND = {"adjusted": {"effect": -1234.5}, "interval": {"low": -2468.25, "high": 7.5}}
CHECKS = {"sample_ratio_p": 0.412, "balance_p": 0.25}


def quarter(verdict, **changes):
    found = {
        "action_id": "call",
        "period": "2026Q2",
        "closed": {"treated": 1200, "withheld": 480},
        "verdict": verdict,
        "stays": OUTCOME,
        "spend": SPEND,
        "return": {"net": {"effect": -3.21}},
        "checks": CHECKS,
    }
    return {**found, **changes}


def facts(**changes):
    learned = {"treated": 1200, "withheld": 480, "effect": 0.021, "low": 0.018, "high": 0.024}
    learned["contacts_alone"] = {"effect": 0.012, "low": -0.004, "high": 0.028, "se": 0.008}
    found = {
        "as_of_date": "2026-10-01",
        "data_until": "2026-09-30",
        "churn_definition": "lapse",
        "window_days": [15, 45],
        "wanted_window_days": [30, 90],
        "contacts": {
            "rows": 20_000,
            "by_chance": 5000,
            "closed": 1680,
            "left_out": {name: 3000 + place for place, name in enumerate(LEFT_OUT)},
        },
        "not_by_chance": {"mail": {"sample_ratio_p": 2.6e-105, "balance_p": 0.0023}},
        "periods": [quarter("better")],
        "programme": {
            "window_days": 180,
            "customers": {"programme": 2190, "persistent_control": 274},
            "stays": BETWEEN,
            "spend": {"effect": 30.5, "low": -6.25, "high": 43.0},
        },
        "learned": {
            "learner": next(iter(LEARNERS)),
            "confidence": 0.6,
            "actions": [
                {"action_id": "call", **learned, "assumed_low": 0.0079, "in_catalogue": True}
                | {"effect_source": "estimated"},
                {"action_id": "mail", **learned, "assumed_low": 0.004, "in_catalogue": True}
                | {"effect_source": "assumed", "contacts_alone": None},
                {"action_id": "garden_party", **learned, "assumed_low": 0.0, "in_catalogue": False}
                | {"effect_source": "estimated"},
            ],
            "targeting": {
                "gains": True,
                "learners": {"r_pooled": {"autoc": 0.0389, "low": 0.0168, "high": 0.061}},
            },
        },
    }
    return {**found, **changes}


def row(page, start):
    """The cells of the one row of a table that begins so."""
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {start} |")]
    return line.strip("| ").split(" | ")


def test_a_quarter_is_told_with_intervals_money_and_verdict():
    assert row(told(facts()), "Q2 2026") == [
        "Q2 2026",
        "Personal call",
        "1,200 / 480",
        "+2.10 (+0.31 to +3.89)",
        "−$1,234 (−$2,468 to $7.50)",
        "−$3.21",
        "41.2%, 25%",
        "shown: more stay with the action than without it",
    ]


def test_what_the_plan_counts_on_is_told_of_each_action_by_its_name():
    page = told(facts())
    assert row(page, "Personal call | 1,200 / 480")[2:] == [
        "+2.10 (+1.80 to +2.40)",
        "+1.20 (−0.40 to +2.80)",
        "+0.79",
        "effect measured",
    ]
    assert row(page, "Check-in e-mail")[3] == "–"
    assert row(page, "Check-in e-mail")[-1] == "effect assumed, not measured yet"
    assert row(page, "`garden_party`")[-1] == "Nothing: the catalogue no longer has this action"


def test_every_verdict_is_told_with_what_is_missing():
    def worded(verdict):
        changes = {"missing": 30} if verdict == "too_few" else {}
        found = row(told(facts(periods=[quarter(verdict, **changes)])), "Q2 2026")
        shown = found[3] != "–"
        assert shown == (verdict != "not_by_chance"), "what chance did not draw has no figures"

    check_each(VERDICTS, worded)
    page = told(facts(periods=[quarter("not_shown")]))
    assert "no effect shown; one of +2.52 or more probably would have been |" in page
    nobody = {**OUTCOME, "smallest_shown": 0.0, "interval": None}
    page = told(facts(periods=[quarter("running", stays=nobody)]))
    assert row(page, "Q2 2026")[3::4] == ["+2.10", "still running, nothing shown yet"]


def test_arms_that_chance_seldom_draws_are_to_be_looked_at():
    low = {"sample_ratio_p": 0.0045, "balance_p": 0.00005}
    page = told(facts(periods=[quarter("worse", checks=low)]))
    assert "| 0.4%, less than 0.1%: look at how contacts are withheld |" in page
    page = told(facts(periods=[quarter("not_by_chance", checks=low)]))
    assert "| 0.4%, less than 0.1% | nothing is claimed" in page
    assert "Check-in e-mail: nothing is claimed. Chance alone makes groups of such sizes in" in page


def test_a_quarter_without_money_costs_or_outcomes_has_dashes():
    bare = quarter("too_few", missing=1)
    for name in ("stays", "spend", "return", "checks"):
        del bare[name]
    page = told(facts(periods=[bare]), currency=None)
    assert row(page, "Q2 2026")[3:7] == ["–"] * 4
    page = told(facts(periods=[quarter("better", **{"return": None})]), currency=None)
    assert row(page, "Q2 2026")[4:6] == ["−1,234 (−2,468 to 7.50)", "–"]


def test_it_says_what_staying_means_and_which_days_count():
    page = told(facts())
    assert "A customer stays who buys on days 15 to 44 after the contact." in page
    assert "Days 30 to 89 show better who was kept." in page
    page = told(facts(churn_definition="cancellation", wanted_window_days=[15, 45]))
    assert "whose subscription runs 45 days after the contact." in page
    assert "show better" not in page


def test_where_no_contact_can_show_anything_no_figures_of_them_are_told():
    left_out = {"propensity_unknown": 20}
    nothing = {"rows": 20, "by_chance": 0, "closed": 0, "left_out": left_out}
    page = told({**facts(contacts=nothing), "not_by_chance": {}, "periods": [], "learned": None})
    assert (
        "20 contacts in the log.\n\nNot one of these contacts can show what its action did:" in page
    )
    assert "A customer stays" not in page


def test_all_actions_together_are_told_with_and_without_money():
    found = facts()
    page = told(found)
    assert "* stay: +2.10 (+0.31 to +3.89) percentage points" in page
    assert "* spend per customer: $30.50 (−$6.25 to $43.00)" in page
    without = copy.deepcopy(found["programme"])
    del without["spend"]
    assert "spend per customer" not in told(facts(programme=without))


def test_whether_choosing_customers_gains_is_told_either_way():
    found = facts()
    assert "Choosing the customers pays" in told(found)
    found["learned"]["targeting"]["gains"] = False
    assert "It is not shown that those whom" in told(found)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_without_contacts_the_report_says_how_to_get_there(language):
    found = no_contacts()
    page = told(found)
    assert page.startswith("# What the actions did\n")
    why = found["why_not"]
    assert "`propensity`" in sentence(why["message_key"], language, **why["values"])


def test_all_that_facts_can_say_has_a_sentence_and_no_sentence_is_left_over():
    families = {
        "effects_report.left_out": set(LEFT_OUT),
        "effects_report.verdict": set(VERDICTS),
        "why_no_effects": set(WHY_NOT),
    }

    def same(family):
        there = {key.removeprefix(f"{family}.") for key in keys() if key.startswith(f"{family}.")}
        assert there == families[family]

    check_each(families, same)
