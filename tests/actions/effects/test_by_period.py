"""Quarters of an action: claims only where chance drew the arms, and where they can be compared."""

import numpy as np
import pandas as pd
import pytest

from actions.effects.report import VERDICTS, Followed, by_action, by_period
from actions.effects.window import Window
from features.timeline import day_of

START = day_of(pd.Timestamp("2026-01-05").date())
UNTIL = START + 400


def followed(treated, customers=None, helps=0.0):
    """Contacts of one quarter with a propensity of 0.5; the treated stay more often."""
    rng, n = np.random.default_rng(3), len(treated)
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(n)]
            if customers is None
            else customers,
            "action_id": "call",
            "day": START,
            "treated": treated,
            "propensity": 0.5,
            "cost": 1.0,
        }
    )
    kept = (rng.random(n) < 0.4 + helps * treated).astype(float)
    known = rng.random((n, 1))
    return Followed(rows, np.ones(n, bool), kept, None, known, known)


def verdict(found, **doubted):
    (one,) = by_period(found, Window(0, 30, (0, 30)), UNTIL, None, **doubted)
    assert one["verdict"] in VERDICTS
    return one


def test_an_effect_is_claimed_of_arms_that_chance_drew():
    assert verdict(followed(np.arange(400) % 2 == 0, helps=0.4))["verdict"] == "better"


def test_nothing_is_claimed_of_a_quarter_whose_arms_are_not_as_drawn():
    found = verdict(followed(np.arange(400) % 4 > 0, helps=0.4))
    assert found["checks"]["sample_ratio_p"] < 0.001
    assert found["verdict"] == "not_by_chance"


def test_nothing_is_claimed_of_an_action_whose_arms_are_doubted_as_a_whole():
    found = followed(np.arange(400) % 2 == 0, helps=0.4)
    assert verdict(found, doubted=("call",))["verdict"] == "not_by_chance"


@pytest.mark.parametrize("few", [1, 3, 29])
@pytest.mark.parametrize("arm", [True, False])
def test_an_arm_of_few_customers_is_not_compared_however_often_each_was_contacted(arm, few):
    treated = np.arange(800) % 2 == 0
    number = np.where(treated == arm, np.arange(800) // 2 % few, np.arange(800))
    found = followed(treated, [f"c{one}" for one in number], helps=0.4)
    told = verdict(found)
    assert told["verdict"] == "too_few" and told["missing"] == 30 - few
    assert "stays" not in told and told["closed"] == {"treated": 400, "withheld": 400}
    assert by_action(found, found.closed) == {}


def test_as_many_customers_as_are_needed_are_compared():
    treated = np.arange(800) % 2 == 0
    found = followed(treated, [f"c{one % 60}" for one in range(800)], helps=0.4)
    assert verdict(found)["verdict"] == "better"
    assert set(by_action(found, found.closed)) == {"call"}
