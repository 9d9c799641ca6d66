"""What contacts did, from a log to the report: planted effects, none, and contacts of a person."""

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from actions.effects.assigned import wanted
from actions.effects.learners import LearnerParams
from actions.effects.measuring import Known, measure
from actions.params import ActionParams
from actions.plan.catalog import Catalog
from features.planning.timeplan import Timeline
from features.timeline import whole_days
from tests.actions.contact_log import (
    ACTIONS,
    FIRST,
    START,
    known,
    log,
    timeline,
)
from tests.pipelines.effects_pages import told

pytestmark = pytest.mark.slow  # each learns from a whole log, in seconds


def catalog():
    reduction = {"low": 0.05, "mid": 0.1, "high": 0.2}
    entry = {
        "channels": ["email"],
        "contact_cost": 1.0,
        "risk_reduction": reduction,
        "source": "assumption",
        "why": "reminder",
    }
    return Catalog.model_validate(
        {"currency": "USD", "actions": [{"id": name, **entry} for name in ACTIONS]}
    )


def params():
    return ActionParams(
        catalog="actions.yaml", budget=100, max_contacts=2, max_contacts_days=30, quiet_days=7,
        consent_when_unknown="allow", holdout_salt="s",
    )  # fmt: skip


@functools.cache
def measured(margin=0.5, **changes):
    return measure(known(**changes), catalog(), params(), margin, LearnerParams(seed=1))


def test_the_action_that_keeps_customers_is_told_from_the_one_that_does_nothing():
    facts, estimates = measured()
    call, mail = (one["effect"] for one in facts["learned"]["actions"])
    assert call > mail
    assert estimates.actions == ("call", "mail")
    assert [one["effect_source"] for one in facts["learned"]["actions"]] == ["estimated"] * 2
    alone = [one["contacts_alone"] for one in facts["learned"]["actions"]]
    assert [one["low"] > 0 for one in alone] == [True, False]
    shown = [one["effect"] / one["se"] for one in alone]
    assert estimates.certainty.tolist() == pytest.approx(shown, rel=1e-3)
    closed = [one for one in facts["periods"] if one["verdict"] != "too_few"]
    assert {one["period"] for one in closed} == {"2024Q1", "2024Q2", "2024Q3"}
    assert any(one["verdict"] == "better" for one in closed if one["action_id"] == "call")
    assert not any(one["verdict"] == "better" for one in closed if one["action_id"] == "mail")


def test_of_snapshots_what_was_known_before_contacts_and_todays_columns_are_enough():
    whole, rows = known(), known().snapshots
    dates = sorted({int(day) for day in whole_days(rows["as_of_date"])})
    plan = replace(whole.timeline, train=tuple(day for day in dates if day != FIRST + 390))
    asked = wanted(whole.tables["contacts"], plan.as_of_days())
    now = rows[rows["split"] == "score"].reset_index(drop=True)
    few = replace(
        whole,
        timeline=plan,
        before=rows.merge(asked, on=["customer_id", "as_of_date"]),
        today=lambda columns: thirds(now[[name for name in columns if name in now]]),
        not_sampled=70,
    )
    assert 0 < len(few.before) < len(rows) / 2
    facts, estimates = measure(few, catalog(), params(), 0.5, LearnerParams(seed=1))
    expected, found = measured()
    left_out = facts["contacts"]["left_out"]
    assert left_out.pop("not_sampled") == 70
    assert facts["contacts"].pop("rows") == expected["contacts"]["rows"] + 70
    assert left_out == expected["contacts"]["left_out"]
    assert {**facts, "contacts": {}} == {**expected, "contacts": {}}
    for name in ("effect", "sd", "stake", "certainty"):
        np.testing.assert_array_equal(getattr(estimates, name), getattr(found, name))


def thirds(rows):
    return (
        rows.iloc[start : start + len(rows) // 3] for start in range(0, len(rows), len(rows) // 3)
    )


def test_the_plan_counts_on_nothing_from_actions_that_harm():
    facts, estimates = measured(harms=True)
    assert (estimates.contribution("low") < 0).mean() > 0.95
    verdicts = {one["verdict"] for one in facts["periods"] if one["verdict"] != "too_few"}
    assert verdicts == {"worse"}


def test_contacts_of_a_person_are_not_estimated_whatever_propensity_they_claim():
    facts, estimates = measured(by_chance=False)
    assert set(facts["not_by_chance"]) == set(ACTIONS)
    assert np.isnan(estimates.effect).all()
    assert facts["why_not"]["message_key"] == "why_no_effects.none_by_chance"
    # Quarters that seem to show something show how customers were chosen.
    quarters = {one["verdict"] for one in facts["periods"]}
    assert quarters == {"not_by_chance", "too_few"}
    text = told(facts)
    assert "Personal call: nothing is claimed. Chance alone makes groups of such sizes in" in text
    assert "| Measured effect |" not in text and "| shown:" not in text


def test_without_propensities_the_report_says_why_there_is_no_estimate():
    given = known()
    contacts = given.tables["contacts"].drop(columns="propensity")
    found = Known(
        {"contacts": contacts}, given.snapshots, given.purchases, given.cards, given.timeline
    )
    facts, estimates = measure(found, catalog(), params(), 0.5, LearnerParams(seed=1))
    assert estimates.customers == ()
    assert facts["contacts"]["left_out"] == {"propensity_unknown": len(contacts)}
    assert facts["why_not"] == {
        "message_key": "why_no_effects.few_drawn",
        "values": {"drawn": 0, "needed": 200},
    }
    assert "* 7,500: nobody noted the chance by which they were made" in told(facts)


def test_the_same_log_gives_the_same_figures():
    facts, estimates = measured()
    again, others = measure(known(), catalog(), params(), 0.5, LearnerParams(seed=1))
    assert again == facts
    np.testing.assert_array_equal(others.effect, estimates.effect)


def test_the_report_tells_each_quarter_with_its_verdict_and_return():
    facts, _ = measured()
    text, names = told(facts), {"call": "Personal call", "mail": "Check-in e-mail"}
    for one in facts["periods"]:
        year, quarter = one["period"].split("Q")
        assert f"| Q{quarter} {year} | {names[one['action_id']]} |" in text
        if "return" in one:
            assert one["return"]["net"]["effect"] == pytest.approx(
                0.5 * one["spend"]["adjusted"]["effect"] - 1.0
            )
    assert "not enough data yet: the outcome of 30 customers more has to be known in" in text


def test_without_money_there_are_effects_and_no_return():
    given = known()
    purchases = given.purchases.drop(columns="amount")
    cards = given.cards[["customer_id", "churn_risk"]]
    found = Known(given.tables, given.snapshots, purchases, cards, given.timeline)
    facts, estimates = measure(found, catalog(), params(), None, LearnerParams(seed=1))
    assert np.isfinite(estimates.effect).all() and np.isnan(estimates.stake).all()
    assert not any("spend" in one or "return" in one for one in facts["periods"])


def test_a_cancellation_is_judged_by_the_subscription_and_not_by_purchases():
    contacts, purchases, rows = log()
    ids = sorted(set(rows["customer_id"]))
    ends = START + pd.to_timedelta(np.random.default_rng(7).exponential(500, len(ids)), unit="D")
    contracts = pd.DataFrame({"customer_id": ids, "started_at": START, "ended_at": ends})
    plan = timeline()
    plan = Timeline(**{**plan.__dict__, "churn": "cancellation"})
    cards = rows[rows["split"] == "score"][["customer_id"]].assign(churn_risk=0.5)
    tables = {"contacts": contacts, "subscriptions": contracts}
    found = Known(tables, rows, purchases, cards, plan)
    facts, _ = measure(found, catalog(), params(), None, LearnerParams(seed=1))
    # Contracts end at random here, whatever the contacts did.
    assert {one["verdict"] for one in facts["periods"]} <= {"not_shown", "too_few", "running"}
    assert "A customer stays whose subscription runs 90 days after the contact" in told(facts)


def test_an_action_that_left_the_catalogue_is_told_to_be_in_no_plan():
    kept = catalog().actions
    facts, _ = measure(
        known(), Catalog(currency="USD", actions=kept[:1]), params(), 0.5, LearnerParams(seed=1)
    )
    assert [one["in_catalogue"] for one in facts["learned"]["actions"]] == [True, False]
    rows = [line for line in told(facts, names=("call",)).splitlines() if "effect measured" in line]
    assert [row.split(" | ")[0] for row in rows] == ["| Personal call"]
    (gone,) = [one for one in told(facts, names=("call",)).splitlines() if "no longer" in one]
    assert gone.startswith("| `mail` |")


def test_where_nobody_stays_nothing_is_estimated_and_the_report_says_so():
    given = known()
    purchases = given.purchases[given.purchases["event_day"] < START + pd.Timedelta(days=60)]
    found = Known(given.tables, given.snapshots, purchases, given.cards, given.timeline)
    facts, estimates = measure(found, catalog(), params(), 0.5, LearnerParams(seed=1))
    text = told(facts)
    assert estimates.customers == () and "customers left and 0 stayed; 10 of each" in text
    assert "no effect shown |" in text and "one of +0.00" not in text


def test_an_action_of_few_contacts_keeps_the_effect_that_is_assumed():
    given = known()
    contacts = given.tables["contacts"]
    few = contacts[contacts["action_id"] == "mail"].iloc[:60]  # fewer than 50 were withheld
    contacts = pd.concat([contacts[contacts["action_id"] == "call"], few], ignore_index=True)
    found = Known(
        {"contacts": contacts}, given.snapshots, given.purchases, given.cards, given.timeline
    )
    facts, estimates = measure(found, catalog(), params(), 0.5, LearnerParams(seed=1))
    sources = {one["action_id"]: one["effect_source"] for one in facts["learned"]["actions"]}
    assert sources == {"call": "estimated", "mail": "assumed"}
    assert np.isfinite(estimates.effect[:, 0]).all() and np.isnan(estimates.effect[:, 1]).all()


def test_of_few_customers_nothing_is_estimated_however_often_each_was_contacted():
    given = known()
    contacts = given.tables["contacts"]
    few = contacts[contacts["customer_id"].isin(contacts["customer_id"].unique()[:60])]
    days = [few.assign(event_time=few["event_time"] + pd.Timedelta(days=day)) for day in range(9)]
    table = pd.concat(days, ignore_index=True)
    found = Known(
        {"contacts": table}, given.snapshots, given.purchases, given.cards, given.timeline
    )
    facts, estimates = measure(found, catalog(), params(), 0.5, LearnerParams(seed=1))
    assert facts["contacts"]["closed"] > 500
    assert estimates.customers == () and facts["learned"] is None
    assert facts["why_not"]["message_key"] == "why_no_effects.few_closed"
    assert {one["verdict"] for one in facts["periods"]} == {"too_few"}
    assert "customers with whom a contact was made" in told(facts)


def test_effects_on_todays_customers_go_by_the_risk_on_their_cards():
    """Undecided customers are kept; of those who are gone, next to nobody."""
    given = known()
    half = np.arange(len(given.cards)) % 2 == 0
    cards = given.cards.assign(churn_risk=np.where(half, 0.5, 0.99))
    found = Known(given.tables, given.snapshots, given.purchases, cards, given.timeline)
    _, estimates = measure(found, catalog(), params(), 0.5, LearnerParams(seed=1))
    call = estimates.aligned(cards["customer_id"].tolist(), ["call"]).effect[:, 0]
    assert call[half].mean() > 2 * call[~half].mean()
