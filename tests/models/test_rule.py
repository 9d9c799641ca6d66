import numpy as np
import pandas as pd
import pytest

from core.files import write_manifest
from features.planning.rungs import BY_RULE
from models.cards.ranked import rule_cards
from models.gate import Gate
from models.simple.silence_rule import Rule
from models.training.facts import facts
from models.training.ladder import Rung
from models.watching.promotion import below_gates
from tests.models.test_promotion import WHOSE, folder
from tests.snapshots import FEATURES, simulate, timeline

GATE = Gate.of("Too little data.", {"customers": (12, 200), "history_days": (55, 120)})


def snapshot(*rows):
    """Rows of (customer, silence, orders, mean gap)."""
    names = ["customer_id", "days_since_last_purchase", "orders_total", "gap_mean"]
    frame = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[1:], float))
    return frame.assign(tenure_days=100.0, amount_30d=1.0)


def purchases(*customers):
    day = pd.Timestamp("2024-03-01").as_unit("us")
    return pd.DataFrame({"customer_id": list(customers), "event_day": day, "orders": 1})


def cards(rows, *gone):
    rule = Rule.fit(rows, GATE)
    everyone = purchases(*rows["customer_id"], *gone)
    made = rule_cards(rows, everyone, rule, "v", timeline()).set_index("customer_id")
    return made.sort_values("risk_rank", kind="stable")  # who has none comes last


def test_the_longer_silent_against_the_own_rhythm_the_higher_the_rank():
    # Many purchases, so that the own gap counts for nearly all of the usual one.
    made = cards(
        snapshot(("weekly", 20, 500, 7.0), ("monthly", 20, 500, 30.0), ("daily", 20, 500, 1.0))
    )
    assert list(made.index) == ["daily", "weekly", "monthly"]
    assert made["risk_rank"].tolist() == [1, 2, 3]
    assert made["risk_band"].tolist() == ["high", "medium", "low"]
    assert set(made["status"]) == {"rule"}
    # By hand: the mean of the gaps is 38/3 days and counts as two gaps beside the own 499.
    usual = (499 * 7 + 2 * 38 / 3) / 501
    assert made.loc["weekly", "silence_over_usual"] == pytest.approx(20 / usual)


def test_the_bands_cut_at_two_and_four_usual_gaps_and_ties_go_by_customer():
    made = cards(
        snapshot(("d", 40, 2, 10.0), ("c", 39, 2, 10.0), ("b", 20, 2, 10.0), ("a", 20, 2, 10.0))
    )
    assert made["silence_over_usual"].tolist() == [4.0, 3.9, 2.0, 2.0]
    assert made["risk_band"].tolist() == ["high", "medium", "medium", "medium"]
    assert list(made.index) == ["d", "c", "a", "b"]


def test_nothing_is_said_that_only_a_model_can_say():
    made = cards(snapshot(("a", 5, 3, 10.0), ("b", 9, 1, np.nan)), "gone")
    assert made["churn_risk"].isna().all()
    told = ("purchase_probability", "next_purchase_date", "expected_", "value_at_risk", "value_if")
    assert not [name for name in made.columns if name.startswith(told)]


def test_one_purchase_is_judged_by_the_gap_of_all_and_without_any_gap_not_at_all():
    with_gap = cards(snapshot(("a", 5, 3, 10.0), ("once", 30, 1, np.nan)))
    assert with_gap.loc["once", "status"] == "rule"
    assert with_gap.loc["once", "silence_over_usual"] == pytest.approx(3.0)
    without = cards(snapshot(("a", 5, 1, np.nan), ("once", 30, 1, np.nan)), "gone")
    assert without["status"].to_dict() == {
        "a": "insufficient_data",
        "gone": "already_churned",
        "once": "insufficient_data",
    }
    assert without[["risk_band", "risk_rank", "silence_over_usual"]].isna().all(axis=None)


def test_a_subscriber_who_never_bought_cannot_be_judged_and_comes_after_the_others():
    made = cards(snapshot(("never", np.nan, np.nan, np.nan), ("a", 5, 3, 10.0)))
    assert made["status"].tolist() == ["rule", "insufficient_data"]
    assert made.loc["a", "risk_rank"] == 1


def test_everyone_who_ever_bought_has_one_card_of_the_same_dates():
    made = cards(snapshot(("a", 5, 3, 10.0)), "gone", "long-gone")
    assert made["status"].tolist() == ["rule", "already_churned", "already_churned"]
    assert made["last_purchase_date"].notna().all()
    for name in ("as_of_date", "data_until", "horizon_days", "churn_definition", "model_version"):
        assert made[name].nunique() == 1


def test_the_rule_and_its_distance_to_a_model_are_read_as_written(tmp_path):
    rule = Rule.fit(snapshot(("a", 5, 3, 10.0)), GATE)
    rule.save(tmp_path)
    assert Rule.load(tmp_path) == rule
    assert Rule.load(tmp_path / "models of another kind") is None
    assert rule.gate.to_json()["distance"][1] == {"what": "history_days", "have": 55, "need": 120}


@pytest.mark.slow
def test_below_the_gates_the_champion_goes_on_scoring_where_it_can(tmp_path):
    rows, plan = simulate(), timeline()
    ours = tmp_path / "ours" / "models"
    Rule.fit(rows, GATE).save(ours)
    write_manifest(ours, **facts(plan, plan.data_until))
    theirs = folder(tmp_path / "theirs")

    def decided(champion, features=FEATURES, whose=WHOSE):
        return below_gates(
            rows, tmp_path / "ours", champion, features, whose, Rung(BY_RULE, why=GATE.why)
        )

    assert (decided(None).promoted, decided(None).outcome) == (True, "rule")
    stays = decided(theirs)
    assert (stays.promoted, stays.outcome) == (False, "gate")
    cannot = decided(theirs, FEATURES[1:])
    assert (cannot.promoted, cannot.outcome) == (True, "rule")
    assert FEATURES[0] in cannot.why
    other = decided(theirs, whose="cdnow")
    assert (other.promoted, other.outcome) == (True, "rule")
    assert "another company's data" in other.why
