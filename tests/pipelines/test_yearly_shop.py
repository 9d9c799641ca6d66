"""A shop that is visited each December, scored at Christmas: nobody gets an offer for pausing."""

import numpy as np
import pandas as pd
import pytest

from tests.pipelines.roads import through

PEOPLE, YEARS = 300, 5


def orders():
    """Three hundred people, each of whom comes in three Decembers of four."""
    rng = np.random.default_rng(5)
    years = [2019 + year for _ in range(PEOPLE) for year in range(YEARS)]
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{who}" for who in range(PEOPLE) for _ in range(YEARS)],
            "order_id": [f"o{n}" for n in range(PEOPLE * YEARS)],
            "event_time": pd.to_datetime([f"{year}-11-25 12:00" for year in years])
            + pd.to_timedelta(rng.integers(0, 30, PEOPLE * YEARS), "D"),
            "amount": rng.gamma(4.0, 20.0, PEOPLE * YEARS).round(2),
        }
    )
    return rows[rng.random(len(rows)) < 0.75].reset_index(drop=True)


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [180, 365])
def test_who_pauses_as_always_gets_no_offer_at_christmas_whatever_the_horizon(horizon, tmp_path):
    changes = {
        "task": {"horizon_days": horizon, "active_within_days": 365},
        "timeline": {"validation_snapshots": 2},
        "actions": {"margin_rate": 0.9, "budget": 10_000},
    }
    ended = through(tmp_path, {"orders": orders()}, changes, last="plan")
    assert ended.through, (ended.error, ended.crash)
    cards = pd.read_parquet(tmp_path / "data/scores.parquet")
    silent = (cards["as_of_date"] - cards["last_purchase_date"]).dt.days
    cards["lately"] = silent < 60
    plan = pd.read_parquet(tmp_path / "data/plan.parquet").merge(
        cards[["customer_id", "lifecycle_stage", "churn_risk", "lately"]], on="customer_id"
    )
    pausing = plan[plan["lifecycle_stage"].isin(["new", "developing", "regular"])]
    pausing = pausing if horizon == 180 else pausing[pausing["lately"]]
    assert len(pausing) > 100
    assert horizon == 365 or pausing["churn_risk"].mean() > 0.5
    assert set(pausing["intended_action"]) == {"do_nothing"}
    reasons = {one["reason"] for blocked in pausing["blocked"] for one in blocked}
    assert "usual_pause" in reasons
