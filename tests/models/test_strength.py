import numpy as np
import pandas as pd
import pytest

from models.customers.strength import (
    COMPONENTS,
    components,
    csat_top,
    declined,
    percentile,
    regularity,
    satisfaction,
    strength,
)

TOP = 5.0


def one(**columns):
    """A customer of 200 days who bought every ten days like clockwork, as changed."""
    usual = {
        "customer_id": "a",
        "tenure_days": 200.0,
        "orders_total": 20.0,
        "orders_30d": 3.0,
        "orders_90d": 9.0,
        "gap_variation": 0.0,
    }
    return pd.DataFrame({**usual, **columns}, index=[0])


def cohort(count=60, **columns):
    """As many customers who differ in how many categories they buy."""
    rows = pd.concat([one()] * count, ignore_index=True)
    rows["customer_id"] = [f"c{number:03d}" for number in range(count)]
    return rows.assign(categories_90d=np.arange(float(count)), **columns)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, 100.0),  # clockwork, at the own pace
        ({"gap_variation": 1.0}, 75.0),  # as by chance, at the own pace
        ({"gap_variation": 2.0}, 60.0),  # 1 / (1 + 4) is a fifth
        ({"gap_variation": np.nan}, 75.0),  # too few purchase days: as by chance
        # 20 in 200 days promise nine, and two are added to both.
        ({"orders_90d": 4.5}, 50 + 50 * 6.5 / 11),
        ({"orders_90d": 0.0}, 50 + 50 * 2 / 11),
        ({"orders_90d": 0.0, "orders_total": 2.0}, 50 + 50 * 2 / 2.9),  # little was promised
        ({"orders_90d": 18.0}, 100.0),  # faster than usual is no more than the own pace
        ({"tenure_days": 60.0, "orders_90d": 20.0}, 100.0),  # nothing before: the own pace
    ],
)
def test_regularity_is_the_mean_of_evenness_and_pace(columns, expected):
    assert regularity(one(**columns)).tolist() == pytest.approx([expected])


def test_a_young_data_set_is_measured_over_the_longest_window_it_has():
    """Three in 30 days are what 20 in 200 days promise."""
    short = one(orders_30d=2.0).drop(columns="orders_90d")
    assert regularity(short).tolist() == pytest.approx([50 + 50 * 4 / 5])
    longer = one(orders_365d=0.0)
    assert regularity(longer).tolist() == [100.0]
    assert regularity(one().drop(columns=["orders_30d", "orders_90d"])).tolist() == [100.0]


def test_a_percentile_counts_those_below_and_half_of_the_equal_ones():
    known = percentile(pd.Series([1.0, 2.0, 2.0, 3.0, np.nan]))
    np.testing.assert_allclose(known, [12.5, 50.0, 50.0, 87.5, np.nan])


def test_what_is_equal_for_all_tells_nobody_from_another():
    assert percentile(pd.Series([3.0, 3.0, np.nan])).isna().all()
    same = strength(cohort(5).assign(categories_90d=1.0), one().head(0))
    assert same["relationship_strength"].tolist() == [100.0] * 5  # regularity alone


def test_engagement_adds_up_visits_opens_and_clicks_and_a_zero_for_all_is_no_record():
    rows = cohort(4, visits_90d=[0.0, 0, 2, 1], email_opens_90d=[0.0, 2, 0, 0], visits_365d=9.0)
    rows["email_clicks_90d"] = [0.0, 0, 1, 0]
    assert components(rows, TOP)["engagement"].tolist() == [12.5, 62.5, 87.5, 37.5]
    nobody = cohort(4, visits_90d=0.0, email_opens_90d=0.0)
    assert components(nobody, TOP)["engagement"].isna().all()


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, np.nan),
        ({"nps_last": 9.0}, 90.0),
        ({"csat_mean": 1.0}, 0.0),
        ({"csat_mean": 4.0}, 75.0),
        ({"csat_mean": 5.0, "nps_last": 6.0, "survey_csat_last": 2.0}, (100 + 60 + 25) / 3),
        ({"nps_last": 8.0, "complaints_open": 1.0}, 40.0),
        ({"complaints_open": 1.0}, 0.0),
        ({"complaints_open": 0.0}, np.nan),  # silence is not content
        ({"nps_last": np.nan, "csat_mean": np.nan, "complaints_open": 0.0}, np.nan),
    ],
)
def test_satisfaction_is_the_mean_of_what_was_told(columns, expected):
    found = satisfaction(one(**columns), TOP)
    np.testing.assert_allclose(found, [expected])


@pytest.mark.parametrize(
    ("highest", "top", "half"),
    [(5.0, 5.0, 3.0), (5.5, 10.0, 5.5), (10.0, 10.0, 5.5), (11.0, 100.0, 50.0)],
)
def test_the_scale_of_satisfaction_is_the_smallest_that_holds_all_scores(highest, top, half):
    rows = cohort(2, csat_mean=[highest, np.nan], survey_csat_last=1.0)
    assert csat_top(rows) == top
    assert satisfaction(one(csat_mean=half), top).tolist() == [50.0]
    assert csat_top(one()) == TOP


def test_the_index_is_the_mean_of_what_is_known_and_starts_at_the_second_purchase():
    rows = cohort(2, nps_last=[np.nan, 0.0])
    found = strength(rows, rows.head(0))["relationship_strength"]
    assert found.tolist() == pytest.approx([(100 + 25) / 2, (100 + 75 + 0) / 3])
    assert strength(rows.assign(orders_total=2.0), rows)["relationship_strength"].notna().all()
    once = strength(rows.assign(orders_total=1.0), rows)
    assert once["relationship_strength"].isna().all()
    never = strength(rows.assign(orders_total=np.nan), rows)
    assert never["relationship_strength"].isna().all()
    assert tuple(components(rows, TOP)) == COMPONENTS


def test_the_change_compares_what_is_known_at_both_dates():
    """A first answer to a survey is no change; regularity is one of the two scores known twice."""
    now, then = cohort(40, nps_last=0.0), cohort(40, nps_last=np.nan)
    assert strength(now, then)["relationship_strength_change"].tolist() == [0.0] * 40
    now.loc[3, "orders_90d"] = 3.5  # half of eleven, less two
    changes = strength(now, then)["relationship_strength_change"]
    assert changes[3] == -12.5
    assert set(changes.drop(3)) == {0.0}


def test_customers_are_compared_with_themselves_whatever_the_order_of_the_rows():
    now, then = cohort(), cohort()
    shuffled = then.sample(frac=1, random_state=2)
    assert set(strength(now, shuffled)["relationship_strength_change"]) == {0.0}
    fewer = then[then["customer_id"] != "c007"]
    changes = strength(now.set_axis(range(100, 160)), fewer)["relationship_strength_change"]
    assert changes.index[changes.isna()].tolist() == [107]


def test_a_decline_is_ten_points_and_more_than_is_usual():
    quiet = pd.Series([0.0] * 50 + [-9.9, -10.0, -10.1])
    assert declined(quiet).tolist() == [0.0] * 51 + [1.0, 1.0]
    # The median is 0 and the median deviation 16 points: two deviations are 2 * 1.4826 * 16 = 47.4.
    loud = pd.Series([*np.linspace(-30, 30, 61), -47.0, -48.0, 47.0, 48.0])
    assert declined(loud).tolist() == [0.0] * 62 + [1.0, 0.0, 0.0]


def test_what_all_customers_do_at_once_is_nobodys_decline():
    changes = pd.Series(np.random.default_rng(4).normal(-25, 5, 2000))
    assert declined(changes).mean() == pytest.approx(0.023, abs=0.01)


def test_an_unknown_change_is_an_unknown_decline_and_few_changes_are_no_yardstick():
    changes = pd.Series([0.0] * 40 + [np.nan, -50.0])
    assert declined(changes).isna().tolist() == [False] * 40 + [True, False]
    assert declined(changes.tail(30)).isna().all()  # 29 of them known
    assert declined(changes.tail(31)).notna().sum() == 30
