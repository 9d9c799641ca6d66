"""What is intended where no gain is known, or where no money may be spent."""

import numpy as np
import pandas as pd
import pytest

from actions.plan.gates import History
from actions.plan.plan import make_plan
from tests.actions.conftest import AS_OF

MONEY = ["value_if_stays", "value_if_lapses", "value_at_risk", "expected_value"]


def without_money(cards):
    return cards.drop(columns=MONEY)


NO_GAINS = {
    "no_margin": (lambda cards: cards, {"margin_rate": None}, "USD", "value_at_risk"),
    "no_currency": (lambda cards: cards, {}, None, "value_at_risk"),
    "no_money": (without_money, {}, "USD", "churn_risk"),
}


@pytest.mark.parametrize("why", NO_GAINS)
def test_without_gains_who_has_most_at_stake_gets_the_first_action_of_the_catalogue(
    scores, catalog, params, why
):
    change, changes, currency, by = NO_GAINS[why]
    stake = np.linspace(0.1, 0.9, 50)
    given = change(scores(50, churn_risk=stake, value_at_risk=100 * stake))
    limits = params(capacities={"email": 10, "phone": 5}, holdout_share=0.3, **changes)
    plan, summary = make_plan(given, catalog(), limits, History(), currency)
    by_rank = plan["intended_action"].to_numpy()[::-1]
    assert (by_rank[:10] == "mail").all() and (by_rank[10:15] == "call").all()
    assert (by_rank[15:] == "do_nothing").all()
    assert (summary["no_gains"], summary["ranked_by"]) == (why, by)
    assert summary["why_nothing"] == {"why.limits": 35}
    assert set(summary["binding"]) == {"email", "phone"}
    assert not [column for column in plan.columns if "gain" in column]
    assert "expected_gain" not in summary["by_action"]["mail"]
    assert summary["gate_costs"] == {} and summary["curves"] == []
    assert plan["withheld"].any() and not plan["withheld"].all()
    assert plan["why"].iloc[-1]["message_key"] == "why.reminder"
    assert plan["why"].iloc[-1]["values"]["expected_gain"] is None


def test_without_gains_the_budget_holds_too(scores, catalog, params):
    limits = params(margin_rate=None, budget=7.5)
    plan, summary = make_plan(scores(20), catalog(), limits, History(), "USD")
    assert plan["expected_cost"].sum() == 7.0 and summary["binding"] == ["budget"]


@pytest.mark.slow
@pytest.mark.parametrize("margin", [0.25, None])
def test_without_a_budget_what_would_be_intended_is_logged_and_withheld_from_all(
    scores, catalog, params, margin
):
    given = scores(60, churn_risk=np.linspace(0.05, 0.9, 60))
    shares = {"holdout_share": 0.3, "persistent_control": 0.1, "exploration_share": 0.2}
    unlimited = params(margin_rate=margin, capacities={"phone": 10}, exploration_share=0.0)
    reference, _ = make_plan(given, catalog(), unlimited, History(), "USD")
    for budget in (0.0, 0.5):  # neither pays for the cheapest action
        limits = params(margin_rate=margin, capacities={"phone": 10}, budget=budget, **shares)
        plan, summary = make_plan(given, catalog(), limits, History(), "USD")
        intended = plan[plan["intended_action"] != "do_nothing"]
        if margin is None:
            assert plan["intended_action"].tolist() == reference["intended_action"].tolist()
        assert len(intended) > 20 and (plan["intended_action"] == "call").sum() <= 10
        assert intended["withheld"].all() and (intended["arm"] == "holdout").all()
        assert (intended["withheld_by"] == "budget").all()
        assert (intended["propensity"] == 0).all() and (intended["contact_propensity"] == 0).all()
        assert summary["budget"] == {"limit": budget, "intended": 0.0, "to_spend": 0.0}
        assert summary["unpaid"]["customers"] == len(intended)
        assert summary["planned"] == {
            "customers": 0, "cost": 0.0, "expected_gain": 0.0,
            "expected_gain_by_source": {}, "by_action": {},
        }  # fmt: skip
        assert summary["arms"]["withheld_by"] == {"budget": len(intended)}
        assert summary["arms"]["can_show"]["customers_per_plan"] == 0  # nobody is treated


def test_without_a_budget_what_costs_nothing_is_carried_out(scores, catalog, params):
    """By the arms; who gets nothing for free is intended what money would buy."""
    limits = params(budget=0.0, holdout_share=0.3, capacities={"email": 30})
    plan, summary = make_plan(
        scores(60), catalog(mail={"contact_cost": 0.0}), limits, History(), "USD"
    )
    free, paid = (plan[plan["intended_action"] == name] for name in ("mail", "call"))
    assert len(free) == 30 and len(paid) == 30
    assert paid["withheld"].all() and (paid["withheld_by"] == "budget").all()
    assert 0 < free["withheld"].sum() < 20 and (free["propensity"] == 0.7).all()
    assert summary["planned"]["by_action"] == {"mail": 30}


def test_without_a_budget_nobody_who_complained_is_put_off_for_a_trial(scores, catalog, params):
    people = scores(40)
    opened = AS_OF - pd.Timedelta(days=3)
    tickets = people[["customer_id"]].assign(opened_at=opened, closed_at=pd.NaT, kind="complaint")
    plan, _ = make_plan(people, catalog(), params(budget=0.0), History(tickets=tickets), "USD")
    assert (plan["intended_action"] == "do_nothing").all()
    assert {why["message_key"] for why in plan["why"]} == {"why.limits"}
    free = catalog(repair={"contact_cost": 0.0})
    plan, _ = make_plan(people, free, params(budget=0.0), History(tickets=tickets), "USD")
    assert (plan["intended_action"] == "repair").all() and not plan["withheld"].any()


def test_an_action_is_due_before_the_card_expires(scores, catalog, params):
    given = scores(3, expires_at=AS_OF + pd.to_timedelta([1, 14, 28], unit="D"))
    plan, _ = make_plan(given, catalog(), params(), History(), "USD")
    assert (plan["due_date"] - AS_OF).dt.days.tolist() == [1, 3, 3]
    idle, _ = make_plan(scores(2, churn_risk=0.0001), catalog(), params(), History(), "USD")
    assert idle["due_date"].isna().all()
    assert idle["due_date"].dtype.kind == "M"


@pytest.mark.slow
def test_explored_customers_are_marked_and_keep_gates_and_limits(scores, catalog, params):
    given = scores(1_000, churn_risk=np.linspace(0.05, 0.9, 1_000))
    limits = {"budget": 900.0, "capacities": {"phone": 40}}
    wide = params(exploration_share=0.2, holdout_share="auto", **limits)
    plan, summary = make_plan(given, catalog(), wide, History(), "USD")
    explored = plan[plan["is_exploration"]]
    assert 30 < len(explored) == summary["arms"]["explored"]
    assert set(explored["intended_action"]) == {"mail", "call"}
    assert {why["message_key"] for why in explored["why"]} == {"why.exploration"}
    assert plan["expected_cost"].sum() <= 900 and (plan["channel"] == "phone").sum() <= 40
    assert ((plan["action_propensity"] > 0) & (plan["action_propensity"] <= 1)).all()
    product = plan["propensity"] * plan["action_propensity"]
    assert plan["contact_propensity"].tolist() == product.tolist()
    calm, _ = make_plan(given, catalog(), params(**limits), History(), "USD")
    assert (calm["action_propensity"] == 1).all() and not calm["is_exploration"].any()
