"""A plan is blind to arms: neither past nor present arms change what is intended for anybody."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from actions.plan.gates import History
from actions.plan.plan import make_plan
from tests.actions.conftest import AS_OF
from tests.plugin_slow import examples


def contacts_of(rows, arms):
    """The log of past plans: (customer, days before the as-of date, action) and their arms."""
    frame = pd.DataFrame(rows, columns=["customer", "days", "action"])
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:05d}" for number in frame["customer"]],
            "event_time": AS_OF - pd.to_timedelta(frame["days"], unit="D"),
            "action_id": frame["action"].astype(object),
            "channel": frame["action"].map({"mail": "email", "call": "phone"}).astype(object),
            "arm": np.where(arms, "treated", "holdout"),
        }
    )


@st.composite
def pasts(draw):
    """Past contacts of eight customers, near the edges of the gates, and arms twice."""
    row = st.tuples(
        st.integers(0, 7),
        st.sampled_from([1, 6, 7, 8, 15, 29, 30, 31, 60]),
        st.sampled_from(["mail", "call"]),
    )
    rows = draw(st.lists(row, min_size=1, max_size=16))
    arms = np.array(draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    changed = np.arange(len(rows)) == draw(st.integers(0, len(rows) - 1))
    return rows, arms, arms ^ (changed | (draw(st.integers(0, 1)) == 1))


def test_the_same_past_plans_give_the_same_plan_whatever_their_arms_were(scores, catalog, params):
    seen = Counter()

    @settings(max_examples=examples(60))
    @given(past=pasts(), budget=st.sampled_from([0.0, 6.0, 1e6]), explores=st.booleans())
    def is_blind(past, budget, explores):
        rows, one, other = past
        wanted = params(budget=budget, exploration_share=0.3 * explores, holdout_share=0.3)
        plans = [
            make_plan(
                scores(8), catalog(), wanted, History(contacts=contacts_of(rows, arms)), "USD"
            )
            for arms in (one, other)
        ]
        pd.testing.assert_frame_equal(plans[0][0], plans[1][0])
        assert plans[0][1] == plans[1][1]
        by_gates = {row["reason"] for blocked in plans[0][0]["blocked"] for row in blocked}
        seen.update(examples=1, arms=bool((one != other).any()), blocked="quiet_period" in by_gates)

    is_blind()
    # The examples were telling: arms differed, and contacts blocked somebody.
    assert seen["arms"] == seen["examples"]
    assert seen["blocked"] > seen["examples"] / 5 or seen["examples"] < 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_over_simulated_quarters_arm_and_plan_are_independent(scores, catalog, params, seed):
    """Six plans, 15 days apart, so that caps and quiet periods of earlier plans bind in later ones.

    Whether a customer was withheld says nothing about what the next plan intends, or about the
    arm there; the persistent control is the same in all.
    """
    rng = np.random.default_rng(seed)
    customers = 1_500
    settings_of = params(
        holdout_share=0.3, persistent_control=0.05, holdout_salt=f"s{seed}", budget=2_000.0,
        quiet_days=20, exploration_share=0.05,
    )  # fmt: skip
    log, tables, controls = [], {"intended": [], "arm": []}, set()
    before = None
    for number in range(6):
        day = AS_OF + pd.Timedelta(days=15 * number)
        cards = scores(customers, churn_risk=rng.beta(2, 3, customers), as_of_date=day)
        history = History(contacts=pd.concat(log) if log else None)
        plan, _ = make_plan(cards, catalog(), settings_of, history, "USD")
        controls.add(tuple(plan["persistent_control"]))
        if before is not None:
            rows = before["intended_action"].ne("do_nothing") & ~before["persistent_control"]
            was_held = before.loc[rows, "withheld"]
            tables["intended"].append(pd.crosstab(was_held, plan.loc[rows, "intended_action"]))
            tables["arm"].append(pd.crosstab(was_held, plan.loc[rows, "arm"]))
        done = plan[plan["intended_action"] != "do_nothing"]
        log.append(
            done[["customer_id", "channel", "arm"]].assign(
                action_id=done["intended_action"], event_time=day + pd.Timedelta(hours=9)
            )
        )
        before = plan
    assert len(controls) == 1
    for name, found in tables.items():
        table = sum(one.reindex(found[0].index).fillna(0) for one in found).fillna(0)
        assert table.to_numpy().sum() > 1_000
        assert chi2_contingency(table).pvalue > 0.01, name
    blocked = sum(row["reason"] == "quiet_period" for one in plan["blocked"] for row in one)
    assert blocked > 500  # the past did change the plan, only not by arms
