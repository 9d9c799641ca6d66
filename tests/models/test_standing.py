"""Where customers stand and what has changed: sums by hand, and what is not there."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.checking.world import frame, on_duckdb
from features.timeline import day_of
from models.customers.changes import MOST_MOVERS, movers, relationship
from models.customers.overview import overview
from models.customers.segments import segments
from models.customers.standing import groups, pareto, rfm_grid
from tests.models.test_overview import order, plan
from tests.models.test_segments import cohort

SINCE = pd.Timestamp("2024-01-05")


def cards(**changes):
    """Five listed customers of two owners; one belongs to nobody."""
    rows = pd.DataFrame(
        {
            "customer_id": list("abcde"),
            "status": "scored",
            "risk_band": ["high", "low", "high", "medium", "low"],
            "rfm_segment": ["loyal", "loyal", "at_risk", "at_risk", "new"],
            "abc_class": ["A", "C", "B", "A", "C"],
            "owner": pd.array(["Anna", "Anna", "Boris", None, "Boris"], "str"),
            "value_at_risk": [10.0, 1.0, 5.0, np.nan, 2.0],
            "expected_value": [100.0, 50.0, 20.0, 30.0, 40.0],
            "relationship_strength": [100.0, 99.9, 10.0, np.nan, 9.9],
            "relationship_declined": pd.array([True, False, True, None, None], "boolean"),
            "relationship_strength_since": [SINCE, SINCE, SINCE, pd.NaT, pd.NaT],
        }
    )
    return rows.assign(**changes)


def test_groups_hold_everybody_once_and_the_most_at_risk_come_first():
    found = groups(cards(), "owner")
    assert [(g["name"], g["customers"], g["high"], g["value_at_risk"]) for g in found] == [
        ("Anna", 2, 1, 11.0),
        ("Boris", 2, 1, 7.0),
        (None, 1, 0, 0.0),
    ]
    assert [g["name"] for g in groups(cards(), "abc_class")] == ["A", "B", "C"]
    without = cards().drop(columns=["value_at_risk", "expected_value"])
    assert [g["name"] for g in groups(without, "rfm_segment")] == ["at_risk", "loyal", "new"]
    assert groups(without, "rfm_segment")[0]["value_at_risk"] is None


def test_the_grid_counts_everybody_now_and_then_and_tells_every_move():
    now, then = cohort(seed=1), cohort(seed=2).head(150)
    listed = now[["customer_id"]].assign(expected_value=1.0, value_at_risk=0.5)
    grid = rfm_grid((now, then), listed, day_of(SINCE.date()))
    assert grid["since"] == "2024-01-05"
    assert len(grid["cells"]) == 25
    assert sum(cell["customers"] for cell in grid["cells"]) == len(now)
    assert sum(cell["before"] for cell in grid["cells"]) == len(then)
    for cell in grid["cells"]:
        assert cell["expected_value"] == cell["customers"] == 2 * cell["value_at_risk"]
    wanted = segments(now).set_index(now["customer_id"])["rfm_segment"]
    was = segments(then).set_index(then["customer_id"])["rfm_segment"]
    for move in grid["moves"]:
        came = {
            c for c in wanted.index if wanted[c] == move["now"] and move["before"] == was.get(c)
        }
        assert move["customers"] == len(came)
    assert sum(move["customers"] for move in grid["moves"]) == len(now)
    alone = rfm_grid((now, None), listed, None)
    assert alone["since"] is None and alone["moves"] == []
    assert {cell["before"] for cell in alone["cells"]} == {None}


def test_the_curve_rises_to_all_revenue_and_classes_share_it_out():
    found = pareto(cohort(seed=3))
    shares = [(point["customer_share"], point["revenue_share"]) for point in found["points"]]
    assert shares[0] == (0.0, 0.0) and shares[-1] == pytest.approx((1.0, 1.0))
    gains = np.diff([revenue for _, revenue in shares])
    assert (np.diff(gains) <= 1e-12).all()  # the largest first, so every step brings less
    assert len(shares) == 41
    assert sum(one["customers"] for one in found["classes"]) == 200
    assert sum(one["revenue_share"] for one in found["classes"]) == pytest.approx(1.0)
    assert found["days"] == 180
    assert pareto(cohort().assign(amount_180d=0.0, amount_30d=0.0)) is None
    assert pareto(cohort().drop(columns=["amount_30d", "amount_180d"])) is None


def spent(rows, days=500):
    """What was counted over time: rows of (customer, now, before, a year ago)."""
    table = pd.DataFrame(rows, columns=["customer_id", "now", "before", "year_ago"])
    timeline = plan(pd.Timestamp("2024-01-01").date() + pd.Timedelta(days=days))
    return SimpleNamespace(timeline=timeline, counted={"spent": table})


def test_movers_are_the_largest_changes_of_the_company_and_of_each_owner():
    rows = [(f"{n:02d}", float(n), 0.0, 1.0) for n in range(1, 40)]
    rows += [("down", 0.0, 7.0, 2.0), ("same", 5.0, 5.0, 5.0), ("no card", 0.0, 999.0, 0.0)]
    owners = [None] * 19 + ["Anna"] * 20 + ["Boris", None]
    known = pd.DataFrame({"customer_id": [row[0] for row in rows[:-1]], "owner": owners})
    found = movers(spent(rows), known)["customers"]
    growing = [one["customer_id"] for one in found if one["way"] == "growing"]
    assert growing == [f"{n:02d}" for n in range(39, 39 - MOST_MOVERS, -1)]
    (down,) = (one for one in found if one["way"] == "shrinking")
    assert down == {
        "customer_id": "down",
        "owner": "Boris",
        "way": "shrinking",
        "spent": 0.0,
        "before": 7.0,
        "year_ago": 2.0,
    }
    poor = known.assign(owner=["Poor" if n < 3 else "Rich" for n in range(len(known))])
    theirs = [
        m["customer_id"] for m in movers(spent(rows), poor)["customers"] if m["owner"] == "Poor"
    ]
    assert theirs == ["03", "02", "01"]  # of their own list, though not of the company's


def test_a_year_ago_is_told_only_where_the_history_holds_it():
    rows, known = [("a", 5.0, 1.0, 0.0)], pd.DataFrame({"customer_id": ["a"]})
    assert movers(spent(rows, days=455), known)["customers"][0]["year_ago"] == 0.0
    assert movers(spent(rows, days=454), known)["customers"][0]["year_ago"] is None
    assert movers(spent(rows, days=180), known) is not None
    assert movers(spent(rows, days=179), known) is None


def test_strength_is_spread_over_ten_bins_and_declines_are_counted_by_owner():
    found = relationship(cards())
    assert found["bins"] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (found["customers"], found["compared"], found["declined"]) == (4, 3, 2)
    assert found["since"] == "2024-01-05"
    anna, boris = found["by_owner"]
    assert (anna["owner"], anna["customers"], anna["declined"]) == ("Anna", 2, 1)
    assert (boris["owner"], boris["compared"], boris["declined"]) == ("Boris", 1, 1)
    assert relationship(cards(relationship_strength=np.nan)) is None
    assert relationship(cards().drop(columns="relationship_strength")) is None


def test_a_table_with_a_label_has_value_at_risk_and_says_why_the_rest_is_not_there():
    columns = ["customer_id", "status", "risk_band", "owner", "value_at_risk"]
    timeline = plan(pd.Timestamp("2024-07-01").date(), churn="label")
    found = overview(cards()[columns], None, (cards(), None), timeline, None)
    assert [group["name"] for group in found["value_at_risk"]["owner"]] == ["Anna", "Boris", None]
    assert found["months"] == [] and found["rfm"] is None and found["movers"] is None
    assert found["absent"]["months"] == found["absent"]["relationship"] == "no_purchases"
    assert "value_at_risk" not in found["absent"]


@pytest.mark.slow
def test_what_a_rule_and_data_without_money_cannot_tell_is_absent_with_its_reason():
    rows = [order(who, f"2024-0{month}-03") for who in "abcde" for month in range(1, 7)]
    plain = frame("orders", rows, ("customer_id", "order_id", "event_time"))
    engine = on_duckdb({"orders": plain})
    ranked = cards(status="rule").drop(
        columns=[name for name in cards() if name.startswith(("value_", "expected_", "relation"))]
    )
    snapshot = cohort(5).drop(columns=["amount_30d", "amount_180d"])
    timeline = plan(pd.Timestamp("2024-07-01").date())
    found = overview(ranked, engine, (snapshot, None), timeline, None)
    assert found["absent"] == {
        "value_at_risk": "no_money",
        "rfm_before": "short_history",
        "pareto": "no_money",
        "movers": "no_money",
        "revenue": "no_money",
        "nps": "no_surveys",
        "csat": "no_answers",
        "relationship": "no_strength",
    }
    assert found["months"][-1]["revenue"] is None and found["months"][-1]["orders"] == 5
    assert found["expected_value"] is None
