import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from actions.plan.catalog_file import load_catalog
from actions.plan.gates import History
from actions.plan.plan import make_plan
from core.errors import CatalogError, ParamsError

AS_OF = pd.Timestamp("2018-01-01")
ROOT = Path(__file__).parents[2]


def refusals(*customers, purpose=None):
    return pd.DataFrame(
        {
            "customer_id": list(customers),
            "channel": "email",
            "event_time": AS_OF - pd.Timedelta(days=1),
            "granted": False,
            "purpose": purpose,
        }
    )


def test_the_action_with_the_largest_expected_gain_is_intended(scores, catalog, params):
    """mail: .1 x .4 x 400 x .25 - 1 = 3; call: .3 x .4 x 400 x .25 - 5 = 7."""
    plan, summary = make_plan(scores(1), catalog(), params(), History(), "USD")
    row = plan.iloc[0]
    assert row["intended_action"] == "call"
    assert row["channel"] == "phone"
    assert row["expected_gain"] == pytest.approx(7.0)
    assert row["expected_gain_mid"] == pytest.approx(0.4 * 40 - 5)
    assert row["expected_gain_high"] == pytest.approx(0.5 * 40 - 5)
    assert row["effect"] == pytest.approx(0.12)
    assert row["effect_source"] == "assumed"
    assert row["why"]["message_key"] == "why.personal_contact"
    assert row["why"]["values"]["expected_gain"] == pytest.approx(7.0)
    assert summary["objective"] == pytest.approx(7.0)


def test_changing_one_cost_changes_a_choice(scores, catalog, params):
    dear = catalog(call={"contact_cost": 9.5})
    assert make_plan(scores(1), dear, params(), History(), "USD")[0]["intended_action"][0] == "mail"


def test_only_scored_customers_are_planned_and_objections_are_left_out_and_counted(
    scores, catalog, params
):
    frame = scores(4, status=["scored", "already_churned", "rule", "scored"])
    history = History(consents=refusals("c00003", purpose="profiling"))
    plan, summary = make_plan(frame, catalog(), params(), history, "USD")
    assert plan["customer_id"].tolist() == ["c00000"]
    assert summary["objected"] == 1
    assert summary["customers"] == 1


def test_a_holdout_customer_keeps_the_intended_action_withheld(scores, catalog, params):
    plan, summary = make_plan(scores(400), catalog(), params(holdout_share=0.3), History(), "USD")
    held = plan[plan["arm"] == "holdout"]
    assert 80 < len(held) < 160
    assert (held["intended_action"] == "call").all()
    assert held["withheld"].all()
    assert not plan.loc[plan["arm"] == "treated", "withheld"].any()
    assert summary["by_arm"]["holdout"]["customers"] == len(held)
    assert summary["budget"]["to_spend"] == pytest.approx(5.0 * (400 - len(held)))
    assert summary["budget"]["intended"] == pytest.approx(5.0 * 400)


@pytest.mark.slow
def test_the_plan_is_the_same_whatever_share_is_held_out(scores, catalog, params):
    """Arms come after the plan: nobody gets another's share of the budget."""
    given = scores(200, value_if_stays=np.linspace(200, 900, 200))
    plans = [
        make_plan(given, catalog(), params(holdout_share=share, budget=300), History(), "USD")[0]
        for share in (0.0, 0.5)
    ]
    columns = ["customer_id", "intended_action", "expected_gain"]
    pd.testing.assert_frame_equal(plans[0][columns], plans[1][columns])


@pytest.mark.slow
def test_the_order_of_the_scores_changes_nothing(scores, catalog, params):
    given = scores(300, churn_risk=np.linspace(0.01, 0.9, 300))
    limits = params(budget=200, capacities={"phone": 20})
    plan, summary = make_plan(given, catalog(), limits, History(), "USD")
    again, repeated = make_plan(
        given.sample(frac=1, random_state=1), catalog(), limits, History(), "USD"
    )
    pd.testing.assert_frame_equal(plan, again)
    assert summary == repeated


def test_budget_and_capacity_hold_over_the_whole_plan(scores, catalog, params):
    given = scores(300, churn_risk=np.linspace(0.2, 0.9, 300))
    limits = params(budget=350, capacities={"phone": 20})
    plan, summary = make_plan(given, catalog(), limits, History(), "USD")
    assert plan["expected_cost"].sum() <= 350 * (1 + 1e-6)
    assert (plan["channel"] == "phone").sum() == 20
    assert summary["capacities"] == {"phone": {"limit": 20, "intended": 20}}
    assert set(summary["binding"]) == {"budget", "phone"}
    assert summary["optimality_gap"] < 1e-4
    assert summary["why_nothing"] == {"why.limits": (plan["channel"] == "none").sum()}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"consent_when_unknown": "block"}, "why.all_blocked"),
        ({"capacities": {"email": 0, "phone": 0}}, "why.limits"),
        ({"margin_rate": 0.001}, "why.no_action_pays"),
    ],
)
def test_doing_nothing_says_why(scores, catalog, params, change, why):
    plan, summary = make_plan(scores(2), catalog(), params(**change), History(), "USD")
    assert (plan["intended_action"] == "do_nothing").all()
    assert plan["channel"].tolist() == ["none", "none"]
    assert [reason["message_key"] for reason in plan["why"]] == [why, why]
    assert summary["why_nothing"] == {why: 2}
    assert (plan["expected_cost"] == 0).all()
    assert plan["effect_source"].isna().all()


def test_amounts_of_an_unknown_currency_have_no_gain_and_those_of_another_are_refused(
    scores, catalog, params
):
    plan, summary = make_plan(scores(2), catalog(), params(), History(), None)
    assert summary["no_gains"] == "no_currency"
    assert "expected_gain" not in plan
    with pytest.raises(CatalogError, match="in USD and the data its amounts in RUB"):
        make_plan(scores(2), catalog(), params(), History(), "RUB")
    make_plan(scores(2), catalog(), params(margin_rate=None), History(), "RUB")
    no_money = scores(2).drop(columns=["value_if_stays", "value_if_lapses"])
    make_plan(no_money, catalog(), params(), History(), "RUB")


def test_a_customer_of_unknown_value_is_left_alone_and_told_apart(scores, catalog, params):
    given = scores(2, value_if_stays=[np.nan, 500.0])
    plan, _ = make_plan(given, catalog(), params(), History(), "USD")
    assert plan["intended_action"].tolist() == ["do_nothing", "call"]
    assert plan["why"][0]["message_key"] == "why.no_value"


def test_a_blocked_action_is_not_chosen_and_keeps_its_reason(scores, catalog, params):
    history = History(consents=refusals("c00000").assign(channel=["phone"]))
    history = History(
        consents=pd.concat([history.consents, refusals("c00000").assign(granted=True)])
    )
    plan, summary = make_plan(scores(1), catalog(), params(), history, "USD")
    assert plan["intended_action"][0] == "mail"
    assert plan["blocked"][0] == [
        {"action_id": "call", "reason": "no_consent", "condition": None},
        {"action_id": "repair", "reason": "no_consent", "condition": None},
    ]
    assert summary["blocked"] == {"no_consent": 2}
    assert summary["blocked_customers"] == {"no_consent": 1}


@pytest.mark.slow
def test_a_gate_costs_what_the_best_actions_would_gain_without_it(scores, catalog, params):
    """Mail gains 3, a call 7, a repair 10: who may not be called loses 4, who may not be reached 7.

    A repair stays out of reach without a complaint, with a consent or without, and costs nobody
    anything: there is nothing to repair.
    """
    yes = refusals("c00000", "c00001").assign(granted=True, channel=["email", "phone"])
    history = History(consents=yes)
    _, summary = make_plan(scores(3), catalog(), params(), history, "USD")
    assert summary["gate_costs"] == pytest.approx({"no_consent": 4.0 + 7.0})
    free = make_plan(scores(3), catalog(), params(), History(), "USD")[1]
    assert free["gate_costs"] == {}
    none = make_plan(scores(3), catalog(), params(margin_rate=None), history, "USD")[1]
    assert none["gate_costs"] == {} and none["marginal_return"] is None


@pytest.mark.slow
def test_the_last_money_of_a_budget_that_binds_gains_what_the_next_customer_would(
    scores, catalog, params
):
    given = scores(100, churn_risk=np.linspace(0.2, 0.9, 100))
    enough = make_plan(given, catalog(), params(), History(), "USD")[1]
    tight = make_plan(given, catalog(), params(budget=40.0), History(), "USD")[1]
    assert enough["marginal_return"] == 0.0
    more = make_plan(given, catalog(), params(budget=60.0), History(), "USD")[1]
    less = make_plan(given, catalog(), params(budget=20.0), History(), "USD")[1]
    steps = [plan["objective"] / 20 for plan in (less, tight, more)]
    assert steps[2] - steps[1] <= tight["marginal_return"] <= steps[1] - steps[0]


def test_the_summary_adds_up_and_is_json(scores, catalog, params):
    given = scores(100, churn_risk=np.linspace(0.01, 0.9, 100))
    plan, summary = make_plan(given, catalog(), params(), History(), "USD")
    actions = summary["by_action"].values()
    assert sum(row["customers"] for row in actions) == len(plan)
    made = [row["carried_out"] for row in actions]
    assert sum(row["customers"] for row in made) == (~plan["withheld"]).sum()
    assert sum(row["expected_cost"] for row in made) == pytest.approx(summary["budget"]["to_spend"])
    assert all(sum(row["channels"].values()) == row["carried_out"]["customers"] for row in actions)
    assert sum(row["expected_gain"] for row in actions) == pytest.approx(summary["objective"])
    assert summary["missing_tables"] == {
        name: f"missing.{name}" for name in ("contacts", "consents", "tickets")
    }
    given = params()
    assert summary["contact_limits"] == {
        "most": given.max_contacts,
        "days": given.max_contacts_days,
        "most_by_channel": given.max_contacts_by_channel,
        "quiet_days": given.quiet_days,
    }
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_nobody_to_plan_for_is_no_error(scores, catalog, params):
    for given in (scores(2, status="already_churned"), scores(0)):
        plan, summary = make_plan(given, catalog(), params(), History(), "USD")
        assert len(plan) == 0
        assert {"customer_id", "intended_action", "why", "blocked", "arm"} <= set(plan.columns)
        assert summary["customers"] == 0


def test_a_capacity_on_an_unknown_channel_is_refused_with_the_nearest_one(scores, catalog, params):
    with pytest.raises(ParamsError, match="Did you mean phone"):
        make_plan(scores(1), catalog(), params(capacities={"phnoe": 5}), History(), "USD")
    with pytest.raises(ParamsError, match="Leave it out"):
        make_plan(scores(1), catalog(), params(capacities={"carrier": 5}), History(), "USD")


def test_a_capacity_of_owners_whom_nothing_tells_is_refused(scores, catalog, params):
    by_owner, limited = catalog(call={"carried_out_by": "owner"}), params(owner_capacity=1)
    with pytest.raises(ParamsError, match=r"has no column owner\. Map it with source\.columns"):
        make_plan(scores(3), by_owner, limited, History(), "USD")
    plan, _ = make_plan(scores(3, owner="Anna"), by_owner, limited, History(), "USD")
    assert (plan["intended_action"] == "call").sum() == 1


@pytest.mark.slow
def test_the_catalogue_of_the_repository_plans_23_000_customers_in_seconds(scores, params):
    rng = np.random.default_rng(3)
    people = 23_000
    given = scores(
        people,
        churn_risk=rng.beta(1, 4, people),
        value_if_stays=rng.lognormal(6, 1, people),
        value_if_lapses=rng.lognormal(3, 1, people),
        value_at_risk=rng.lognormal(3, 1, people),
        rfm_segment=rng.choice(["loyal", "champions", "hibernating"], people),
        lifecycle_stage=rng.choice(["regular", "fading", "lapsing"], people),
    )
    contacts = pd.DataFrame(
        {
            "customer_id": rng.choice(given["customer_id"], 50_000),
            "event_time": AS_OF - pd.to_timedelta(rng.uniform(0, 60, 50_000), unit="D"),
            "action_id": "mail",
            "channel": "email",
            "arm": rng.choice(["treated", "holdout"], 50_000),
        }
    )
    started = time.perf_counter()
    catalog = load_catalog(ROOT / "actions.yaml")
    plan, summary = make_plan(given, catalog, params(), History(contacts=contacts), "USD")
    assert time.perf_counter() - started < 10
    assert len(plan) == people
    assert summary["blocked"]["frequency_cap"] > 1000
    assert len(summary["by_action"]) >= 4
