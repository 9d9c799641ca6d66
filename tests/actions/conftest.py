"""Customers, an action catalogue and parameters that tests of actions start from."""

import pandas as pd
import pytest

from actions.params import ActionParams
from actions.plan.catalog import Catalog

AS_OF = pd.Timestamp("2018-01-01")


@pytest.fixture
def scores():
    """Makes a scores frame; every column can be replaced."""

    def make(count=3, **columns):
        frame = {
            "customer_id": [f"c{number:05d}" for number in range(count)],
            "as_of_date": AS_OF,
            "status": "scored",
            "churn_risk": 0.4,
            "risk_band": "medium",
            "value_if_stays": 500.0,
            "value_if_lapses": 100.0,
            "value_at_risk": 160.0,
            "expected_value": 340.0,
            "lifecycle_stage": "regular",
            "horizon_days": 28,
            **columns,
        }
        return pd.DataFrame(frame, index=range(count))

    return make


@pytest.fixture
def catalog():
    """Makes a catalogue; each argument changes or adds the keys of one action."""

    def make(**changes):
        base = {
            "mail": {
                "channels": ["email"],
                "contact_cost": 1.0,
                "risk_reduction": {"low": 0.1, "mid": 0.2, "high": 0.3},
                "source": "assumption",
                "why": "reminder",
            },
            "call": {
                "channels": ["phone"],
                "contact_cost": 5.0,
                "risk_reduction": {"low": 0.3, "mid": 0.4, "high": 0.5},
                "source": "assumption",
                "why": "personal_contact",
            },
            "repair": {
                "channels": ["phone"],
                "kind": "service_recovery",
                "contact_cost": 2.0,
                "risk_reduction": {"low": 0.3, "mid": 0.4, "high": 0.5},
                "source": "assumption",
                "why": "make_good",
            },
        }
        names = [*base, *(name for name in changes if name not in base)]
        actions = [
            {"id": name, **base.get(name, base["mail"]), **changes.get(name, {})} for name in names
        ]
        return Catalog.model_validate({"currency": "USD", "actions": actions})

    return make


@pytest.fixture
def params():
    """Makes action parameters; every key can be replaced."""

    def make(**changes):
        return ActionParams(
            **{
                "catalog": "actions.yaml",
                "margin_rate": 0.25,
                "budget": 1e6,
                "max_contacts": 2,
                "max_contacts_days": 30,
                "quiet_days": 7,
                "consent_when_unknown": "allow",
                "holdout_share": 0.1,
                "persistent_control": 0.0,
                "exploration_share": 0.0,
                "holdout_salt": "salt",
                **changes,
            }
        )

    return make
