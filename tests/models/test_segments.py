import numpy as np
import pandas as pd
import pytest

from models.customers.segments import (
    ABC_CLASSES,
    GRID,
    LIFECYCLE_STAGES,
    RFM_SEGMENTS,
    abc_class,
    lifecycle_stage,
    longest_window,
    quintile,
    rank_in_stage,
    risk_band,
    segments,
)
from models.params import BandParams


def cohort(count=200, seed=1):
    rng = np.random.default_rng(seed)
    orders = rng.integers(1, 60, count).astype(float)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:04d}" for number in range(count)],
            "days_since_last_purchase": rng.integers(0, 90, count).astype(float),
            "tenure_days": rng.integers(90, 400, count).astype(float),
            "orders_total": orders,
            "orders_30d": np.minimum(orders, 4),
            "orders_180d": orders,
            "amount_30d": rng.lognormal(3, 1, count),
            "amount_180d": rng.lognormal(5, 1, count),
            "gap_mean": np.where(orders > 1, 360 / orders, np.nan),
        }
    )


def one(**columns):
    """One long-standing customer with a rhythm of ten days, changed by `columns`."""
    usual = {
        "days_since_last_purchase": 5.0,
        "tenure_days": 300.0,
        "orders_total": 30.0,
        "gap_mean": 10.0,
    }
    return pd.DataFrame({**usual, **columns}, index=[0])


def test_quintile_scores_are_fifths_of_the_cohort():
    scores = quintile(pd.Series(np.arange(100.0)))
    assert scores.tolist() == [score for score in range(1, 6) for _ in range(20)]


def test_equal_values_get_equal_scores_and_a_cohort_of_equals_scores_three():
    assert set(quintile(pd.Series([7.0] * 13))) == {3}
    assert quintile(pd.Series([1.0] * 6 + [2.0] * 4)).tolist() == [2] * 6 + [5] * 4
    assert quintile(pd.Series([4.0])).tolist() == [3]


def test_an_unknown_value_scores_lowest_and_changes_no_other_score():
    known = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0])
    assert quintile(pd.concat([known, pd.Series([np.nan])])).tolist() == [1, 2, 3, 4, 5, 1]


def test_every_cell_of_the_grid_has_a_name_and_every_name_a_cell():
    assert {name for row in GRID.values() for name in row} == set(RFM_SEGMENTS)
    assert all(len(row) == 5 for row in GRID.values())


def test_the_freshest_and_best_are_champions_and_the_best_of_the_silent_cannot_be_lost():
    """25 customers, one in each cell of recency and value score."""
    frame = pd.DataFrame(
        [
            {"days_since_last_purchase": 10.0 * (5 - fresh), "orders_90d": 4.0 * value}
            for fresh in range(1, 6)
            for value in range(1, 6)
        ]
    ).assign(tenure_days=300.0, orders_total=20.0, gap_mean=10.0)
    found = segments(frame)["rfm_segment"].to_numpy().reshape(5, 5)
    assert found[4].tolist() == ["potential_loyal"] * 3 + ["champions"] * 2
    assert found[0].tolist() == ["hibernating"] * 2 + ["at_risk"] * 2 + ["cannot_lose"]
    young = segments(frame.assign(tenure_days=20.0))["rfm_segment"].to_numpy().reshape(5, 5)
    assert young[4, 0] == "new"
    assert young[0, 0] == "hibernating"


def test_money_counts_as_much_as_frequency():
    """The median buyer who spends most is worth a better cell than the one who spends least."""
    frame = cohort()
    frame["orders_180d"] = 10.0
    frame["days_since_last_purchase"] = 0.0
    order = frame["amount_180d"].rank()
    found = segments(frame)["rfm_segment"]
    assert set(found[order > 160]) == {"loyal"}
    assert set(found[order <= 40]) == {"need_attention"}


def test_segments_work_without_money_and_then_there_is_no_abc_class():
    frame = cohort().drop(columns=["amount_30d", "amount_180d"])
    names = segments(frame)
    assert list(names.columns) == ["rfm_segment", "lifecycle_stage"]
    assert set(names["rfm_segment"]) <= set(RFM_SEGMENTS)


def test_names_do_not_depend_on_the_order_of_the_rows():
    frame = cohort()
    shuffled = frame.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(segments(shuffled).sort_index(), segments(frame))


def test_the_longest_window_is_the_largest_number_and_not_the_last_in_the_alphabet():
    frame = pd.DataFrame({"orders_90d": [1.0], "orders_180d": [2.0], "orders_change_365d": [9.0]})
    assert longest_window(frame, "orders").tolist() == [2.0]
    assert longest_window(frame, "amount") is None


def test_a_brings_eighty_percent_of_revenue_and_b_the_next_fifteen():
    """Revenue 80, 15 and 5 of 100: one customer each, at the limits."""
    assert abc_class(pd.Series([5.0, 80.0, 15.0])).tolist() == ["C", "A", "B"]


def test_the_customer_who_crosses_a_limit_still_belongs_above_it():
    assert abc_class(pd.Series([50.0, 40.0, 6.0, 4.0])).tolist() == ["A", "A", "B", "C"]


def test_equal_amounts_share_a_class():
    assert set(abc_class(pd.Series([1.0] * 10))) == {"A"}


def test_unknown_zero_and_refunded_amounts_are_class_c():
    assert abc_class(pd.Series([10.0, np.nan, 0.0, -50.0])).tolist() == ["A", "C", "C", "C"]
    assert set(abc_class(pd.Series([0.0, -1.0]))) == {"C"}


@pytest.mark.parametrize("share", [0.4, 0.7])
def test_a_lone_customer_with_much_of_the_revenue_moves_nobody_elses_class(share):
    amounts = cohort(2000)["amount_180d"]
    alone = pd.Series([share / (1 - share) * amounts.sum()], index=[-1])
    classes = abc_class(pd.concat([amounts, alone]))
    assert classes[-1] == "A"
    pd.testing.assert_series_equal(classes.drop(-1), abc_class(amounts))


def test_the_classes_share_revenue_as_pareto_says():
    amounts = cohort(2000)["amount_180d"]
    classes = abc_class(amounts)
    shares = amounts.groupby(classes).sum() / amounts.sum()
    assert list(shares.index) == list(ABC_CLASSES)
    assert shares["A"] == pytest.approx(0.80, abs=0.01)
    assert shares["B"] == pytest.approx(0.15, abs=0.01)


@pytest.mark.parametrize(
    ("columns", "stage"),
    [
        ({}, "regular"),
        ({"days_since_last_purchase": 19.9}, "regular"),
        ({"days_since_last_purchase": 20.0}, "fading"),
        ({"days_since_last_purchase": 39.9}, "fading"),
        ({"days_since_last_purchase": 40.0}, "lapsing"),
        ({"tenure_days": 89.0}, "developing"),
        ({"orders_total": 3.0}, "developing"),
        ({"tenure_days": 29.0}, "new"),
        ({"orders_total": 1.0}, "new"),
        ({"tenure_days": 29.0, "days_since_last_purchase": 25.0}, "fading"),
    ],
)
def test_the_lifecycle_stage_is_the_first_rule_that_holds(columns, stage):
    assert lifecycle_stage(one(**columns)).tolist() == [stage]
    assert stage in LIFECYCLE_STAGES


def test_a_customer_without_a_rhythm_is_measured_by_the_cohort():
    """One-time buyers, silent for 10 and for 45 days; the others buy every ten days."""
    others = pd.concat([one()] * 5)
    once = {"orders_total": 1.0, "gap_mean": np.nan}
    frame = pd.concat(
        [
            others,
            one(**once, days_since_last_purchase=10.0, tenure_days=10.0),
            one(**once, days_since_last_purchase=45.0, tenure_days=45.0),
        ],
        ignore_index=True,
    )
    assert lifecycle_stage(frame).tolist()[-2:] == ["new", "lapsing"]


def test_a_cohort_of_one_time_buyers_is_new():
    frame = one(orders_total=1.0, gap_mean=np.nan, days_since_last_purchase=80.0)
    assert lifecycle_stage(frame).tolist() == ["new"]


def test_a_risk_at_a_cut_falls_in_the_higher_band():
    bands = BandParams(high=0.5, medium=0.2)
    risks = pd.Series([0.5, 0.4999, 0.2, 0.1999, 0.0, 1.0], index=list("abcdef"))
    assert risk_band(risks, bands).to_dict() == dict(
        zip("abcdef", ["high", "medium", "medium", "low", "low", "high"], strict=True)
    )


def test_ranks_within_a_stage_go_by_value_at_risk_and_then_by_id():
    cards = pd.DataFrame(
        {
            "customer_id": ["b", "a", "c", "d"],
            "lifecycle_stage": ["new", "new", "new", "regular"],
            "churn_risk": [0.1, 0.2, 0.9, 0.5],
            "value_at_risk": [7.0, 7.0, 9.0, 1.0],
        }
    )
    assert rank_in_stage(cards).tolist() == [3, 2, 1, 1]
    assert rank_in_stage(cards.drop(columns="value_at_risk")).tolist() == [3, 2, 1, 1]
    assert rank_in_stage(cards.iloc[::-1]).tolist() == [1, 1, 2, 3]
