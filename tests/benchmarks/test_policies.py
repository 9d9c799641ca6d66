"""The benchmark of policies: who is chosen within a budget, and what of the asked is missed."""

import argparse

import numpy as np
import pandas as pd
import pytest

from actions.plan.catalog_file import load_catalog
from benchmarks.actions import learned, policies
from benchmarks.actions.choosers import Situation, planned
from benchmarks.actions.company import Company
from benchmarks.actions.policies import BOUND, CHOOSERS, ORACLE, OURS
from benchmarks.measuring import ROOT, NotPossibleError
from models.words import SCORED
from pipelines.params import load_params
from sources.kinds.simulator.replay import Future
from sources.kinds.simulator.worlds import SHOP

EMAIL, COUPON, CALL = range(3)


@pytest.fixture
def situation():
    """Six customers; the last has refused the phone. Calls gain with the first two only."""
    ids = [f"C{i}" for i in range(6)]
    day = pd.Timestamp("2024-06-01")
    cards = pd.DataFrame(
        {
            "customer_id": ids,
            "as_of_date": day,
            "status": SCORED,
            "churn_risk": [0.9, 0.5, 0.4, 0.3, 0.2, 0.95],
            "value_if_stays": [100.0, 600.0, 50.0, 400.0, 20.0, 300.0],
            "value_if_lapses": 0.0,
        }
    )
    channels = ("email", "phone")
    consents = pd.DataFrame(
        [(one, channel, (one, channel) != ("C5", "phone")) for one in ids for channel in channels],
        columns=["customer_id", "channel", "granted"],
    ).assign(event_time=day - pd.Timedelta(days=9), purpose="marketing")
    gain = np.tile([-0.02, -0.3, -2.0], (6, 1))
    gain[:2, CALL], gain[3, EMAIL] = 5.0, 1.0
    names = ("check_in_email", "personal_coupon", "owner_phone_call")
    ahead = Future(names, pd.Index(ids), gain, np.tile([0.5, 0.27, 0.15, 0.08], (6, 1)))
    company = Company("shop", 0.25, None, None, cards, None, None, {"consents": consents}, ahead)
    params = load_params(ROOT / "params.yaml").actions
    params = params.model_copy(update={"margin_rate": 0.25, **policies.WHOLE})
    catalog = load_catalog(ROOT / "benchmarks" / "actions" / "shop.yaml")
    return Situation.of(company, catalog, params)


def test_the_actions_are_those_of_the_world_at_its_costs():
    catalog = load_catalog(ROOT / "benchmarks" / "actions" / "shop.yaml")
    assert [(one.id, dict(one.contact_cost), one.incentive_cost) for one in catalog.actions] == [
        (one.id, {one.channel: one.contact_cost}, one.incentive_cost) for one in SHOP.actions
    ]


RULES = {
    **{name: one for name, one in CHOOSERS.items() if one.__module__ != learned.__name__},
    OURS: lambda situation, budgets: planned(situation, budgets, None),
}


@pytest.mark.slow
@pytest.mark.parametrize("policy", [name for name in RULES if name != BOUND])
def test_no_policy_spends_more_than_the_budget_or_does_what_a_gate_stops(situation, policy):
    budgets = {"none": 0.0, "one": 2.1, "much": 100.0}
    for name, choice in RULES[policy](situation, budgets).items():
        chosen = np.flatnonzero(choice >= 0)
        spent = situation.assumed.cost[chosen, choice[chosen]].sum()
        assert spent <= budgets[name] * (1 + 1e-6)
        assert not situation.is_blocked[chosen, choice[chosen]].any()


def test_rules_take_whom_they_say(situation):
    by_risk = CHOOSERS["risk"](situation, {"some": 3.0})["some"]
    # C5 has the highest risk and no consent for a call; a second call would not be paid for.
    assert by_risk.tolist() == [CALL, -1, -1, -1, -1, COUPON]
    by_value = CHOOSERS["value_at_risk"](situation, {"some": 2.0})["some"]
    assert by_value.tolist() == [-1, CALL, -1, -1, -1, -1]
    best = CHOOSERS[ORACLE](situation, {"all": 100.0})["all"]
    assert best.tolist() == [CALL, CALL, -1, EMAIL, -1, -1]
    assert situation.replay(best).total == 11.0
    assert situation.replay(best).sleeping_dogs_share == pytest.approx(0.08)


@pytest.mark.slow
def test_a_policy_that_cannot_run_says_why_and_the_others_are_compared_with_ours(
    situation, monkeypatch
):
    def fails(situation, budgets):
        raise NotPossibleError("econml is not there")

    chosen = {
        OURS: lambda s, b: dict.fromkeys(b, np.array([CALL, -1, -1, -1, -1, -1])),
        BOUND: CHOOSERS[ORACLE],
        "risk": CHOOSERS["risk"],
        "forest": fails,
    }
    monkeypatch.setattr(policies, "CHOOSERS", chosen)
    monkeypatch.setattr(policies, "company", lambda *_: situation.company)
    monkeypatch.setattr(policies.Situation, "of", lambda *_: situation)
    monkeypatch.setattr(policies, "BUDGETS", {"wide": 10.0})
    options = argparse.Namespace(
        worlds=["shop"], seeds=[1], quarters=[1], policies=list(chosen), policy_customers=6
    )
    rows = {row["policy"]: row for row in policies.measured(options)}
    assert rows["forest"]["reason"] == "econml is not there"
    assert rows[OURS]["share_of_bound"] == pytest.approx(5 / 11)
    assert rows[BOUND]["beyond_ours"] == pytest.approx(6.0)
    assert {"world", "policy", "budget", "seed", "quarters", "se"} <= set(rows[OURS])
    text = "\n".join(policies.lines(list(rows.values())))
    assert "econml is not there" in text
    assert "+0.45" in text


def row(policy, share=0.6, dogs=0.08, **more):
    facts = {"world": "shop", "policy": policy, "budget": "tight", "seed": 1, "quarters": 1}
    found = {"gain": share * 100, "share_of_bound": share, "se": 5.0, "contacts": 9}
    compared = {"beyond_ours": 0.0, "beyond_ours_se": 1.0}
    return {**facts, **found, **compared, "sleeping_dogs_share": dogs, **more}


@pytest.mark.parametrize(
    ("rows", "missed"),
    [
        ([row(OURS), row("risk", -1.0)], None),
        ([row(OURS, -0.03, world="independent"), row(BOUND, 1.0, world="independent")], "-0.03"),
        ([row(OURS, dogs=0.1)], "10.0% sleeping dogs"),
        ([row(OURS), row("risk", beyond_ours=2.1)], "risk gains 2 ± 1 more"),
        ([row(OURS), row(ORACLE, beyond_ours=99.0)], None),
        ([row(OURS, 0.4), row(OURS, 0.5, seed=2), row(BOUND, 1.0, seed=2)], "mean share 0.45"),
    ],
)
def test_what_was_asked_and_does_not_hold_is_said(rows, missed):
    found = policies.misses([row(BOUND, 1.0), *rows])
    assert (missed is None and not found) or (len(found) == 1 and missed in found[0])
