"""Past releases are judged in parts of the customers as in one."""

import numpy as np
import pandas as pd
import pytest

from actions.effects.closed_releases import Judge
from features.reading import ALL_CUSTOMERS, Customers
from models.params import MonitorParams
from tests.snapshots import model_params, timeline

AS_OF = pd.Timestamp("2024-01-10")
IDS = [f"c{number:03d}" for number in range(200)]
PARTS = [Customers(None, "c050"), Customers("c050", "c051"), Customers("c051", None)]
FACTS = {
    "release_id": "old",
    "as_of_date": "2024-01-10",
    "horizon_days": 28,
    "churn_definition": "lapse",
}


@pytest.fixture
def purchases():
    """Days of most customers, sorted by them; those of the last ten are not known at all."""
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "customer_id": rng.choice(IDS[:190], 400),
            "event_day": AS_OF + pd.to_timedelta(rng.integers(-60, 60, 400), unit="D"),
            "orders": 1,
        }
    )
    return rows.sort_values(["customer_id", "event_day"], ignore_index=True)


@pytest.fixture
def path(tmp_path):
    """The scores of a release, in no order."""
    rng = np.random.default_rng(2)
    scores = pd.DataFrame(
        {
            "customer_id": rng.permutation(IDS),
            "churn_risk": rng.random(200),
            "arm": rng.choice(["treated", "holdout"], 200),
            "intended_action": "mail",
        }
    )
    scores.to_parquet(tmp_path / "old.parquet")
    return tmp_path / "old.parquet"


def judged(parts, purchases, path, **tables):
    monitor = MonitorParams(
        bins=10, psi_moved=0.1, psi_drifted=0.25, gain_share=0.3, min_outcomes=5
    )
    judge = Judge(
        (parts, lambda part: part.of(purchases)),
        tables,
        timeline(),
        (model_params(), monitor),
    )
    return judge.release(FACTS, path)


def test_parts_of_the_customers_give_the_same_judgement_as_all_at_once(purchases, path):
    whole, of_whole = judged([ALL_CUSTOMERS], purchases, path)
    told, scores = judged(PARTS, purchases, path)
    assert told == whole
    pd.testing.assert_frame_equal(scores, of_whole)
    # The same, counted from the table.
    known = set(purchases["customer_id"])
    assert told["unknown"] == len(set(IDS) - known) > 10
    ahead = (purchases["event_day"] - AS_OF).dt.days
    bought = set(purchases["customer_id"][(ahead >= 0) & (ahead < 28)])
    assert dict(zip(scores["customer_id"], scores["left"], strict=True)) == {
        one: one not in bought for one in scores["customer_id"]
    }
    assert 0.1 < scores["left"].mean() < 0.95 and set(scores["customer_id"]) == known


def test_who_has_a_subscription_is_known_and_who_objects_is_not(purchases, path):
    subscriptions = pd.DataFrame({"customer_id": ["c199"], "started_at": [AS_OF]})
    objection = {"purpose": "profiling", "channel": "all", "granted": False}
    consents = pd.DataFrame({"customer_id": ["c000"], "event_time": [AS_OF], **objection})
    _, before = judged(PARTS, purchases, path)
    _, after = judged(PARTS, purchases, path, subscriptions=subscriptions, consents=consents)
    assert set(after["customer_id"]) == set(before["customer_id"]) - {"c000"} | {"c199"}
