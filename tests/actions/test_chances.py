"""The chances in a row of the plan are the frequencies of many draws, of whole plans."""

import numpy as np
import pandas as pd
import pytest

from actions.plan.gates import History
from actions.plan.plan import make_plan
from sources.meanings.vocabulary import DO_NOTHING
from tests.actions.conftest import AS_OF

CUSTOMERS, CONTROL, PLANS = 24, 0.15, 120
ACTIONS = ["mail", "call", DO_NOTHING]


@pytest.mark.slow
def test_weights_by_the_logged_chances_count_every_customer_once(
    scores, catalog, params, monkeypatch
):
    """Plans with 120 salts: 1 / chance of what was had has the mean 1, for each action.

    Of the intended action by `action_propensity`, of treated ones by `contact_propensity` and of
    withheld ones by the rest. Who is in the persistent control has no chance of a contact: the mean
    is then the chance to be outside it. One customer is at rest; budget and calls are short. Within
    four standard errors of six means, over all customers and plans.
    """
    monkeypatch.setattr("actions.plan.plan.gain_curves", lambda *_: {})  # nothing here reads them
    given = scores(CUSTOMERS, churn_risk=np.linspace(0.1, 0.9, CUSTOMERS))
    contact = {
        "customer_id": ["c00000"],
        "event_time": AS_OF - pd.Timedelta(days=1),
        "action_id": "mail",
        "channel": "email",
        "arm": "holdout",
    }
    history = History(contacts=pd.DataFrame(contact))
    weights = {name: np.zeros((CUSTOMERS, len(ACTIONS))) for name in ("intended", "made", "held")}
    squares = {name: np.zeros_like(table) for name, table in weights.items()}
    for salt in range(PLANS):
        wanted = params(
            holdout_salt=str(salt),
            holdout_share=0.4,
            persistent_control=CONTROL,
            exploration_share=0.4,
            budget=100.0,
            capacities={"phone": 20},
        )
        plan, _ = make_plan(given, catalog(), wanted, history, "USD")
        assert plan["expected_cost"].sum() <= 100 and (plan["channel"] == "phone").sum() <= 20
        column = plan["intended_action"].map(ACTIONS.index).to_numpy()
        free = ~plan["persistent_control"].to_numpy()
        intended, made = plan["action_propensity"].to_numpy(), plan["contact_propensity"].to_numpy()
        is_treated = (plan["arm"] == "treated").to_numpy()
        for name, rows, chance in (
            ("intended", np.ones(CUSTOMERS, dtype=bool), intended),
            ("made", is_treated, made),
            ("held", free & ~is_treated, intended - made),
        ):
            assert (chance[rows] > 0).all()
            weights[name][rows, column[rows]] += 1 / chance[rows]
            squares[name][rows, column[rows]] += 1 / chance[rows] ** 2
    for name, expected in (("intended", 1.0), ("made", 1 - CONTROL), ("held", 1 - CONTROL)):
        for action in (0, 1):  # either can be had by all but the one at rest
            count = (CUSTOMERS - 1) * PLANS
            mean = weights[name][1:, action].sum() / count
            error = ((squares[name][1:, action].sum() / count - mean**2) / count) ** 0.5
            assert error < 0.15 and abs(mean - expected) < 4 * error, (name, ACTIONS[action])
    assert weights["intended"][0].tolist() == [0, 0, PLANS]
